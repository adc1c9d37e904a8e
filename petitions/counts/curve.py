"""The supporters of a petition over time: days summed up into a few periods, and those
drawn as a line."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

# Nobody can tell more points apart, and each costs a few bytes.
POINTS = 62
# The size of the drawing, in its own units.
WIDTH = 600
HEIGHT = 150

DAY = timedelta(days=1)


class Step(enum.Enum):
    """The length of a period, from the shortest to the longest."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"

    def start(self, day: date) -> date:
        """Return the first day of the period that contains `day`; weeks begin on
        Monday."""
        if self is Step.WEEK:
            return day - day.weekday() * DAY
        if self is Step.MONTH:
            return day.replace(day=1)
        if self is Step.YEAR:
            return day.replace(month=1, day=1)
        return day

    def after(self, start: date) -> date:
        """Return the first day of the period after the one that begins on `start`."""
        if self is Step.DAY:
            return start + DAY
        if self is Step.WEEK:
            return start + 7 * DAY
        # Some day of the next month or year, of which `start` finds the first.
        return self.start(start + (31 if self is Step.MONTH else 366) * DAY)

    def number(self, first: date, last: date) -> int:
        """Return how many periods the days from `first` to `last` touch."""
        if self is Step.YEAR:
            return last.year - first.year + 1
        if self is Step.MONTH:
            return 12 * (last.year - first.year) + last.month - first.month + 1
        length = 7 if self is Step.WEEK else 1
        return (self.start(last) - self.start(first)).days // length + 1


@dataclass(frozen=True, slots=True)
class Period:
    """The supporters added in some days; negative when more withdrew than signed."""

    first: date
    last: date
    added: int
    total: int
    """The supporters at the end of the period."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Consecutive periods without a gap, oldest first; at least one."""

    step: Step
    periods: Sequence[Period]
    before: int = 0
    """The supporters before the first period."""

    @property
    def first(self) -> date:
        return self.periods[0].first

    @property
    def last(self) -> date:
        return self.periods[-1].last

    @property
    def total(self) -> int:
        return self.periods[-1].total

    @property
    def newest_first(self) -> Sequence[Period]:
        return self.periods[::-1]

    @property
    def best(self) -> Period:
        """The period that added most; the earliest of several."""
        return max(self.periods, key=lambda period: period.added)

    @property
    def line(self) -> str:
        """The `points` of an SVG polyline: it begins at `before` and has a point at the
        end of each period; the highest point touches the top."""
        top = max(1, self.before, *(period.total for period in self.periods))
        heights = [self.before, *(period.total for period in self.periods)]
        return " ".join(
            f"{WIDTH * number // len(self.periods)},"
            f"{HEIGHT - HEIGHT * max(0, height) // top}"
            for number, height in enumerate(heights)
        )

    @property
    def area(self) -> str:
        """The `points` of the area under the line, closed along the bottom."""
        return f"{self.line} {WIDTH},{HEIGHT}"


def step_for(first: date, last: date, points: int = POINTS) -> Step:
    """Return the shortest step that makes at most `points` periods; years when none
    does."""
    for step in Step:
        if step.number(first, last) <= points:
            return step
    return Step.YEAR


def curve(
    days: Sequence[tuple[date, int]],
    *,
    until: date,
    total: int,
    before: int = 0,
    points: int = POINTS,
) -> Curve | None:
    """Return the curve of what `days` added to the `before` supporters of earlier days,
    up to the day `until`, in at most `points` periods; None without days. What `total`
    has beyond that sum is not folded yet, and is added to the last period."""
    if not days:
        return None
    first, last = days[0][0], max(days[-1][0], until)
    step = step_for(first, last, points)
    added: dict[date, int] = {}
    for day, number in days:
        start = step.start(day)
        added[start] = added.get(start, 0) + number
    newest = step.start(last)
    brought = before + sum(number for _day, number in days)
    added[newest] = added.get(newest, 0) + total - brought
    periods: list[Period] = []
    start, so_far = step.start(first), before
    while start <= last:
        following = step.after(start)
        so_far += added.get(start, 0)
        period = Period(
            max(start, first), min(following - DAY, last), added.get(start, 0), so_far
        )
        periods.append(period)
        start = following
    return Curve(step, periods, before)
