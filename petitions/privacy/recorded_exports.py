"""Files that leave the site, on record: that one began before its first byte, how it
ended after its last."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from django.db import Error, connection, transaction
from django.utils import timezone

from core.db.database import statement_timeout
from petitions.models import Export
from petitions.states import ExportState

AT_A_TIME = 2
"""The most exports that a process makes at a time: each holds a thread and a
connection."""
free = threading.BoundedSemaphore(AT_A_TIME)

# Each part is planned for itself, because a plan for any part expects a few rows.
# Neither compiling nor workers of its own are worth while for one, and people who sign
# need the other processors.
ROOM = """
SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL work_mem = '64MB';
SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off"""


class NotNow(Exception):
    """No file can be made at the moment."""


class TooManyExports(NotNow):
    """As many as this process makes at a time are being made."""


class Rekeying(NotNow):
    """A re-key runs, or began while the file was made: mailboxes change their keys, by
    which their answers are found."""


def recorded(
    record: Export, head: bytes, parts: Iterable[tuple[int, bytes]]
) -> Iterator[bytes]:
    """Return the file as pieces: the head, then each part, which comes with its number
    of lines. Save the record before the first piece, and how it ended after the last. A
    caller that stops reading must close the generator. Raise TooManyExports when it has
    to wait."""
    written = recorded_pieces(record, head, parts)
    # A generator that was never started could not be closed.
    next(written)
    return written


def recorded_pieces(
    record: Export, head: bytes, parts: Iterable[tuple[int, bytes]]
) -> Iterator[bytes]:
    """Yield b"" when the export is on record, then the file."""
    if not free.acquire(blocking=False):
        raise TooManyExports
    try:
        record.save(force_insert=True)
        number = 0
        try:
            yield b""
            yield head
            for lines_in_part, lines in parts:
                number += lines_in_part
                if lines:
                    yield lines
        except BaseException:
            # Also when the reader left (GeneratorExit). Without a database it stays as
            # begun, and the first error is the one to be told.
            with suppress(Error):
                record.end(ExportState.BROKEN_OFF, number, now=timezone.now())
            raise
        record.end(ExportState.DONE, number, now=timezone.now())
    finally:
        free.release()


@contextmanager
def room_for_many() -> Iterator[None]:
    """Let statements of one transaction sort a part in memory, and take longer than a
    visitor would wait."""
    with transaction.atomic(), statement_timeout("1min"):
        with connection.cursor() as cursor:
            cursor.execute(ROOM)
        yield
