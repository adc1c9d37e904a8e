"""Loops of the worker: steady work beside the web server, in short rounds, for ever.

Each loop has a thread and a connection of its own, reconnects by itself and holds an
advisory lock while it works, so that a second worker waits instead of interfering. A
worker that hangs keeps its connections and with them its locks: whoever waits for one
terminates them (`Vigil`).
"""

from __future__ import annotations

import logging
import math
import secrets
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import Error, connection
from django.utils import timezone

from core.audit.actors import name_session
from core.db import connecting
from core.db.database import is_away, state_of
from core.models import Heartbeat
from core.switches import SWITCHES

logger = logging.getLogger(__name__)

BEAT_EVERY = 5.0  # seconds
# How soon a paused loop looks again whether it may go on.
LOOK_AGAIN = 1.0  # seconds
# Seconds by which a clock that has been set differs from the monotonic one, at least.
CLOCK_SET = 2.0


@dataclass(frozen=True)
class Loop:
    """A kind of steady work: `round` does some of it and returns whether more is
    waiting; if not, the next round comes after `seconds`."""

    name: str
    seconds: float
    round: Callable[[datetime], bool]
    begin: Callable[[], None] = lambda: None
    """Called whenever this process has taken the loop's lock, and after the clock was
    set: times that were noted may lie hours ahead."""
    mails: bool = False
    """Its rounds send mail to supporters, or mail that visitors cause: it pauses while
    mail is stopped."""
    works_always: bool = False
    """It does not pause while the site is read-only."""

    @property
    def is_paused(self) -> bool:
        """Whether a switch of the site lets the loop do nothing now."""
        switches = SWITCHES.get()
        if switches.read_only and not self.works_always:
            return True
        return self.mails and not switches.sends_mail

    @property
    def lock(self) -> int:
        """The key of the advisory lock, which one process at a time holds."""
        return zlib.crc32(f"loop:{self.name}".encode())


# The loops of `manage.py work`; apps add theirs when they are ready.
WORKER_LOOPS: list[Loop] = []

# Set when `manage.py work` was told to end: a round that takes seconds ends at its next
# step.
ENDING = threading.Event()
# Seconds in which the rounds under way may end: fewer than Docker's ten, after which it
# kills.
END_WITHIN = 8.0


# == A worker that hangs ==

# The application_name of a worker's connections begins so, and each process has its
# own. The processes of a web server, which watch over the worker, share one: as long as
# one of them lives, gunicorn's first process ends those that hang.
NAME = "petitions worker "
# A worker's loops query the database several times a second, whatever one of them does.
# It hangs when LOOKS looks in a row, this far apart, see no sign of any of them. Looks
# are counted, not seconds: while this machine slept, it saw nothing.
LOOK_EVERY = 5.0  # seconds
LOOKS = 8
# Of one that hangs in the middle of a transaction, with no other worker to notice it,
# PostgreSQL ends the session, which lets go of its rows.
LET_GO = "-c idle_in_transaction_session_timeout=30s"

# The holder of a loop's lock: its name, and when the database last heard from it.
HOLDER = """
SELECT application_name, max(state_change)::text FROM pg_stat_activity
 WHERE datname = current_database() AND usename = current_user
   AND application_name = (
       SELECT a.application_name
         FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
          AND l.classid = 0 AND l.objid = %s::bigint::oid AND l.objsubid = 1)
   AND starts_with(application_name, %s)
 GROUP BY application_name
"""
END = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
 WHERE datname = current_database() AND usename = current_user
   AND application_name = %s
