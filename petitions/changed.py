"""When petitions last changed, for those who come again: feeds, search engines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Greatest

from petitions.models import Correction, Petition, Translation, Update


def last_changed(keys: Sequence[int], now: datetime) -> dict[int, datetime]:
    """When each of these last changed for readers, but for its count: by a correction,
    an update, a text in another language, its end."""
    updates = Update.objects.filter(published_at__lte=now)
    rows = Petition.objects.filter(pk__in=keys).values_list(
        "pk",
        Greatest(
            "opens_at",
            "ended_at",
            last(Correction.objects.all(), "made_at"),
            last(Translation.objects.all(), "created_at"),
            last(updates, "published_at"),
        ),
    )
    return dict(rows)


def last(rows: QuerySet[Any], moment: str) -> Subquery:
    """The last moment of those that belong to a petition."""
    own = rows.filter(petition=OuterRef("pk")).order_by(f"-{moment}")
    return Subquery(own.values(moment)[:1])
