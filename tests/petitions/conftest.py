"""Fixtures for the tests of petitions: a mail server, a media folder, a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from core.images.uploads import (
    clean_image,
)
from tests.mailserver import MailServer
from tests.petitions.admin.pictures import drawn

# For tests that must pass with a server that takes commands together, and without.
both_manners = pytest.mark.parametrize(
    "server", [True, False], ids=["pipelined", "in turns"], indirect=True
)


# For tests with a server that takes only ASCII before the @ (no SMTPUTF8).
ascii_only = pytest.mark.ascii_only


@pytest.fixture
def server(settings: Settings, request: pytest.FixtureRequest) -> Iterator[MailServer]:
    """A mail server, and the site set to use it; see `both_manners`."""
    server = MailServer(
        enable_SMTPUTF8=not request.node.get_closest_marker("ascii_only")
    )
    server.mailbox.pipelining = getattr(request, "param", True)
    settings.MAILERS = {
        "default": {
            "BACKEND": "core.mail.transport.SmtpBackend",
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


@pytest.fixture
def media(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture(scope="module")
def picture() -> bytes:
    """A picture as a form stores it."""
    return bytes(clean_image(drawn(), 1200).read())
