"""Helpers for the tests of the count log."""

from __future__ import annotations

from django.db import connection

from petitions.counts import folding
from petitions.models import Petition, Total


def fold_all() -> None:
    while folding.fold():
        pass


def fill(petition: Petition, size: int) -> None:
    """Append lines as if so many had been folded."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO petitions_countleaf (
                petition_id, number, day, source, delta, nonce_hash)
            SELECT %s, n, '2026-11-01', 'confirmed', 1, sha256(n::text::bytea)
              FROM generate_series(0, %s - 1) n
            """,
            [petition.pk, size],
        )
    Total.objects.filter(pk=petition.pk).update(log_size=size, confirmed=size)
