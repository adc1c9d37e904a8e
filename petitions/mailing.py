"""Sending what is due: no mail lost, no mailbox flooded, no signer kept waiting.

A batch is leased (and committed) before the first byte is sent, goes over one
connection, and each mail is marked after the server's 250. No lock is held while the
network is used. A worker that dies leaves a lease that runs out: a mail may be sent
twice then, but never not at all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from config.mail import Refused, Transport, open_transport
from petitions.addresses import domain_of
from petitions.emails import Frames
from petitions.models import DueMail, Signature, Suppression
from petitions.models.mails import MailKind, MailState
from petitions.states import SignatureState

logger = logging.getLogger(__name__)

BATCH = 100
LEASE = timedelta(seconds=120)
# A batch stops in time for its lease.
BATCH_TIME = timedelta(seconds=20)

# Caps on what the public form may cause, per mailbox. They delay, they never drop.
GAP = timedelta(minutes=5)
"""Between two mails of one kind to one mailbox about one petition."""
PER_PETITION = 5
"""Mails to one mailbox about one petition in a day."""
PER_MAILBOX = 20
"""Mails to one mailbox in a day."""
DAY = timedelta(days=1)

# The same form sent again this soon is covered by the mail that went out already.
SAME_FORM_WITHIN = timedelta(minutes=1)

GIVE_UP_AFTER = timedelta(days=2)
# Between two attempts.
LONGEST_PAUSE = timedelta(hours=1)

LEASE_DUE = """
UPDATE petitions_duemail m
   SET leased_until = %(until)s
  FROM (SELECT id FROM petitions_duemail
         WHERE state = 'due' AND due_at <= %(now)s
           AND (leased_until IS NULL OR leased_until <= %(now)s)
         ORDER BY due_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED) due
 WHERE m.id = due.id
RETURNING m.id
"""

# `finished_at` of the mail and the tally of its petition, day and domain together.
FINISH = """
WITH finished AS (
    UPDATE petitions_duemail m
       SET state = %(state)s, finished_at = %(now)s, leased_until = NULL,
           attempts = attempts + 1, reply = %(reply)s
     WHERE id = %(id)s AND state = 'due'
 RETURNING id, petition_id, kind, signature_id
)
INSERT INTO petitions_mailtally AS t (
    petition_id, day, domain, signed, handed_over, failed, confirmed)
SELECT petition_id, %(day)s, %(domain)s,
       -- Once for each signature, however often its link was sent.
       (NOT EXISTS (SELECT 1 FROM petitions_duemail o
                     WHERE o.signature_id = finished.signature_id
                       AND o.id <> finished.id AND o.kind = 'confirm'
                       AND o.state <> 'due'))::int,
       (%(state)s = 'sent')::int,
       (%(state)s = 'failed')::int, 0
  FROM finished
 WHERE kind = 'confirm'
    ON CONFLICT (petition_id, day, domain) DO UPDATE
   SET signed = t.signed + excluded.signed,
       handed_over = t.handed_over + excluded.handed_over,
       failed = t.failed + excluded.failed
