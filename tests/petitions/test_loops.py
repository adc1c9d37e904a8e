"""What happens because time passes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from core.models import Heartbeat
from core.observability.alerts import send_alerts
from core.worker.loops import WORKER_LOOPS
from petitions import loops
from petitions.models import Petition, Total
from petitions.states import State
from tests.factories import make_petition, make_signature

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", [State.OPEN, State.PAUSED])
def test_a_petition_closes_at_its_hour(state: State) -> None:
    now = timezone.now()
    ends = now + timedelta(hours=1)
    petition = make_petition(state=state, closes_at=ends)
    other = make_petition()

    loops.clock(ends - timedelta(seconds=1))
    petition.refresh_from_db()
    assert petition.state == state

    # The worker may have been away: it ended when it was meant to, not now.
    loops.clock(ends + timedelta(hours=5))
    petition.refresh_from_db()
    assert petition.state == State.CLOSED
    assert petition.ended_at == ends
    other.refresh_from_db()
    assert other.state == State.OPEN


def test_a_win_is_not_taken_back_by_the_clock() -> None:
    now = timezone.now()
    petition = make_petition(closes_at=now + timedelta(hours=1))
    petition.win(now=now)

    loops.clock(now + timedelta(hours=2))

    petition.refresh_from_db()
    assert petition.state == State.WON


def test_the_count_is_proved_once_a_day(petition: Petition) -> None:
    now = timezone.now()
    make_signature(petition)

    loops.prove(now)
    loops.prove(now + timedelta(hours=23))
    assert Heartbeat.objects.get(name=loops.PROVED).beat_at == now

    loops.prove(now + timedelta(hours=24))
    assert Heartbeat.objects.get(name=loops.PROVED).beat_at == now + timedelta(hours=24)


def test_a_count_that_cannot_be_proved_is_reported(
    petition: Petition, caplog: pytest.LogCaptureFixture
) -> None:
    now = timezone.now()
    loops.prove(now)
    Total.objects.update_or_create(petition=petition, defaults={"confirmed": 3})

    loops.prove(now + timedelta(hours=24))

    assert f"fails for petitions [{petition.pk}]" in caplog.text
    for hours, mails in ((24, 0), (26, 1)):
        for loop in WORKER_LOOPS:
            Heartbeat.objects.update_or_create(
                name=loop.name, defaults={"beat_at": now + timedelta(hours=hours)}
            )
        send_alerts(now + timedelta(hours=hours))
        assert len(mail.outbox) == mails
    assert "verify_counts" in mail.outbox[0].body
