"""The steady work of `manage.py work`."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import connection

from config.alerts import WATCH
from config.loops import Loop
from config.models import Heartbeat
from petitions import invalidating, limits, sources
from petitions.counting import fold_round, verify
from petitions.mailing import DAY, release_leases, send_due
from petitions.models import Petition
from petitions.models.petitions import NotAllowed
from petitions.tokens import LIFETIME

logger = logging.getLogger(__name__)

# Unconfirmed signatures are promised to be erased after this long.
UNCONFIRMED_KEPT = timedelta(days=30)
PURGE_BATCH = 1000

PROVE_EVERY = timedelta(hours=24)
# The heartbeat that says when the proof last held.
PROVED = "proof of the count"

PURGE = """
WITH old AS (
    SELECT id FROM petitions_signature
     WHERE state = 'pending' AND created_at < %s
       -- A link that was sent again works as long as its mail says.
       AND NOT EXISTS (SELECT 1 FROM petitions_duemail m
                        WHERE m.signature_id = petitions_signature.id
                          AND m.state = 'sent' AND m.finished_at > %s)
     ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED
), unsent AS (
    DELETE FROM petitions_duemail WHERE signature_id IN (SELECT id FROM old)
)
DELETE FROM petitions_signature WHERE id IN (SELECT id FROM old)
"""
PURGE_MAILS = """
DELETE FROM petitions_duemail
 WHERE id IN (SELECT id FROM petitions_duemail
               WHERE state <> 'due' AND finished_at < %s LIMIT %s)
"""
# Of an erased signature, the mails are kept as long as the caps look back.
PURGE_ERASED = """
DELETE FROM petitions_duemail
 WHERE id IN (SELECT id FROM petitions_duemail
               WHERE signature_id IS NULL AND finished_at < %s LIMIT %s)
"""


def clock(now: datetime) -> bool:
    """What happens because time passes: petitions close, unconfirmed signatures are
    erased. Returns whether more may be waiting."""
    for petition in Petition.objects.due_to_close(now):
        assert petition.closes_at is not None
        # Staff may have been quicker.
        with suppress(NotAllowed):
            petition.close(now=petition.closes_at)
    limits.purge(now)
    return purge(now) == PURGE_BATCH


def purge(now: datetime) -> int:
    """Erase a batch of signatures that nobody confirmed in time, with their mails;
    returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(PURGE, [now - UNCONFIRMED_KEPT, now - LIFETIME, PURGE_BATCH])
        erased = int(cursor.rowcount)
        cursor.execute(PURGE_MAILS, [now - UNCONFIRMED_KEPT, PURGE_BATCH])
        cursor.execute(PURGE_ERASED, [now - DAY, PURGE_BATCH])
    return erased


def prove(now: datetime) -> bool:
    """Once a day, `verify_counts`; a proof that fails is tried again every round, and
    a probe alerts when none has held for a day. Returns False: nothing waits."""
    last = Heartbeat.objects.filter(name=PROVED).first()
    if last is not None and now - last.beat_at < PROVE_EVERY:
        return False
    wrong = {proof.petition_id for proof in verify() if not proof.holds}
    if wrong:
        logger.error("The proof of the count fails for petitions %s", sorted(wrong))
    else:
        Heartbeat.objects.update_or_create(name=PROVED, defaults={"beat_at": now})
    return False


LOOPS = [
    Loop("mail", 0.25, send_due, release_leases),
    Loop("fold", 0.5, fold_round),
    Loop("clock", 1, clock),
    Loop("sources", sources.EVERY, sources.tally),
    Loop("jobs", 1, invalidating.advance),
    Loop("proof", 1800, prove),
    WATCH,
]
