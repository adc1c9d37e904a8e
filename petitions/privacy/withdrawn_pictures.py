"""Pictures of withdrawn petitions. Nothing of such a petition is public any more, so
their files are deleted: whoever knows an address could still fetch them. They are kept
for as long as the withdrawal can be called off."""

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
    """Return the condition that the petition at `path` was withdrawn so long ago that
    this cannot be called off any more."""
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
    """Delete the files, then clear the columns: after a crash in between, the rows are
    found again."""
    for row in rows:
        row.image.discard()
    rows.update(image="", image_width=None, image_height=None)


class WithdrawnPictures:
    """The expiry of these pictures: those of petitions, updates and handovers."""

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
