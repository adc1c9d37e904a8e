"""Somebody is told when the worker stops or mail waits, and when it is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from core.db import schema
from core.models import (
    Alert,
    Heartbeat,
    SwitchName,
)
from core.observability import probes
from core.observability.alerts import send_alerts
from core.observability.health import STATE
from core.observability.outcomes import OUTCOMES
from core.operation import turn_off, turn_on
from core.worker.loops import WORKER_LOOPS
from petitions.checks import WRONG_KEY
from petitions.models import OutgoingMail, Petition
from tests.factories import make_pending
from tests.helpers import takes_no_writes

pytestmark = pytest.mark.django_db


def beat(now: datetime) -> None:
    for loop in WORKER_LOOPS:
        Heartbeat.objects.update_or_create(name=loop.name, defaults={"beat_at": now})


def test_a_stopped_worker_is_reported_once_an_hour_and_when_it_is_back() -> None:
    start = timezone.now()
    beat(start)
    send_alerts(start + timedelta(seconds=50))
    assert mail.outbox == []

    for minutes in (2, 3, 30, 59, 63):
        send_alerts(start + timedelta(minutes=minutes))

    assert len(mail.outbox) == 2
    message = mail.outbox[0]
    assert message.to == ["admin@example.org"]
    assert message.subject == "[http://testserver.localhost] Attention needed"
    names = ", ".join(sorted(loop.name for loop in WORKER_LOOPS))
    assert f"The worker does not work: no sign of {names} for 120 s" in message.body
    assert "Restart `manage.py work`" in message.body

    beat(start + timedelta(minutes=70))
    send_alerts(start + timedelta(minutes=70))
    assert mail.outbox[-1].subject.endswith("All is well again")
    assert not Alert.objects.exists()


def test_one_loop_that_hangs_is_enough() -> None:
    now = timezone.now()
    beat(now)
    Heartbeat.objects.filter(name="mail").update(beat_at=now - timedelta(minutes=5))

    send_alerts(now)

    assert "no sign of mail for 300 s" in mail.outbox[0].body


def test_a_worker_that_never_ran_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    monkeypatch.setattr(probes, "STARTED_AT", now - timedelta(seconds=61))

    send_alerts(now)

    assert len(mail.outbox) == 1


@pytest.mark.parametrize(("minutes", "mails"), [(4, 0), (6, 1)])
def test_confirmations_that_wait_too_long_are_reported(
    petition: Petition, minutes: int, mails: int
) -> None:
    now = timezone.now()
    beat(now)
    make_pending(petition, now=now - timedelta(minutes=minutes))

    send_alerts(now)

    assert len(mail.outbox) == mails
    if mails:
        assert "Confirmation mails wait, the oldest for 360 s" in mail.outbox[0].body
        assert "check_mail" in mail.outbox[0].body


def test_a_mail_that_was_put_off_does_not_wait(petition: Petition) -> None:
    now = timezone.now()
    beat(now)
    make_pending(petition, now=now - timedelta(hours=1))
    OutgoingMail.objects.update(due_at=now + timedelta(minutes=1))

    send_alerts(now)

    assert mail.outbox == []


def test_mail_that_is_put_off_again_and_again_is_reported(petition: Petition) -> None:
    now = timezone.now()
    beat(now)
    make_pending(petition, now=now - timedelta(hours=1))
    OutgoingMail.objects.update(due_at=now + timedelta(minutes=30), attempts=7)

    send_alerts(now)

    assert "wait, the oldest for 3600 s" in mail.outbox[0].body


def test_many_refusals_are_reported(petition: Petition) -> None:
    now = timezone.now()
    beat(now)
    for _ in range(10):
        make_pending(petition, now=now - timedelta(minutes=20))
    OutgoingMail.objects.update(state="failed", finished_at=now - timedelta(minutes=10))

    send_alerts(now)

    assert "10 mails were refused for good within an hour" in mail.outbox[0].body


def test_an_alert_that_could_not_be_mailed_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("core.observability.alerts.send_mail", refuse)
    beat(timezone.now() - timedelta(hours=1))

    send_alerts(timezone.now())

    assert "The alert could not be mailed: ConnectionRefusedError" in caplog.text
    monkeypatch.undo()
    send_alerts(timezone.now() + timedelta(seconds=10))
    assert len(mail.outbox) == 1


def test_livez_is_two_bytes_and_no_query(
    visitor: Client, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert visitor.get("/livez").content == b"ok"


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
@pytest.mark.parametrize("read_only", [False, True])
def test_a_probe_is_only_read(path: str, method: str, *, read_only: bool) -> None:
    """And says so to whoever sends it something, whatever is stopped."""
    if read_only:
        turn_on(SwitchName.READ_ONLY, {}, now=timezone.now(), by=None)
    machine = Client(enforce_csrf_checks=True, headers={"host": "10.0.0.7"})

    answer = machine.generic(method, path, b"x=1")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert machine.head(path).status_code == 200


def test_readyz_names_troubles_and_stays_ready(visitor: Client) -> None:
    beat(timezone.now() - timedelta(hours=1))

    response = visitor.get("/readyz")

    assert response.status_code == 200
    assert response.json()["ready"] is True
    assert "The worker does not work" in response.json()["troubles"][0]


@pytest.mark.django_db(transaction=True)
def test_readyz_is_not_ready_where_nothing_can_be_written(
    visitor: Client, petition: Petition, django_assert_num_queries: Any
) -> None:
    """Reading goes on: a server of the site that only reads is alive."""
    with takes_no_writes():
        beats = [*Heartbeat.objects.values_list("name", "beat_at")]
        answer = visitor.get("/readyz")
        told = visitor.get("/readyz", headers={"x-forwarded-for": "192.0.2.7"})
        alive = visitor.get("/livez")
        page = visitor.get(petition.get_absolute_url())
        assert [*Heartbeat.objects.values_list("name", "beat_at")] == beats

    assert answer.status_code == told.status_code == 503
    assert told.json() == {"ready": False}
    report = answer.json()
    assert (report["ready"], report["database"]) == (False, "read-only")
    assert "It takes no writes: it is a replica" in report["troubles"][0]
    assert alive.status_code == page.status_code == 200
    STATE.forget()
    assert visitor.get("/readyz").json()["database"] == "ok"


def test_readyz_is_not_ready_after_a_minute_without_a_write(visitor: Client) -> None:
    """A full disk, which no question tells: the watchdog has tried."""
    OUTCOMES.unwritable_since = int(timezone.now().timestamp()) - 100

    answer = visitor.get("/readyz")

    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert "Nothing can be written" in answer.json()["troubles"][0]


def test_readyz_is_not_ready_under_a_wrong_key(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petitions.probes.secret_is_known", lambda: False)

    answer = visitor.get("/readyz")

    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert WRONG_KEY in answer.json()["troubles"]


def test_readyz_is_not_ready_without_migrations(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat(timezone.now())
    monkeypatch.setattr("core.db.schema.pending_migrations", lambda: 2)

    response = visitor.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {
        "ready": False,
        "database": "ok",
        "pending_migrations": 2,
        "troubles": [schema.pending_sentence(2)],
    }


def test_readyz_tells_a_table_still_to_come_from_a_database_away(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.db.schema.pending_migrations", lambda: 2)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE config_heartbeat RENAME TO still_to_come")

    response = visitor.get("/readyz")

    assert response.status_code == 503
    assert response.json()["database"] == "ok"
    assert response.json()["pending_migrations"] == 2


def test_metrics_are_for_this_machine_or_a_token(
    visitor: Client, petition: Petition, settings: Settings
) -> None:
    make_pending(petition)

    text = visitor.get("/metrics").content.decode()
    assert "mails_due 1.0" in text
    assert "# TYPE worker_heartbeat_age_seconds gauge" in text
    assert (
        visitor.get("/metrics", headers={"x-forwarded-for": "1.2.3.4"}).status_code
        == 403
    )
    assert visitor.get("/metrics", REMOTE_ADDR="1.2.3.4").status_code == 403

    settings.METRICS_TOKEN = "secret"
    assert visitor.get("/metrics").status_code == 403
    authorized = {"authorization": "Bearer secret"}
    assert visitor.get("/metrics", headers=authorized).status_code == 200


def test_what_was_stopped_is_told_and_is_no_failure(
    client: Client, petition: Petition
) -> None:
    now = timezone.now()
    beat(now)
    make_pending(petition, now=now - timedelta(hours=1))
    for name in (SwitchName.STOP_SIGNING, SwitchName.STOP_MAIL):
        turn_on(name, {}, now=now, by=7)

    send_alerts(now)
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    since = f"{now:%Y-%m-%d %H:%M} UTC by account 7"
    said = [
        f"{what} on purpose since {since}. To end that: `manage.py switch {name} off`."
        for name, what in (
            ("stop-signing", "Signing is stopped"),
            ("stop-mail", "Mail to supporters is stopped"),
        )
    ]
    assert answer.json()["troubles"] == said
    # Nothing of mails that wait: it is known why.
    assert [message.body.split("\n")[0] for message in mail.outbox] == said
    assert b"\nstop_mail 1.0\n" in client.get("/metrics").content
    assert b"\nread_only 0.0\n" in client.get("/metrics").content

    for name in (SwitchName.STOP_SIGNING, SwitchName.STOP_MAIL):
        turn_off(name, by=7)
    STATE.forget()
    send_alerts(now)
    assert {
        "stop_signing: over after 0 minutes.",
        "stop_mail: over after 0 minutes.",
    } <= {message.body.split("\n")[0] for message in mail.outbox}
    assert "Confirmation mails wait" in str(client.get("/readyz").json()["troubles"])
