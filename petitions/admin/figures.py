"""Does mail arrive? By day and by mail domain."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Sum

from petitions.models import Petition

DAYS = 60
DOMAINS = 50

SUMS = {name: Sum(name) for name in ("signed", "handed_over", "failed", "confirmed")}


def read(petition: Petition, day: str) -> dict[str, Any]:
    """Rows for both tables; `day` (ISO) narrows the one of domains."""
    tallies = petition.mail_tallies.all()
    try:
        chosen = date.fromisoformat(day) if day else None
    except ValueError:
        chosen = None
    of_day = tallies.filter(day=chosen) if chosen else tallies
    return {
        "days": tallies.values("day").annotate(**SUMS).order_by("-day")[:DAYS],
        "domains": of_day.values("domain")
        .annotate(**SUMS)
        .order_by("-signed", "domain")[:DOMAINS],
        "chosen": chosen,
    }
