"""Helpers for the mail tests: rounds of the worker, and the state of the outbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from petitions.mail import (
    outbox,
)
from petitions.mail.reminders import (
    AFTER,
    ReminderSweep,
)
from petitions.models import OutgoingMail, Petition, Signature
from petitions.models.mails import MailKind, MailState
from petitions.signatures import (
    links,
)
from tests.factories import make_pending


def send(after: timedelta = timedelta(0)) -> None:
    """Run one round of the worker, `after` from now."""
    links.answer_requests(timezone.now() + after)
    outbox.send_due(timezone.now() + after)


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in OutgoingMail.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def waiting(
    petition: Petition,
    email: str = "",
    *,
    ago: timedelta = AFTER + timedelta(minutes=5),
    **fields: Any,
) -> Signature:
    """Make a signature whose link was handed over `ago`."""
    then = timezone.now() - ago
    signature = make_pending(petition, email, now=then, **fields)
    OutgoingMail.objects.filter(signature=signature).update(
        state=MailState.SENT, finished_at=then
    )
    return signature


def sweep() -> None:
    ReminderSweep().remind(timezone.now())


def reminded() -> set[int | None]:
    """Return the ids of the signatures that a reminder was written for."""
    reminders = OutgoingMail.objects.filter(kind=MailKind.REMIND)
    return set(reminders.values_list("signature_id", flat=True))
