"""The targets of petitions: the people and bodies that they address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.db import guards
from petitions.states import TargetKind

if TYPE_CHECKING:
    from petitions.models.petitions import Petition


class Target(models.Model):
    """A person or body that a petition addresses. The first one is named on the
    profile, all of them on the petition's page.

    The database (petitions/sql/targets.sql) refuses to add, change or delete one once
    people have signed; one that was left open may be settled. None changes
    (petitions/sql/imports.sql) that people of an import, as staff state, agreed to give
    their names to.
    """

    petition: models.ForeignKey[Petition] = models.ForeignKey(
        "petitions.Petition", on_delete=models.CASCADE, related_name="targets"
    )
    position = models.PositiveSmallIntegerField(_("order"), default=1)
    kind = models.CharField(
        _("kind"), max_length=10, choices=TargetKind.choices, default=TargetKind.PERSON
    )
    name = models.CharField(
        _("name"),
        max_length=200,
        blank=True,
        help_text=_("Stéphane Dion, or Ministry of Justice"),
    )
    office = models.CharField(
        _("office"),
        max_length=200,
        blank=True,
        help_text=_("Minister of Foreign Affairs"),
    )
    organisation = models.CharField(
        _("organisation"),
        max_length=200,
        blank=True,
        help_text=_("Government of Canada"),
    )

    class Meta:
        verbose_name = _("person or body petitioned")
        verbose_name_plural = _("people and bodies petitioned")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=TargetKind.values),
                name="target_kind",
                violation_error_message=_("Choose one of the kinds."),
            ),
            models.CheckConstraint(
                condition=Q(kind=TargetKind.UNSETTLED, name="")
                | (~Q(kind=TargetKind.UNSETTLED) & guards.has_visible_text("name")),
                name="target_named_unless_unsettled",
                violation_error_message=_(
                    "Name the person or body, or choose “Not settled yet” and leave "
                    "the name empty."
                ),
            ),
            guards.readable("target", lines=["name", "office", "organisation"]),
        ]

    def __str__(self) -> str:
        return self.label

    @staticmethod
    def unsettled_label() -> str:
        return gettext("to be announced")

    @property
    def is_unsettled(self) -> bool:
        return self.kind == TargetKind.UNSETTLED

    @property
    def is_somebody(self) -> bool:
        """Whether it is a person or body, which can receive something, and not a
        label."""
        return self.kind in (TargetKind.PERSON, TargetKind.BODY)

    @property
    def label(self) -> str:
        """The name as typed; “to be announced” in the reader's language when
        unsettled."""
        return self.unsettled_label() if self.is_unsettled else self.name

    @property
    def label_with_office(self) -> str:
        """The name followed by office and organisation."""
        return ", ".join(filter(None, [self.label, self.office, self.organisation]))
