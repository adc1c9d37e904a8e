"""Count how the forms of this machine's web server ended, without a database: that it
is away, or full, is what has to be noticed.

The counts are in memory that the server's processes share, since gunicorn imports this
module before it forks. Each process writes to a row of its own: none waits for another,
and none that is killed leaves a lock behind.
"""

from __future__ import annotations

import mmap
import threading
from bisect import bisect

ROWS = 128  # more than the processes that ever run at once
KINDS = ("taken", "refused", "failed")
# The last minutes, in time buckets of three words: bucket number, forms, failed forms.
SECONDS = 30
BUCKETS = 11
WINDOW = SECONDS * (BUCKETS - 1)
WORDS = len(KINDS) + 3 * BUCKETS
# One cell follows the rows: since when the database takes no writes; 0 while it does.
CELLS = ROWS * WORDS + 1


class Outcomes:
    """Counters of forms by outcome: taken (2xx, 3xx), refused (4xx) and failed
    (5xx)."""

    def __init__(self) -> None:
        self._cells = memoryview(mmap.mmap(-1, 8 * CELLS)).cast("Q")
        self._lock = threading.Lock()
        self._row = 0

    def claim(self, number: int) -> None:
        """Use a row of its own for process `number` of the server from now on."""
        self._row = number % ROWS

    def count(self, status: int, now: float) -> None:
        """Count a form that was answered with `status`."""
        kind = bisect((400, 500), status)
        number = int(now // SECONDS)
        with self._lock:
            row = self._cells[self._row * WORDS : (self._row + 1) * WORDS]
            row[kind] += 1
            at = len(KINDS) + 3 * (number % BUCKETS)
            if row[at] != number:
                row[at], row[at + 1], row[at + 2] = number, 0, 0
            row[at + 1] += 1
            row[at + 2] += KINDS[kind] == "failed"

    def totals(self) -> dict[str, int]:
        """Return the counts since the server was started, by outcome."""
        return {
            kind: sum(self._cells[row * WORDS + n] for row in range(ROWS))
            for n, kind in enumerate(KINDS)
        }

    def recent(self, now: float) -> tuple[int, int]:
        """Return how many forms were sent within the last WINDOW seconds, and how many
        failed."""
        newest = int(now // SECONDS)
        forms = failed = 0
        for row in range(ROWS):
            for bucket in range(BUCKETS):
                at = row * WORDS + len(KINDS) + 3 * bucket
                if newest - BUCKETS + 1 < self._cells[at] <= newest:
                    forms += self._cells[at + 1]
                    failed += self._cells[at + 2]
        return forms, failed

    @property
    def unwritable_since(self) -> int:
        return self._cells[CELLS - 1]

    @unwritable_since.setter
    def unwritable_since(self, moment: int) -> None:
        self._cells[CELLS - 1] = moment

    def forget(self) -> None:
        """Reset all counts."""
        for cell in range(CELLS):
            self._cells[cell] = 0


OUTCOMES = Outcomes()
