"""Hourly tallies of the networks and mail domains that signatures come from, and the
outliers among them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max

from petitions.abuse.rate_limits import RATE_LIMITS
from petitions.models import Petition, Signature, SourceTally, TalliedHour

HOUR = timedelta(hours=1)
EVERY = 60  # seconds
# Sources of fewer signatures than this in an hour are not stored, for the signers'
# privacy.
FEW = 5
# A source of at least this many signatures in an hour is an outlier ...
MANY = 100
# ... if it brought more than one in `PART` of those that the petition got.
PART = 3
# Without a `TalliedHour` to begin behind, at most this many rows are read.
AT_MOST = 100_000

TALLY = """
WITH recent AS MATERIALIZED (
    SELECT petition_id, network, email, quarantine_reason, state
      FROM petitions_signature
     WHERE id > %(after)s AND created_at >= %(hour)s
       AND created_at < %(hour)s + interval '1 hour'
)
INSERT INTO petitions_sourcetally AS t (
    petition_id, hour, kind, source, signed, set_aside, confirmed)
SELECT petition_id, %(hour)s, kind, source, count(*),
       count(*) FILTER (WHERE quarantine_reason <> ''),
       count(*) FILTER (WHERE state = 'confirmed')
  FROM recent
 CROSS JOIN LATERAL (VALUES
       ('all', ''),
       ('network', COALESCE(text(set_masklen(
            network, CASE family(network) WHEN 4 THEN 24 ELSE 48 END)), '')),
       ('domain', lower(substring(email FROM '@([^@]*)$')))
       ) AS v (kind, source)
 GROUP BY petition_id, kind, source
HAVING count(*) >= %(few)s OR kind = 'all'
 ORDER BY petition_id, kind, source
    ON CONFLICT (petition_id, hour, kind, source) DO UPDATE
   -- Confirming one form deletes its copies; the tally keeps counting them.
   SET signed = GREATEST(t.signed, excluded.signed),
       set_aside = GREATEST(t.set_aside, excluded.set_aside),
       confirmed = excluded.confirmed
"""


def tally(now: datetime) -> bool:
    """Tally the signatures of this hour and the one before by their sources. Run by the
    worker; return False: the next round can wait."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    newest = Signature.objects.aggregate(newest=Max("pk"))["newest"] or 0
    for each in (hour - HOUR, hour):
        with connection.cursor() as cursor:
            after = after_id(each, newest)
            cursor.execute(TALLY, {"hour": each, "after": after, "few": FEW})
    TalliedHour.objects.update_or_create(
        hour=hour + HOUR, defaults={"after_id": newest}
    )
    TalliedHour.objects.filter(hour__lt=hour - 24 * HOUR).delete()
    return False


def after_id(hour: datetime, newest: int) -> int:
    """Return an id that is smaller than those of all signatures of `hour`."""
    mark = TalliedHour.objects.filter(hour__lte=hour).order_by("-hour").first()
    return mark.after_id if mark is not None else max(0, newest - AT_MOST)


@dataclass(frozen=True)
class Outlier:
    """A network or mail domain that brought far more signatures than others within an
    hour."""

    petition: Petition
    hour: datetime
    kind: SourceTally.Kind
    source: str
    """The network or domain; "" for an unknown network."""
    signed: int
    of: int
    """The number of all signatures of the petition in that hour."""


def outliers(since: datetime) -> list[Outlier]:
    """Return the outliers of the hours that began after `since`, except networks and
    domains on the allow list."""
    tallies = SourceTally.objects.filter(hour__gt=since, signed__gte=MANY)
    totals = {
        (row.petition_id, row.hour): row.signed
        for row in tallies.filter(kind=SourceTally.Kind.ALL)
    }
    rules = RATE_LIMITS.get()
    exceeding: list[Outlier] = []
    for row in tallies.exclude(kind=SourceTally.Kind.ALL).select_related("petition"):
        kind = SourceTally.Kind(row.kind)
        of = totals.get((row.petition_id, row.hour), row.signed)
        if row.signed * PART > of and not rules.allows(kind, row.source):
            outlier = Outlier(row.petition, row.hour, kind, row.source, row.signed, of)
            exceeding.append(outlier)
    return exceeding
