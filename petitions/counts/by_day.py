"""The history of a count: the supporters that each day added."""

from __future__ import annotations

from datetime import date

from petitions.models import Petition
from petitions.states import Source


def days(petition: Petition) -> list[tuple[date, int]]:
    """Return the folded history of a petition: supporters added by day, oldest
    first."""
    return [(day, sum(sources.values())) for day, sources in sources_by_day(petition)]


def sources_by_day(petition: Petition) -> list[tuple[date, dict[str, int]]]:
    """Return the folded history of a petition by day and source, oldest first; each day
    has a number for every source."""
    found: dict[date, dict[str, int]] = {}
    for day, source, number in petition.daily_totals.order_by("day").values_list(
        "day", "source", "number"
    ):
        found.setdefault(day, dict.fromkeys(Source.values, 0))[source] += number
    return list(found.items())
