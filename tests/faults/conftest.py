"""Sites to break, and the table of figures that the fault tests print."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from devsite.embedded_postgres import Cluster
from tests.faults.load import FIGURES, Figures, Load
from tests.mailserver import MailServer
from tests.site import Site


def seconds(name: str, short: str) -> list[float]:
    """Return how long faults last, from the variable `name` or else `short`; `make
    faults` sets longer ones."""
    return [float(word) for word in os.environ.get(name, short).split()]


@dataclass
class Parts:
    """A site whose database and mail server a test can take away."""

    cluster: Cluster
    mail: MailServer
    site: Site

    def load(self) -> Load:
        return Load(self.site, self.mail.mailbox.since)

    @property
    def gunicorn(self) -> int:
        """The id of the web server's first process."""
        return self.site.processes("gunicorn")[0]


@contextmanager
def running(folder: Path) -> Iterator[Parts]:
    """Run a site, with its PostgreSQL's data in `folder`."""
    site = Site.begun()
    data = folder / "postgres"
    # `mv` works onto another disk, too, and keeps the owner.
    subprocess.run(["mv", site.var / "postgres", data], check=True)
    cluster = Cluster(data, site.secrets["POSTGRES_PASSWORD"], folder.parent / "log")
    mail = MailServer()
    mail.start()
    parts = Parts(cluster, mail, site)
    try:
        cluster.start()
        parts.site.environment |= {
            "DATABASE_URL": cluster.url(),
            "MAIL_URL": f"smtp://127.0.0.1:{mail.port}",
        }
        parts.site.start()
        yield parts
    finally:
        parts.site.remove()
        cluster.stop()
        parts.mail.stop()


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL can reach, also when it runs as nobody."""
    top = Path(tempfile.mkdtemp(prefix="petitions-faults-"))
    data = top / "data"
    for made in (top, data):
        made.mkdir(exist_ok=True)
        made.chmod(0o755)
    yield data
    shutil.rmtree(top, ignore_errors=True)


@pytest.fixture(scope="session")
def parts(folder: Path) -> Iterator[Parts]:
    """One site for all faults that leave it as it was."""
    with running(folder) as parts:
        yield parts


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("faults")
        terminalreporter.write_line(Figures.HEADER)
        for figures in FIGURES:
            terminalreporter.write_line(str(figures))
