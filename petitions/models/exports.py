"""The record of exports: of an organisation's list of supporters, of a petition's
signatures and figures."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db import guards
from organizations.models import Organization, User
from petitions.models.petitions import Petition
from petitions.states import ExportKind, ExportState


class Export(models.Model):
    """A file about supporters that left the site.

    It is written when the export begins. One that still says so much later ended with
    its process. The database (petitions/sql/exports.sql) refuses to change one that has
    ended, and to delete any.
    """

    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        related_name="exports",
        verbose_name=_("organisation"),
    )
    # The release before knows one kind.
    kind = models.CharField(
        _("what"),
        max_length=10,
        choices=ExportKind.choices,
        default=ExportKind.SUPPORTERS,
        db_default=ExportKind.SUPPORTERS,
    )
    petition = models.ForeignKey(
        Petition,
        on_delete=models.PROTECT,
        null=True,
        related_name="exports",
        verbose_name=_("petition"),
        help_text=_("None for a list of all supporters of the organisation."),
    )
    made_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )
    made_at = models.DateTimeField(_("when"))
    number = models.PositiveIntegerField(_("number of lines"))
    # The release before wrote an export when its list was made.
    state = models.CharField(
        _("how it ended"),
        max_length=10,
        choices=ExportState.choices,
        default=ExportState.DONE,
        db_default=ExportState.DONE,
    )
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [
            models.CheckConstraint(
                condition=guards.one_of("state", ExportState.values),
                name="export_state",
            ),
            models.CheckConstraint(
                condition=guards.one_of("kind", ExportKind.values),
                name="export_kind",
            ),
            models.CheckConstraint(
                condition=guards.both_or_neither(
                    Q(kind=ExportKind.SUPPORTERS), Q(petition=None)
                ),
                name="export_petition",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d}: {self.number}"

    def end(self, state: ExportState, number: int, *, now: datetime) -> None:
        """Record how an export that has begun ended, and how many lines it had until
        then."""
        begun = Export.objects.filter(pk=self.pk, state=ExportState.BEGUN)
        begun.update(state=state, number=number, ended_at=now)
