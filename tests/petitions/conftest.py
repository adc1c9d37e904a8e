"""What the tests of mail share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.mailserver import MailServer

# For tests that a server has to pass whether or not it takes commands together.
both_manners = pytest.mark.parametrize(
    "server", [True, False], ids=["pipelined", "in turns"], indirect=True
)


@pytest.fixture
def server(settings: Settings, request: pytest.FixtureRequest) -> Iterator[MailServer]:
    """A mail server, and the site set to use it; see `both_manners`."""
    server = MailServer()
    server.mailbox.pipelining = getattr(request, "param", True)
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {
                "host": "127.0.0.1",
                "port": server.port,
                "username": "",
                "password": "",
                "use_tls": False,
                "use_ssl": False,
                "timeout": 1,
            },
        }
    }
    server.start()
    yield server
    if server.loop.is_running():
        server.stop()
