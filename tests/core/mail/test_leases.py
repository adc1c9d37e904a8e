"""A mail is leased for longer than it takes, with the slowest server that is waited
for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from core.mail import transport
from core.mail.leases import lease_time, pause_after
from core.mail.transport import SmtpBackend, SmtpTransport
from tests.mailserver import SlowServer

MESSAGE = b"Subject: Hello\r\n\r\nHello\r\n"
# What a server with TLS is waited for besides: the connection, STARTTLS, the handshake
# and another EHLO.
WITH_TLS = 4


def options(server: SlowServer, timeout: int = 5) -> dict[str, Any]:
    return {
        "host": "127.0.0.1", "port": server.port, "username": "u", "password": "p",
        "use_tls": False, "use_ssl": False, "timeout": timeout,
    }  # fmt: skip


@pytest.mark.parametrize("timeout", [1, 10, 300])
def test_a_lease_outlasts_each_wait_for_a_server(
    settings: Settings, timeout: int
) -> None:
    batch = timedelta(seconds=5)
    with SlowServer() as server:
        settings.MAILERS = {"default": {"OPTIONS": options(server, timeout)}}
        with SmtpTransport(options(server)) as opened:
            opening = server.answers
            opened.send("from@example.org", "to@example.org", MESSAGE)
            sending = server.answers - opening + 1  # the text, on a slow line

    assert server.messages == 1
    assert (opening, sending) == (7, 5)
    opening += WITH_TLS
    assert transport.longest_opening() >= opening * timedelta(seconds=timeout)
    waits = (opening + sending) * timedelta(seconds=timeout)
    assert lease_time() > waits
    assert lease_time(batch) > waits + batch


def test_a_folder_answers_at_once(settings: Settings) -> None:
    settings.MAILERS = {"default": {"OPTIONS": {"folder": "/nowhere"}}}

    assert lease_time() == timedelta(minutes=1)


def test_nothing_goes_over_a_connection_that_took_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each answer comes in time, and all together too late for the lease."""
    monkeypatch.setattr(transport, "OPENING_WAITS", 1)
    message = EmailMessage("Hello", "Hello", "from@example.org", ["to@example.org"])
    with SlowServer(delay=0.3) as server:
        with pytest.raises(TimeoutError), SmtpTransport(options(server, 1)):
            pass
        backend = SmtpBackend(alias="default", **options(server, 1))
        with pytest.raises(TimeoutError):
            backend.send_messages([message])

        assert backend.connection is None
        assert server.messages == 0


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 5), (1, 10), (3, 40), (12, 3600), (44, 3600), (10**6, 3600)],
)
def test_the_pause_doubles_up_to_the_longest(attempts: int, seconds: int) -> None:
    pause = pause_after(
        attempts, first=timedelta(seconds=5), longest=timedelta(hours=1)
    )

    assert pause == timedelta(seconds=seconds)
