"""The pace of sending, the number of connections, and priorities."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from petitions.identity.key_ring import email_key
from petitions.mail import (
    leases,
    outbox,
    sending,
)
from petitions.models import OutgoingMail, Petition
from petitions.models.mails import MailState, Priority
from petitions.signatures import (
    links,
)
from tests.factories import make_pending, make_petition, make_signature
from tests.mailserver import MailServer
from tests.petitions.mail.helpers import send, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def ten_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PACE", sending.Pace(10))


def test_the_pace_is_kept(
    server: MailServer, petition: Petition, ten_a_second: None
) -> None:
    for _ in range(6):
        make_pending(petition)
    began = time.monotonic()

    send()

    assert time.monotonic() - began >= 0.5
    assert states() == {"sent": 6}


@pytest.mark.django_db(transaction=True)
def test_the_pace_holds_for_all_connections_together(
    server: MailServer, petition: Petition, settings: Settings, ten_a_second: None
) -> None:
    settings.MAIL_CONNECTIONS = 4
    for _ in range(6):
        make_pending(petition)
    began = time.monotonic()

    send()

    assert time.monotonic() - began >= 0.5
    assert states() == {"sent": 6}


def test_no_more_is_leased_than_there_is_time_for(
    server: MailServer, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace = sending.Pace(0.1)
    monkeypatch.setattr(sending, "PACE", pace)
    for _ in range(5):
        make_pending(petition)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)

    assert outbox.send_due(timezone.now()) is True
    # The next mail may go in ten seconds: nothing is leased for it yet.
    assert outbox.send_due(timezone.now()) is False

    assert states() == {"sent": 1, "due": 4}
    assert not OutgoingMail.objects.filter(
        leased_until__isnull=False, state="due"
    ).exists()


def test_a_slow_pace_does_not_wait_beyond_the_batch() -> None:
    pace = sending.Pace(0.001)

    assert pace.take(0) is True
    assert pace.take(20) is False
    assert pace.pause() > 900


@pytest.mark.django_db(transaction=True)
def test_several_connections_send_each_mail_once(
    server: MailServer, petition: Petition, settings: Settings
) -> None:
    settings.MAIL_CONNECTIONS = 4
    for number in range(60):
        make_pending(petition, f"signer{number}@example.org")
    server.mailbox.delay = 0.01

    send()

    assert server.mailbox.sessions == 4
    assert sorted(server.mailbox.recipients) == sorted(
        f"signer{number}@example.org" for number in range(60)
    )
    assert states() == {"sent": 60}


@pytest.mark.django_db(transaction=True)
def test_a_mailbox_has_one_share_however_many_connections(
    server: MailServer, settings: Settings
) -> None:
    settings.MAIL_CONNECTIONS = 4
    for _ in range(outbox.PER_MAILBOX + 10):
        make_pending(make_petition(), "victim@example.org")

    send()

    assert len(server.mailbox.envelopes) == outbox.PER_MAILBOX


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_breaks_leaves_its_work_to_the_others(
    server: MailServer, petition: Petition, settings: Settings
) -> None:
    settings.MAIL_CONNECTIONS = 3
    for number in range(30):
        make_pending(petition, f"signer{number}@example.org")
    server.mailbox.refuse = lambda address: (
        "421 not that one" if address == "signer5@example.org" else None
    )

    with pytest.raises(OSError, match="not that one"):
        send()

    assert states() == {"sent": 29, "due": 1}
    assert OutgoingMail.objects.get(state="due").leased_until is None


@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_away_loses_nothing_over_several_connections(
    server: MailServer, petition: Petition, settings: Settings
) -> None:
    settings.MAIL_CONNECTIONS = 4
    for _ in range(8):
        make_pending(petition)
    server.stop()

    with pytest.raises(OSError, match="refused"):
        send()

    assert set(
        OutgoingMail.objects.values_list("state", "leased_until", "attempts")
    ) == {("due", None, 0)}


def test_confirmations_go_before_everything(
    server: MailServer, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour_ago = timezone.now() - timedelta(hours=1)
    asked = make_signature(petition, "asked@example.org")
    OutgoingMail.objects.all().delete()
    assert asked.email_key is not None
    links.send_signed([asked.email_key], now=hour_ago)
    busy = make_pending(petition, "busy@example.org", now=hour_ago)
    OutgoingMail.objects.filter(signature=busy).update(priority=Priority.LATER)
    for number in range(3):
        make_pending(petition, f"signer{number}@example.org")
    monkeypatch.setattr(outbox, "BATCH", 2)

    for _ in range(3):
        send()

    assert server.mailbox.recipients == [
        "signer0@example.org",
        "signer1@example.org",
        "signer2@example.org",
        "asked@example.org",
        "busy@example.org",
    ]


@pytest.mark.django_db(transaction=True)
def test_leasing_reads_the_index_of_due_mails(petition: Petition) -> None:
    signature = make_pending(petition)
    now = timezone.now()
    OutgoingMail.objects.bulk_create(
        OutgoingMail(
            petition=petition,
            signature=signature,
            email_key=email_key(signature.email),
            state=MailState.DUE if number % 10 == 0 else MailState.SENT,
            finished_at=None if number % 10 == 0 else now,
            due_at=now,
            created_at=now,
        )
        for number in range(5000)
    )
    parameters: dict[str, Any] = {"now": now, "until": now, "batch": 100}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE petitions_outgoingmail")
        cursor.execute(f"EXPLAIN {leases.LEASE_DUE}", parameters)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "using mail_due" in plan, plan
    assert "Sort" not in plan, plan
