"""Texts in several languages: of petitions, and of what is told about them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.i18n.language_fields import LanguageField
from core.i18n.languages import (
    Passage,
    direction,
    is_of_interface,
    reader_language,
)
from core.text.columns import TextColumn
from petitions.models.dialects import HasDialect

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

# == Words in several languages, of whatever there is ==


class OtherText(models.Model):
    """The words of an object in one more language than its own."""

    OF: ClassVar[str]
    """The name of the foreign key to that object."""

    language = LanguageField(_("language"))
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True
        verbose_name = _("text in another language")
        verbose_name_plural = _("texts in other languages")
        ordering = ["language"]

    def __str__(self) -> str:
        return str(self.get_language_display())

    def clean(self) -> None:
        super().clean()
        # An import validates them before there is an object to compare with.
        own = getattr(self, self.OF, None)
        if own and self.language == own.language:
            raise ValidationError({"language": _("Its own text is in this language.")})


def once_a_language(of: str, name: str) -> models.UniqueConstraint:
    """Return the constraint that what the column `of` names has one text per
    language."""
    return models.UniqueConstraint(
        fields=[of, "language"],
        name=f"{name}_once_a_language",
        violation_error_message=_("There is a text in this language already."),
    )


class Multilingual(models.Model):
    """A model with words of its own, and translations of them.

    `words` are those for the reader: in the language that an address names (`reading`),
    else in that of the interface, else as it was written. Templates that print them say
    in which language they are: `lang="{{ petition.words.language }}"
    dir="{{ petition.words.direction }}"`.
    """

    language: models.CharField[str, str]
    if TYPE_CHECKING:
        translations: RelatedManager[Any]

    reading = ""
    """A language that was asked for instead of the interface's."""

    class Meta:
        abstract = True

    def texts(self) -> list[Any]:
        """Return the translations, queried once in the life of the object; for one that
        is not stored, those that a preview has given it."""
        if self.pk is None:
            given = getattr(self, "_prefetched_objects_cache", {})
            return list(given.get("translations", []))
        models.prefetch_related_objects([self], "translations")
        return list(self.translations.all())

    @property
    def languages(self) -> list[str]:
        """The languages that it has a text in, its own first."""
        return [self.language, *(text.language for text in self.texts())]

    @property
    def reader_language(self) -> str:
        """The language that it should be read in, whether or not it has a text in
        that."""
        return self.reading or reader_language()

    def text_in(self, language: str) -> Any:
        """Return the translation into a language, or the object itself without one."""
        texts = [text for text in self.texts() if text.language == language]
        return texts[0] if texts else self

    def passage(self, name: str) -> Passage:
        """Return one of its words for the reader; where the translation leaves it
        empty, as it was written."""
        return self.passage_in(self.reader_language, name)

    def passage_in(self, language: str, name: str) -> Passage:
        """Return one of its words in a language; where the translation leaves it empty,
        as it was written."""
        source = self.text_in(language)
        if not getattr(source, name):
            source = self
        return Passage(getattr(source, name), source.language)

    @property
    def address_language(self) -> str:
        """The language that its address has to name: one that it has a text in, and
        that the interface has not; otherwise ""."""
        if not self.reading or is_of_interface(self.reading):
            return ""
        return self.reading if self.reading in self.languages else ""


class ReadAsPetition(Multilingual):
    """Something told about a petition: it is read in the language that the petition is
    read in."""

    petition: Any

    class Meta:
        abstract = True

    @property
    def reading(self) -> str:  # type: ignore[override]
        return str(self.petition.reading)


