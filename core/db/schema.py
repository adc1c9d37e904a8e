"""Whether the database has what this release's statements ask for. It has not before
`manage.py migrate`, after an update until that has run, nor with a dump of an earlier
release."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.db import DatabaseError, Error, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from core.db.cached_value import CachedValue

logger = logging.getLogger(__name__)


@dataclass
class Complaint:
    """Logs what is wrong when it begins or changes, and again every minute: whoever
    meets it may do so a hundred times a second."""

    said: str = ""
    again_at: float = 0.0

    def log(self, sentence: str) -> None:
        now = time.monotonic()
        if sentence != self.said or now >= self.again_at:
            self.said, self.again_at = sentence, now + 60
            logger.error("%s", sentence)


# Of this process, about its database.
COMPLAINT = Complaint()


def pending_migrations() -> int:
    """How many migrations of this release the database still lacks."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


PENDING = CachedValue(pending_migrations)


def sentence(number: int) -> str:
    return (
        "The database is not ready for this release: "
        f"{number} migration{'s are' if number > 1 else ' is'} due. "
        "Run: manage.py migrate"
    )


def is_behind(error: BaseException) -> bool:
    """Whether `error` is the database's refusal of a statement that it is not ready
    for; says so in the log."""
    if not isinstance(error, DatabaseError) or isinstance(error, OperationalError):
        return False
    try:
        number = PENDING.get()
    except Error:
        return False
    if number:
        COMPLAINT.log(sentence(number))
    return number > 0
