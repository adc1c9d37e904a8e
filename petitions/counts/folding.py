"""Fold count changes into totals, in the worker."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import connection

from core import slots
from core.db.batches import Batches
from petitions.channels import ASKED_BY_MAIL, OF_MAILING, Channel
from petitions.models.counts import A_MINUTE

BATCH = 20_000
FOLDING = Batches(first=1000, most=BATCH)

# In id order and with SKIP LOCKED, so that two folds never wait for each other; upserts
# in the order of their keys, so that they never deadlock.
FOLD = """
WITH next AS MATERIALIZED (
    -- Materialised, so that it is evaluated once: as a subquery it may run again for
    -- each row and then choose other changes.
    SELECT ctid FROM petitions_countchange
     -- As CountChangeQuerySet.up_to() has it: totals are shown as they are.
     WHERE NOT (made_at > %(until)s AND made_at BETWEEN
                statement_timestamp() - %(minute)s::interval
            AND statement_timestamp() + %(minute)s::interval)
     ORDER BY id LIMIT %(batch)s FOR UPDATE SKIP LOCKED
), taken AS MATERIALIZED (
    -- Not by id: where statistics are older than a rush of signatures, each change
    -- would be compared with every other. Changes are never updated, so they stay in
    -- place.
    DELETE FROM petitions_countchange c USING next WHERE c.ctid = next.ctid
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
      FROM taken
     -- Whoever was asked by mail was sent none of the mails that this compares.
     WHERE domain <> '' AND delta > 0 AND via <> %(asked)s
     GROUP BY petition_id, day, domain ORDER BY petition_id, day, domain
        ON CONFLICT (petition_id, day, domain) DO UPDATE
       SET confirmed = t.confirmed + excluded.confirmed
), confirmations AS (
    -- Counted by channel only if the site or its staff made the link; any other tag is
    -- dropped.
    SELECT petition_id, day, delta,
           CASE WHEN via = '' THEN ''
                WHEN via = ANY (%(channels)s::text[]) OR EXISTS (
                     SELECT 1 FROM petitions_taggedlink l
                      WHERE l.petition_id = taken.petition_id AND l.tag = taken.via)
                THEN via
                WHEN via ~ %(of_mailing)s THEN CASE WHEN EXISTS (
                     SELECT 1 FROM petitions_mailing m
                       JOIN petitions_petition p ON p.id = m.petition_id
                       JOIN petitions_petition here USING (organization_id)
                      WHERE m.id = substring(via FROM '[0-9]+$')::bigint
                        AND here.id = taken.petition_id) THEN via ELSE '' END
                ELSE '' END AS via
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


END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def fold_parameters(
    batch: int = BATCH, until: datetime = END_OF_TIME
) -> dict[str, Any]:
    """Return the parameters of FOLD."""
    return {
        "batch": batch,
        "until": until,
        "minute": A_MINUTE,
        "channels": [*Channel.values, ASKED_BY_MAIL],
        "asked": ASKED_BY_MAIL,
        "of_mailing": f"^{OF_MAILING}[0-9]+$",
    }


def fold(batch: int = BATCH, until: datetime = END_OF_TIME) -> int:
    """Add at most `batch` changes, those made up to `until`, to the totals and delete
    them, in one statement; return how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(FOLD, fold_parameters(batch, until))
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def fold_round(now: datetime) -> bool:
    """Fold one batch of what public pages show already, for the worker; return whether
    more of it may be waiting."""
    until = slots.moment_of_slot()
    return FOLDING.run(lambda batch: fold(batch, until))
