"""The supporters of a petition over time, as periods and as a line."""

from __future__ import annotations

import gzip
import random
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petitions.counts.curve import (
    DAY,
    HEIGHT,
    POINTS,
    WIDTH,
    Curve,
    Step,
    curve,
    step_for,
)

JUNE = date(2026, 6, 3)  # a Wednesday

histories = st.dictionaries(
    st.dates(date(2015, 1, 1), date(2045, 1, 1)),
    st.integers(-1000, 100_000),
    min_size=1,
    max_size=80,
).map(lambda found: sorted(found.items()))


def drawn(days: list[tuple[date, int]], until: date | None = None) -> Curve:
    total = sum(number for _day, number in days)
    found = curve(days, until=until or days[-1][0], total=total)
    assert found is not None
    return found


def points(found: Curve) -> list[tuple[int, int]]:
    pairs = [point.split(",") for point in found.line.split()]
    return [(int(x), int(y)) for x, y in pairs]


def test_without_a_day_there_is_no_curve() -> None:
    assert curve([], until=JUNE, total=0) is None


def test_one_day_goes_from_nobody_to_all() -> None:
    found = drawn([(JUNE, 7)])

    assert found.step is Step.DAY
    assert found.line == f"0,{HEIGHT} {WIDTH},0"
    assert (found.first, found.last, found.total) == (JUNE, JUNE, 7)


def test_two_days_and_a_withdrawal() -> None:
    found = drawn([(JUNE, 10), (JUNE + DAY, -5)])

    assert [(p.added, p.total) for p in found.periods] == [(10, 10), (-5, 5)]
    assert points(found) == [(0, HEIGHT), (WIDTH // 2, 0), (WIDTH, HEIGHT // 2)]
    assert found.best.first == JUNE


def test_days_without_a_signature_are_there() -> None:
    found = drawn([(JUNE, 2), (JUNE + 3 * DAY, 1)], until=JUNE + 4 * DAY)

    assert [period.added for period in found.periods] == [2, 0, 0, 1, 0]
    assert found.periods[-1].total == 3


def test_what_is_not_folded_yet_came_last() -> None:
    found = curve([(JUNE, 2)], until=JUNE + DAY, total=5)

    assert found is not None
    assert [(p.added, p.total) for p in found.periods] == [(2, 2), (3, 5)]


@pytest.mark.parametrize(
    ("length", "step", "number"),
    [
        (1, Step.DAY, 1),
        (2, Step.DAY, 2),
        (62, Step.DAY, 62),
        (63, Step.WEEK, 10),
        (365, Step.WEEK, 53),
        (5 * 365, Step.MONTH, 61),
        (10 * 365, Step.YEAR, 11),
    ],
)
def test_long_times_are_summed_up(length: int, step: Step, number: int) -> None:
    last = JUNE + (length - 1) * DAY

    found = drawn([(JUNE, 5), (last, 5)] if length > 1 else [(JUNE, 5)])

    assert step_for(JUNE, last) is step
    assert (found.step, len(found.periods)) == (step, number)


def test_weeks_begin_on_monday_and_months_with_the_first() -> None:
    weeks = drawn([(JUNE, 1), (JUNE + 100 * DAY, 1)])
    months = drawn([(JUNE, 1), (JUNE + 1000 * DAY, 1)])

    assert [period.first for period in weeks.periods[:2]] == [JUNE, date(2026, 6, 8)]
    assert [period.first for period in months.periods[:2]] == [JUNE, date(2026, 7, 1)]


@given(histories, st.integers(0, 3000))
def test_nothing_is_lost_and_no_day_is_missing(
    days: list[tuple[date, int]], later: int
) -> None:
    until = days[-1][0] + timedelta(days=later)

    found = drawn(days, until)

    assert sum(period.added for period in found.periods) == found.total
    assert found.total == sum(number for _day, number in days)
    assert (found.first, found.last) == (days[0][0], until)
    for before, after in pairwise(found.periods):
        assert after.first == before.last + DAY
        assert after.total == before.total + after.added


@given(histories)
def test_the_line_stays_in_the_picture(days: list[tuple[date, int]]) -> None:
    found = drawn(days)
    line = points(found)

    assert len(line) == len(found.periods) + 1 <= POINTS + 1
    assert line[0] == (0, HEIGHT)
    assert line[-1][0] == WIDTH
    assert all(left < right for (left, _), (right, _) in pairwise(line))
    assert all(0 <= y <= HEIGHT for _, y in line)
    if max(period.total for period in found.periods) > 0:
        assert min(y for _, y in line) == 0


@pytest.mark.parametrize("length", [62, 400, 5 * 365])
def test_the_line_weighs_less_than_half_a_kilobyte(length: int) -> None:
    chance = random.Random(length)
    found = drawn([(JUNE + n * DAY, chance.randrange(900)) for n in range(length)])

    assert len(gzip.compress(f"{found.area} {found.line}".encode())) < 500
