"""The export of an organisation's supporters: lines per second, as a share of
PostgreSQL's own COPY, the memory that it takes, and when it begins."""

from __future__ import annotations

import os
import time

import psycopg

from bench.report import Figure, Ratios, Slice, pair
from bench.site import Bench, resident

# As many rows and columns, of one table.
ONE_TABLE = """
SELECT email, name, language, confirmed_at, consent_version, petition_id
  FROM petitions_signature WHERE petition_id = {petition} AND state = 'confirmed'
"""
OF_SAME_ROWS = 0.25


def exporting(bench: Bench, rounds: int) -> Ratios:
    from django.db import connection
    from django.utils import timezone

    from petitions.models import Petition
    from petitions.privacy import export
    from petitions.privacy.recorded_exports import room_for_many
    from tests.factories import make_user

    database = bench.biggest
    database.execute("UPDATE petitions_consent SET wants_updates = true")
    database.execute("VACUUM (FULL, ANALYZE) petitions_consent")
    database.execute("VACUUM (ANALYZE)")
    organization = Petition.objects.get(pk=bench.petition).organization
    user = make_user()
    memory, begun = [0.0], [0.0]

    def copied(query: str) -> float:
        started, number = time.monotonic(), 0
        with (
            room_for_many(),
            connection.cursor() as cursor,
            cursor.copy(f"COPY ({query}) TO STDOUT WITH (FORMAT csv)") as lines,
        ):
            for part in lines:
                number += bytes(part).count(b"\n")
        return number / (time.monotonic() - started)

    def same_rows() -> float:
        """The rows of the list, found in the same way, all at once and unguarded."""
        low, high = export.keys_of_part(0, 1)
        values = {
            "organization": organization.pk,
            "low": low,
            "high": high,
            "zone": "UTC",
            "silent": [],
        }
        connection.ensure_connection()
        plain = psycopg.ClientCursor(connection.connection)
        query = f"{export.LINES} SELECT * FROM line"
        return copied(plain.mogrify(query, values))

    def one_table() -> float:
        return copied(ONE_TABLE.format(petition=bench.petition))

    def exported() -> float:
        before, started, number = resident(os.getpid()), time.monotonic(), 0
        pieces = export.export_supporters(organization, user, now=timezone.now())
        next(pieces)  # the headings
        for piece in pieces:
            if not number:
                begun.append(time.monotonic() - started)
            number += piece.count(b"\n")
            memory.append(resident(os.getpid()) - before)
        assert number >= database.size
        return number / (time.monotonic() - started)

    slices: dict[str, tuple[Slice, Slice]] = {
        "the same rows": (exported, same_rows),
        "one table": (exported, one_table),
    }
    rates = pair(slices, rounds, "export")
    note = (
        f"at most {max(memory):.0f} MB more than before; "
        f"the first line after {max(begun):.2f} s at most"
    )
    figures = [
        Figure("the same rows", rates["the same rows"], at_least=OF_SAME_ROWS),
        Figure("one table", rates["one table"]),
    ]
    return Ratios(
        "export",
        f"An export of {database.size:,} supporters, of PostgreSQL’s COPY of them, and "
        "of as many rows and columns of one table",
        ("of COPY", "exported/s", "copied/s"),
        figures,
        [note],
    )
