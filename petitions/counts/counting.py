"""Fold count changes into totals, and verify that the totals are right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from core.db.batches import Batches
from core.db.database import statement_timeout
from petitions.channels import Channel
from petitions.models import CountChange, CountEntry, Petition
from petitions.states import Source

BATCH = 20_000
FOLDING = Batches(first=1000, most=BATCH)

# In id order and with SKIP LOCKED, so that two folds never wait for each other; upserts
# in the order of their keys, so that they never deadlock.
FOLD = """
WITH next AS MATERIALIZED (
    -- Chosen once, whatever plan follows: as a subquery it may be run again for each
    -- row, and then takes others than before.
    SELECT id FROM petitions_countchange
     ORDER BY id LIMIT %(batch)s FOR UPDATE SKIP LOCKED
), taken AS MATERIALIZED (
    DELETE FROM petitions_countchange c USING next WHERE c.id = next.id
 RETURNING petition_id, day, source, delta, domain, via
), totals AS (
    INSERT INTO petitions_total AS t (petition_id, confirmed, paper, imported)
    SELECT petition_id,
           COALESCE(sum(delta) FILTER (WHERE source = 'confirmed'), 0),
           COALESCE(sum(delta) FILTER (WHERE source = 'paper'), 0),
           COALESCE(sum(delta) FILTER (WHERE source = 'imported'), 0)
      FROM taken GROUP BY petition_id ORDER BY petition_id
        ON CONFLICT (petition_id) DO UPDATE
       SET confirmed = t.confirmed + excluded.confirmed,
           paper = t.paper + excluded.paper,
           imported = t.imported + excluded.imported
), days AS (
    INSERT INTO petitions_dailytotal AS t (petition_id, day, source, number)
    SELECT petition_id, day, source, sum(delta)
      FROM taken GROUP BY petition_id, day, source ORDER BY petition_id, day, source
        ON CONFLICT (petition_id, day, source) DO UPDATE
       SET number = t.number + excluded.number
), tallies AS (
    INSERT INTO petitions_mailtally AS t (
        petition_id, day, domain, signed, handed_over, failed, confirmed)
    SELECT petition_id, day, domain, 0, 0, 0, sum(delta)
      FROM taken WHERE domain <> '' AND delta > 0
     GROUP BY petition_id, day, domain ORDER BY petition_id, day, domain
        ON CONFLICT (petition_id, day, domain) DO UPDATE
       SET confirmed = t.confirmed + excluded.confirmed
), confirmations AS (
    -- By a link of ours or of staff: whatever else stands in an address is not kept.
    SELECT petition_id, day, delta,
           CASE WHEN via = '' THEN ''
                WHEN via = ANY (%(channels)s::text[]) OR EXISTS (
                     SELECT 1 FROM petitions_taggedlink l
                      WHERE l.petition_id = taken.petition_id AND l.tag = taken.via)
                THEN via ELSE '' END AS via
      FROM taken WHERE domain <> '' AND delta > 0
), channels AS (
    INSERT INTO petitions_channeltally AS t (petition_id, day, via, confirmed)
    SELECT petition_id, day, via, sum(delta)
      FROM confirmations GROUP BY petition_id, day, via ORDER BY petition_id, day, via
        ON CONFLICT (petition_id, day, via) DO UPDATE
       SET confirmed = t.confirmed + excluded.confirmed
)
SELECT count(*) FROM taken
"""


def fold(batch: int = BATCH) -> int:
    """Add at most `batch` changes to the totals and delete them, in one statement;
    return how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(FOLD, {"batch": batch, "channels": Channel.values})
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def record_entry(entry: CountEntry) -> CountEntry:
    """Store a count entry, for supporters counted elsewhere, together with its
    change."""
    with transaction.atomic():
        entry.save(force_insert=True)
        CountChange.objects.create(
            petition_id=entry.petition_id,
            day=entry.counted_at,
            source=entry.source,
            delta=entry.number,
        )
    return entry


# One statement sees one snapshot: what is folded meanwhile is on exactly one side.
VERIFY = """
WITH expected AS (
    SELECT petition_id, 'confirmed' AS source, count(*) AS number
      FROM petitions_signature WHERE state = 'confirmed' GROUP BY petition_id
     UNION ALL
    SELECT petition_id, source, sum(number)
      FROM petitions_countentry GROUP BY petition_id, source
), unfolded AS (
    SELECT petition_id, source, sum(delta) AS number
      FROM petitions_countchange GROUP BY petition_id, source
), folded AS (
    SELECT petition_id, source, number FROM petitions_total
     CROSS JOIN LATERAL (VALUES ('confirmed', confirmed), ('paper', paper),
                                ('imported', imported)) AS v (source, number)
), daily AS (
    SELECT petition_id, source, sum(number) AS number
      FROM petitions_dailytotal GROUP BY petition_id, source
)
SELECT p.id, p.slug, s.source,
       COALESCE(e.number, 0), COALESCE(f.number, 0), COALESCE(u.number, 0),
       COALESCE(d.number, 0)
  FROM petitions_petition p
 CROSS JOIN (VALUES ('confirmed'), ('paper'), ('imported')) AS s (source)
  LEFT JOIN expected e ON e.petition_id = p.id AND e.source = s.source
  LEFT JOIN folded f ON f.petition_id = p.id AND f.source = s.source
  LEFT JOIN unfolded u ON u.petition_id = p.id AND u.source = s.source
  LEFT JOIN daily d ON d.petition_id = p.id AND d.source = s.source
 ORDER BY p.id, s.source
"""


@dataclass(frozen=True)
class CountProof:
    """The proof for one petition and source: the permanent records against the
    totals."""

    petition_id: int
    slug: str
    source: Source
    recorded: int
    """The confirmed signatures, or the sum of count entries."""
    folded: int
    unfolded: int
    daily: int
    """The sum of the totals by day; must equal `folded`."""

    @property
    def shown(self) -> int:
        """The number that every page prints."""
        return self.folded + self.unfolded

    @property
    def holds(self) -> bool:
        return self.shown == self.recorded and self.daily == self.folded


def verify() -> Iterator[CountProof]:
    """Yield the proof for every petition and source, from one snapshot of the
    database."""
    # Millions of signatures take longer to count than a visitor would wait.
    with transaction.atomic(), statement_timeout("0"), connection.cursor() as cursor:
        cursor.execute(VERIFY)
        rows = cursor.fetchall()
    for number, slug, source, *figures in rows:
        yield CountProof(number, slug, Source(source), *map(int, figures))


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


def fold_round(now: datetime) -> bool:
    """For the worker: fold a batch; return whether it was full and more may wait."""
    return FOLDING.run(fold)
