"""Django's `migrate` for a site that goes on serving in the meantime."""

from __future__ import annotations

import time
import zlib
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections, transaction
from django.db.migrations import Migration, RunPython, SeparateDatabaseAndState
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

from core.db import schema
from core.db.connecting import unfit
from core.db.database import (
    is_held_back,
    outside_pool,
)

# Statements take the time they need. A migration that waits for a table's lock holds
# back everybody who comes after it. So it gives up before a visitor's own five seconds
# are over, but not before PostgreSQL has ended an autovacuum in its way
# (deadlock_timeout, a second).
LIMITS = "-c statement_timeout=0 -c lock_timeout=2s"
# A dump or a long report may lock a table for a while.
PATIENCE = 20 * 60.0  # seconds
PAUSE = 3.0
LOCK = zlib.crc32(b"migrate")

# Invalid indexes, which an interrupted CREATE INDEX CONCURRENTLY has left behind.
UNFINISHED = """
SELECT format('%I.%I', n.nspname, c.relname)
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
 WHERE NOT i.indisvalid
   AND i.indexrelid NOT IN (SELECT index_relid FROM pg_stat_progress_create_index)
"""
OLDEST = """
SELECT format('process %s (%s), in a transaction for %s s', pid,
              COALESCE(NULLIF(application_name, ''), backend_type),
              round(extract(epoch FROM clock_timestamp() - xact_start)))
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
   AND xact_start IS NOT NULL
 ORDER BY xact_start LIMIT 1
"""


class Executor(MigrationExecutor):
    """An executor that collects a migration's SQL before it begins, so that locks are
    held while the database works, and not while Django builds models."""

    def apply_migration(
        self,
        state: ProjectState,
        migration: Migration,
        fake: bool = False,
        fake_initial: bool = False,
    ) -> ProjectState:
        if fake or fake_initial or not is_of_statements(migration):
            return super().apply_migration(state, migration, fake, fake_initial)
        report = self.progress_callback or (lambda *words: None)
        report("apply_start", migration, fake)
        database = self.connection
        with database.schema_editor(collect_sql=True, atomic=False) as editor:
            state = migration.apply(state, editor, collect_sql=True)
        with transaction.atomic(database.alias), database.cursor() as cursor:
            for statement in editor.collected_sql:
                if "\n" in statement or not statement.startswith("--"):
                    cursor.execute(statement)
            self.record_migration(migration.app_label, migration.name)
        report("apply_success", migration, fake)
        return state


def is_of_statements(migration: Migration) -> bool:
    """Return whether the migration is one transaction of SQL only, without Python
    code."""
    return migration.atomic and not any(
        isinstance(operation, RunPython | SeparateDatabaseAndState)
        or not operation.reduces_to_sql
        for operation in migration.operations
    )


def refuse_another_history() -> None:
    """Raise CommandError if this release cannot bring the schema up to date."""
    unknown = schema.unknown_migrations()
    if unknown and schema.pending_migrations():
        raise CommandError(
            f"This database was made before version 0.2.0 ({unknown[0]} is applied), "
            "and cannot be updated. Begin with an empty one; for `make run`, remove "
            "its folder. Nothing was changed."
        )


# Django's command looks the class up by this name.
migrate.MigrationExecutor = Executor  # type: ignore[attr-defined]


class Command(migrate.Command):
    """Migrates on a connection of its own with its own timeouts, one process at a time;
    after a lock timeout it tries again."""

    def execute(self, *args: Any, **options: Any) -> Any:
        cause = unfit(options["database"])
        if cause and cause.stays:
            raise CommandError(cause.sentence)
        with outside_pool(options["database"], LIMITS):
            return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["plan"] or options["check_unapplied"]:
            super().handle(*args, **options)
            return
        self.database = options["database"]
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if self.alone():
                    refuse_another_history()
                    self.tidy()
                    super().handle(*args, **options)
                    return
                reason = "another migrate runs"
            except OperationalError as error:
                if not is_held_back(error):
                    raise
                connection = connections[self.database]
                if connection.in_atomic_block:
                    raise
                connection.close()
                held_by = ", ".join(self.rows(OLDEST)) or "somebody"
                reason = f"held back by {held_by}"
            if time.monotonic() > deadline:
                raise CommandError(
                    f"Not done: {reason}. End that, or run migrate again later: what "
                    "was applied stays, and the site goes on as it is."
                )
            self.stdout.write(f"  {reason}; trying again in {PAUSE:.0f} s")
            time.sleep(PAUSE)

    def alone(self) -> bool:
        """Take the advisory lock for as long as we are connected; return False if
        another migrate has it."""
        return self.rows("SELECT pg_try_advisory_lock(%s)", [LOCK]) == [True]

    def tidy(self) -> None:
        for index in self.rows(UNFINISHED):
            self.rows(f"DROP INDEX CONCURRENTLY {index}")

    def rows(self, statement: str, values: list[int] | None = None) -> list[Any]:
        """Return the first column of the statement's rows."""
        with connections[self.database].cursor() as cursor:
            cursor.execute(statement, values)
            return [row[0] for row in cursor.fetchall()] if cursor.description else []
