"""Webhooks: what the mail provider reports after it accepted a mail. django-anymail
checks the provider's secret and normalises its events (MAIL_WEBHOOKS,
docs/operations.md)."""

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
    """Handle one event of the provider: a complaint or unsubscription suppresses the
    address for ever; a bounce marks the mail, and the address, too, unless the reason
    lies elsewhere."""
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
    """Return `value` if it is a string, else ''; JSON of a provider may hold any
    type."""
    return value if isinstance(value, str) else ""


def reason_of(event: AnymailTrackingEvent) -> str:
    """Return the type of the event with the status code from the mailbox's server, or
    else anymail's word for the reason; never the server's own text, which may quote the
    address."""
    status = status_in(word(event.mta_response))
    return f"{event.event_type} {status or event.reject_reason or ''}".strip()


def speaks_of_mailbox(event: AnymailTrackingEvent) -> bool:
    """Return whether the mailbox does not exist, so that mail to it would bounce again.
    Providers call a full mailbox a bounce, too; the status code tells them apart, where
    there is one."""
    if event.reject_reason not in (RejectReason.BOUNCED, RejectReason.INVALID):
        return False
    status = status_in(word(event.mta_response))
    return not status or status in NO_SUCH_MAILBOX
