"""Django's `check`, with a check of the database by default."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import check
from django.db import connections

from core.db.connecting import trouble


class Command(check.Command):
    """Connects unless told otherwise: a wrong DATABASE_URL is a common mistake."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--no-database", action="store_true", help="where there is none"
        )

    def handle(self, *app_labels: Any, **options: Any) -> None:
        if not options["no_database"] and options["databases"] is None:
            options["databases"] = list(connections)
        super().handle(*app_labels, **options)
        # After everything that can be checked without a database.
        for alias in options["databases"] or ():
            if cause := trouble(alias):
                raise CommandError(cause.sentence)
