"""Quarantined signatures that staff decided to erase: they are erased once the decision
can no longer be called off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils import timezone

from core.retention import Rows
from petitions.identity import same_person
from petitions.models import Removal, Signature
from petitions.signatures import quarantine


class Removals:
    """The expiry of these signatures, and of each decision once it has none left."""

    rows = Rows(quarantine.to_erase, same_person.delete_signatures)

    def announced(self, now: datetime) -> Iterator[str]:
        for removal in Removal.objects.all().waiting():
            if removal.due_at > now:
                yield (
                    f"{removal.number:>10,}  waiting until "
                    f"{timezone.localdate(removal.due_at)}: signatures set aside of "
                    f"“{removal.petition.title}”"
                )

    def waiting(self, now: datetime) -> int:
        return self.rows.waiting(now)

    def erase(self, now: datetime, batch: int) -> int:
        erased = self.rows.erase(now, batch)
        if erased < batch:
            left = Signature.objects.to_be_removed().filter(removal=OuterRef("pk"))
            Removal.objects.filter(~Exists(left)).delete()
        return erased
