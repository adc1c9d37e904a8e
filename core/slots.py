"""Slots of time, by the wall clock: all processes render a public page anew at the same
moment, and with the same numbers.

Within a slot the numbers of supporters are those of one moment, shortly before it
began: then whatever page is rendered by whichever process and when, it shows the same
number as all others, and the next slot a later one. So nobody sees a number go back
from page to page.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

SLOT = 10
# What was written so many seconds before a slot has been committed when it begins; a
# transaction that waits longer for a lock enters a slot that was shown already. Clocks
# that differ make numbers go back at a slot's beginning, for as long as they differ.
SETTLING = 2


_later: ContextVar[datetime | None] = ContextVar("later", default=None)


def slot_of(now: float) -> int:
    """Return the number of the slot."""
    return int(now // SLOT)


def moment_of_slot() -> datetime:
    """Return the moment of which the numbers in the present slot are."""
    return datetime.fromtimestamp(slot_of(time.time()) * SLOT - SETTLING, UTC)


def shown_until() -> datetime:
    """Return the moment of which numbers are to be shown: the slot's, or inside
    `showing` a later one."""
    usual = moment_of_slot()
    return max(usual, _later.get() or usual)


@contextmanager
def showing(moment: datetime | None) -> Iterator[None]:
    """Show the numbers of this moment, if it is later than the slot's."""
    before = _later.set(moment)
    try:
        yield
    finally:
        _later.reset(before)


def settled(moment: datetime) -> bool:
    """Return whether everything written up to `moment` has been committed."""
    return moment + timedelta(seconds=SETTLING) <= datetime.now(UTC)
