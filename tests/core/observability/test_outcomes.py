"""Forms that fail, and a database that takes nothing, are noticed and told of without
the database's help."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import FrameType
from typing import Any

import pytest
from django.core import mail
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from core.models import Heartbeat
from core.observability import (
    alerts,
    watchdog,
)
from core.observability.healthcheck import is_alive
from core.observability.outcomes import (
    OUTCOMES,
    WINDOW,
    Outcomes,
)
from petitions.models import Petition
from tests.config.helpers import ROOT

NOW = 1_000_000_000.0


def test_forms_are_counted_by_outcome() -> None:
    outcomes = Outcomes()

    for number, status in enumerate([303, 200, 422, 404, 503, 500]):
        outcomes.claim(number)
        outcomes.count(status, NOW)

    assert outcomes.totals() == {"taken": 2, "refused": 2, "failed": 2}
    assert outcomes.recent(NOW) == (6, 2)


def test_what_is_older_than_the_window_is_forgotten() -> None:
    outcomes = Outcomes()
    for second in range(0, 1000, 10):
        outcomes.count(503 if second < 500 else 303, NOW + second)

    forms, failed = outcomes.recent(NOW + 999)
    assert forms == pytest.approx(WINDOW / 10, abs=3)
    assert failed == 0
    assert outcomes.recent(NOW + 999 + WINDOW) == (0, 0)
    assert outcomes.totals() == {"taken": 50, "refused": 0, "failed": 50}


def test_threads_lose_no_form() -> None:
    """Wherever one is interrupted: here, between any two instructions."""
    outcomes = Outcomes()

    def interrupt(frame: FrameType, event: str, argument: Any) -> Any:
        frame.f_trace_opcodes = frame.f_code is Outcomes.count.__code__
        if event == "opcode":
            time.sleep(0)
        return interrupt

    def work() -> None:
        sys.settrace(interrupt)
        for _ in range(50):
            outcomes.count(303, NOW)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.totals()["taken"] == 200
    assert outcomes.recent(NOW) == (200, 0)


FORKS = """
import os
from core.observability.outcomes import Outcomes

outcomes = Outcomes()
for number in range(4):
    if not os.fork():
        outcomes.claim(number)
        for _ in range(20_000):
            outcomes.count(303, 1_000_000_000)
        os._exit(0)
for _ in range(4):
    os.wait()
print(outcomes.totals()["taken"], *outcomes.recent(1_000_000_000))
"""


def test_processes_lose_no_form() -> None:
    """Each counts in a row of its own, and any of them adds up all."""
    done = subprocess.run(
        [sys.executable, "-c", FORKS], cwd=ROOT, capture_output=True, check=True
    )

    assert done.stdout.split() == [b"80000", b"80000", b"0"]


@pytest.mark.django_db
def test_each_form_of_a_visitor_is_counted(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    sign = f"{petition.get_absolute_url()}sign/"

    visitor.get(petition.get_absolute_url())
    visitor.post(sign, sign_form)
    visitor.post(sign, {})
    visitor.post("/wp-login.php")  # what other software has, and this site has not

    assert OUTCOMES.totals() == {"taken": 1, "refused": 1, "failed": 0}
    text = visitor.get("/metrics").content.decode()
    assert 'forms_total{outcome="taken"} 1.0' in text
    assert 'forms_total{outcome="refused"} 1.0' in text
    assert "forms_lately 2.0" in text


@pytest.mark.parametrize(
    ("forms", "failed", "told"), [(100, 4, 0), (100, 5, 1), (1000, 49, 0), (6, 6, 1)]
)
@pytest.mark.django_db
def test_many_failed_forms_are_told_of(forms: int, failed: int, told: int) -> None:
    now = timezone.now()
    for number in range(forms):
        OUTCOMES.count(503 if number < failed else 303, now.timestamp())
    watching = watchdog.Watchdog()

    for seconds in (0, 10, 20):
        watching.look(now + timedelta(seconds=seconds))

    assert len(mail.outbox) == told
    if told:
        assert f"{failed} of {forms} forms failed" in mail.outbox[0].body
        watching.look(now + timedelta(seconds=WINDOW + 60))
        assert "All is well again" in mail.outbox[-1].subject
        watching.look(now + timedelta(hours=2))
        assert len(mail.outbox) == 2


@pytest.mark.django_db
def test_a_trouble_that_lasts_is_told_of_every_hour() -> None:
    now = timezone.now()
    watching = watchdog.Watchdog()
    for minutes in range(0, 121, 2):
        moment = now + timedelta(minutes=minutes)
        for _ in range(9):
            OUTCOMES.count(500, moment.timestamp())
        watching.look(moment)

    assert len(mail.outbox) == 3


@pytest.mark.django_db
def test_a_database_that_takes_nothing_is_told_of_after_a_minute(
    monkeypatch: pytest.MonkeyPatch, visitor: Client
) -> None:
    def refuse() -> None:
        raise OperationalError

    now, watching = timezone.now().replace(microsecond=0), watchdog.Watchdog()
    monkeypatch.setattr(watchdog, "try_writing", refuse)
    for seconds in (0, 10, 50):
        watching.look(now + timedelta(seconds=seconds))
    assert mail.outbox == []

    watching.look(now + timedelta(seconds=65))
    assert "Nothing can be written to the database for 65 s" in mail.outbox[0].body

    monkeypatch.undo()
    watching.look(now + timedelta(seconds=75))
    assert "All is well again" in mail.outbox[-1].subject
    assert OUTCOMES.unwritable_since == 0


@pytest.mark.django_db(transaction=True)
def test_writing_is_tried_for_good() -> None:
    """A database that only reads is found out, by what it says to this connection."""
    watchdog.try_writing()
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        with pytest.raises(Exception, match="read-only"):
            watchdog.try_writing()
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute("SET temp_file_limit = 0")
        with pytest.raises(OperationalError, match="temporary file size"):
            watchdog.try_writing()
        cursor.execute("RESET temp_file_limit")
    watchdog.try_writing()


# == A POST beside the mail ==


class Taker(BaseHTTPRequestHandler):
    taken: list[dict[str, Any]] = []
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append(json.loads(body))
        self.send_response(self.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:
        """What a redirect leads to, as any web server answers."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: Any) -> None:
        pass


