"""What a process holds between two looks at the database."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError

from core.db.cached_value import CachedValue


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock: its one entry is the time."""
    times = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: times[0])
    return times


def test_it_is_read_once_in_five_seconds(clock: list[float]) -> None:
    values = iter("abc")
    letter = CachedValue(lambda: next(values))

    assert [letter.get(), letter.get()] == ["a", "a"]
    clock[0] += 4.9
    assert letter.get() == "a"
    clock[0] += 0.2
    assert [letter.get(), letter.get()] == ["b", "b"]
    letter.forget()
    assert letter.get() == "c"


def test_while_the_database_is_away_what_is_held_stays(clock: list[float]) -> None:
    away = False
    asked = 0

    def load() -> str:
        nonlocal asked
        asked += 1
        if away:
            raise OperationalError
        return "a"

    letter = CachedValue(load)
    letter.get()
    away = True
    clock[0] += 6

    assert [letter.get(), letter.get()] == ["a", "a"]
    # Nobody waits for the database at every request.
    assert asked == 2
    letter.forget()
    with pytest.raises(OperationalError):
        letter.get()


def test_one_reads_while_the_others_go_on(clock: list[float]) -> None:
    begun, go_on = threading.Event(), threading.Event()
    asked = 0

    def load() -> int:
        nonlocal asked
        asked += 1
        if asked > 1:
            begun.set()
            assert go_on.wait(20)
        return asked

    number = CachedValue(load)
    assert number.get() == 1
    clock[0] += 6
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(number.get)
        assert begun.wait(20)

        assert [number.get() for _ in range(5)] == [1] * 5

        go_on.set()
        assert slow.result() == 2
    assert (number.get(), asked) == (2, 2)


def test_who_comes_first_waits_for_the_first_value() -> None:
    go_on = threading.Event()
    asked = 0

    def load() -> int:
        nonlocal asked
        asked += 1
        assert go_on.wait(20)
        return asked

    number = CachedValue(load)
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(number.get) for _ in range(4)]
        go_on.set()

        assert [each.result() for each in found] == [1] * 4


def test_who_may_not_use_an_old_value_waits_for_the_new_one(
    clock: list[float],
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    asked = 0

    def load() -> int:
        nonlocal asked
        asked += 1
        if asked > 1:
            begun.set()
            assert go_on.wait(20)
        return asked

    number = CachedValue(load, seconds=2)
    assert number.get() == 1
    clock[0] += 3
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(number.get)
        assert begun.wait(20)
        assert number.get(longest=4) == 1

        clock[0] += 2
        waiting = pool.submit(number.get, longest=4)
        assert number.get() == 1
        go_on.set()
        assert (slow.result(), waiting.result()) == (2, 2)
