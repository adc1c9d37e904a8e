"""The clock of the machine is set, an hour forward and back: the site under libfaketime,
its PostgreSQL included."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.load import Load
from tests.mailserver import MailServer
from tests.site import Site, until

pytestmark = pytest.mark.faults

HOUR = 3600
# Hours from the real time: forward and back again.
STEPS = [int(word) for word in os.environ.get("CLOCK_STEPS", "1 0").split()]
LASTS = float(os.environ.get("CLOCK_STEP_SECONDS", "0"))


def library() -> Path | None:
    """libfaketime: the one of the development requirements, or of Debian's package,
    under which sleeping fails in some releases of Python."""
    found: list[Path] = []
    if spec := importlib.util.find_spec("libfaketime"):
        assert spec.origin is not None
        found += Path(spec.origin).parent.glob("vendor/libfaketime/src/*.so.1")
    found += sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return found[0] if found else None


class Clock:
    """What time it is for the site."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(0)

    def set(self, seconds: int) -> None:
        unfinished = self.file.with_suffix(".new")
        unfinished.write_text(f"{seconds:+d}\n")
        unfinished.rename(self.file)
        time.sleep(2.2)  # each process looks at it once a second

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            # Setting a clock leaves the monotonic one alone.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DISABLE_SHM": "1",
        }

    def works(self) -> bool:
        """Whether a Python under it sees another time, and sleeps."""
        self.set(HOUR)
        code = "import time; time.sleep(0.1); print(time.time())"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        self.set(0)
        return done.returncode == 0 and float(done.stdout) - time.time() > HOUR / 2


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # PostgreSQL may run as nobody
    clock = Clock(tmp_path / "clock")
    if library() is None or not clock.works():
        pytest.skip(
            "NOT TESTED: a clock that is set. No libfaketime works here; "
            "apt-get install faketime"
        )
    return clock


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def site(clock: Clock, mail: MailServer) -> Iterator[Site]:
    url = f"smtp://127.0.0.1:{mail.port}"
    site = Site.begun(MAIL_URL=url, **clock.environment).start()
    yield site
    site.remove()


def test_clock_is_set_under_load(site: Site, clock: Clock, mail: MailServer) -> None:
    taken, slowest = mail.mailbox.envelopes, 0.0
    with Load(site, mail.mailbox.since) as load:
        until(lambda: len(load.confirmed) > 5, 30)
        for step in STEPS:
            # Some mails wait while it is set.
            with mail.away():
                load.goes_on()
                clock.set(step * HOUR)
            (there,) = site.sql("SELECT extract(epoch FROM now())")[0]
            assert abs(float(there) - time.time() - step * HOUR) < 30
            sent, confirmed = len(taken), len(load.confirmed)
            slowest = max(slowest, load.goes_on(10))
            until(lambda n=sent: len(taken) > n, 15)  # type: ignore[misc]
            until(lambda n=confirmed: len(load.confirmed) > n, 15)  # type: ignore[misc]
            time.sleep(LASTS)
            assert site.is_ready()

    # What broke off is tried again after half a minute: not waited for here.
    site.sql("UPDATE petitions_outgoingmail SET due_at = now() WHERE attempts > 0")
    said = ", ".join(f"{step:+d} h" for step in STEPS)
    figures = load.prove("clock set", said, f"signing within {slowest:.1f} s")
    assert set(figures.answers) == {200, 303}
    assert figures.broken == 0
