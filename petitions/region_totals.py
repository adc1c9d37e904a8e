"""Counting signatures by region, off the hot path: the worker does it every hour for
the petitions that ask where their supporters live and have got or lost ten. Readers
see where the regions have enough signatures that nobody is told by them, nor by what
has become of them since somebody last looked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext

from core.db.database import statement_timeout
from petitions.models import Petition, RegionTotal
from petitions.regions import FEWEST, count_by_region, is_region, region_names

EVERY = 3600
"""Seconds between two counts."""
FEWEST_LINES = 2
"""The lines that a table has at least: one alone tells nothing."""


def count_regions(now: datetime) -> bool:
    """For the worker: count anew where the sum is not about that of the petition: who
    signed between two tables is one of ten. Always return False: nothing waits."""
    asking = Petition.objects.filter(
        Q(asks_postal_code=True) | Q(asks_country=True),
        anonymised_at=None,
        anonymised_to=0,
    )
    counted = Coalesce(Sum("region_totals__number"), 0)
    changed = asking.annotate(counted=counted).filter(
        Q(total__confirmed__gte=F("counted") + FEWEST)
        | Q(total__confirmed__lte=F("counted") - FEWEST)
    )
    for petition in changed.order_by("pk"):
        count_anew(petition, now)
    return False


def count_anew(petition: Petition, now: datetime) -> None:
    """Count the signatures of a petition by region, unless its names are being erased.

    A number stays until ten have come or gone: otherwise one more in a table, and one
    more name on the page, would tell where that person lives. Until then those are
    with the others, under ""."""
    rows = petition.signatures.confirmed().filter(
        petition__anonymised_at=None, petition__anonymised_to=0
    )
    # Millions of signatures take longer to count than a visitor would wait.
    with transaction.atomic(), statement_timeout("0"):
        _countries, regions = count_by_region(rows)
        before = dict(petition.region_totals.values_list("region", "number"))
        kept = {
            code: number
            if abs(number - before.get(code, 0)) >= FEWEST
            else before[code]
            for code, number in regions.items()
            if code and number >= FEWEST
        }
        others = regions.total() - sum(kept.values())
        if not regions or others < 0:  # so many have gone: the last table stands
            return
        petition.region_totals.all().delete()
        RegionTotal.objects.bulk_create(
            RegionTotal(petition=petition, region=code, number=number, counted_at=now)
            for code, number in {**kept, "": others}.items()
        )


@dataclass(frozen=True)
class RegionTable:
    """Where those live whose signatures were confirmed here, as of `counted_at`: names
    and numbers, most first, with the share of the longest bar in per cent."""

    counted_at: datetime
    by_region: bool
    """Whether some are regions; else all are countries."""
    lines: list[tuple[str, int, int]]


def region_table(petition: Petition, language: str) -> RegionTable | None:
    """Return the table of a petition for readers of `language`, which has to be the
    active one; None where there is nothing to compare. No line, nor what is left of the
    whole, is of fewer than `FEWEST`."""
    totals = list(petition.region_totals.all())
    shown = {total.region: total.number for total in totals if total.region}
    shown = {code: number for code, number in shown.items() if number >= FEWEST}
    rest = sum(total.number for total in totals) - sum(shown.values())
    while shown and 0 < rest < FEWEST:
        rest += shown.pop(min(shown, key=lambda code: (shown[code], code)))
    names = region_names(shown, language)
    lines = [
        (names[code], number)
        for code, number in sorted(shown.items(), key=lambda each: (-each[1], each))
    ]
    if rest:
        lines.append((gettext("Other places, or not said"), rest))
    if len(lines) < FEWEST_LINES:
        return None
    most = max(number for _name, number in lines)
    return RegionTable(
        max(total.counted_at for total in totals),
        any(map(is_region, shown)),
        [(name, number, round(100 * number / most)) for name, number in lines],
    )
