"""The history of a count: the supporters that each day added."""

from __future__ import annotations

from datetime import date

from django.db.models import Sum

from core import slots
from petitions.models import CountChange, Petition
from petitions.states import Source


def shown_days(petition: Petition) -> list[tuple[date, int]]:
    """Return the history of a petition that public pages show in this slot: supporters
    added by day, oldest first."""
    return [(day, sum(sources.values())) for day, sources in sources_by_day(petition)]


def sources_by_day(petition: Petition) -> list[tuple[date, dict[str, int]]]:
    """Return the same by day and source; each day has a number for every source."""
    days: dict[date, dict[str, int]] = {}
    folded = petition.daily_totals.values_list("day", "source", "number")
    shown = CountChange.objects.up_to(slots.shown_until()).filter(petition=petition)
    # In one statement, so that a fold in between changes nothing.
    unfolded = shown.values_list("day", "source").annotate(number=Sum("delta"))
    for day, source, number in folded.union(unfolded, all=True).order_by("day"):
        days.setdefault(day, dict.fromkeys(Source.values, 0))[source] += number
    return list(days.items())


def signed_by_day(petition: Petition) -> list[tuple[date, int]]:
    """Return the same, of those who signed here and on paper: what was counted
    elsewhere has no history."""
    return [
        (day, sources[Source.CONFIRMED] + sources[Source.PAPER])
        for day, sources in sources_by_day(petition)
        if sources[Source.CONFIRMED] or sources[Source.PAPER]
    ]
