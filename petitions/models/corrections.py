"""Corrections of texts that people have signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.i18n.language_fields import LanguageField
from core.i18n.languages import direction
from core.text.columns import TextColumn
from organizations.models import User
from petitions.models.dialects import HasDialect
from petitions.models.translations import Words

if TYPE_CHECKING:
    from petitions.models.petitions import Petition


def normal(passage: str) -> str:
    """Return the passage with LF line ends and no space around it, as it is
    compared."""
    return passage.replace("\r\n", "\n").replace("\r", "\n").strip()


class Correction(HasDialect):
    """A dated correction below a text that people have signed: a note, or a passage and
    what it should read. The signed text itself stays.

    The database (petitions/sql/corrections.sql) refuses to change or delete one, and a
    passage that is not in the text.
    """

    petition: models.ForeignKey[Petition] = models.ForeignKey(
        "petitions.Petition", on_delete=models.PROTECT, related_name="corrections"
    )
    language = LanguageField(
        _("which text"),
        blank=True,
        default="",
        db_default="",
        help_text=_("The language of the text concerned. Empty: the petition’s own."),
    )
    before = TextColumn(
        _("the passage as it stands"),
        max_length=5000,
        blank=True,
        default="",
        db_default="",
        help_text=_("Copied from the text, letter by letter."),
    )
    after = TextColumn(
        _("what it should read"),
        max_length=5000,
        blank=True,
        default="",
        db_default="",
        help_text=_("Empty: the passage should not be there."),
    )
    text = TextColumn(
        _("note"),
        max_length=5000,
        blank=True,
        help_text=_("Why, or what else readers should know."),
    )
    made_at = models.DateTimeField(_("made at"), default=timezone.now, editable=False)
    made_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ["made_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=guards.has_visible_text("text")
                | guards.has_visible_text("before"),
                name="correction_text",
                violation_error_message=_("Write what is corrected."),
            ),
            models.CheckConstraint(
                condition=Q(after="") | ~Q(before=""),
                name="correction_of_a_passage",
                violation_error_message=_("Say which passage should read so."),
            ),
            guards.language("correction", blank=True),
            guards.readable("correction", texts=["before", "after", "text"]),
        ]

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d}"

    def clean(self) -> None:
        super().clean()
        self.before, self.after = normal(self.before), normal(self.after)
        if self.language and self.language not in self.petition.languages:
            raise ValidationError(
                {"language": _("The petition has no text in this language.")}
            )
        if self.before and not self.is_of_the_text():
            raise ValidationError(
                {"before": _("This passage is not in the text: copy it from there.")}
            )
        if self.before and self.before == self.after:
            raise ValidationError({"after": _("That is what it reads already.")})

    @property
    def shown_language(self) -> str:
        """The language of the text concerned."""
        return self.language or str(self.petition.language)

    @property
    def direction(self) -> str:
        return direction(self.shown_language)

    def concerns(self, words: Words) -> bool:
        """Return whether readers of these words need it. They do not when it corrects a
        passage of a text in another language."""
        return not self.before or self.shown_language == words.language

    def is_of_the_text(self) -> bool:
        """Return whether the passage stands in title, ask or text, or in what an
        earlier correction made of it."""
        words = self.petition.words_in(self.shown_language)
        own = self.shown_language == self.petition.language
        earlier = self.petition.corrections.filter(
            language__in=["", self.petition.language] if own else [self.language]
        )
        places = [words.title, words.ask, words.text]
        places += earlier.values_list("after", flat=True)
        return any(self.before in normal(place) for place in places)
