"""Second factors that somebody has lost, and that another owner has asked to remove."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from organizations.models.staff import User


class FactorRemoval(models.Model):
    """A request to remove somebody's second factors, carried out after a day unless
    they call it off by the link in the mail that they get at once."""

    user = models.OneToOneField(
        User,
        on_delete=models.CASCADE,
        related_name="factor_removal",
        verbose_name=_("who"),
    )
    asked_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("asked by"),
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    due_at = models.DateTimeField(_("carried out"))

    class Meta:
        verbose_name = _("removal of second factors")
        verbose_name_plural = _("removals of second factors")
        indexes = [models.Index(fields=["due_at"], name="organizations_removal_due")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.pk}"
