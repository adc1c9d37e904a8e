"""Prove the counts of all petitions from the permanent records."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.core.management.base import CommandError

from core.management.database_command import DatabaseCommand
from petitions.counts.verifying import verify


class Command(DatabaseCommand):
    help = (
        "Prove for every petition that what the pages show (folded totals + changes "
        "not folded yet) equals the permanent records (confirmed signatures + count "
        "entries + people counted by imports). Prints a line per petition; exits 1 "
        "with the difference when the proof fails."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        for slug, proofs in groupby(verify(), key=lambda proof: proof.slug):
            sources = list(proofs)
            shown = sum(proof.shown for proof in sources)
            parts = ", ".join(f"{p.recorded} {p.source}" for p in sources if p.recorded)
            wrong = [proof for proof in sources if not proof.holds]
            if not wrong:
                self.stdout.write(f"ok    {slug}: {shown} = {parts or 'none'}")
                continue
            failed += 1
            for proof in wrong:
                self.stdout.write(
                    f"WRONG {slug}: {proof.source} shows {proof.shown} "
                    f"(folded {proof.folded}, by day {proof.daily}, in the log "
                    f"{proof.logged}, not folded {proof.unfolded}), recorded "
                    f"{proof.recorded}, difference "
                    f"{proof.shown - proof.recorded:+}"
                )
        if failed:
            raise CommandError(f"The proof fails for {failed} petition(s).")
