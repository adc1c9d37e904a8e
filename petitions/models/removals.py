"""Removals: signatures in quarantine that staff decided to erase, while that can still
be called off."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from django.db import models
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from organizations.models import User
from organizations.rights import Right, within
from petitions.models.petition_lifecycle import WAIT
from petitions.models.petitions import Petition
from petitions.models.signatures import Signature


class RemovalQuerySet(models.QuerySet["Removal"]):
    def moderated_by(self, user: User) -> RemovalQuerySet:
        """Return the removals that `user` may call off."""
        path = "petition__organization_id"
        return cast("RemovalQuerySet", within(self, path, user, Right.MODERATE))

    def waiting(self) -> list[Removal]:
        """Return the removals that still have signatures, the next one first, each with
        its numbers of `people` and signatures (`number`)."""
        marked = Signature.objects.to_be_removed().order_by()
        counted = marked.values_list("removal").annotate(
            people=Count("email_key", distinct=True), number=Count("pk")
        )
        counts_of = {number: counts for number, *counts in counted}
        rows = self.filter(pk__in=counts_of).select_related("petition")
        waiting = list(rows.order_by("made_at", "pk"))
        for row in waiting:
            row.people, row.number = counts_of[row.pk]
        return waiting


class Removal(models.Model):
    """Signatures of one petition that staff decided to erase in one step. The worker
    erases them after `WAIT`; until then that can be called off. Then the row goes, too:
    the history of the petition says who did what."""

    petition = models.ForeignKey(
        Petition, on_delete=models.CASCADE, related_name="removals"
    )
    made_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    made_at = models.DateTimeField()

    people: int
    number: int
    """Both set by `waiting`."""

    objects = RemovalQuerySet.as_manager()

    class Meta:
        verbose_name = _("removal")
        verbose_name_plural = _("removals")

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def due_at(self) -> datetime:
        """The time at which the worker erases the signatures."""
        return self.made_at + WAIT