# == Those of a petition ==


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a petition in one language, to be printed within `lang` and
    `dir`."""

    language: str
    title: str
    ask: str
    summary: str
    text: str
    text_format: str
    dialect: int
    picture: Passage
    """The description of its picture, perhaps in another language than the rest."""
    addressees: str = ""
    """The targets with their offices, as this language says it; "" as typed."""

    @property
    def direction(self) -> str:
        return direction(self.language)

    @property
    def title_in_sentence(self) -> str:
        """The title for use within plain text; isolated when the text around it runs in
        the other direction, which the title must not turn around."""
        if self.direction == direction(reader_language()):
            return self.title
        return f"\u2068{self.title}\u2069"

    @property
    def key(self) -> str:
        """A hash by which a form tells whether these are still the words that it was
        below; the statement in petitions.signatures.signing computes the same of what
        is stored."""
        words = f"{self.title}\n{self.ask}\n{self.text}"
        return hashlib.md5(words.encode(), usedforsecurity=False).hexdigest()[:8]


class Translation(HasDialect, OtherText):
    """The words of a petition in one more language. They share the petition's page and
    its count; whoever signs under them signs the petition.

    The database (petitions/sql/translations.sql) refuses to change or delete it once
    somebody has signed since it was there, and a second text in one language.
    """

    OF = "petition"

    petition = models.ForeignKey(
        "petitions.Petition", on_delete=models.CASCADE, related_name="translations"
    )
    title = models.CharField(_("title"), max_length=200)
    ask = models.CharField(_("ask"), max_length=300, blank=True)
    addressees = models.CharField(
        _("whom it petitions"),
        max_length=500,
        blank=True,
        help_text=_(
            "Everybody with their offices, as this language says it. Empty: as above."
        ),
    )
    summary = models.CharField(_("summary"), max_length=300, blank=True)
    text = TextColumn(
        _("text"),
        max_length=40_000,
        help_text=_(
            "In the same format as the petition’s own. Frozen at the first signature "
            "after it was there."
        ),
    )
    image_description = models.CharField(
        _("what the picture shows"), max_length=300, blank=True
    )
    outcome = models.CharField(
        _("outcome"),
        max_length=500,
        blank=True,
        help_text=_("The sentence about how it ended, in this language."),
    )

    # Columns that nobody may change once somebody has signed since it was added.
    FROZEN = ("language", "title", "ask", "addressees", "text")

    class Meta(OtherText.Meta):
        constraints = [
            once_a_language("petition", "translation"),
            models.CheckConstraint(
                condition=guards.has_visible_text("title", "text"),
                name="translation_title_and_text",
                violation_error_message=_(
                    "Give a text its language, its title and its words."
                ),
            ),
            guards.language("translation"),
            guards.readable(
                "translation",
                lines=["title"],
                texts=[
                    "ask",
                    "addressees",
                    "summary",
                    "text",
                    "image_description",
                    "outcome",
                ],
            ),
        ]

    @property
    def is_frozen(self) -> bool:
        """Whether somebody has signed, or was counted, since it was added."""
        if self._state.adding:
            return False
        newest = self.petition.signatures.order_by("-pk").first()
        entries = self.petition.count_entries.filter(created_at__gte=self.created_at)
        imports = self.petition.imports.filter(begun_at__gte=self.created_at)
        return (
            (newest is not None and newest.created_at >= self.created_at)
            or entries.exists()
            or imports.exists()
        )

    @property
    def keeps_dialect(self) -> bool:
        return self.is_frozen


class TranslatedText(Multilingual):
    """The part of `Petition` that handles its languages."""

    title: models.CharField[str, str]
    ask: models.CharField[str, str]
    summary: models.CharField[str, str]
    text: models.TextField[str, str]
    text_format: models.CharField[str, str]
    dialect: models.PositiveSmallIntegerField[int, int]
    image_description: models.CharField[str, str]
    outcome: models.CharField[str, str]

    class Meta:
        abstract = True

    @property
    def words(self) -> Words:
        """Its words in the reader's language, or as it was written."""
        return self.words_in(self.reader_language)

    def words_in(self, language: str) -> Words:
        """Return its words in a language, or as it was written."""
        source = self.text_in(language)
        return Words(
            language=source.language,
            title=source.title,
            ask=source.ask,
            summary=source.summary,
            text=source.text,
            text_format=self.text_format,
            dialect=source.dialect,
            picture=self.passage_in(language, "image_description"),
            addressees="" if source is self else source.addressees,
        )

    @property
    def outcome_words(self) -> Passage:
        """The outcome in the reader's language, or as staff wrote it."""
        return self.passage("outcome")
