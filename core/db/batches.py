"""Work in batches that hold their locks for a moment, on any machine."""

from __future__ import annotations

import time
from collections.abc import Callable

# A batch takes about so long: whoever needs one of its rows waits no longer.
SECONDS = 0.1


class Batches:
    """Transactions of as many rows as a tenth of a second allows; `first` to begin
    with, `most` at most."""

    def __init__(self, first: int, most: int, least: int = 10) -> None:
        self.most = most
        self.least = min(least, most)
        self.size = min(first, most)

    def run(self, work: Callable[[int], int]) -> bool:
        """One batch: `work` is given how many rows it may take, and returns how many
        it took. Returns whether it took all of them, so that more may wait."""
        started, given = time.monotonic(), self.size
        taken = work(given)
        self.note(taken, time.monotonic() - started)
        return taken >= given

    def note(self, taken: int, seconds: float) -> None:
        """A batch of so many rows took so long."""
        fitting = int(self.size * min(SECONDS / max(seconds, 0.001), 2))
        # Of less than it was given nothing can be learnt but that it was too much.
        if taken >= self.size or fitting < self.size:
            self.size = max(self.least, min(fitting, self.most))
