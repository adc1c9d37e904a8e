"""Compute the keys of all addresses anew, after a change of the rules for addresses or
of EMAIL_KEY."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from core.management.database_command import DatabaseCommand
from petitions.identity import key_ring
from petitions.identity.key_ring import Keyring
from petitions.signatures import rekeying
from petitions.signatures.rekey_preview import preview_rekey

# Seconds after which every signing request that began under the former version has been
# stored.
GRACE = 5.0
LOCK = 0x72656B6579  # “rekey”


class Command(DatabaseCommand):
    help = (
        "Make the rules for addresses, and EMAIL_KEY, take effect as they are now. "
        "The site keeps running, and a run that was ended may be started again. "
        "People counted twice under one petition are listed in the admin."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say how many signatures would be taken back, and change nothing",
        )
        parser.add_argument(
            "--former-lost",
            action="store_true",
            help="begin although nobody has the former EMAIL_KEY any more: until the "
            "run is over, who had signed before may be counted once more",
        )

    def handle(
        self, *args: Any, dry_run: bool, former_lost: bool, **options: Any
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            if cursor.fetchone() != (True,):
                raise CommandError("Another rekey is running.")
            try:
                self.preview() if dry_run else self.run(former_lost)
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
                cursor.execute("RESET statement_timeout")

    def preview(self) -> None:
        counted, twice = preview_rekey()
        self.stdout.write(
            f"{counted} counted signatures; {twice} of them would be taken back, "
            "because an older one of the same person counts. Nothing was changed."
        )

    def run(self, former_lost: bool) -> None:
        """Finish a version that was begun, begin another if the rules or EMAIL_KEY have
        changed since, and carry it out."""
        report = rekeying.RekeyReport()
        ring = key_ring.current_keyring()
        if ring.rekeying:
            self.stdout.write(f"Going on with version {ring.newest.number}.")
            self.carry_out(ring, report)
            ring = key_ring.current_keyring()
        if rekeying.is_due():
            report.started = self.start(former_lost)
            ring = key_ring.current_keyring()
            self.stdout.write(f"Version {ring.newest.number} has begun.")
        self.carry_out(ring, report)
        self.sum_up(report)

    def start(self, former_lost: bool) -> int:
        """Begin a version and return its number; retry while something, such as a
        backup, reads the versions."""
        for _attempt in range(30):
            try:
                return rekeying.start_version(
                    now=timezone.now(), former_lost=former_lost
                )
            except rekeying.SecretMissing:
                raise CommandError(
                    "The EMAIL_KEY that signatures were counted by is missing. Add it "
                    "to EMAIL_KEY_FALLBACKS; when nobody has it any more, run this "
                    "with --former-lost."
                ) from None
            except rekeying.VersionsInUse:
                time.sleep(1)
        raise CommandError(
            "No moment was found to begin in: does a backup run? Try again later."
        )

    def carry_out(self, ring: Keyring, report: rekeying.RekeyReport) -> None:
        """Give new keys to everything that still has another version's, pending
        signatures first: their links are about to be used."""
        if not ring.newest.secret:
            raise CommandError(
                f"Version {ring.newest.number} was begun with another EMAIL_KEY. Set "
                "that one, or add it to EMAIL_KEY_FALLBACKS, and run this again."
            )
        outdated = rekeying.outdated(ring)
        self.signatures(outdated.filter(state="pending"), ring, report)
        # Until nothing is found: more may have been stored under the former version.
        while self.signatures(outdated, ring, report):
            pass
        for number in rekeying.rekey_consents(ring):
            report.consents += number
        if ring.rekeying:
            rekeying.finish_version(ring.newest.number, now=timezone.now())
            report.finished = ring.newest.number
            time.sleep(GRACE)
            ring = key_ring.current_keyring()
        report.tidied += rekeying.delete_old_versions(ring)
        report.left = rekeying.unmatched_suppressions(ring)
        report.imported = rekeying.imported_before(ring)

    def signatures(self, rows: Any, ring: Keyring, report: rekeying.RekeyReport) -> int:
        """Give new keys to `rows` once; return how many there were."""
        done = 0
        shown_at = time.monotonic()
        now = timezone.now()
        for number, taken_back in rekeying.rekey_signatures(rows, ring, now=now):
            done += number
            report.signatures += number
            report.taken_back += taken_back
            if time.monotonic() - shown_at > 2:
                shown_at = time.monotonic()
                self.stdout.write(
                    f"  {report.signatures} signatures, {report.taken_back} taken back"
                )
        return done

    def sum_up(self, report: rekeying.RekeyReport) -> None:
        if report.idle:
            self.stdout.write("Nothing to do: every key is of the newest version.")
        else:
            self.stdout.write(
                f"{report.signatures} signatures and {report.consents} answers about "
                f"updates have new keys; {report.taken_back} signatures were taken "
                "back, because an older one of the same person counts."
            )
        for number, left in sorted(report.left.items()):
            self.stdout.write(
                f"{left} mailboxes that want no mail are known by a key of version "
                f"{number} alone: keep its EMAIL_KEY in EMAIL_KEY_FALLBACKS as long "
                "as they shall be left alone."
            )
        for number, left in sorted(report.imported.items()):
            self.stdout.write(
                f"{left} people who were imported are known by a key of version "
                f"{number} alone: without its EMAIL_KEY in EMAIL_KEY_FALLBACKS they "
                "count twice when they sign here."
            )
        if not report.left and not report.imported:
            self.stdout.write("No former EMAIL_KEY is needed any more.")
