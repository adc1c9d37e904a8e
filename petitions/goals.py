"""The goal that the number of supporters is on its way to."""

from __future__ import annotations

from itertools import count

STEPS = (1, 2, 5)
MOST_GOAL = 2_000_000_000


def round_goal(supporters: int) -> int:
    """Return the first of 100, 200, 500, 1,000, 2,000 … above `supporters`."""
    for power in count(2):
        for step in STEPS:
            goal = int(step * 10**power)
            if goal > supporters:
                return goal
    raise AssertionError("numbers do not end")


def next_goal(supporters: int, goal: int | None) -> int:
    """Return the goal that staff set until it is reached, then the next round one."""
    if goal is not None and goal > supporters:
        return goal
    return round_goal(supporters)
