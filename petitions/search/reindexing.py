"""Search documents of an earlier version: the worker makes them anew, unnoticed."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from core.db.batches import Batches
from petitions.models.search import SearchDocument

VERSION = 3
"""What search_refresh() in the database writes now."""
BATCHES = Batches(first=10, most=200, least=1)


def reindex_round(now: datetime) -> bool:
    """For the worker: one batch; whether more may wait."""
    return BATCHES.run(reindex)


@transaction.atomic
def reindex(batch: int) -> int:
    """Make so many documents anew, with those of the same petitions in other languages;
    returns how many it looked at."""
    outdated = SearchDocument.objects.filter(version__lt=VERSION)
    rows = outdated.order_by("version", "petition").values_list("petition", flat=True)
    petitions = list(rows[:batch])
    if petitions:
        with connection.cursor() as cursor:
            cursor.execute("SELECT search_refresh(%s::bigint[])", [petitions])
    return len(petitions)
