"""Rebuilding search documents of an earlier version in the background, batch by batch
in the worker."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from core.db.batches import Batches
from petitions.models.search import SearchDocument

VERSION = 3
"""The version that search_refresh() in the database writes now."""
BATCHES = Batches(first=10, most=200, least=1)


def reindex_round(now: datetime) -> bool:
    """Rebuild one batch for the worker; return whether more may be waiting."""
    return BATCHES.run(reindex)


@transaction.atomic
def reindex(batch: int) -> int:
    """Rebuild at most `batch` outdated documents, together with those of the same
    petitions in other languages; return how many outdated ones were taken."""
    outdated = SearchDocument.objects.filter(version__lt=VERSION)
    rows = outdated.order_by("version", "petition").values_list("petition", flat=True)
    petitions = list(rows[:batch])
    if petitions:
        with connection.cursor() as cursor:
            cursor.execute("SELECT search_refresh(%s::bigint[])", [petitions])
    return len(petitions)
