"""Functions and triggers, each in a file of its subject that migrations run.

A file says how things are now, and each of its statements may run again. Exactly one
migration runs it, the last one that needs it: whoever changes a file takes it out of
the migration that ran it so far and runs it in a new one. An installed site gets the
change from there, and a new site runs each file once, when the columns that it speaks
of are there.
"""

from __future__ import annotations

from pathlib import Path

from django.db.migrations import RunSQL


class RunSQLFile(RunSQL):
    """Run all statements of `path`. Migrating back leaves them as they are: what they
    made goes with its tables."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.read_text(encoding="utf-8"), RunSQL.noop)
        self.path = path

    def describe(self) -> str:
        return f"Run {self.path.name}"
