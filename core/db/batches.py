"""Work through many rows in small batches, so that no lock is held for long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

# How long a batch should take: whoever needs one of its rows waits no longer.
SECONDS = 0.1
# The number of keys that `over` reads at a time, to take batches from.
AHEAD = 50_000


class Batches:
    """Batches whose size adapts so that each takes about `SECONDS`: `first` rows to
    begin with, never more than `most` or fewer than `least`."""

    def __init__(self, first: int, most: int, least: int = 10) -> None:
        self.most = most
        self.least = min(least, most)
        self.size = min(first, most)

    def run(self, work: Callable[[int], int]) -> bool:
        """Run one batch and return whether it was full, so that more may wait. `work`
        is given how many rows it may take, and returns how many it took."""
        started, given = time.monotonic(), self.size
        taken = work(given)
        self.note(taken, time.monotonic() - started)
        return taken >= given

    def note(self, taken: int, seconds: float) -> None:
        """Adapt the size to a batch of `taken` rows, which took this number of
        `seconds`."""
        fitting = int(self.size * min(SECONDS / max(seconds, 0.001), 2))
        # A batch that was not full says nothing about larger ones; at most, that it
        # took too long.
        if taken >= self.size or fitting < self.size:
            self.size = max(self.least, min(fitting, self.most))

    def over(
        self, rows: QuerySet[Any], act: Callable[[list[int]], None], seconds: float
    ) -> None:
        """Call `act` with the primary keys of `rows`, a batch after the other in their
        order; begin no more batches after `seconds`."""
        until, last = time.monotonic() + seconds, 0
        numbers = rows.order_by("pk").values_list("pk", flat=True)
        while ahead := list(numbers.filter(pk__gt=last)[:AHEAD]):
            while ahead:
                started = time.monotonic()
                if started >= until:
                    return
                batch, ahead = ahead[: self.size], ahead[self.size :]
                act(batch)
                self.note(len(batch), time.monotonic() - started)
                last = batch[-1]
