"""Pruning the vocabulary of search suggestions: a word is removed once no public
petition has it any more. A petition may have been withdrawn or corrected, and the
search must not suggest a name out of it.

The worker sweeps through all words, a batch at a time, and stores how far it came. A
word stays as long as a search for it finds a public text, even if that has the word in
another form.
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
# After a whole sweep, how often to check whether any text has changed.
REST = 30.0  # seconds
# Words that are checked again and deleted under one lock, while publishing waits.
AT_ONCE = 5

# The query is made once for each word, not once for each text that it is matched
# against. Nobody waits for this statement, which only reads.
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
# A word of a text that is not committed yet would be deleted: so the lock keeps texts
# from being written for a moment. It gives up soon, since others would queue behind it.
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
# A fingerprint of all texts: each insert or update takes a number of the sequence, and
# each deletion lowers the count.
TEXTS = """
SELECT count(*), pg_sequence_last_value(
           pg_get_serial_sequence('petitions_searchdocument', 'id')::regclass)
  FROM petitions_searchdocument
"""


class VocabularySweep:
    """The worker's sweep through the vocabulary."""

    def __init__(self) -> None:
        self.batches = Batches(first=100, most=2000)
        self.texts: object = None
        """The fingerprint of all texts when this sweep began."""
        self.swept: object = None
        """The fingerprint of all texts when the last complete sweep began."""
        self.rests_until = 0.0

    def round(self, now: datetime) -> bool:
        """Prune one batch for the worker, or nothing if no text has changed since a
        complete sweep. Return False: the next round can wait."""
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
            # A text is being published just now: the next round retries these words.
            return False
        if not more:
            self.swept, self.texts = self.texts, None
        return False


def prune_words(batch: int) -> tuple[int, int]:
    """Check the next `batch` words and delete those that no public text has; return how
    many were checked and how many deleted. After the last word the sweep starts
    again."""
    place, _made = WordSweep.objects.get_or_create(pk=1)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PLAN)
        cursor.execute(
            LOOK,
            {"reached": place.reached, "batch": batch, "interface": interface()},
        )
        looked_at = cursor.fetchall()
    unused = [word for word, is_used in looked_at if not is_used]
    forgotten = sum(take_away(words) for words in batched(unused, AT_ONCE))
    place.reached = looked_at[-1][0] if len(looked_at) == batch else ""
    place.save(update_fields=["reached"])
    return len(looked_at), forgotten


def take_away(words: Sequence[str]) -> int:
    """Delete those of `words` that still no text has; return how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PLAN)
        cursor.execute(HOLD)
        cursor.execute(FORGET, {"words": list(words), "interface": interface()})
        return int(cursor.rowcount)


def texts() -> object:
    """Return a fingerprint that changes when a public text is added, changed or
    deleted."""
    with connection.cursor() as cursor:
        cursor.execute(TEXTS)
        return cursor.fetchone()
