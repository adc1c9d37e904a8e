"""Steady work beside the web server: short rounds, for ever.

Each loop has a thread and a connection of its own, reconnects by itself and holds an
advisory lock while it works, so that a second worker waits instead of interfering. A
worker that hangs keeps its connections, and its locks with them: whoever waits ends
them (`Vigil`).
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

from django.db import Error, connection
from django.utils import timezone

from core.db import connecting
from core.db.database import is_away, state_of
from core.models import Heartbeat

logger = logging.getLogger(__name__)

BEAT_EVERY = 5.0  # seconds
# The clock was set when it moved by so many seconds against the monotonic one.
CLOCK_SET = 2.0


@dataclass(frozen=True)
class Loop:
    """One kind of steady work: `round` does some and says whether more is waiting;
    when not, it is asked again after `seconds`."""

    name: str
    seconds: float
    round: Callable[[datetime], bool]
    begin: Callable[[], None] = lambda: None
    """Done once whenever this process has become the one that works, and after the
    clock was set: times that were noted may lie hours ahead."""

    @property
    def lock(self) -> int:
        """Key of the advisory lock that one process at a time holds."""
        return zlib.crc32(f"loop:{self.name}".encode())


# What `manage.py work` runs; apps add theirs when they are ready.
WORKER_LOOPS: list[Loop] = []


# == A worker that hangs ==

# The name of every connection of a worker begins so, and is one process's alone.
NAME = "petitions worker "
# Its loops ask the database something several times a second, whatever one of them
# does. After so many looks, this far apart, without a sign of any of them it hangs.
# Looks are counted, not seconds: a machine that slept has seen nothing meanwhile.
LOOK_EVERY = 5.0  # seconds
LOOKS = 8

# Of whoever holds the lock of a loop: its name, and when the database last heard of it.
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
    """For the connections of this process, and of no other."""
    return NAME + secrets.token_hex(8)


@dataclass
class Vigil:
    """What a loop that waits has seen of whoever holds its lock."""

    loop: Loop
    last: tuple[str, str] | None = None
    silent: int = 0
    look_at: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        """Every few seconds; end the connections of a worker that hangs. When it goes
        on, each of its loops finds its connection gone, and waits in turn."""
        if time.monotonic() < self.look_at:
            return
        self.look_at = time.monotonic() + LOOK_EVERY
        with connection.cursor() as cursor:
            cursor.execute(HOLDER, [self.loop.lock, NAME])
            found = cursor.fetchone()
            self.silent = self.silent + 1 if found == self.last else 0
            self.last = found
            if found and self.silent >= LOOKS:
                logger.error("Loop %s: its worker hangs; taking over", self.loop.name)
                cursor.execute(END, [found[0]])


def run(loop: Loop, stop: threading.Event) -> None:
    """Work until `stop` is set; a lost database or a failed round is tried again."""
    pause = 0.2
    vigil = Vigil(loop)
    while not stop.is_set():
        try:
            if lock_taken(loop):
                pause = 0.2
                work(loop, stop)
            else:
                vigil.look()
                stop.wait(1)
        except Error as error:
            if is_away(error):
                if not connecting.say_lately():
                    kind = state_of(error) or type(error).__name__
                    logger.warning("Loop %s: database: %s", loop.name, kind)
            else:
                logger.exception("Loop %s failed; it goes on in a moment", loop.name)
            stop.wait(pause)
            pause = min(pause * 2, 1)
        except OSError as error:
            # A mail server that is away, a full disk: it says so itself, briefly.
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
    """Rounds on one connection, with a heartbeat every few seconds."""
    beat_at = round_at = time.monotonic()
    ahead, begin_at = time.time() - beat_at, beat_at
    while not stop.is_set():
        now, clock = timezone.now(), time.monotonic()
        if abs(now.timestamp() - clock - ahead) > CLOCK_SET:
            # In a moment: what is being written right now has the former time.
            ahead, begin_at = now.timestamp() - clock, clock + 1
        if clock >= begin_at:
            begin_at = math.inf
            loop.begin()
        if clock >= beat_at:
            Heartbeat.objects.update_or_create(
                name=loop.name, defaults={"beat_at": now}
            )
            beat_at = clock + BEAT_EVERY
        if clock >= round_at and not loop.round(now):
            round_at = clock + loop.seconds
        stop.wait(max(0.0, min(beat_at, round_at) - time.monotonic()))


def start_threads(
    loops: Sequence[Loop], stop: threading.Event
) -> list[threading.Thread]:
    """A thread for each loop; they end after `stop` is set."""
    threads = [
        threading.Thread(target=run, args=(loop, stop), name=loop.name, daemon=True)
        for loop in loops
    ]
    for thread in threads:
        thread.start()
    return threads
