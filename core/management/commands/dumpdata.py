"""Django's `dumpdata`, which says why the database cannot be used."""

from __future__ import annotations

from django.core.management.commands import dumpdata

from core.management.database_command import DatabaseCommand


class Command(DatabaseCommand, dumpdata.Command):
    """Asks for due migrations first, and so for the database: what Django's own says of
    it has lost the cause."""
