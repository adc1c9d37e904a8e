"""Import an organisation from a file."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import OperationalError
from django.utils import timezone

from core.db.database import is_held_back
from core.management.database_command import DatabaseCommand
from core.text.faults import bounded
from core.text.files import MOST_BYTES
from petitions.importing import FORMAT, FileProblem, ImportReport, import_file

TRIES = 5


def open_at_once(path: str, flags: int) -> int:
    """Open a file; a named pipe also when nobody writes to it, as an empty one."""
    opened = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(opened, True)
    return opened


class Command(DatabaseCommand):
    help = "Bring in an organisation with its petitions and earlier supporters."

    def create_parser(
        self, prog_name: str, subcommand: str, **kwargs: Any
    ) -> CommandParser:
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=FORMAT,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **kwargs,
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a JSON file; see below")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what would be done, and store nothing",
        )
        parser.add_argument(
            "--overrule",
            action="store_true",
            help="take from the file also what somebody has written here since",
        )

    def handle(
        self,
        *args: Any,
        file: Path,
        dry_run: bool = False,
        overrule: bool = False,
        **options: Any,
    ) -> None:
        try:
            with open(file, "rb", opener=open_at_once) as opened:
                # Some files, such as /dev/zero, have no end.
                data = opened.read(MOST_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
        try:
            report = self.patiently(data, overrules=overrule, keeps=not dry_run)
        except FileProblem as problem:
            told = str(problem).split("\n")
            raise CommandError("\n".join(f"{file}: {one}" for one in told)) from None
        organization = report.organization
        self.stdout.write(
            f"{organization.name}: {report.created} petitions brought in, "
            f"{report.known} were there already, {report.supporters} supporters "
            "added."
        )
        if not report.created and not report.changes:
            self.stdout.write("Nothing has changed.")
        elif dry_run:
            self.stdout.write("This was a rehearsal: nothing was stored.")
        else:
            address = f"{settings.SITE_URL}{organization.get_absolute_url()}"
            self.stdout.write(address)
        for notices in (report.warnings, report.changes, report.left):
            for notice in bounded(notices):
                self.stdout.write(f"{file}: {notice}")
        if not organization.can_ask_updates:
            self.stdout.write(
                "Supporters are not asked whether you may write to them until the "
                "organisation has a postal address and a contact e-mail: add them in "
                "the admin."
            )

    def patiently(self, data: bytes, **options: bool) -> ImportReport:
        """Import all of it or nothing; retry while others hold locks on what it writes
        to."""
        for attempt in range(TRIES):
            try:
                return import_file(data, now=timezone.now(), **options)
            except OperationalError as error:
                if not is_held_back(error):
                    raise
            time.sleep(attempt)
        raise CommandError(
            "Others hold what it writes to, a long report or a migration maybe. "
            "Nothing was brought in: try again later."
        )
