"""Mail to staff whose worker is killed while it is on its way: it goes out again at
once, for it has drawn from its limits already."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.utils import timezone

from organizations import mailing
from organizations.models import StaffMail, StaffMailPurpose
from tests.factories import make_user

pytestmark = pytest.mark.django_db

ADDRESS = "erin@example.org"


def ask(purpose: StaffMailPurpose) -> None:
    mailing.request_mail(purpose, ADDRESS, language="en")


def send_all() -> None:
    while mailing.send_round(timezone.now()):
        pass


@pytest.mark.parametrize(
    "purpose", [StaffMailPurpose.PASSWORD, StaffMailPurpose.FAILURES]
)
@pytest.mark.parametrize("asked_again", [False, True])
def test_a_mail_that_was_on_its_way_goes_out_at_once(
    monkeypatch: pytest.MonkeyPatch, purpose: StaffMailPurpose, asked_again: bool
) -> None:
    make_user(ADDRESS)
    ask(purpose)

    def killed(self: EmailMessage) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(EmailMessage, "send", killed)
        with pytest.raises(KeyboardInterrupt):
            mailing.send_round(timezone.now())
    if asked_again:
        ask(purpose)
    mailing.begin_staff_mail()
    send_all()

    assert len(mail.outbox) == 1
    assert not StaffMail.objects.exists()
    # It has drawn once: the next one waits.
    ask(purpose)
    send_all()
    assert len(mail.outbox) == 1
