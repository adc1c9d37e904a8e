"""Count entries: supporters counted on paper, or elsewhere before they came here."""

from __future__ import annotations

from django.db import transaction

from petitions.models import CountChange, CountEntry


def record_entry(entry: CountEntry) -> CountEntry:
    """Store a new count entry together with its `CountChange`; return it."""
    with transaction.atomic():
        entry.save(force_insert=True)
        CountChange.objects.create(
            petition_id=entry.petition_id,
            day=entry.counted_at,
            source=entry.source,
            delta=entry.number,
        )
    return entry