"""

SAME_FORM = (
    "name",
    "place",
    "postal_code",
    "country",
    "comment",
    "show_name",
    "updates",
)


def lease(now: datetime, batch: int = BATCH) -> list[int]:
    """Take at most `batch` due mails for this worker; returns their ids."""
    with connection.cursor() as cursor:
        cursor.execute(LEASE_DUE, {"now": now, "until": now + LEASE, "batch": batch})
        return [number for (number,) in cursor.fetchall()]


def begin_sending() -> None:
    """Make due what an ended worker had leased: there is one worker at a time, so
    whoever becomes it need not wait for the leases to run out. And what was due at
    once, or after a pause, by a clock that has been set back since."""
    due = DueMail.objects.filter(state=MailState.DUE)
    due.filter(leased_until__isnull=False).update(leased_until=None)
    now = timezone.now()
    due.filter(
        Q(created_at__gt=now, due_at__lte=F("created_at"))
        | Q(attempts__gt=0, due_at__gt=now + LONGEST_PAUSE)
    ).update(due_at=now)


class LeasedMail(DueMail):
    """A due mail with what is known about its mailbox; see `read`."""

    last_sent_at: datetime | None
    sent_about_petition: int
    sent_to_mailbox: int
    same_form_sent: bool
    suppressed: bool
    counted_since: datetime | None

    class Meta:
        proxy = True


def read(ids: Iterable[int], now: datetime) -> QuerySet[LeasedMail]:
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
        for field in SAME_FORM
        if field != "updates"
    }
    counted = Signature.objects.filter(
        petition=OuterRef("petition"),
        email_key=OuterRef("email_key"),
        person=OuterRef("signature__person"),
        state=SignatureState.CONFIRMED,
    )
    history: dict[str, Any] = {
        "last_sent_at": Subquery(
            sent.filter(kind=OuterRef("kind"), **about)
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
                **about,
                **same_form,
            )
        ),
        "suppressed": Exists(Suppression.objects.filter(pk=OuterRef("email_key"))),
        "counted_since": Subquery(counted.values("confirmed_at")[:1]),
    }
    return (
        LeasedMail.objects.filter(pk__in=list(ids))
        .select_related("signature", "petition__organization")
        .prefetch_related("petition__targets")
        .annotate(**history)
        .order_by("-created_at", "-pk")
    )


@dataclass(frozen=True)
class Send:
    """Hand it over."""


@dataclass(frozen=True)
class Cover:
    """Another mail says the same, the signature needs none any more, or the mailbox
    wants none."""


@dataclass(frozen=True)
class Wait:
    """The mailbox has had its share; again then."""

    until: datetime


type Decision = Send | Cover | Wait


def decide(mail: LeasedMail, now: datetime) -> Decision:
    """What becomes of one due mail, seen for itself."""
    assert mail.signature is not None  # it is due
    if mail.suppressed:
        return Cover()
    if mail.kind == MailKind.CONFIRM and (
        mail.signature.state != SignatureState.PENDING or mail.same_form_sent
    ):
        return Cover()
    if mail.last_sent_at and now < mail.last_sent_at + GAP:
        return Wait(mail.last_sent_at + GAP)
    if mail.sent_about_petition >= PER_PETITION or mail.sent_to_mailbox >= PER_MAILBOX:
        # Tried again every hour; the share refills as old mails leave the day.
        return Wait(now + timedelta(hours=1))
    return Send()


def decide_all(
    mails: Iterable[LeasedMail], now: datetime
) -> list[tuple[LeasedMail, Decision]]:
    """What becomes of each mail of a batch: of several to one mailbox about one
    petition, the newest speaks, its copies are covered, and the others wait."""
    decided: list[tuple[LeasedMail, Decision]] = []
    speakers: dict[tuple[int, Any, str], LeasedMail] = {}
    in_batch: dict[Any, int] = {}
    for mail in mails:
        decision = decide(mail, now)
        key = (mail.petition_id, mail.email_key, mail.kind)
        sent = in_batch.get(mail.email_key, 0)
        if isinstance(decision, Send):
            speaker = speakers.setdefault(key, mail)
            if speaker is not mail:
                decision = Cover() if is_copy(mail, speaker) else Wait(now + GAP)
            elif mail.sent_to_mailbox + sent >= PER_MAILBOX:
                decision = Wait(now + timedelta(hours=1))
            else:
                in_batch[mail.email_key] = sent + 1
        decided.append((mail, decision))
    return decided


def is_copy(one: LeasedMail, other: LeasedMail) -> bool:
    """Whether the same form was sent twice."""
    return all(
        getattr(one.signature, field) == getattr(other.signature, field)
        for field in SAME_FORM
    )


def send_due(now: datetime, batch: int = BATCH) -> bool:
    """One round: lease, decide, send, mark. Returns whether more may be waiting."""
    ids = lease(now, batch)
    if not ids:
        return False
    waiting: list[LeasedMail] = []
    for mail, decision in decide_all(read(ids, now), now):
        match decision:
            case Cover():
                finish(mail, MailState.COVERED, now)
            case Wait(until):
                postpone(mail, until)
            case Send():
                waiting.append(mail)
    # Oldest first from here: whoever signed first is not overtaken.
    waiting.reverse()
    if waiting:
        hand_over(waiting, now)
    return len(ids) == batch


def hand_over(mails: list[LeasedMail], now: datetime) -> None:
    """Send over one connection; what was not attempted is due again at once."""
    frames = Frames(now)
    stop_at = timezone.now() + BATCH_TIME
    unsent = list(mails)
    try:
        with open_transport() as transport:
            while unsent and timezone.now() < stop_at:
                mail = unsent.pop(0)
                attempt(transport, frames, mail)
    finally:
        DueMail.objects.filter(
            pk__in=[mail.pk for mail in unsent], state=MailState.DUE
        ).update(leased_until=None)


def attempt(transport: Transport, frames: Frames, mail: LeasedMail) -> None:
    """Send one mail and mark what came of it."""
    assert mail.signature is not None
    email = mail.signature.email
    try:
        message = frames.message(mail, mail.counted_since)
    except Exception:
        logger.exception("Mail %s could not be written", mail.pk)
        put_off(mail, "could not be written")
        return
    try:
        transport.send(settings.MAIL_FROM, email, message)
    except Refused as refusal:
        logger.warning("Mail %s refused: %s", mail.pk, refusal.code)
        if refusal.permanent and refusal.of_recipient:
            finish(mail, MailState.FAILED, timezone.now(), str(refusal))
        else:
            put_off(mail, str(refusal))
    except OSError:
        # The connection broke: perhaps because of this very mail, so the others of
        # the batch do not wait behind it.
        put_off(mail, "connection lost")
        raise
    else:
        finish(mail, MailState.SENT, timezone.now())


def finish(mail: DueMail, state: MailState, now: datetime, reply: str = "") -> None:
    """Mark a mail as done with and count it in its tally."""
    parameters: dict[str, Any] = {
        "id": mail.pk,
        "state": state,
        "now": now,
        "reply": reply[:200],
        "day": timezone.localdate(mail.created_at),
        "domain": domain_of(mail.signature.email) if mail.signature else "",
    }
    with connection.cursor() as cursor:
        cursor.execute(FINISH, parameters)


def postpone(mail: DueMail, until: datetime) -> None:
    DueMail.objects.filter(pk=mail.pk, state=MailState.DUE).update(
        due_at=until, leased_until=None
    )


def put_off(mail: DueMail, reply: str) -> None:
    """Try again later, each time after twice as long; give up after two days."""
    now = timezone.now()
    if now - mail.created_at > GIVE_UP_AFTER:
        finish(mail, MailState.FAILED, now, reply)
        return
    pause = min(timedelta(seconds=30) * 2**mail.attempts, LONGEST_PAUSE)
    DueMail.objects.filter(pk=mail.pk, state=MailState.DUE).update(
        due_at=now + pause,
        leased_until=None,
        attempts=mail.attempts + 1,
        reply=reply[:200],
    )
