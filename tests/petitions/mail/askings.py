"""Helpers for the tests of asking people of an import by mail to confirm."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from organizations.models import User
from petitions.mail import asking
from petitions.models import Asking, OutgoingMail, Petition, SignatureImport
from petitions.models.mails import MailKind
from tests.petitions.importing.files import bring_in, of_people
from tests.petitions.mail.mailing import BEGUN


def imported(
    petition: Petition, by: User, *names: str, file: bytes = b"", **fields: Any
) -> SignatureImport:
    """Bring in people with these names before the @, who are to be asked."""
    return bring_in(petition, by, file or of_people(*names), asks=True, **fields)


def ordered(job: SignatureImport, by: User) -> Asking:
    return asking.order_asking(job, "Change.example", by, timezone.now())


def rounds(most: int = 50, after: timedelta = BEGUN) -> int:
    """Run rounds of the worker until nobody is left to be asked; return how many did
    something."""
    for done in range(most):
        if not asking.advance_asking(timezone.now() + after):
            return done
    raise AssertionError("the worker does not come to an end")


def asked() -> list[str]:
    """Return the addresses that mails were made for."""
    mails = OutgoingMail.objects.filter(kind=MailKind.ASK)
    return sorted(mails.values_list("signature__email", flat=True))
