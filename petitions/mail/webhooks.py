"""What the mail provider tells after it took a mail: django-anymail checks the
provider's secret and gives its events one form (MAIL_WEBHOOKS, docs/operations.md)."""

from __future__ import annotations

from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from django.dispatch import receiver
from django.utils import timezone

from core.mail.transport import (
    NO_SUCH_MAILBOX,
    status_in,
)
from petitions.addresses import NotAnAddress, clean_address
from petitions.identity import key_ring
from petitions.mail import bounces
from petitions.signatures import (
    consent,
)

UNWANTED = (EventType.COMPLAINED, EventType.UNSUBSCRIBED)
CAME_BACK = (EventType.BOUNCED, EventType.REJECTED)


@receiver(tracking, dispatch_uid="petitions.webhooks")
def receive(event: AnymailTrackingEvent, **_: Any) -> None:
    """A complaint silences the mailbox for ever; a mail that came back is marked, and
    its mailbox with it unless the reason is another one than the address."""
    try:
        address = clean_address(word(event.recipient))
    except NotAnAddress:
        return
    key, now = key_ring.current_keyring().newest.key(address), timezone.now()
    if event.event_type in UNWANTED:
        consent.suppress(address, now=now)
    elif event.event_type in CAME_BACK:
        bounces.came_back(
            key,
            address,
            given_id=word(event.message_id),
            reason=reason_of(event),
            no_such_mailbox=speaks_of_mailbox(event),
            at=event.timestamp or now,
            now=now,
        )


def word(value: Any) -> str:
    """What a provider says, which may be of any kind in JSON."""
    return value if isinstance(value, str) else ""


def reason_of(event: AnymailTrackingEvent) -> str:
    """The status in the words of the mailbox's server, or else anymail's word for
    it; never the words themselves, which may quote the address."""
    status = status_in(word(event.mta_response))
    return f"{event.event_type} {status or event.reject_reason or ''}".strip()


def speaks_of_mailbox(event: AnymailTrackingEvent) -> bool:
    """Whether it would come back again. Providers call a full mailbox a bounce, too;
    the status tells, where there is one."""
    if event.reject_reason not in (RejectReason.BOUNCED, RejectReason.INVALID):
        return False
    status = status_in(word(event.mta_response))
    return not status or status in NO_SUCH_MAILBOX
