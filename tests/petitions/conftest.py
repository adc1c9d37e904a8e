"""What the tests of mail share."""

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

# For tests that a server has to pass whether or not it takes commands together.
both_manners = pytest.mark.parametrize(
    "server", [True, False], ids=["pipelined", "in turns"], indirect=True
)


# For tests of a server that takes letters from a to z only before the @.
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
    """As a form takes it in."""
    return bytes(clean_image(drawn(), 1200).read())
