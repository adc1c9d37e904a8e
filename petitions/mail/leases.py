"""Due mails, leased by the worker that sends them, with what is known of their
mailboxes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from petitions.models import Bounce, DueMail, Signature
from petitions.models.mails import MailKind, MailState
from petitions.signature_fields import CORRECTABLE
from petitions.states import SignatureState

# For each connection.
BATCH = 500


# Longer than a batch takes: `delivery.BATCH_TIME` and a server that does not answer.
LEASE = timedelta(seconds=120)


DAY = timedelta(days=1)


# The same form sent again this soon is covered by the mail that went out already.
SAME_FORM_WITHIN = timedelta(minutes=1)


# Chosen once, whatever plan follows: as a subquery it may be run again for each row,
# and then leases more than the batch.
LEASE_DUE = """
WITH due AS MATERIALIZED (
    SELECT id FROM petitions_duemail
     WHERE state = 'due' AND due_at <= %(now)s
       AND (leased_until IS NULL OR leased_until <= %(now)s)
     ORDER BY priority, due_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED
)
UPDATE petitions_duemail m
   SET leased_until = %(until)s
  FROM due
 WHERE m.id = due.id
RETURNING m.id
"""


def lease(now: datetime, batch: int = BATCH) -> list[int]:
    """Take at most `batch` due mails for this worker; returns their ids."""
    with connection.cursor() as cursor:
        cursor.execute(LEASE_DUE, {"now": now, "until": now + LEASE, "batch": batch})
        return [number for (number,) in cursor.fetchall()]


class LeasedMail(DueMail):
    """A due mail with what is known about its mailbox; see `load_leased`."""

    last_sent_at: datetime | None
    sent_about_petition: int
    sent_to_mailbox: int
    same_form_sent: bool
    suppressed: bool = False
    """Set by `mark_suppressed`."""
    bounced: str | None
    counted_since: datetime | None
    counted_name: str | None

    class Meta:
        proxy = True


def load_leased(ids: Iterable[int], now: datetime) -> QuerySet[LeasedMail]:
    """The leased mails, newest first, with their mailboxes' recent history."""
    sent = DueMail.objects.filter(
        email_key=OuterRef("email_key"), state=MailState.SENT
    ).order_by()
    recent = sent.filter(finished_at__gt=now - DAY)
    about = {"petition": OuterRef("petition")}

    def number(mails: QuerySet[DueMail]) -> Any:
        counted = mails.values("email_key").annotate(n=Count("pk")).values("n")
        return Coalesce(Subquery(counted), 0)

    same_form = {
        f"signature__{field}": OuterRef(f"signature__{field}")
        for field in CORRECTABLE
        if field != "updates"
    }
    counted = Signature.objects.filter(
        petition=OuterRef("petition"),
        email_key=OuterRef("email_key"),
        # Another spelling may be somebody else's, who learns nothing of it.
        email=OuterRef("signature__email"),
        person=OuterRef("signature__person"),
        state=SignatureState.CONFIRMED,
    )
    history: dict[str, Any] = {
        "last_sent_at": Subquery(
            # Of an erased signature nobody knows whose it was.
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
        # Once for all of them: joined, each mail would bring the whole text again.
        .prefetch_related(
            "petition__organization", "petition__targets", "petition__translations"
        )
        .annotate(**history)
        .order_by("-created_at", "-pk")
    )