@pytest.fixture
def taker(settings: Settings) -> Iterator[type[Taker]]:
    server = HTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.ALERT_URL = f"http://127.0.0.1:{server.server_port}/secret"
    Taker.taken, Taker.status = [], 200
    yield Taker
    server.shutdown()
    thread.join()
    server.server_close()


def no_mail(*args: Any, **kwargs: Any) -> None:
    raise ConnectionRefusedError


def test_an_alert_gets_out_while_mail_is_down(
    taker: type[Taker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.observability.alerts.send_mail", no_mail)

    assert alerts.send_alert("Attention needed", "The mail server is away.") is True

    (alert,) = taker.taken
    assert alert["subject"] == "Attention needed"
    assert alert["text"] == (
        "[http://testserver.localhost] Attention needed\n\nThe mail server is away."
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 404, 500])
def test_an_alert_that_was_not_taken_is_sent_again(
    taker: type[Taker], settings: Settings, status: int
) -> None:
    """A redirect, to https for one, makes a GET of it that says nothing."""
    settings.ALERT_EMAILS = []
    taker.status = status

    assert alerts.send_alert("Attention needed", "Mail waits.") is False


def test_both_are_told_and_one_is_enough(
    taker: type[Taker], caplog: pytest.LogCaptureFixture
) -> None:
    taker.status = 500

    assert alerts.send_alert("Attention needed", "x") is True

    assert len(mail.outbox) == len(taker.taken) == 1
    assert "The alert could not be posted: HTTPError" in caplog.text
    assert "secret" not in caplog.text


def test_nobody_reached_is_tried_again(
    taker: type[Taker], monkeypatch: pytest.MonkeyPatch
) -> None:
    taker.status = 500
    monkeypatch.setattr("core.observability.alerts.send_mail", no_mail)

    assert alerts.send_alert("Attention needed", "x") is False


# == Who is told what, and how often the database is asked ==


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
@pytest.mark.parametrize("host", ["127.0.0.1:8000", "10.0.0.7", "evil.example", "[::1"])
@pytest.mark.django_db
def test_probes_are_asked_by_any_name(path: str, host: str) -> None:
    assert Client(headers={"host": host}).get(path).status_code == 200
    assert Client(headers={"host": "evil.example"}).get(f"{path}/").status_code == 400


@pytest.mark.django_db
def test_strangers_are_told_whether_it_is_ready_and_no_more(
    visitor: Client, settings: Settings
) -> None:
    Heartbeat.objects.create(name="mail", beat_at=timezone.now() - timedelta(hours=1))
    stranger = {"x-forwarded-for": "192.0.2.7"}

    told = visitor.get("/readyz", headers=stranger)
    strict = visitor.get("/readyz?strict", headers=stranger)
    mine = visitor.get("/readyz")
    settings.METRICS_TOKEN = "a token"
    known = visitor.get(
        "/readyz", headers={**stranger, "authorization": "Bearer a token"}
    )

    assert (told.status_code, strict.status_code) == (200, 503)
    assert told.json() == strict.json() == {"ready": True}
    assert "The worker does not work" in mine.json()["troubles"][0]
    assert known.json() == mine.json()
    assert visitor.get("/readyz").json() == {"ready": True}


@pytest.mark.django_db
def test_readiness_is_read_once_for_all_who_ask(
    visitor: Client, django_assert_num_queries: Any
) -> None:
    visitor.get("/readyz")
    with django_assert_num_queries(0):
        for _ in range(20):
            assert visitor.get("/readyz").status_code == 200
            assert visitor.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("name", "least", "told"),
    [
        ("media_free_bytes", "MEDIA_LEAST", "MB are left where MEDIA_ROOT is"),
        ("media_free_files", "MEDIA_FEWEST", "more files can be made where MEDIA_ROOT"),
    ],
)
def test_a_disk_of_pictures_that_fills_is_told_before(
    name: str, least: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trouble() -> str:
        found = {reading.name: reading for reading in watchdog.readings(timezone.now())}
        return found[name].trouble

    assert trouble() == ""
    monkeypatch.setattr(watchdog, least, 2**65)
    assert told in trouble()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_the_healthcheck_asks_where_the_server_listens(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            pass

    class Server(HTTPServer):
        address_family = socket.AF_INET6 if host == "[::1]" else socket.AF_INET

    with Server((host.strip("[]"), 0), Answers) as server:
        threading.Thread(target=server.handle_request).start()
        monkeypatch.setenv("BIND", f"{host}:{server.server_port},127.0.0.1:1")
        assert is_alive()
