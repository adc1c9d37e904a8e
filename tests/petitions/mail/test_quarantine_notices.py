"""Notices to staff that signatures wait in quarantine."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.utils import timezone

from organizations.models import Organization, User
from petitions.mail import quarantine_notices
from petitions.models import Petition, Signature
from petitions.signatures import (
    quarantine,
)
from petitions.states import QuarantineReason
from tests.factories import make_pending, make_petition

pytestmark = pytest.mark.django_db

HERE = f"{settings.SITE_URL}/admin/petitions/signature/?aside=burst"


def quarantine_some(
    petition: Petition, number: int, reason: str = QuarantineReason.BURST
) -> None:
    for each in range(number):
        signature = make_pending(petition, f"u{each}@union.test")
        Signature.objects.filter(pk=signature.pk).update(quarantine_reason=reason)


def told(now: datetime) -> list[tuple[str, list[str]]]:
    """Run a round of the worker; return subjects and recipients of the notices it
    mails."""
    before = len(mail.outbox)
    quarantine_notices.mail_quarantine_notices(now)
    return [(str(message.subject), message.to) for message in mail.outbox[before:]]


def test_owners_and_editors_are_told_and_nobody_else(
    petition: Petition, alice: User, erin: User, bob: User, charlie: User
) -> None:
    quarantine_some(petition, 40)

    ((subject, receivers),) = told(timezone.now())

    assert subject == "40 signatures wait until you have looked at them"
    assert sorted(receivers) == sorted([alice.email, erin.email])
    body = mail.outbox[-1].body
    assert petition.organization.name in body
    assert HERE in body
    assert "union.test" not in body  # nothing that a stranger typed


def test_at_once_then_again_for_what_came_since(petition: Petition, erin: User) -> None:
    now = timezone.now()
    quarantine_some(petition, 1)
    assert told(now) == [
        ("A signature waits until you have looked at it", [erin.email])
    ]

    quarantine_some(petition, 1)
    assert told(now + timedelta(minutes=30)) == []

    later = now + timedelta(hours=7)
    assert told(later) == []  # nobody has come since
    Signature.objects.update(created_at=later)
    assert len(told(later)) == 1


def test_each_organisation_hears_of_its_own(
    petition: Petition, other_organization: Organization, erin: User, charlie: User
) -> None:
    quarantine_some(petition, 2)
    quarantine_some(make_petition(other_organization), 3)

    assert sorted(told(timezone.now())) == [
        ("2 signatures wait until you have looked at them", [erin.email]),
        ("3 signatures wait until you have looked at them", [charlie.email]),
    ]


def test_what_staff_have_released_or_a_list_holds_tells_nobody(
    petition: Petition, erin: User
) -> None:
    quarantine_some(petition, 3)
    quarantine.release_from_quarantine(Signature.objects.all(), now=timezone.now())
    quarantine_some(petition, 3, QuarantineReason.HONEYPOT)

    assert told(timezone.now()) == []


def test_a_mail_server_that_is_away_is_tried_again(
    petition: Petition, erin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise ConnectionRefusedError

    quarantine_some(petition, 2)
    with monkeypatch.context() as patch:
        patch.setattr(quarantine_notices, "send_mail", away)
        assert told(timezone.now()) == []

    assert len(told(timezone.now())) == 1


def test_a_worker_that_is_killed_meanwhile_keeps_no_notice_back(
    petition: Petition, erin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarantine_some(petition, 1)

    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(quarantine_notices, "send_mail", killed)
        with pytest.raises(KeyboardInterrupt):
            told(timezone.now())

    assert len(told(timezone.now())) == 1
    assert told(timezone.now()) == []
