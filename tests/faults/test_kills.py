"""Processes are killed under load: nothing acknowledged is lost, nothing counts twice."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.site import Site, fetch, is_running, link_of, until

pytestmark = pytest.mark.faults

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "6"))
CLIENTS = 4
PETITION = "/petitions/help-reunite-families-divided-by-prison-walls/"
BEFORE = 601


class Load:
    """Clients that sign, and others that press the links in their mails."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.stop = threading.Event()
        self.numbers = itertools.count()
        self.signed: set[str] = set()
        self.confirmed: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self.unexpected: list[str] = []
        self.threads = [
            *(threading.Thread(target=self.sign) for _ in range(CLIENTS)),
            threading.Thread(target=self.confirm),
        ]

    def __enter__(self) -> Load:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def sign(self) -> None:
        while not self.stop.is_set():
            email = f"signer{next(self.numbers)}@example.org"
            form = {"name": "Maya Tremblay", "email": email, "updates": "yes"}
            with contextlib.suppress(OSError):
                answer = fetch(f"{self.site.url}{PETITION}sign/", form, timeout=5)
                self.note(answer.status, "sign")
                if answer.status == 303:
                    self.signed.add(email)

    def confirm(self) -> None:
        """Press each link in its own time, some more than once."""
        seen: set[str] = set()
        while not self.stop.is_set():
            for file in sorted((self.site.var / "mail").glob("*.eml")):
                if file.name in seen or self.stop.is_set():
                    continue
                seen.add(file.name)
                self.press(file.name)
            time.sleep(0.05)

    def press(self, name: str) -> None:
        from email import message_from_bytes, policy
        from email.message import EmailMessage

        data = (self.site.var / "mail" / name).read_bytes()
        message = message_from_bytes(data, policy=policy.default)
        assert isinstance(message, EmailMessage)
        if not (link := link_of(message, "/confirm/")):
            return
        path = urlsplit(link).path
        for _ in range(3):
            with contextlib.suppress(OSError):
                answer = fetch(f"{self.site.url}{path}", {}, timeout=5)
                self.note(answer.status, "confirm")
                if answer.status == 303:
                    self.confirmed.add(str(message["To"]))
                    return

    def note(self, status: int, what: str) -> None:
        self.statuses[status] += 1
        if status not in (303, 503):
            self.unexpected.append(f"{what}: {status}")


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site().start()
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
    chance = random.Random(os.environ.get("FAULT_SEED", "1"))
    kinds = ["web process", "worker", "PostgreSQL", "PostgreSQL backend", "web server"]
    killed: Counter[str] = Counter()
    with Load(site) as load:
        until(lambda: len(load.confirmed) > 5, 30)
        for number in range(ROUNDS):
            kind = kinds[number % len(kinds)]
            found = until(lambda kind=kind: victims(site)[kind], 20)  # type: ignore[misc]
            pid = chance.choice(found)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            killed[kind] += 1
            until(lambda pid=pid: not is_running(pid), 10)  # type: ignore[misc]
            until(site.is_ready, 20)
            # Signing works again before the next one dies.
            so_far = len(load.signed)
            until(lambda so_far=so_far: len(load.signed) > so_far + 5, 20)  # type: ignore[misc]
            time.sleep(chance.random())

    until(lambda: mails_due(site) == 0, 60)
    until(lambda: site.sql("SELECT count(*) FROM petitions_change") == [(0,)], 20)
    rows = site.sql(
        "SELECT email, state, count(*) FROM petitions_signature "
        "WHERE email LIKE 'signer%%@example.org' AND created_at > now() - interval '1h' "
        "GROUP BY email, state"
    )
    stored = {email for email, _state, _number in rows}
    counted = Counter({email: n for email, state, n in rows if state == "confirmed"})
    sent = Counter(str(message["To"]) for message in site.mails())
    proof = site.manage("verify_counts")
    shown = site.sql(
        "SELECT confirmed FROM petitions_total t JOIN petitions_petition p "
        "ON p.id = t.petition_id WHERE p.slug = %s",
        PETITION.split("/")[2],
    )

    print(
        f"\n{sum(killed.values())} kills ({dict(killed)}); {len(load.signed)} signatures "
        f"acknowledged, {len(load.signed - stored)} lost; {len(load.confirmed)} "
        f"confirmations acknowledged, {len(load.confirmed - set(counted))} lost; "
        f"{sum(n - 1 for n in counted.values())} counted twice; {len(stored)} mails due, "
        f"{len(stored - set(sent))} not sent, {sum(n - 1 for n in sent.values())} sent "
        f"more than once; answers {dict(load.statuses)}"
    )
    assert load.unexpected == []
    assert load.signed - stored == set()
    assert load.confirmed - set(counted) == set()
    assert set(counted.values()) == {1}
    assert stored - set(sent) == set()
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert shown == [(BEFORE + len(counted),)]


def mails_due(site: Site) -> int:
    (row,) = site.sql("SELECT count(*) FROM petitions_duemail WHERE state = 'due'")
    return int(row[0])
