"""The base class of commands that work on the site's database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.audit.actors import acting
from core.db import connecting, schema


class DatabaseCommand(BaseCommand):
    """A command that does not begin while migrations are due: on an older schema it
    might do half of its work, or all of it by rules that are not in force yet."""

    requires_migrations_checks = True

    def execute(self, *args: Any, **options: Any) -> Any:
        """Name the command as the one who acts, also where no manage.py does."""
        with acting(f"command: {type(self).__module__.rpartition('.')[2]}"):
            return super().execute(*args, **options)

    def check_migrations(self) -> None:
        """Raise CommandError when migrations are due; Django only prints a notice."""
        if number := schema.pending_migrations():
            # Migrating does not help where the database itself is the trouble.
            cause = connecting.unfit()
            raise CommandError(
                cause.sentence if cause else schema.pending_sentence(number)
            )
