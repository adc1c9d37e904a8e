"""Load the content of the demonstration, and set the password of its staff."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from core.management.database_command import DatabaseCommand
from organizations.models import Organization, User
from petitions.demo.content import STAFF_EMAIL
from petitions.demo.load import load_demo


class Command(DatabaseCommand):
    help = "Fill an empty demonstration with content and set its staff's password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--password", help="of the demonstration's staff")

    def handle(self, *args: Any, password: str | None, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Not a demonstration: set DEMO=1 to load one.")
        if not Organization.objects.exists():
            load_demo(
                now=timezone.now(), time_zone=settings.TIME_ZONE, progress=self.progress
            )
        staff = User.objects.filter(email=STAFF_EMAIL).first()
        if password and staff:
            staff.set_password(password)
            staff.save(update_fields=["password"])

    def progress(self, done: int, everything: int) -> None:
        if not self.stderr.isatty():
            return
        width = 30 * done // everything
        bar = "█" * width + "░" * (30 - width)
        sys.stderr.write(
            f"\r  demo content {bar} {done:,} of {everything:,} signatures"
        )
        if done == everything:
            sys.stderr.write("\n")
        sys.stderr.flush()
