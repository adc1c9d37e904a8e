"""Rate limits: token buckets that refill evenly (GCRA), one for each limit and source.

A draw from one bucket is a single statement, so that of any number of requests at once
exactly as many pass as should. A draw from several buckets passes all of them or
changes none: whoever one limit holds up uses nothing of another, which may be shared
with somebody else.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from core.models import Bucket
from core.worker.loops import Loop

PURGE_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate limit: `burst` draws at once, then one more each time
    `emission_interval` has passed."""

    name: str
    burst: int
    emission_interval: timedelta

    def of(self, source: str) -> Drawn:
        """Return one draw from the bucket of `source`."""
        return Drawn(self, key_of_bucket(self.name, source))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A draw on the rate limit `rate`, from the bucket that has this `key`."""

    rate: Rate
    key: uuid.UUID


def key_of_bucket(name: str, source: str) -> uuid.UUID:
    """Return the key of a bucket, a keyed hash: nobody can read a network or an address
    out of it."""
    digest = salted_hmac("config.buckets", f"{name}:{source}", algorithm="sha256")
    return uuid.UUID(bytes=digest.digest()[:16])


MICROSECOND = timedelta(microseconds=1)

# A bucket further from full than a whole burst was drawn from while the clock was
# ahead, and would refuse everybody for as long: it counts as full. Clocks of several
# machines, and of requests that waited, differ by less than this.
CLOCKS_DIFFER = "interval '10 min'"

# Durations in the statements are microseconds.
DRAW = f"""
INSERT INTO config_bucket AS b (key, tat)
VALUES (%(key)s, %(now)s::timestamptz + %(emission_interval)s * interval '1 us')
    ON CONFLICT (key) DO UPDATE
   SET tat = CASE WHEN b.tat > excluded.tat + %(room)s * interval '1 us'
                              + {CLOCKS_DIFFER} THEN excluded.tat
                  ELSE GREATEST(b.tat, %(now)s::timestamptz)
                           + %(emission_interval)s * interval '1 us' END
 WHERE b.tat <= %(now)s::timestamptz + %(room)s * interval '1 us'
    OR b.tat > excluded.tat + %(room)s * interval '1 us' + {CLOCKS_DIFFER}
RETURNING 1
"""  # noqa: S608 - a fragment of ours
GIVE_BACK = """
UPDATE config_bucket SET tat = tat - %s * interval '1 us' WHERE key = %s
"""


def draw(*draws: Drawn, now: datetime) -> timedelta:
    """Draw from all buckets, or from none when one is empty. Return how long to wait
    until that one has a draw again, at least a second; zero when all passed."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Always in the same order, so that two draws cannot deadlock.
        for each in sorted(draws, key=lambda d: d.key):
            emission_interval = each.rate.emission_interval
            room = emission_interval * (each.rate.burst - 1)
            cursor.execute(
                DRAW,
                {
                    "key": each.key,
                    "now": now,
                    "emission_interval": emission_interval // MICROSECOND,
                    "room": room // MICROSECOND,
                },
            )
            if cursor.fetchone() is None:
                tat = Bucket.objects.values_list("tat", flat=True)
                wait = tat.get(key=each.key) - room - now
                transaction.set_rollback(True)
                return max(wait, timedelta(seconds=1))
    return timedelta(0)


def may_draw(*draws: Drawn, now: datetime) -> bool:
    """Return whether `draw` would pass, without drawing: for an action that counts once
    it was done."""
    with transaction.atomic():
        wait = draw(*draws, now=now)
        transaction.set_rollback(True)
    return not wait


def give_back(*draws: Drawn) -> None:
    """Undo draws whose action did not happen, or need not count."""
    with transaction.atomic(), connection.cursor() as cursor:
        for each in sorted(draws, key=lambda d: d.key):
            cursor.execute(
                GIVE_BACK, [each.rate.emission_interval // MICROSECOND, each.key]
            )


def purge_buckets(now: datetime) -> bool:
    """Delete a batch of full buckets, for the worker; return whether more may wait."""
    full = Bucket.objects.filter(tat__lt=now).order_by("tat")
    with transaction.atomic():
        keys = list(
            full.select_for_update(skip_locked=True).values_list("pk", flat=True)[
                :PURGE_BATCH
            ]
        )
        Bucket.objects.filter(pk__in=keys).delete()
    return len(keys) == PURGE_BATCH


PURGE = Loop("buckets", 60, purge_buckets)
