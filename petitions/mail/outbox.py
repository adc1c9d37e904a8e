"""Sending the outbox: no mail lost, no mailbox flooded, no signer kept waiting.

A batch is leased (and committed) before the first byte is sent, goes over one
connection or more (`petitions.mail.sending`), and each mail is marked soon after the
server's 250. No lock is held while the network is used. If a worker dies, its leases
expire: a mail may then be sent twice, but is never lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from core.mail import capabilities
from petitions.identity import key_ring
from petitions.mail import (
    asking,
    bounces,
    mailings,
    sending,
)
from petitions.mail.leases import BATCH, LeasedMail, lease, load_leased
from petitions.mail.sending import (
    Batch,
    SignatureMails,
    mark_finished,
    postpone,
)
from petitions.models import Bounce, OutgoingMail
from petitions.models.mails import MailKind, MailState, Priority
from petitions.signable import is_open
from petitions.signature_fields import CORRECTABLE
from petitions.states import AskingState, SignatureState, State

# The most seconds that a round waits for the pace (`MAIL_RATE`); if that is slower, a
# later round sends.
LONGEST_WAIT = 1.0


# Caps per mailbox on the mails that the public form causes. They delay mails and never
# drop any.
GAP = timedelta(minutes=5)
"""The time between two mails of one kind to one mailbox about one petition; to one
person, where two may share an address."""


LONGEST_LINE = timedelta(hours=4)
"""Nothing waits for longer than this, in the line of its network (`rate_limits.MAILS`)
or for a cap; what does so has a time that was noted while the clock was ahead."""


PER_PETITION = 5
"""The most mails to one mailbox about one petition in a day."""


PER_MAILBOX = 20
"""The most mails to one mailbox in a day."""


def begin_sending() -> None:
    """Prepare a worker that has just started. End the leases of an earlier worker: only
    one runs at a time, so this one need not wait for them to expire. Make due what
    would wait too long because the clock has been set back. Ask the mail server for its
    capabilities, which pages have to know."""
    due = OutgoingMail.objects.filter(state=MailState.DUE)
    due.filter(leased_until__isnull=False).update(leased_until=None)
    now = timezone.now()
    due.filter(
        Q(created_at__gt=now, due_at__lte=F("created_at"))
        | Q(attempts__gt=0, due_at__gt=now + sending.LONGEST_PAUSE)
        | Q(due_at__gt=now + LONGEST_LINE)
    ).update(due_at=now)
    capabilities.ask()


@dataclass(frozen=True)
class Send:
    """Send the mail."""


@dataclass(frozen=True)
class Skip:
    """Send nothing: another mail says the same, the signature needs none any more, or
    the owner of the mailbox wants none."""


@dataclass(frozen=True)
class Wait:
    """Postpone the mail: the mailbox has reached a cap."""

    until: datetime


@dataclass(frozen=True)
class GiveUp:
    """Mark the mail as failed: a server said of an earlier one that the mailbox does
    not exist."""

    reply: str


type Decision = Send | Skip | Wait | GiveUp


def decide(mail: LeasedMail, now: datetime) -> Decision:
    """Decide what to do with one mail, without regard to the others of its batch."""
    assert mail.signature is not None  # it is due
    if mail.suppressed and not asks_back(mail):
        return Skip()
    if mail.kind == MailKind.CONFIRM and (
        mail.signature.state != SignatureState.PENDING or mail.same_form_sent
    ):
        return Skip()
    if mail.kind == MailKind.CONFIRM and mail.petition.state == State.WITHDRAWN:
        # Nobody can confirm it, unless the withdrawal is taken back.
        return Wait(now + timedelta(hours=1))
    if mail.kind == MailKind.REMIND and not needs_reminder(mail, now):
        return Skip()
    if mail.kind == MailKind.ASK:
        paused = mail.petition.state == State.PAUSED
        if mail.asking is None or not (paused or needs_reminder(mail, now)):
            return Skip()
        if paused or mail.asking.state == AskingState.PAUSED:
            return Wait(now + GAP)
    if mail.bounced is not None:
        return GiveUp(f"{bounces.NOT_TRIED}: {mail.bounced}")
    if mail.last_sent_at and now < mail.last_sent_at + GAP:
        return Wait(mail.last_sent_at + GAP)
    if mail.sent_about_petition >= PER_PETITION or mail.sent_to_mailbox >= PER_MAILBOX:
        # Retried every hour: the caps count the mails of the last 24 hours.
        return Wait(now + timedelta(hours=1))
    return Send()


def asks_back(mail: LeasedMail) -> bool:
    """Return whether it is the mail by which an owner who wants no mail can let it
    begin again (`links.mail_links`)."""
    return mail.kind == MailKind.ALL and mail.priority == Priority.FIRST


def needs_reminder(mail: LeasedMail, now: datetime) -> bool:
    """Return whether the link of a mail that nobody asked for could still make the
    signature count: it is pending, its person is not counted yet, and the petition is
    open."""
    assert mail.signature is not None
    petition = mail.petition
    return (
        mail.signature.state == SignatureState.PENDING
        and mail.counted_since is None
        and is_open(petition, now)
    )


def decide_all(
    mails: Iterable[LeasedMail], now: datetime
) -> list[tuple[LeasedMail, Decision]]:
    """Decide what to do with each mail of a batch, newest first. Of several to one
    person about one petition, the newest is sent, its copies are skipped, and the
    others wait."""
    decided: list[tuple[LeasedMail, Decision]] = []
    speakers: dict[tuple[int, Any, str, str], LeasedMail] = {}
    in_batch: dict[Any, int] = {}
    about_petition: dict[Any, int] = {}
    mails = list(mails)
    mark_suppressed(mails)
    asks = [mail for mail in mails if mail.kind == MailKind.ASK]
    askings = asking.askings_of(asks)
    for mail in asks:
        mail.asking = askings.get(mail.pk)
    room = mailings.left_today(now) if asks else 0
    for mail in mails:
        decision = decide(mail, now)
        assert mail.signature is not None  # it is due
        about = (mail.petition_id, mail.email_key)
        key = (*about, mail.kind, mail.signature.person)
        sent = in_batch.get(mail.email_key, 0)
        if isinstance(decision, Send) and mail.kind == MailKind.ASK:
            room -= 1
            if room < 0:
                decision = Wait(now + GAP)
        if isinstance(decision, Send):
            speaker = speakers.setdefault(key, mail)
            if speaker is not mail:
                decision = Skip() if is_copy(mail, speaker) else Wait(now + GAP)
            elif (
                mail.sent_to_mailbox + sent >= PER_MAILBOX
                or mail.sent_about_petition + about_petition.get(about, 0)
                >= PER_PETITION
            ):
                decision = Wait(now + timedelta(hours=1))
            else:
                in_batch[mail.email_key] = sent + 1
                about_petition[about] = about_petition.get(about, 0) + 1
        decided.append((mail, decision))
    return decided


def mark_suppressed(mails: list[LeasedMail]) -> None:
    """Set `suppressed` for the mails whose owner wants none, by whichever key that was
    recorded; clear `bounced` where the bounce concerned another address of the same
    mailbox."""
    addresses = {mail.signature.email for mail in mails if mail.signature}
    silent = key_ring.suppressed(addresses) if addresses else set()
    held = {m.signature.email for m in mails if m.signature and m.bounced is not None}
    gone = key_ring.silenced(Bounce.objects.all(), held) if held else set()
    for mail in mails:
        assert mail.signature is not None  # it is due
        mail.suppressed = mail.signature.email in silent
        if mail.signature.email not in gone:
            mail.bounced = None


def is_copy(one: LeasedMail, other: LeasedMail) -> bool:
    """Return whether two mails belong to the same form with the same address, sent
    twice."""
    assert one.signature is not None
    assert other.signature is not None
    same = one.signature.email.lower() == other.signature.email.lower()
    return same and all(
        getattr(one.signature, field) == getattr(other.signature, field)
        for field in CORRECTABLE
    )


def send_due(now: datetime) -> bool:
    """Run one round: lease, decide, send, mark; return whether more may be waiting. One
    round at a time decides for all connections, so that no mailbox gets its daily share
    from each of them."""
    connections = settings.MAIL_CONNECTIONS
    if sending.PACE.pause() > LONGEST_WAIT:
        return False
    size = sending.PACE.most_in_a_batch(BATCH * connections)
    ids = lease(now, size)
    if not ids:
        return False
    waiting: list[LeasedMail] = []
    for mail, decision in decide_all(load_leased(ids, now), now):
        match decision:
            case Skip():
                mark_finished(mail, MailState.COVERED, now)
            case GiveUp(reply):
                mark_finished(mail, MailState.FAILED, now, reply)
            case Wait(until):
                postpone(mail, until)
            case Send():
                waiting.append(mail)
        if mail.kind == MailKind.ASK and isinstance(decision, Skip | GiveUp):
            asking.forget_unasked(mail)
    # Send in the order of the lease, oldest first: whoever signed first is not
    # overtaken.
    waiting.sort(key=lambda mail: (mail.priority, mail.created_at, mail.pk))
    if waiting:
        Batch(waiting, SignatureMails(now)).send(connections)
    return len(ids) == size
