"""The record of exports of an organisation's list of supporters."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from organizations.models import Organization, User


class Export(models.Model):
    """A list of addresses that left the site.

    The database (petitions/sql/exports.sql) refuses to change or delete one.
    """

    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        related_name="exports",
        verbose_name=_("organisation"),
    )
    made_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )
    made_at = models.DateTimeField(_("when"))
    number = models.PositiveIntegerField(_("number of addresses"))

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d}: {self.number}"
