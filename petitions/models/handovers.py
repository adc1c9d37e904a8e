"""Handovers of the result: when, to whom, and how many signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.i18n.language_fields import LanguageField
from core.i18n.languages import Passage
from organizations.models import User
from petitions.models.pictures import Pictured
from petitions.models.targets import Target
from petitions.models.translations import OtherText, ReadAsPetition, once_a_language

if TYPE_CHECKING:
    from petitions.models.petitions import Petition


class Handover(ReadAsPetition, Pictured):
    """The handing over of a petition's result. Its numbers are those of that moment.

    The database (petitions/sql/handovers.sql) refuses to change its numbers, a receiver
    who is not petitioned (targets.sql), and a language that a translation has
    (translations.sql).
    """

    class Manner(models.TextChoices):
        IN_PERSON = "in_person", _("In person")
        POST = "post", _("By post")
        EMAIL = "email", _("By e-mail")
        OTHERWISE = "otherwise", _("Otherwise")

    petition: models.ForeignKey[Petition] = models.ForeignKey(
        "petitions.Petition",
        on_delete=models.PROTECT,
        related_name="handovers",
        verbose_name=_("petition"),
    )
    target = models.ForeignKey(
        Target,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("handed to"),
    )
    handed_on = models.DateField(_("handed over on"), default=timezone.localdate)
    confirmed = models.PositiveIntegerField(_("confirmed here"))
    paper = models.PositiveIntegerField(_("on paper"))
    imported = models.PositiveIntegerField(_("counted elsewhere before"))
    manner = models.CharField(
        _("how"), max_length=10, choices=Manner.choices, default=Manner.IN_PERSON
    )
    language = LanguageField(
        _("language of these words"),
        default=settings.LANGUAGE_CODE,
    )
    note = models.CharField(
        _("one sentence for readers"),
        max_length=500,
        blank=True,
        help_text=_(
            "Who was there, what was said: “Twelve of us met her on the steps.”"
        ),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    made_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    NUMBERS = ("confirmed", "paper", "imported")

    class Meta(Pictured.Meta):
        verbose_name = _("handover")
        verbose_name_plural = _("handovers")
        ordering = ["handed_on", "pk"]
        constraints = [
            *Pictured.Meta.constraints,
            models.CheckConstraint(
                condition=Q(manner__in=["in_person", "post", "email", "otherwise"]),
                name="handover_manner",
                violation_error_message=_("Choose how it was handed over."),
            ),
            models.CheckConstraint(
                condition=Q(confirmed__gt=0) | Q(paper__gt=0) | Q(imported__gt=0),
                name="handover_of_something",
                violation_error_message=_("Nothing was handed over: enter how many."),
            ),
            models.UniqueConstraint(
                fields=["target", "handed_on"],
                name="handover_once_a_day",
                violation_error_message=_(
                    "A handover to them on this day is there already."
                ),
            ),
            guards.language("handover"),
            guards.readable("handover", texts=["note", "image_description"]),
        ]

    def __str__(self) -> str:
        return f"{self.handed_on:%Y-%m-%d}"

    def clean(self) -> None:
        super().clean()
        if self.handed_on and self.handed_on > timezone.localdate():
            raise ValidationError({"handed_on": _("That day has yet to come.")})

    @property
    def number(self) -> int:
        """The number of all supporters that were handed over."""
        return self.confirmed + self.paper + self.imported

    @property
    def words(self) -> Passage:
        """The sentence about it, in the reader's language or as it was written."""
        return self.passage("note")

    @property
    def image_words(self) -> Passage:
        """The description of its picture, in the reader's language or as it was
        written."""
        return self.passage("image_description")


class HandoverTranslation(OtherText):
    """The words of a handover in one more language.

    The database (petitions/sql/translations.sql) refuses the handover's own language.
    """

    OF = "handover"

    handover = models.ForeignKey(
        Handover, on_delete=models.CASCADE, related_name="translations"
    )
    note = models.CharField(_("one sentence for readers"), max_length=500, blank=True)
    image_description = models.CharField(
        _("what the picture shows"), max_length=300, blank=True
    )

    class Meta(OtherText.Meta):
        constraints = [
            once_a_language("handover", "handover_translation"),
            models.CheckConstraint(
                condition=guards.has_visible_text("note")
                | guards.has_visible_text("image_description"),
                name="handover_translation_words",
                violation_error_message=_("Give a text its language and its words."),
            ),
            guards.language("handover_translation"),
            guards.readable(
                "handover_translation", texts=["note", "image_description"]
            ),
        ]