"""


def worker_name() -> str:
    """Return an application_name for the connections of this process and no other."""
    return NAME + secrets.token_hex(8)


def prepare_session(options: dict[str, Any], name: str) -> None:
    """Change the options of a connection that keeps a loop's lock: no pool comes
    between, whoever waits for the lock knows its process by `name`, and it lets go of
    its rows when that hangs."""
    options.pop("pool", None)
    options["application_name"] = name
    options["options"] = f"{options.get('options', '')} {LET_GO}".strip()


@dataclass
class Vigil:
    """A waiting loop's watch over the process that holds its lock."""

    loop: Loop
    last: tuple[str, str] | None = None
    silent: int = 0
    look_at: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        """Look at the holder every few seconds, and terminate its connections when it
        hangs. If it wakes up, each of its loops finds its connection gone, and waits in
        turn."""
        if time.monotonic() < self.look_at:
            return
        self.look_at = time.monotonic() + LOOK_EVERY
        with connection.cursor() as cursor:
            cursor.execute(HOLDER, [self.loop.lock, NAME])
            row = cursor.fetchone()
            self.silent = self.silent + 1 if row == self.last else 0
            self.last = row
            if row and self.silent >= LOOKS:
                logger.error("Loop %s: its worker hangs; taking over", self.loop.name)
                cursor.execute(END, [row[0]])


def run_loop(loop: Loop, stop: threading.Event, name: str = "") -> None:
    """Run a loop until `stop` is set; try again after a lost connection or a failed
    round. With a `name`, its connection is prepared for that: the loop runs in a
    process that does other things, too."""
    if name:
        own = connection.settings_dict
        connection.settings_dict = {**own, "OPTIONS": {**own["OPTIONS"]}}
        prepare_session(connection.settings_dict["OPTIONS"], name)
    pause = 0.2
    vigil = Vigil(loop)
    while not stop.is_set():
        try:
            if lock_taken(loop):
                pause = 0.2
                name_session(f"worker: {loop.name}")
                work(loop, stop)
            else:
                vigil.look()
                stop.wait(1)
        except Error as error:
            if is_away(error):
                if not connecting.log_recent_trouble():
                    kind = state_of(error) or type(error).__name__
                    logger.warning("Loop %s: database: %s", loop.name, kind)
            else:
                logger.exception("Loop %s failed; it goes on in a moment", loop.name)
            stop.wait(pause)
            pause = min(pause * 2, 1)
        except OSError as error:
            # A mail server that is away, a full disk: the type says enough, without a
            # traceback.
            logger.warning("Loop %s: %s", loop.name, type(error).__name__)
            stop.wait(1)
        except Exception:
            logger.exception("Loop %s failed; it goes on in a second", loop.name)
            stop.wait(1)
        finally:
            connection.close()


def lock_taken(loop: Loop) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [loop.lock])
        row = cursor.fetchone()
    return bool(row and row[0])


def work(loop: Loop, stop: threading.Event) -> None:
    """Run rounds on one connection, with a heartbeat every few seconds, also while the
    loop is paused."""
    beat_at = round_at = time.monotonic()
    ahead, begin_at = time.time() - beat_at, beat_at
    while not stop.is_set():
        now, clock = timezone.now(), time.monotonic()
        if abs(now.timestamp() - clock - ahead) > CLOCK_SET:
            # In a moment: rows that are being written right now have the former time.
            ahead, begin_at, beat_at = now.timestamp() - clock, clock + 1, clock
        if clock >= begin_at:
            begin_at = math.inf
            loop.begin()
        if clock >= beat_at:
            Heartbeat.objects.update_or_create(
                name=loop.name, defaults={"beat_at": now}
            )
            beat_at = clock + BEAT_EVERY
        if clock >= round_at:
            if loop.is_paused:
                round_at = clock + LOOK_AGAIN
            elif not loop.round(now):
                round_at = clock + loop.seconds
        stop.wait(max(0.0, min(beat_at, round_at) - time.monotonic()))


def start_threads(
    loops: Sequence[Loop], stop: threading.Event, name: str = ""
) -> list[threading.Thread]:
    """Start a thread for each loop (see `run_loop`) and return them; they end after
    `stop` is set."""
    words = (stop, name)
    threads = [
        threading.Thread(
            target=run_loop, args=(loop, *words), name=loop.name, daemon=True
        )
        for loop in loops
    ]
    for thread in threads:
        thread.start()
    return threads


def wait_for(threads: Sequence[threading.Thread], seconds: float) -> None:
    """Wait until all threads have ended, at most `seconds` altogether."""
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
