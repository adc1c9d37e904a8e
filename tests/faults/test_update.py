"""The former release's code signs and confirms while `migrate` brings in the present
schema, and afterwards, until the old processes end."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults.load import Load
from tests.mailserver import MailServer
from tests.project.releases import former, unpack
from tests.site import Site, until

pytestmark = pytest.mark.faults


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def site(mail: MailServer) -> Iterator[Site]:
    """A site that still runs the former release."""
    folder = Path(tempfile.mkdtemp(prefix="petitions-former-"))
    folder.chmod(0o755)
    site = Site(MAIL_URL=f"smtp://127.0.0.1:{mail.port}")
    site.root = unpack(former(), folder / "code")
    try:
        yield site.start()
    finally:
        site.remove()
        shutil.rmtree(folder, ignore_errors=True)


def report(url: str, seconds: float, begun: threading.Event) -> None:
    """A dump or a report, that a change of the tables has to wait for."""
    with psycopg.connect(url, application_name="report") as database:
        database.execute(
            "SELECT 1 FROM petitions_signature, petitions_outgoingmail LIMIT 1"
        )
        begun.set()
        time.sleep(seconds)


def test_former_code_on_the_new_schema(site: Site, mail: MailServer) -> None:
    with Load(site, mail.mailbox.since) as load:
        until(lambda: len(load.confirmed) > 5, 30)
        begun = threading.Event()
        reader = threading.Thread(
            target=report, args=(site.settings["DATABASE_URL"], 4, begun)
        )
        reader.start()
        assert begun.wait(20)

        done = site.manage("migrate", "--no-input")

        reader.join()
        assert done.returncode == 0, done.stdout + done.stderr
        load.goes_on(signatures=20)
        confirmed = len(load.confirmed)
        until(lambda: len(load.confirmed) > confirmed + 5, 30)

    figures = load.prove("update", "migrate to the present schema")
    assert set(figures.answers) == {200, 303}
    assert figures.broken == 0
    assert site.manage("migrate", "--check").returncode == 0
