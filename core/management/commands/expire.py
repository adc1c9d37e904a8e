"""Erase expired data now; the worker does the same all the time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from core import retention
from core.management.database_command import DatabaseCommand


class Command(DatabaseCommand):
    help = (
        "Erase what is past its time, by the rules that the privacy page prints. A "
        "line per rule with the number of rows. The worker does it by itself; it may "
        "be run beside it, ended at any time, and run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="count, and erase nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        retention.be_patient()
        numbers = {
            rule.name: rule.expiry.waiting(now) if options["dry_run"] else 0
            for rule in retention.RULES
            if rule.expiry is not None
        }
        more = not options["dry_run"]
        while more:
            erased, more = retention.expire_some(now, retention.own_batches)
            for name, number in erased.items():
                numbers[name] += number
        for name, number in numbers.items():
            self.stdout.write(f"{number:>10,}  {name}")
        if options["dry_run"]:
            self.announce(now)

    def announce(self, now: datetime) -> None:
        """Print what is going to be erased by something that staff entered lately,
        unless they revoke it."""
        for rule in retention.RULES:
            announced = getattr(rule.expiry, "announced", None)
            for line in announced(now) if announced else ():
                self.stdout.write(line)
