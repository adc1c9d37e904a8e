"""A worker that hangs, its process stopped with all its locks: the spare one takes over,
and the one that wakes up finds that it has nothing to do any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.worker.loops import (
    LOOK_EVERY,
    LOOKS,
)
from petitions.loops import LOOPS
from tests.faults.conftest import Parts
from tests.faults.load import FORM, PETITION
from tests.site import OWN, ROOT, fetch, until

pytestmark = pytest.mark.faults

# With the time that a loaded machine takes.
TAKEN_OVER = LOOK_EVERY * (LOOKS + 1) + 15
LEASE = """
SELECT extract(epoch FROM max(leased_until) - now()) FROM petitions_outgoingmail
 WHERE state = 'due'
"""
SLOW = 0.3  # seconds that the mail server takes for a mail

# The worker that sends mail.
HOLDER = """
SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
 WHERE l.locktype = 'advisory' AND l.granted AND l.objid = %s::bigint::oid
"""


@contextmanager
def spare(parts: Parts) -> Iterator[int]:
    """A second worker; its process."""
    environment = {k: v for k, v in os.environ.items() if k not in OWN}
    with (parts.site.var / "spare").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "work"],
            cwd=ROOT,
            env={**environment, **parts.site.settings},
            stdout=output,
            stderr=output,
        )
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGCONT)  # a test that failed may have stopped it
        process.terminate()
        process.wait(20)


def sign(parts: Parts, mark: str, number: int) -> set[str]:
    addresses = {f"{mark}{n}@example.org" for n in range(number)}
    for address in addresses:
        form = {**FORM, "name": f"Maya {mark}", "email": address}
        assert fetch(f"{parts.site.url}{PETITION}sign/", form).status == 303
    return addresses


def mails(parts: Parts, addresses: set[str]) -> dict[str, list[str]]:
    """The Message-ID of each mail to these addresses."""
    found: dict[str, list[str]] = defaultdict(list)
    for message in parts.mail.mailbox.since(0):
        if message["To"] in addresses:
            found[message["To"]].append(message["Message-ID"])
    return found


def holder(parts: Parts, name: str) -> str:
    """The name of the connections of whoever has the lock of a loop; "" for a moment
    when nobody has."""
    loop = next(loop for loop in LOOPS if loop.name == name)
    return "".join(found for (found,) in parts.site.sql(HOLDER, loop.lock))


def sender(parts: Parts) -> str:
    return holder(parts, "mail")


def test_a_worker_that_hangs_is_taken_over_from(parts: Parts) -> None:
    mailbox = parts.mail.mailbox
    first = sign(parts, "before", 3)
    until(lambda: len(mails(parts, first)) == 3)
    before = sender(parts)
    worker = parts.site.processes("manage.py work")[0]
    with spare(parts) as second:
        # It has nothing in hand.
        os.kill(worker, signal.SIGSTOP)
        stopped = time.monotonic()
        idle = sign(parts, "idle", 5)
        until(lambda: len(mails(parts, idle)) == 5, TAKEN_OVER)
        took = time.monotonic() - stopped
        after = sender(parts)
        assert after != before
        os.kill(worker, signal.SIGCONT)
        later = sign(parts, "later", 5)
        until(lambda: len(mails(parts, later)) == 5)
        time.sleep(2)
        assert sender(parts) == after

        # In the middle of a batch: the other way round.
        mailbox.delay = SLOW
        many = sign(parts, "many", 12)
        until(lambda: len(mails(parts, many)) > 3)
        ((lease,),) = parts.site.sql(LEASE)
        os.kill(second, signal.SIGSTOP)
        mailbox.delay = 0
        until(lambda: len(mails(parts, many)) == 12, TAKEN_OVER)
        os.kill(second, signal.SIGCONT)
        last = sign(parts, "last", 5)
        until(lambda: len(mails(parts, last)) == 5)
        time.sleep(2)
        assert sender(parts) == before

    each = mails(parts, first | idle | later | last)
    assert set(Counter(map(len, each.values()))) == {1}
    # Of the batch, the one that was on its way, and the one before it, whose mark waited
    # for others: the same message, with the same name.
    twice = {a: found for a, found in mails(parts, many).items() if len(found) > 1}
    assert len(twice) <= 2
    assert all(len(found) == 2 and len(set(found)) == 1 for found in twice.values())
    # It did not wait until what the other one had leased was free again.
    assert took < TAKEN_OVER < lease
    unsent = "SELECT count(*) FROM petitions_outgoingmail WHERE state = 'due'"
    assert parts.site.sql(unsent) == [(0,)]
    print(f"\ntaken over after {took:.0f} s; {len(twice)} of 12 sent once more")


END = """
SELECT pg_terminate_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
 WHERE l.locktype = 'advisory' AND l.granted AND l.objid = %s::bigint::oid
"""


def test_a_web_server_that_hangs_keeps_no_alert_back(parts: Parts) -> None:
    """It watches over the worker, and the worker watches: whoever has the lock."""
    site = parts.site
    watch = next(loop for loop in LOOPS if loop.name == "watch")

    def web_watches() -> bool:
        found = holder(parts, "watch")
        if found and found == sender(parts):
            site.sql(END, watch.lock)
        return bool(found) and found != sender(parts)

    until(lambda: sender(parts))
    until(web_watches, 60, every=1.5)
    web = site.processes("gunicorn")
    for pid in web:
        os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: holder(parts, "watch") == sender(parts) != "", TAKEN_OVER)
    finally:
        for pid in reversed(web):
            os.kill(pid, signal.SIGCONT)
    until(site.is_ready, 60)
