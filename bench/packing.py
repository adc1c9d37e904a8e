"""The making of a delivery pack: names written per second, as a share of PostgreSQL's
own COPY of the same columns; and the memory that it takes."""

from __future__ import annotations

import os
import time

from bench.report import Figure, Ratios, Slice, pair
from bench.site import Bench, resident

COPY = """
COPY (SELECT name, place, postal_code, country FROM petitions_signature
       WHERE petition_id = {petition} AND state = 'confirmed' AND delivery = 'names'
       ORDER BY id) TO STDOUT WITH (FORMAT csv)
"""


def packing(bench: Bench, rounds: int) -> Ratios:
    from django.db import connection
    from django.utils import timezone

    from petitions.delivery import making
    from petitions.models import Pack, PackPiece, Petition, Target

    database = bench.biggest
    database.execute("UPDATE petitions_signature SET delivery = 'names'")
    database.execute("VACUUM (ANALYZE) petitions_signature")
    petition = Petition.objects.get(pk=bench.petition)
    target = Target.objects.filter(petition=petition)[0]
    memory = [0.0]

    def bare() -> float:
        started, number = time.monotonic(), 0
        with (
            connection.cursor() as cursor,
            cursor.copy(COPY.format(petition=petition.pk)) as lines,
        ):
            for part in lines:
                number += bytes(part).count(b"\n")
        return number / (time.monotonic() - started)

    def make() -> float:
        now = timezone.now()
        pack = Pack.objects.create(petition=petition, target=target, made_at=now)
        before, started = resident(os.getpid()), time.monotonic()
        making.begin_pack(pack, now=now)
        while making.advance_pack(timezone.now()):
            memory.append(resident(os.getpid()) - before)
        seconds = time.monotonic() - started
        pack.refresh_from_db()
        assert pack.names == pack.confirmed > 0
        PackPiece.objects.all().delete()
        return pack.names / seconds

    slices: dict[str, tuple[Slice, Slice]] = {"names": (make, bare)}
    rates = pair(slices, rounds, "pack")
    note = f"at most {max(memory):.0f} MB more than before"
    return Ratios(
        "pack",
        f"A delivery pack of {database.size:,} names, of PostgreSQL’s COPY of them",
        ("of COPY", "written/s", "copied/s"),
        [Figure(name, pairs, note=note) for name, pairs in rates.items()],
    )
