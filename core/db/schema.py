"""Detect a database schema that is older than this release: before `manage.py migrate`
has run, be it the first time, after an update or for a dump of an earlier release."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.db import DatabaseError, Error, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from core.db.cached_value import CachedValue

logger = logging.getLogger(__name__)


@dataclass
class RateLimitedMessage:
    """A rate-limited log message. `log` writes a sentence when it differs from the one
    before, and otherwise once a minute, though it may be called a hundred times a
    second."""

    said: str = ""
    again_at: float = 0.0

    def log(self, sentence: str) -> None:
        now = time.monotonic()
        if sentence != self.said or now >= self.again_at:
            self.said, self.again_at = sentence, now + 60
            logger.error("%s", sentence)


# This process's message about its database.
COMPLAINT = RateLimitedMessage()


def pending_migrations() -> int:
    """Return how many migrations of this release have not been applied."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


# How many migrations are pending, as of a few seconds ago.
PENDING = CachedValue(pending_migrations)


def unknown_migrations() -> list[str]:
    """Return the names of applied migrations that this release does not have, such as
    "petitions.0002_guards". Beside pending ones they mean that the database was not
    made by an earlier release of this line, and cannot be brought up to date."""
    loader = MigrationExecutor(connection).loader
    unknown = loader.applied_migrations.keys() - loader.disk_migrations.keys()
    return sorted(
        f"{label}.{name}" for label, name in unknown if label in loader.migrated_apps
    )


def pending_sentence(number: int) -> str:
    """Return what to do about `number` pending migrations, at least one."""
    return (
        "The database is not ready for this release: "
        f"{number} migration{'s are' if number > 1 else ' is'} due. "
        "Run: manage.py migrate"
    )


def is_behind(error: BaseException) -> bool:
    """Return whether a statement failed with `error` because migrations are pending; if
    so, log that."""
    if not isinstance(error, DatabaseError) or isinstance(error, OperationalError):
        return False
    try:
        number = PENDING.get()
    except Error:
        return False
    if number:
        COMPLAINT.log(pending_sentence(number))
    return number > 0
