"""Processes are killed under load: nothing acknowledged is lost, nothing counts twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from tests.faults.load import Load
from tests.site import Site, is_running, until

pytestmark = pytest.mark.faults

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "6"))
KINDS = ["web process", "worker", "PostgreSQL", "PostgreSQL backend", "web server"]


@pytest.fixture
def site() -> Iterator[Site]:
    """With a PostgreSQL that the launcher starts again, as it does everything."""
    site = Site.begun().start()
    yield site
    site.remove()


def victims(site: Site) -> dict[str, list[int]]:
    """What may be killed, by kind."""
    web = site.processes("gunicorn")
    postgres = site.processes("postgres")
    server = site.processes("postgres -D")
    return {
        "web server": web[:1],
        "web process": web[1:],
        "worker": site.processes("manage.py work"),
        "PostgreSQL": server,
        "PostgreSQL backend": [pid for pid in postgres if pid not in server],
    }


def test_kills_under_load_lose_nothing_and_double_nothing(site: Site) -> None:
    def mails(number: int) -> list[EmailMessage]:
        return site.mails(number)

    seed = os.environ.get("FAULT_SEED", "1")
    chance = random.Random(seed)
    # Each kind once, in any order; then whatever comes.
    kinds = chance.sample(KINDS, len(KINDS)) + chance.choices(KINDS, k=ROUNDS)
    killed: Counter[str] = Counter()
    with Load(site, mails) as load:
        until(lambda: len(load.confirmed) > 5, 30)
        for kind in kinds[:ROUNDS]:
            found = until(lambda kind=kind: victims(site)[kind], 20)  # type: ignore[misc]
            pid = chance.choice(found)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            killed[kind] += 1
            until(lambda pid=pid: not is_running(pid), 10)  # type: ignore[misc]
            until(site.is_ready, 20)
            # Signing works again before the next one dies.
            load.goes_on()
            time.sleep(chance.random())

    said = ", ".join(f"{number} × {kind}" for kind, number in killed.items())
    load.prove("kill -9", f"{ROUNDS} rounds, seed {seed}: {said}")
