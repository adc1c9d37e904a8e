"""Pictures of petitions that were withdrawn: nothing of such a petition is public any
more, so their files go, for whoever knows an address could still fetch them. They wait
for as long as the withdrawal can be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet

from core.retention import Rows
from petitions.models import Handover, Petition, Update
from petitions.models.petition_lifecycle import WAIT
from petitions.states import State


def for_good(path: str, now: datetime) -> Q:
    """That the petition at `path` was withdrawn, too long ago to be taken back."""
    long_ago = Q(**{f"{path}state_since": None}) | Q(
        **{f"{path}state_since__lte": now - WAIT}
    )
    return Q(**{f"{path}state": State.WITHDRAWN}) & long_ago


def of_withdrawn(now: datetime) -> QuerySet[Petition]:
    return still_there(Petition.objects.filter(for_good("", now)))


def of_its_updates(now: datetime) -> QuerySet[Update]:
    return still_there(Update.objects.filter(for_good("petition__", now)))


def of_its_handovers(now: datetime) -> QuerySet[Handover]:
    return still_there(Handover.objects.filter(for_good("petition__", now)))


def still_there[M: models.Model](rows: QuerySet[M]) -> QuerySet[M]:
    return rows.exclude(image="").order_by("pk")


def take_down(rows: QuerySet[Any]) -> None:
    """The files first: whoever is killed in between finds the rows again."""
    for row in rows:
        row.image.discard()
    rows.update(image="", image_width=None, image_height=None)


class WithdrawnPictures:
    """What is left of them."""

    KINDS = (
        Rows(of_withdrawn, take_down),
        Rows(of_its_updates, take_down),
        Rows(of_its_handovers, take_down),
    )

    def waiting(self, now: datetime) -> int:
        return sum(kind.waiting(now) for kind in self.KINDS)

    def erase(self, now: datetime, batch: int) -> int:
        erased = 0
        for kind in self.KINDS:
            erased += kind.erase(now, batch - erased)
        return erased
