"""When petitions last changed, for feeds and sitemaps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Greatest

from petitions.models import (
    Answer,
    AnswerWithdrawal,
    Correction,
    Handover,
    Petition,
    Translation,
    Update,
)


def last_changed(keys: Sequence[int], now: datetime) -> dict[int, datetime]:
    """Return when each of these petitions last changed for readers, apart from its
    count: by its opening, a correction, an update, a new translation, a handover, an
    answer and what becomes of it, its end, or that it was won after that."""
    return dict(
        Petition.objects.filter(pk__in=keys).values_list("pk", last_change(now))
    )


def profiles_changed(keys: Sequence[int], now: datetime) -> dict[int, datetime]:
    """Return when the profile of each of these organisations last had something new:
    the last change of one of its public petitions."""
    public = Petition.objects.ever_public(now).filter(organization__in=keys)
    rows = public.order_by().values("organization").annotate(last=Max(last_change(now)))
    return dict(rows.values_list("organization", "last"))


def last_change(now: datetime) -> Greatest:
    updates = Update.objects.filter(published_at__lte=now)
    return Greatest(
        "opens_at",
        "ended_at",
        "won_at",
        latest_moment(Correction.objects.all(), "made_at"),
        latest_moment(Translation.objects.all(), "created_at"),
        latest_moment(updates, "published_at"),
        latest_moment(Handover.objects.all(), "created_at"),
        latest_moment(Answer.objects.all(), "created_at"),
        latest_moment(Answer.objects.exclude(changed_at=None), "changed_at"),
        latest_moment(AnswerWithdrawal.objects.all(), "withdrawn_at"),
    )


def latest_moment(rows: QuerySet[Any], moment: str) -> Subquery:
    """Return the latest `moment` of the rows that belong to a petition, as a
    subquery."""
    own = rows.filter(petition=OuterRef("pk")).order_by(f"-{moment}")
    return Subquery(own.values(moment)[:1])
