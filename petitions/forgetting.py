"""Words that a mistyped one may have meant, and that no public petition has any more:
a petition was withdrawn or corrected, and the search must not offer a name out of it.

The worker goes round through all words, a batch at a time, and notes how far it came. A
word stays as long as a search for it finds a public text; in another form, that is one.
"""

from __future__ import annotations

from datetime import datetime

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from petitions.models.search import WordSweep
from petitions.searching import interface

EVERY = 30.0  # seconds
BATCH = 2000

# Whoever publishes waits for the moment that a batch takes: a word that comes in with a
# text which cannot be seen yet would go. And a batch waits for nobody, for others would
# wait behind it.
HOLD = """
LOCK TABLE petitions_searchdocument IN SHARE MODE NOWAIT;
SET LOCAL enable_seqscan = off;
SET LOCAL jit = off
"""
# The query is made once for each word, not once for each text that it is held against.
FORGET = """
WITH looked_at AS MATERIALIZED (
    SELECT word, search_query(word, %(interface)s) AS query
      FROM (SELECT word FROM petitions_searchword WHERE word > %(reached)s
             ORDER BY word LIMIT %(batch)s) next
), forgotten AS (
    DELETE FROM petitions_searchword WHERE word IN (
        SELECT word FROM looked_at
         WHERE NOT EXISTS (SELECT 1 FROM petitions_searchdocument d
                            WHERE d.whole @@ looked_at.query))
    RETURNING word
)
SELECT max(word), count(*), (SELECT count(*) FROM forgotten) FROM looked_at
"""


def sweep(now: datetime) -> bool:
    """For the worker: one batch. Returns False: the next one has time."""
    try:
        forget(BATCH)
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        # Somebody publishes just now.
    return False


@transaction.atomic
def forget(batch: int) -> int:
    """Take the next words away that nothing has any more; returns how many. After the
    last word the round begins anew."""
    place, _made = WordSweep.objects.select_for_update().get_or_create(pk=1)
    with connection.cursor() as cursor:
        cursor.execute(HOLD)
        cursor.execute(
            FORGET,
            {"reached": place.reached, "batch": batch, "interface": interface()},
        )
        row = cursor.fetchone()
    assert row is not None
    last, looked_at, forgotten = row
    place.reached = last if looked_at == batch else ""
    place.save(update_fields=["reached"])
    return int(forgotten)
