"""A watch that needs no database: reports forms that fail and a database that takes no
writes, on each machine that serves.

The other alerts (core/observability/alerts.py) are stored in the database, so that a
full disk or a server that is away would silence them."""

from __future__ import annotations

import fcntl
import logging
import os
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import Error, connection, transaction
from django.utils import timezone

from core.db import connecting
from core.observability.alerts import (
    is_time_again,
    send_alert,
)
from core.observability.logs import kind
from core.observability.outcomes import (
    OUTCOMES,
    WINDOW,
)
from core.observability.probes import Reading

logger = logging.getLogger(__name__)

EVERY = 10.0  # seconds
# The number of failed forms within WINDOW, and their share, that are no accident.
MANY_FAILED = 5
PART_FAILED = 0.05
# Room for ten uploads and more: one of 20 MB takes less than that once it is processed.
MEDIA_LEAST = 200 * 2**20  # bytes
# A disk takes so many files and no more, whatever room is left. A picture is some ten.
MEDIA_FEWEST = 1000
# Longer than a database takes to restart or to fail over.
PATIENCE = 60


def readings(now: datetime) -> list[Reading]:
    """Report how the forms sent to this machine ended, whether the database takes
    writes, and the space left for pictures."""
    forms, failed = OUTCOMES.recent(now.timestamp())
    minutes = WINDOW // 60
    since = OUTCOMES.unwritable_since
    waits = now.timestamp() - since if since else 0.0
    free, files = room_for_pictures()
    return [
        Reading("forms_lately", forms, f"Forms sent within {minutes} minutes"),
        Reading(
            "forms_failed_lately",
            failed,
            f"Forms answered 5xx within {minutes} minutes",
            f"{failed} of {forms} forms failed within {minutes} minutes: supporters "
            "cannot sign. Read the log of the web server; is the database's disk full?"
            if failed >= MANY_FAILED and failed >= PART_FAILED * forms
            else "",
        ),
        Reading(
            "database_unwritable_seconds",
            waits,
            "How long the database has taken nothing",
            f"Nothing can be written to the database for {waits:.0f} s. Is it up, is "
            "its disk full, is it a replica?"
            if waits > PATIENCE
            else "",
            stops_forms=True,
        ),
        Reading(
            "media_free_bytes",
            free,
            "Room left where MEDIA_ROOT is",
            f"Only {free // 2**20} MB are left where MEDIA_ROOT is: soon no picture "
            "can be stored. Make room, or give it a disk of its own."
            if free < MEDIA_LEAST
            else "",
        ),
        Reading(
            "media_free_files",
            files,
            "How many more files can be made where MEDIA_ROOT is",
            f"Only {files} more files can be made where MEDIA_ROOT is, however many "
            "bytes are free: soon no picture can be stored. Delete files on that disk, "
            "or give MEDIA_ROOT one of its own."
            if files < MEDIA_FEWEST
            else "",
        ),
    ]


def room_for_pictures() -> tuple[int, int]:
    """Return how many bytes are free where MEDIA_ROOT is, or will be once it is
    created, and how many more files can be made there."""
    folder = Path(settings.MEDIA_ROOT)
    for part in (folder, *folder.parents):
        with suppress(OSError):
            disk = os.statvfs(part)
            # Some file systems do not number their files beforehand, and say 0 of 0.
            files = disk.f_favail if disk.f_files else sys.maxsize
            return disk.f_bavail * disk.f_frsize, files
    return 0, 0


# Write a row, and materialise more than work_mem holds, which goes to a temporary file:
# a full disk still takes an UPDATE in place for a while, but no new file.
BEAT = """
INSERT INTO config_heartbeat (name, beat_at) VALUES ('writes', now())
    ON CONFLICT (name) DO UPDATE SET beat_at = excluded.beat_at
"""
SPILL = "SELECT count(*) FROM generate_series(1, 50000)"


def try_writing() -> None:
    """Write to the database and to its disk; raise the error if either is refused."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64kB'")
        cursor.execute("SET LOCAL statement_timeout = '5s'")
        cursor.execute(BEAT)
        cursor.execute(SPILL)


@dataclass
class Watchdog:
    """The troubles reported so far: since when, and when last."""

    told: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)

    def look(self, now: datetime) -> None:
        """Try to write, and send an alert for each trouble when it begins, every hour
        while it lasts, and once when it is over."""
        try:
            try_writing()
        except Error as error:
            if not OUTCOMES.unwritable_since:
                logger.warning("Nothing can be written: %s", kind(error))
            # Not later than now, though the clock may have been set back.
            first = OUTCOMES.unwritable_since or now.timestamp()
            OUTCOMES.unwritable_since = int(min(first, now.timestamp()))
            connecting.log_recent_trouble()
        else:
            OUTCOMES.unwritable_since = 0
        troubles = {f.name: f.trouble for f in readings(now) if f.trouble}
        for name, trouble in troubles.items():
            since, last = self.told.get(name, (now, None))
            if is_time_again(last, now):
                logger.error("%s", trouble)
                if send_alert("Attention needed", trouble):
                    self.told[name] = since, now
        for name in self.told.keys() - troubles.keys():
            minutes = (now - self.told[name][0]).total_seconds() / 60
            if send_alert(
                "All is well again", f"{name}: over after {minutes:.0f} minutes."
            ):
                del self.told[name]


def watch(held: IO[bytes], stop: threading.Event) -> None:
    """Look every few seconds until `stop` is set, in the process that holds the lock of
    the file `held`; when that process ends, another takes over."""
    watchdog = Watchdog()
    while not stop.wait(EVERY):
        try:
            fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        try:
            watchdog.look(timezone.now())
        except Exception:
            logger.exception("The watch over this machine failed; it goes on")
        finally:
            connection.close()


def start_watching(held: IO[bytes], stop: threading.Event) -> None:
    """Start `watch` in a thread."""
    words = (held, stop)
    threading.Thread(target=watch, args=words, name="watchdog", daemon=True).start()
