"""Words that a mistyped one may have meant, and that no public petition has any more:
a petition was withdrawn or corrected, and the search must not offer a name out of it.

The worker goes round through all words, a batch at a time, and notes how far it came. A
word stays as long as a search for it finds a public text; in another form, that is one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from itertools import batched

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from core.db.batches import Batches
from petitions.models.search import WordSweep
from petitions.search.queries import interface

EVERY = 1.0  # seconds
# After a round through all words, whether any text has changed is asked so often.
REST = 30.0  # seconds
# Whoever publishes waits while so many words are looked at once more, and go.
AT_ONCE = 5

# The query is made once for each word, not once for each text that it is held against.
# Nobody waits for this: it reads.
LOOK = """
WITH looked_at AS MATERIALIZED (
    SELECT word, search_query(word, %(interface)s) AS query
      FROM (SELECT word FROM petitions_searchword WHERE word > %(reached)s
             ORDER BY word LIMIT %(batch)s) next
)
SELECT word, EXISTS (SELECT 1 FROM petitions_searchdocument d
                      WHERE d.whole @@ looked_at.query)
  FROM looked_at ORDER BY word
"""
# A word that comes in with a text which cannot be seen yet would go: so nobody writes
# texts for that moment. And it hardly waits, for others would wait behind it.
HOLD = """
SET LOCAL lock_timeout = '50ms';
LOCK TABLE petitions_searchdocument IN SHARE MODE
"""
FORGET = """
WITH looked_at AS MATERIALIZED (
    SELECT word, search_query(word, %(interface)s) AS query
      FROM unnest(%(words)s::text[]) word
)
DELETE FROM petitions_searchword WHERE word IN (
    SELECT word FROM looked_at
     WHERE NOT EXISTS (SELECT 1 FROM petitions_searchdocument d
                        WHERE d.whole @@ looked_at.query))
"""
PLAN = "SET LOCAL enable_seqscan = off; SET LOCAL jit = off"
# Every text that comes or changes takes a number, and one that goes is one less.
TEXTS = """
SELECT count(*), pg_sequence_last_value(
           pg_get_serial_sequence('petitions_searchdocument', 'id')::regclass)
  FROM petitions_searchdocument
"""


class VocabularySweep:
    """The worker's way through the words."""

    def __init__(self) -> None:
        self.batches = Batches(first=100, most=2000)
        self.texts: object = None
        """As they were when the round began."""
        self.swept: object = None
        """As they were when the last whole round began."""
        self.rests_until = 0.0

    def round(self, now: datetime) -> bool:
        """For the worker: one batch, or nothing when no text has changed since a whole
        round. Returns False: the next one has time."""
        started = time.monotonic()
        if started < self.rests_until:
            return False
        place, _made = WordSweep.objects.get_or_create(pk=1)
        if not place.reached:
            self.texts = texts()
            if self.texts == self.swept:
                self.rests_until = started + REST
                return False
        try:
            more = self.batches.run(lambda batch: prune_words(batch)[0])
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            # Somebody publishes just now: the same words are looked at again.
            return False
        if not more:
            self.swept, self.texts = self.texts, None
        return False


def prune_words(batch: int) -> tuple[int, int]:
    """Look at the next words and take away those that nothing has any more; returns
    how many it looked at and how many went. After the last word the round begins
    anew."""
    place, _made = WordSweep.objects.get_or_create(pk=1)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PLAN)
        cursor.execute(
            LOOK,
            {"reached": place.reached, "batch": batch, "interface": interface()},
        )
        found = cursor.fetchall()
    unused = [word for word, is_used in found if not is_used]
    forgotten = sum(take_away(words) for words in batched(unused, AT_ONCE))
    place.reached = found[-1][0] if len(found) == batch else ""
    place.save(update_fields=["reached"])
    return len(found), forgotten


def take_away(words: Sequence[str]) -> int:
    """Delete those that still nothing has; returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PLAN)
        cursor.execute(HOLD)
        cursor.execute(FORGET, {"words": list(words), "interface": interface()})
        return int(cursor.rowcount)


def texts() -> object:
    """What is no longer the same once a public text has come, changed or gone."""
    with connection.cursor() as cursor:
        cursor.execute(TEXTS)
        return cursor.fetchone()
