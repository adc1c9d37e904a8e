"""Batches that take a tenth of a second."""

from __future__ import annotations

import pytest

from core.db import batches
from core.db.batches import Batches


def test_a_batch_grows_where_there_is_time() -> None:
    some = Batches(first=100, most=300)

    assert [some.run(lambda size: size) for _ in range(3)] == [True] * 3

    assert some.size == 300


def test_a_batch_that_was_not_full_says_nothing() -> None:
    some = Batches(first=100, most=300)

    assert some.run(lambda size: size - 1) is False

    assert some.size == 100


@pytest.mark.parametrize("taken", [100, 1])
def test_a_slow_batch_is_followed_by_a_smaller_one(
    monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    clock = iter([0.0, 0.4])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    some = Batches(first=100, most=300)

    some.run(lambda size: taken)

    assert some.size == 25


def test_a_very_slow_one_by_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SECONDS", 0.0)
    some = Batches(first=100, most=300, least=20)

    some.run(lambda size: size)

    assert some.size == 20
