"""The fold: changes folded per second, as a share of deleting and adding up the same
rows."""

from __future__ import annotations

import time

from bench.report import Figure, Ratios, Slice, pair
from bench.site import Bench

NUMBER = 200_000
# Over three days and as many mail domains as signers have. Of each twenty, one takes
# back what the others add, so that the proof of the count still holds.
CHANGES = """
INSERT INTO petitions_countchange (petition_id, day, source, delta, domain)
SELECT %(petition)s, current_date - (n / 20 %% 3), 'confirmed',
       CASE WHEN n %% 20 = 0 THEN -19 ELSE 1 END,
       CASE WHEN n %% 5 > 0 THEN 'gmail.com' ELSE 'd' || n %% 3000 || '.example.org' END
  FROM generate_series(20, %(number)s + 19) n
"""
# Delete and add up all at once, without storing the sums.
BARE = """
WITH taken AS (
    DELETE FROM petitions_countchange RETURNING petition_id, day, source, delta
)
SELECT petition_id, day, source, sum(delta) FROM taken GROUP BY 1, 2, 3
"""


def folding(bench: Bench, rounds: int) -> Ratios:
    database = bench.biggest

    def prepare() -> float:
        database.fold()
        values = {"petition": bench.petition, "number": NUMBER}
        database.execute(CHANGES, values)
        database.execute("VACUUM (ANALYZE) petitions_countchange")
        return time.monotonic()

    def bare() -> float:
        started = prepare()
        database.execute(BARE)
        return NUMBER / (time.monotonic() - started)

    def fold_all() -> float:
        from petitions.counts.folding import fold

        started = prepare()
        while fold():
            pass
        return NUMBER / (time.monotonic() - started)

    slices: dict[str, tuple[Slice, Slice]] = {"changes": (fold_all, bare)}
    rates = pair(slices, rounds, "fold")
    return Ratios(
        "fold",
        f"The fold of {NUMBER:,} changes, of one DELETE that adds them up for nobody",
        ("of the bare", "folded/s", "bare/s"),
        [Figure(name, pairs) for name, pairs in rates.items()],
    )
