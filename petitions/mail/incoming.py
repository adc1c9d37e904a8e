"""Mail that comes in: bounces, complaints, and requests for no more mail.

`manage.py take_mail` reads it. Anybody can send anything to these addresses, so whom a
message concerns is told by a signed address alone (`petitions.mail.signed_addresses`).
What it leads to is the same as what a provider's webhook leads to
(`petitions.mail.webhooks`). Nothing is answered.
"""

from __future__ import annotations

import enum
import logging
from datetime import datetime

from core.mail.reports import (
    LONGEST,
    CameBack,
    Complaint,
    MessagePart,
    is_from_program,
    read_report,
    sent_to,
    split_message,
)
from petitions.mail import bounces, results
from petitions.mail.messages import message_id
from petitions.mail.signed_addresses import RETURNS, read_address
from petitions.models import MailingRecipient, OutgoingMail, Signature
from petitions.models.mails import MailState
from petitions.signatures import consent
from petitions.signatures.tokens import AddressPurpose, Valid

logger = logging.getLogger(__name__)


MODELS: dict[AddressPurpose, type[OutgoingMail | MailingRecipient]] = {
    AddressPurpose.RETURN: OutgoingMail,
    AddressPurpose.RETURN_NEWS: MailingRecipient,
}
# What the log calls them.
NAMES = {
    AddressPurpose.RETURN: "mail",
    AddressPurpose.RETURN_NEWS: "mail of a mailing",
}


class Taken(enum.StrEnum):
    """The kinds of message."""

    BOUNCE = "came back"
    COMPLAINT = "a complaint"
    UNSUBSCRIBE = "unsubscribed"
    NOTHING = "nothing for us"


class NotYet(Exception):
    """Raised when a mail came back before the worker has noted that it is sent: to be
    taken a little later."""


def take(data: bytes, *, recipient: str = "", now: datetime) -> Taken:
    """Do what a message asks for, of which `data` has the first `LONGEST` bytes or
    more. `recipient` is the address it was sent to; without one, what delivered it has
    noted that in its header."""
    message = split_message(data[:LONGEST])
    address = read_address(recipient or sent_to(message), now=now)
    taken, about = Taken.NOTHING, "no token of ours"
    match address:
        case (AddressPurpose.UNSUBSCRIBE, outcome):
            if not is_from_program(message):
                taken = unsubscribe_by_mail(outcome.number, now)
            about = f"signature {outcome.number}"
        case (purpose, outcome):
            report = read_report(message)
            mail = mail_numbered(purpose, outcome.number)
            about = f"{NAMES[purpose]} {outcome.number}"
            if isinstance(report, Complaint):
                taken = complain(mail, now)
            elif report and isinstance(outcome, Valid):
                taken = come_back(mail, report, now)
        case None:
            if named := complained_elsewhere(message, now):
                purpose, number = named
                taken = complain(mail_numbered(purpose, number), now)
                about = f"{NAMES[purpose]} {number}"
    logger.info("Mail that came in: %s, %s", taken, about)
    return taken


def complained_elsewhere(
    message: MessagePart, now: datetime
) -> tuple[AddressPurpose, int] | None:
    """Return which mail a complaint is about that was sent to the one address agreed
    with a provider, by the signed address that the mail was sent from."""
    report = read_report(message)
    if isinstance(report, Complaint):
        match read_address(report.return_path, now=now):
            case (purpose, outcome) if purpose in RETURNS:
                return purpose, outcome.number
    return None


def mail_numbered(
    purpose: AddressPurpose, number: int
) -> OutgoingMail | MailingRecipient | None:
    """Return the mail that an address to come back to belongs to."""
    model = MODELS[purpose]
    rows = model._default_manager.select_related("signature")
    return rows.filter(pk=number).first()


def unsubscribe_by_mail(signature_id: int, now: datetime) -> Taken:
    """Never write to the address of a signature again."""
    signature = Signature.objects.filter(pk=signature_id).first()
    if signature is None or not signature.email:
        return Taken.NOTHING
    consent.suppress(signature.email, now=now)
    return Taken.UNSUBSCRIBE


def complain(mail: OutgoingMail | MailingRecipient | None, now: datetime) -> Taken:
    """Never write again to the address that a mail was sent to."""
    if mail is None or mail.signature is None or not mail.signature.email:
        return Taken.NOTHING
    consent.suppress(mail.signature.email, now=now)
    return Taken.COMPLAINT


def come_back(
    mail: OutgoingMail | MailingRecipient | None, report: CameBack, now: datetime
) -> Taken:
    """Record that a mail came back."""
    if mail is None:
        return Taken.NOTHING
    if mail.state == MailState.DUE and mail.leased_until and mail.leased_until > now:
        raise NotYet
    bounces.came_back(
        mail.email_key,
        mail.signature.email if mail.signature else "",
        given_id=(
            message_id(mail)
            if isinstance(mail, OutgoingMail)
            else results.recipient_message_id(mail)
        ),
        reason=f"bounced {report.status}".strip(),
        no_such_mailbox=report.no_such_mailbox,
        at=now,
        now=now,
    )
    return Taken.BOUNCE
