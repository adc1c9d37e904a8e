"""The machine's clock was a day ahead, and is put right: nothing waits until that day has
come."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import OperationalError
from django.utils import timezone

from core.mail import capabilities
from core.models import Alert, Heartbeat
from core.observability import alerts, watchdog
from core.observability.outcomes import OUTCOMES
from core.observability.probes import worker
from core.security.buckets import Rate, draw
from core.worker.loops import WORKER_LOOPS
from organizations import mailing
from organizations.models import StaffMail, StaffMailPurpose, User
from petitions import loops, reports
from petitions.abuse.rate_limits import (
    MESSAGES,
    RateLimits,
    load_limits,
    passes_ceiling,
)
from petitions.mail import outbox
from petitions.models import OutgoingMail, Petition, Report
from petitions.models.mails import MailState
from petitions.signatures import signing
from tests.factories import make_pending
from tests.mailserver import MailServer
from tests.petitions.mail.helpers import states

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
NETWORK = ipaddress.ip_network("198.51.100.0/24")


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def passing(act: Any, most: int = 100) -> int:
    """How often `act` passes in a row."""
    return next(n for n in range(most) if not act())


# == Limits ==


@pytest.mark.parametrize("every", [timedelta(minutes=5), timedelta(hours=2), DAY])
def test_a_limit_drawn_from_ahead_is_whole_again(
    now: datetime, every: timedelta
) -> None:
    rate = Rate("tries", 5, every)
    assert passing(lambda: not draw(rate.of("one"), now=now + 6 * DAY)) == 5

    assert passing(lambda: not draw(rate.of("one"), now=now)) == 5
    assert draw(rate.of("one"), now=now) <= every


def test_a_clock_a_minute_behind_another_loosens_no_limit(now: datetime) -> None:
    rate = Rate("tries", 5, timedelta(minutes=5))
    assert (
        passing(lambda: not draw(rate.of("one"), now=now + timedelta(minutes=1))) == 5
    )

    assert passing(lambda: not draw(rate.of("one"), now=now)) == 0


def test_a_network_held_up_ahead_may_write_again(now: datetime) -> None:
    assert passing(lambda: passes_ceiling(NETWORK, now + DAY, MESSAGES)) == 20

    assert passing(lambda: passes_ceiling(NETWORK, now, MESSAGES)) == 20
    later = now - timedelta(minutes=1)  # another machine's
    assert passing(lambda: passes_ceiling(NETWORK, later, MESSAGES)) == 0


def test_a_network_held_up_ahead_may_sign_again(
    petition: Petition, now: datetime
) -> None:
    given = signing.SignerInput(
        name="Maya Tremblay", email="maya@known.example", language="en",
        delivery=petition.delivery, network=NETWORK,
    )  # fmt: skip

    def sign(at: datetime, rules: RateLimits) -> bool:
        return signing.sign(petition.pk, given, now=at, rules=rules) is not None

    most = 10_000
    rules = load_limits()
    ahead = passing(lambda: sign(now + DAY, rules), most)
    assert 0 < ahead < most

    assert passing(lambda: sign(now, load_limits()), most) == ahead


# == Mail ==


def test_mail_to_staff_goes_out(alice: User, now: datetime) -> None:
    """Asked for ahead, and leased by a worker that ended ahead."""
    mailing.request_mail(StaffMailPurpose.PASSWORD, alice.email, language="en")
    StaffMail.objects.update(created_at=now + DAY, due_at=now + DAY)
    assert not mailing.send_round(timezone.now())

    mailing.begin_staff_mail()
    mailing.send_round(timezone.now())

    assert [message.to for message in mail.outbox] == [[alice.email]]


@pytest.mark.parametrize("attempts", [0, 1])
def test_a_due_mail_goes_out(
    petition: Petition, server: MailServer, now: datetime, attempts: int
) -> None:
    make_pending(petition)
    OutgoingMail.objects.update(
        due_at=now + DAY, leased_until=now + DAY, attempts=attempts
    )

    outbox.begin_sending()
    outbox.send_due(timezone.now())

    assert states() == {"sent": 1}


def test_a_mail_sent_ahead_holds_up_no_other(
    petition: Petition, server: MailServer, now: datetime
) -> None:
    make_pending(petition, "maya@example.org")
    OutgoingMail.objects.update(state=MailState.SENT, finished_at=now + DAY)
    make_pending(petition, "maya@example.org", name="Maya T.")

    outbox.send_due(timezone.now())

    assert states() == {"sent": 2}


def test_what_the_mail_server_takes_is_what_it_said_last(now: datetime) -> None:
    capabilities.learn(is_international=True)
    Heartbeat.objects.update(beat_at=now + DAY)

    capabilities.learn(is_international=False)

    assert not capabilities.ask_server()


# == Watching ==


def test_a_worker_that_ended_ahead_is_missed(now: datetime) -> None:
    for loop in WORKER_LOOPS:
        Heartbeat.objects.create(name=loop.name, beat_at=now + DAY)

    assert "The worker does not work" in worker(now)[0].trouble


def test_the_counts_are_proved(now: datetime) -> None:
    Heartbeat.objects.create(name=loops.PROVED, beat_at=now + DAY)

    loops.prove(now)

    assert Heartbeat.objects.get(name=loops.PROVED).beat_at == now


def test_what_is_wrong_is_told_again(now: datetime) -> None:
    Heartbeat.objects.create(name="mail", beat_at=now - timedelta(hours=1))
    alerts.send_alerts(now + DAY)
    told = len(mail.outbox)
    assert told
    assert Alert.objects.exists()

    alerts.send_alerts(now)
    assert len(mail.outbox) > told
    told = len(mail.outbox)
    alerts.send_alerts(now + timedelta(minutes=5))
    assert len(mail.outbox) == told


def test_a_database_that_takes_nothing_is_told(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise OperationalError

    monkeypatch.setattr(watchdog, "try_writing", refused)
    watching = watchdog.Watchdog()
    watching.look(now + DAY)
    watching.look(now)
    watching.look(now + timedelta(seconds=90))

    assert "Nothing can be written to the database for 9" in str(mail.outbox[-1].body)
    assert OUTCOMES.unwritable_since == int(now.timestamp())


def test_staff_are_told_of_messages(
    petition: Petition, alice: User, now: datetime
) -> None:
    report = {"petition": petition, "reason": "other", "text": "No.", "language": "en"}
    Report.objects.create(**report, created_at=now, told_at=now + DAY)
    Report.objects.create(**report, created_at=now)

    reports.mail_reports(now)

    assert [message.to for message in mail.outbox] == [[alice.email]]
