"""Leasing outgoing mails to the worker that sends them, and loading what is known of
their mailboxes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from core.mail.leases import lease_time
from petitions.models import Asking, Bounce, OutgoingMail, Signature
from petitions.models.mails import MailKind, MailState
from petitions.signature_fields import CORRECTABLE
from petitions.states import SignatureState

# The most mails leased in one round for each connection.
BATCH = 500


# A connection begins no more mails after this time: a batch ends before its lease does,
# and so soon that a more urgent mail that comes in meanwhile is not late.
BATCH_TIME = timedelta(seconds=5)


DAY = timedelta(days=1)


# When the same form is sent again this soon, the mail that went out already covers it.
SAME_FORM_WITHIN = timedelta(minutes=1)


# MATERIALIZED, so that the rows are chosen once whatever the plan: a subquery may be
# run again for each row, which would lease more than the batch. Not by id: where
# statistics are older than a rush of mails, each would be compared with all. A row that
# somebody has just changed is in another place: the next round leases it.
LEASE = """
WITH due AS MATERIALIZED (
    SELECT ctid FROM {table}
     WHERE state = 'due' AND due_at <= %(now)s {narrowed}
       AND (leased_until IS NULL OR leased_until <= %(now)s)
     ORDER BY {order} LIMIT %(batch)s FOR UPDATE SKIP LOCKED
)
UPDATE {table} m
   SET leased_until = %(until)s
  FROM due
 WHERE m.ctid = due.ctid
RETURNING m.id
"""
LEASE_DUE = LEASE.format(
    table="petitions_outgoingmail", narrowed="", order="priority, due_at"
)


def lease(
    now: datetime, batch: int = BATCH, statement: str = LEASE_DUE, **values: Any
) -> list[int]:
    """Lease at most `batch` mails that are due to this worker; return their ids.
    `statement` is a LEASE of whichever table, with its further `values`."""
    until = now + lease_time(BATCH_TIME)
    given = {"now": now, "until": until, "batch": batch, **values}
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return [number for (number,) in cursor.fetchall()]


class LeasedMail(OutgoingMail):
    """A mail of the outbox with what is known of its mailbox; see `load_leased`."""

    last_sent_at: datetime | None
    sent_about_petition: int
    sent_to_mailbox: int
    same_form_sent: bool
    asking: Asking | None = None
    """That by which an imported person is asked; set by `outbox.decide_all`."""
    suppressed: bool = False
    """Whether the owner wants no mail; set by `outbox.mark_suppressed`."""
    bounced: str | None
    counted_since: datetime | None
    counted_name: str | None

    class Meta:
        proxy = True


def load_leased(ids: Iterable[int], now: datetime) -> QuerySet[LeasedMail]:
    """Return the leased mails, newest first, annotated with the recent history of their
    mailboxes."""
    # A mail that was sent while the clock was ahead would hold up others for as long.
    sent = OutgoingMail.objects.filter(
        email_key=OuterRef("email_key"), state=MailState.SENT, finished_at__lte=now
    ).order_by()
    recent = sent.filter(finished_at__gt=now - DAY)
    about = {"petition": OuterRef("petition")}

    def number(mails: QuerySet[OutgoingMail]) -> Any:
        counted = mails.values("email_key").annotate(n=Count("pk")).values("n")
        return Coalesce(Subquery(counted), 0)

    same_form = {
        f"signature__{field}": OuterRef(f"signature__{field}")
        for field in CORRECTABLE
        if field != "wants_updates"
    }
    counted = Signature.objects.filter(
        petition=OuterRef("petition"),
        email_key=OuterRef("email_key"),
        # Another spelling may be somebody else's, who must not learn of it.
        email=OuterRef("signature__email"),
        person=OuterRef("signature__person"),
        state=SignatureState.CONFIRMED,
    )
    history: dict[str, Any] = {
        "last_sent_at": Subquery(
            # Nobody knows whose an erased signature was: it counts for all.
            sent.filter(
                Q(signature__person=OuterRef("signature__person")) | Q(signature=None),
                kind=OuterRef("kind"),
                **about,
            )
            .values("email_key")
            .annotate(last=Max("finished_at"))
            .values("last")
        ),
        "sent_about_petition": number(recent.filter(**about)),
        "sent_to_mailbox": number(recent),
        "same_form_sent": Exists(
            sent.filter(
                kind=MailKind.CONFIRM,
                finished_at__gt=OuterRef("created_at") - SAME_FORM_WITHIN,
                signature__email__iexact=OuterRef("signature__email"),
                **about,
                **same_form,
            )
        ),
        "bounced": Subquery(
            Bounce.objects.filter(pk=OuterRef("email_key")).values("reason")[:1]
        ),
        "counted_since": Subquery(counted.values("confirmed_at")[:1]),
        "counted_name": Subquery(
            counted.filter(petition__shared_addresses=True).values("name")[:1]
        ),
    }
    return (
        LeasedMail.objects.filter(pk__in=list(ids))
        .select_related("signature")
        # Fetched once for all mails: a join would repeat the text for each.
        .prefetch_related(
            "petition__organization", "petition__targets", "petition__translations"
        )
        .annotate(**history)
        .order_by("-created_at", "-pk")
    )
