"""Values that every request needs and that hardly ever change: read from the database
now and then, and held in the process in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.db import Error

# How long a process may go on with what staff have changed in the meantime.
SECONDS = 5.0


class CachedValue[T]:
    """What `load` returned at most so many `seconds` ago. One thread reads it anew
    while the others go on with what they have, and so do all while the database is
    away."""

    def __init__(self, load: Callable[[], T], *, seconds: float = SECONDS) -> None:
        self._load = load
        self._seconds = seconds
        self._lock = threading.Lock()
        self._value: tuple[T, float] | None = None

    def get(self) -> T:
        """The value; a database error only when there is none yet."""
        held = self._value
        if held is not None and time.monotonic() < held[1]:
            return held[0]
        if not self._lock.acquire(blocking=held is None):
            assert held is not None
            return held[0]
        try:
            now = self._value
            if now is None or now is held:
                now = (self._read(held), time.monotonic() + self._seconds)
                self._value = now
            return now[0]
        finally:
            self._lock.release()

    def known(self) -> T | None:
        """What was read last, however long ago; None when nothing was."""
        held = self._value
        return held[0] if held is not None else None

    def _read(self, held: tuple[T, float] | None) -> T:
        try:
            return self._load()
        except Error:
            if held is None:
                raise
            return held[0]

    def forget(self) -> None:
        """Read it anew the next time."""
        self._value = None
