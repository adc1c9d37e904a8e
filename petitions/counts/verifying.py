"""Verify that totals and changes equal the records that they were counted from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.db import connection, transaction

from core.db.database import statement_timeout
from petitions.states import Source

# One statement sees one snapshot: what is folded meanwhile is on exactly one side.
VERIFY = """
WITH recorded AS (
    SELECT petition_id, 'confirmed' AS source, count(*) AS number
      FROM petitions_signature WHERE state = 'confirmed' GROUP BY petition_id
     UNION ALL
    SELECT petition_id, source, sum(number)
      FROM petitions_countentry GROUP BY petition_id, source
     UNION ALL
    SELECT petition_id, 'imported', count(*)
      FROM petitions_importedsignature WHERE counted GROUP BY petition_id
     UNION ALL
    SELECT petition_id, 'imported', sum(keyless)
      FROM petitions_signatureimport GROUP BY petition_id
), expected AS (
    SELECT petition_id, source, sum(number) AS number
      FROM recorded GROUP BY petition_id, source
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
), logged AS (
    SELECT petition_id, source, sum(delta) AS number
      FROM petitions_countleaf GROUP BY petition_id, source
), log AS (
    SELECT petition_id, count(*) AS lines, max(number) + 1 AS size
      FROM petitions_countleaf GROUP BY petition_id
)
SELECT p.id, p.slug, s.source,
       COALESCE(e.number, 0), COALESCE(f.number, 0), COALESCE(u.number, 0),
       COALESCE(d.number, 0),
       -- A log that is not begun will begin with what is folded.
       CASE WHEN t.log_size IS NULL THEN COALESCE(f.number, 0)
            ELSE COALESCE(l.number, 0) END,
       COALESCE(log.lines, 0) = COALESCE(t.log_size, 0)
       AND COALESCE(log.size, 0) = COALESCE(t.log_size, 0)
  FROM petitions_petition p
 CROSS JOIN (VALUES ('confirmed'), ('paper'), ('imported')) AS s (source)
  LEFT JOIN expected e ON e.petition_id = p.id AND e.source = s.source
  LEFT JOIN folded f ON f.petition_id = p.id AND f.source = s.source
  LEFT JOIN unfolded u ON u.petition_id = p.id AND u.source = s.source
  LEFT JOIN daily d ON d.petition_id = p.id AND d.source = s.source
  LEFT JOIN logged l ON l.petition_id = p.id AND l.source = s.source
  LEFT JOIN log ON log.petition_id = p.id
  LEFT JOIN petitions_total t ON t.petition_id = p.id
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
    """The confirmed signatures; or the sum of count entries and, for what was counted
    elsewhere, of the people that imports count."""
    folded: int
    """The total."""
    unfolded: int
    """The sum of the changes that are not in the total yet."""
    daily: int
    """The sum of the totals by day; must equal `folded`."""
    logged: int
    """The sum of the lines of the count log; must equal `folded`."""
    is_whole: bool
    """Whether the log has as many lines as it should have, without a gap."""

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> Self:
        """Return the proof that a row of VERIFY is."""
        number, slug, source, *figures, is_whole = row
        recorded, folded, unfolded, daily, logged = map(int, figures)
        return cls(
            number,
            slug,
            Source(source),
            recorded,
            folded,
            unfolded,
            daily,
            logged,
            is_whole,
        )

    @property
    def shown(self) -> int:
        """The number that every page prints."""
        return self.folded + self.unfolded

    @property
    def holds(self) -> bool:
        return (
            self.shown == self.recorded
            and self.daily == self.logged == self.folded
            and self.is_whole
        )


def verify() -> Iterator[CountProof]:
    """Yield the proof for every petition and source, from one snapshot of the
    database."""
    # Millions of signatures take longer to count than a visitor would wait.
    with transaction.atomic(), statement_timeout("0"), connection.cursor() as cursor:
        cursor.execute(VERIFY)
        rows = cursor.fetchall()
    yield from map(CountProof.of_row, rows)
