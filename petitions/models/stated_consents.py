"""Stated consent: what people of an import agreed to where they signed, as staff state
it."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.text.columns import TextColumn
from organizations.models import User
from petitions.dates import why_impossible
from petitions.models.imports import SignatureImport
from petitions.models.targets import Target

ALREADY = _("That is stated already: take it away first.")


class StatedConsent(models.Model):
    """That the people of an import agreed, where they signed, that somebody petitioned
    receives their names: where and when, and the very words.

    The database (petitions/sql/imports.sql) refuses to change one, to make or delete
    one of a file that is being checked or was, and one to somebody who is not
    petitioned.
    """

    signature_import = models.ForeignKey(
        SignatureImport,
        on_delete=models.PROTECT,
        related_name="stated_consents",
        db_index=False,
        verbose_name=_("import of signatures"),
    )
    target = models.ForeignKey(
        Target,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("who receives their names"),
    )
    place = models.CharField(
        _("where they agreed"),
        max_length=200,
        help_text=_("As “Change.org”. It is printed above their names."),
    )
    url = models.URLField(_("address of that page"), max_length=500, blank=True)
    begun_on = models.DateField(_("from"))
    ended_on = models.DateField(_("until"))
    words = TextColumn(
        _("in these words"),
        max_length=1_000,
        help_text=_(
            "The very sentence that they read when they signed. It is printed as it is."
        ),
    )
    made_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("stated by"),
    )
    made_at = models.DateTimeField(_("stated at"))

    class Meta:
        verbose_name = _("stated consent")
        verbose_name_plural = _("stated consents")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["signature_import", "target"],
                name="stated_consent_once",
                violation_error_message=ALREADY,
            ),
            models.CheckConstraint(
                condition=Q(begun_on__lte=F("ended_on")),
                name="stated_consent_days",
                violation_error_message=_("It ended before it began."),
            ),
            models.CheckConstraint(
                condition=guards.has_visible_text("place", "words"),
                name="stated_consent_whole",
                violation_error_message=_("Say where they agreed, and in which words."),
            ),
            guards.readable("stated_consent", lines=("place",), texts=("words",)),
            guards.web_address("stated_consent", "url"),
        ]

    def __str__(self) -> str:
        # Never what staff typed: this ends up in logs and audit trails.
        return str(self.pk)

    @property
    def words_in_line(self) -> str:
        """The words, on one line."""
        return " ".join(self.words.split())

    def clean(self) -> None:
        super().clean()
        days = {"begun_on": self.begun_on, "ended_on": self.ended_on}
        wrong = {
            name: why
            for name, day in days.items()
            if day and (why := why_impossible(day, timezone.now()))
        }
        if wrong:
            raise ValidationError(wrong)
