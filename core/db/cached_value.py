"""Cached values: needed by every request, hardly ever changed, and therefore read from
the database only now and then."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from django.db import Error

# How long a process may go on with a value that staff have changed in the meantime.
SECONDS = 5.0


class CachedValue[T]:
    """The result of `load`, held for `seconds`. When it is older, one thread loads it
    again while the others use the old value; when the database is away, all do."""

    def __init__(self, load: Callable[[], T], *, seconds: float = SECONDS) -> None:
        self._load = load
        self._seconds = seconds
        self._lock = threading.Lock()
        self._value: tuple[T, float] | None = None

    def get(self, *, longest: float = math.inf) -> T:
        """Return the value; raise a database error only if there is no older one. Wait
        for the thread that loads it instead of using one older than `longest`
        seconds."""
        held = self._value
        if held is not None and time.monotonic() < held[1]:
            return held[0]
        is_too_old = held is None or (
            time.monotonic() > held[1] - self._seconds + longest
        )
        if not self._lock.acquire(blocking=is_too_old):
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

    def fresh(self) -> T | None:
        """Return the value as long as `get` would not load it again, else None."""
        held = self._value
        return held[0] if held is not None and time.monotonic() < held[1] else None

    def known(self) -> T | None:
        """Return the value loaded last, however old, or None if there is none."""
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
        """Drop the value, so that the next `get` loads it again."""
        self._value = None
