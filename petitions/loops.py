"""The steady work of `manage.py work`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from config.alerts import WATCH
from config.loops import Loop
from petitions.counting import fold_round
from petitions.mailing import release_leases, send_due
from petitions.models import Petition

# Unconfirmed signatures are promised to be erased after this long.
UNCONFIRMED_KEPT = timedelta(days=30)
PURGE_BATCH = 1000

PURGE = """
WITH old AS (
    SELECT id FROM petitions_signature
     WHERE state = 'pending' AND created_at < %s
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


def clock(now: datetime) -> bool:
    """What happens because time passes: petitions close, unconfirmed signatures are
    erased. Returns whether more may be waiting."""
    for petition in Petition.objects.due_to_close(now):
        assert petition.closes_at is not None
        petition.close(now=petition.closes_at)
    return purge(now) == PURGE_BATCH


def purge(now: datetime) -> int:
    """Erase a batch of signatures that nobody confirmed in time, with their mails;
    returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(PURGE, [now - UNCONFIRMED_KEPT, PURGE_BATCH])
        erased = int(cursor.rowcount)
        cursor.execute(PURGE_MAILS, [now - UNCONFIRMED_KEPT, PURGE_BATCH])
    return erased


LOOPS = [
    Loop("mail", 0.25, send_due, release_leases),
    Loop("fold", 0.5, fold_round),
    Loop("clock", 1, clock),
    WATCH,
]
