"""Loops that go on, whatever happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core.models import Heartbeat, SwitchName
from core.operation import turn_off, turn_on
from core.worker import loops
from core.worker.loops import Loop

pytestmark = pytest.mark.django_db(transaction=True)


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def noted_in(rounds: list[datetime]) -> Callable[[datetime], bool]:
    """A round that only notes when it was."""

    def note(now: datetime) -> bool:
        rounds.append(now)
        return False

    return note


def run_while(loop: Loop, condition: Callable[[], bool]) -> bool:
    """Run the loop in a thread until `condition` holds."""
    stop = threading.Event()
    threads = loops.start_threads([loop], stop)
    try:
        return until(condition)
    finally:
        stop.set()
        for thread in threads:
            thread.join(5)


def test_a_loop_works_and_beats() -> None:
    rounds: list[datetime] = []
    loop = Loop("test", 0.01, noted_in(rounds))

    assert run_while(loop, lambda: len(rounds) > 3)
    assert Heartbeat.objects.get().name == "test"


def test_a_paused_loop_beats_and_does_nothing() -> None:
    rounds: list[datetime] = []
    turn_on(SwitchName.READ_ONLY, {}, now=timezone.now(), by=None)

    def beats_for_a_while() -> bool:
        time.sleep(1.5)
        return Heartbeat.objects.exists()

    assert run_while(Loop("test", 0.01, noted_in(rounds)), beats_for_a_while)
    assert rounds == []

    turn_off(SwitchName.READ_ONLY, by=None)
    assert run_while(Loop("test", 0.01, noted_in(rounds)), lambda: len(rounds) > 2)


def test_a_failed_round_is_followed_by_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rounds: list[datetime] = []

    def fail_once(now: datetime) -> bool:
        rounds.append(now)
        if len(rounds) == 1:
            raise ValueError("unexpected")
        return False

    assert run_while(Loop("test", 0.01, fail_once), lambda: len(rounds) > 2)
    assert "Loop test failed" in caplog.text


def test_a_lost_connection_is_made_again() -> None:
    pids: list[int] = []

    def remember(now: datetime) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            row = cursor.fetchone()
            assert row is not None
            if row[0] not in pids:
                pids.append(row[0])
        return False

    def end_the_first() -> bool:
        if len(pids) == 1:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [pids[0]])
        return len(pids) > 1

    assert run_while(Loop("test", 0.01, remember), end_the_first)


def test_a_second_worker_waits_and_takes_over() -> None:
    first: list[datetime] = []
    second: list[datetime] = []
    stops = [threading.Event(), threading.Event()]
    one = loops.start_threads([Loop("same", 0.01, noted_in(first))], stops[0])
    assert until(lambda: bool(first))
    two = loops.start_threads([Loop("same", 0.01, noted_in(second))], stops[1])

    time.sleep(1.5)
    worked_beside = len(second)
    stops[0].set()
    one[0].join(5)
    took_over = until(lambda: bool(second))
    stops[1].set()
    two[0].join(5)

    assert worked_beside == 0
    assert took_over


def test_a_loop_begins_again_after_the_clock_was_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = timezone.now
    rounds: list[datetime] = []
    begun: list[datetime] = []
    loop = Loop("test", 0.01, noted_in(rounds), lambda: begun.append(timezone.now()))

    def set_back() -> bool:
        if len(rounds) > 3:
            monkeypatch.setattr(timezone, "now", lambda: real() - timedelta(hours=1))
        return len(begun) > 1 and len(rounds) > 200

    assert run_while(loop, set_back)
    assert len(begun) == 2
    assert begun[1] < begun[0]


def test_all_that_hang_are_waited_for_together() -> None:
    hung = threading.Event()
    threads = [threading.Thread(target=hung.wait, daemon=True) for _ in range(30)]
    for thread in threads:
        thread.start()
    started = time.monotonic()

    loops.wait_for(threads, 0.5)
    took = time.monotonic() - started
    hung.set()

    # Not half a second for each.
    assert 0.5 <= took < 10
