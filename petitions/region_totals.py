"""Counting signatures by region, off the hot path: the worker does it every hour for
the petitions that ask where their supporters live and have got or lost ten. Readers
see where the regions have enough signatures that nobody is told by them, nor by what
has become of them since somebody last looked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from core.db.database import statement_timeout
from petitions.models import Petition, RegionTotal
from petitions.regions import (
    FEWEST,
    count_by_region,
    is_region,
    named_places,
    without_small,
)

EVERY = 3600
"""Seconds between two counts."""


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
    """Count the signatures of a petition by region, unless its names are being
    erased."""
    rows = petition.signatures.confirmed().filter(
        petition__anonymised_at=None, petition__anonymised_to=0
    )
    # Millions of signatures take longer to count than a visitor would wait.
    with transaction.atomic(), statement_timeout("0"):
        _countries, regions = count_by_region(rows)
        if regions:
            follow_numbers(petition, regions, now)


def follow_numbers(
    petition: Petition, regions: Mapping[str, int], now: datetime
) -> bool:
    """Within a transaction, store these numbers by region as those that readers see;
    return False, and leave the last ones, where so many have gone that they cannot be
    followed.

    A number stays until ten have come or gone: otherwise one more in a table, and one
    more name on the page, would tell where that person lives. Until then those are
    with the others, under ""."""
    # What a delivery shows is stored, too, while the worker counts: one at a time.
    Petition.objects.select_for_update(no_key=True).get(pk=petition.pk)
    before = dict(petition.region_totals.values_list("region", "number"))
    kept = {
        code: number if abs(number - before.get(code, 0)) >= FEWEST else before[code]
        for code, number in regions.items()
        if code and number >= FEWEST
    }
    others = sum(regions.values()) - sum(kept.values())
    if others < 0:
        return False
    petition.region_totals.all().delete()
    RegionTotal.objects.bulk_create(
        RegionTotal(petition=petition, region=code, number=number, counted_at=now)
        for code, number in {**kept, "": others}.items()
    )
    return True


def numbers_delivered(
    petition: Petition, regions: Mapping[str, int], now: datetime
) -> dict[str, int]:
    """Within a transaction, return the numbers by region that a delivery shows of those
    that were counted for it. They are what readers see from now on: nobody is told by
    what one of two tables has and the other has not. Where they cannot be followed, or
    names are being erased, nothing is told: all are under ""."""
    erasing = petition.anonymised_at is not None or petition.anonymised_to > 0
    if erasing or not any(regions) or not follow_numbers(petition, regions, now):
        return {"": sum(regions.values())}
    return without_small(dict(petition.region_totals.values_list("region", "number")))


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
    numbers = {total.region: total.number for total in totals}
    lines = named_places(numbers, language)
    if not lines:
        return None
    most = max(number for _name, number in lines)
    return RegionTable(
        max(total.counted_at for total in totals),
        any(map(is_region, without_small(numbers))),
        [(name, number, round(100 * number / most)) for name, number in lines],
    )
