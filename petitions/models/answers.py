"""Answers of those petitioned, with their translations and former wordings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.i18n.language_fields import LanguageField
from core.i18n.languages import (
    Passage,
    direction,
)
from core.text.columns import TextColumn
from organizations.models import User
from petitions.models.dialects import HasDialect
from petitions.models.targets import Target
from petitions.models.translations import OtherText, ReadAsPetition, once_a_language
from petitions.states import TextFormat

if TYPE_CHECKING:
    from petitions.models.petitions import Petition


class AnswerWording(HasDialect):
    """The wording of an answer, present or former."""

    # Every one of these makes a revision when it changes; the trigger names them, too.
    WORDS = (
        "target", "answered_by", "answered_on", "language", "text", "text_format",
        "link",
    )  # fmt: skip

    target = models.ForeignKey(
        Target,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("who was asked"),
    )
    answered_by = models.CharField(
        _("answered by"),
        max_length=200,
        blank=True,
        help_text=_("When somebody else answered for them: name and office."),
    )
    answered_on = models.DateField(_("answered on"))
    language = LanguageField(
        _("language"),
        default=settings.LANGUAGE_CODE,
    )
    text = TextColumn(_("the answer, word for word"), max_length=40_000, blank=True)
    text_format = models.CharField(
        _("written in"),
        max_length=10,
        choices=TextFormat.choices,
        default=TextFormat.PLAIN,
    )
    link = models.URLField(
        _("link to the original"),
        blank=True,
        max_length=500,
        validators=[guards.validate_web_address],
        help_text=_("Where the answer was published, if it was."),
    )

    class Meta:
        abstract = True

    @property
    def direction(self) -> str:
        return direction(self.language)

    @property
    def by(self) -> Passage:
        """Whoever answered on behalf of the target, if somebody did."""
        return Passage(self.answered_by, self.language)


@dataclass(frozen=True, slots=True)
class Reply:
    """The words of an answer in one language."""

    target: Target
    by: Passage
    answered_on: date
    language: str
    text: str
    text_format: str
    dialect: int
    link: str
    original: bool
    """Whether these are the words of those who answered, not a translation."""

    @property
    def direction(self) -> str:
        return direction(self.language)


class Answer(AnswerWording, ReadAsPetition):
    """The answer of a person or body petitioned. It is on the page as soon as it is
    saved.

    The database (petitions/sql/answers.sql) makes a revision of words that change, and
    refuses to delete an answer other than by an `AnswerWithdrawal`; also an answer of
    somebody who is not petitioned (targets.sql), and a language that a translation has
    (translations.sql).
    """

    petition: models.ForeignKey[Petition] = models.ForeignKey(
        "petitions.Petition",
        on_delete=models.PROTECT,
        related_name="answers",
        verbose_name=_("petition"),
    )
    changed_at = models.DateTimeField(
        _("changed at"),
        null=True,
        editable=False,
        help_text="Written by the database when its words change.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    made_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    original = True

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["answered_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=guards.has_visible_text("text") | ~Q(link=""),
                name="answer_text_or_link",
                violation_error_message=_("Give the words, or a link to them."),
            ),
            models.CheckConstraint(
                condition=Q(text_format__in=TextFormat.values),
                name="answer_text_format",
                violation_error_message=_("Choose how the text is written."),
            ),
            # Revisions need no guards: they copy what stood here.
            guards.language("answer"),
            guards.web_address("answer", "link"),
            guards.readable("answer", lines=["answered_by"], texts=["text"]),
        ]

    def __str__(self) -> str:
        return f"{self.answered_on:%Y-%m-%d}"

    def clean(self) -> None:
        super().clean()
        if self.answered_on and self.answered_on > timezone.localdate():
            raise ValidationError({"answered_on": _("That day has yet to come.")})

    def withdraw(self, reason: str, by: User, now: datetime) -> bool:
        """Remove the answer for good, with its translations and its revisions, and
        record why, for readers. Return whether it was still there."""
        with transaction.atomic():
            there = Answer.objects.select_for_update().filter(pk=self.pk).exists()
            if there:
                AnswerWithdrawal.objects.create(
                    answer=self.pk,
                    petition_id=self.petition_id,
                    withdrawn_at=now,
                    withdrawn_because=reason,
                    reason_is_public=True,
                    withdrawn_by=by,
                )
        return there

    @property
    def words(self) -> Reply:
        """Its words in the reader's language, or as it was written."""
        text = self.passage("text")
        return Reply(
            target=self.target,
            by=self.passage("answered_by"),
            answered_on=self.answered_on,
            language=text.language,
            text=text.text,
            text_format=self.text_format,
            dialect=self.text_in(text.language).dialect,
            link=self.passage("link").text,
            original=self.text_in(text.language).original,
        )


class AnswerTranslation(HasDialect, OtherText):
    """The words of an answer in one more language: a translation by the organisation,
    or what those who answered said in that language themselves.

    The database (petitions/sql/answers.sql) makes the revisions and refuses to delete
    one alone, and the answer's own language (translations.sql).
    """

    OF = "answer"
    # Every one of these makes a revision when it changes; the trigger names them, too.
    WORDS = ("language", "answered_by", "text", "link", "original")

    answer = models.ForeignKey(
        Answer, on_delete=models.PROTECT, related_name="translations"
    )
    original = models.BooleanField(
        _("they answered in this language, too"),
        default=False,
        help_text=_(
            "These are their own words. Otherwise readers are told that your "
            "organisation has translated them."
        ),
    )
    text = TextColumn(
        _("the answer"),
        max_length=40_000,
        blank=True,
        help_text=_("Written as the one above: plain, or Markdown."),
    )
    answered_by = models.CharField(
        _("answered by"),
        max_length=200,
        blank=True,
        help_text=_("As this language says it. Empty: as above."),
    )
    link = models.URLField(
        _("link to the original"),
        blank=True,
        max_length=500,
        validators=[guards.validate_web_address],
        help_text=_("Where they published it in this language. Empty: as above."),
    )

    class Meta(OtherText.Meta):
        constraints = [
            once_a_language("answer", "answer_translation"),
            models.CheckConstraint(
                condition=guards.has_visible_text("text") | ~Q(link=""),
                name="answer_translation_text_or_link",
                violation_error_message=_(
                    "Give a text its language, and its words or a link to them."
                ),
            ),
            guards.language("answer_translation"),
            guards.web_address("answer_translation", "link"),
            guards.readable(
                "answer_translation", lines=["answered_by"], texts=["text"]
            ),
        ]


class AnswerRevision(AnswerWording):
    """A former wording of an answer, in one of its languages.

    The database (petitions/sql/answers.sql) refuses one from anybody else, a change
    other than the removal of its words, and deleting it other than with its answer.
    """

    answer = models.ForeignKey(
        Answer, on_delete=models.PROTECT, related_name="revisions"
    )
    original = models.BooleanField(db_default=True, editable=False)
    replaced_at = models.DateTimeField(_("replaced at"), editable=False)
    removed_at = models.DateTimeField(_("removed at"), null=True, editable=False)
    removed_because = models.CharField(
        _("why it was removed"),
        max_length=300,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )
    removed_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("removed by"),
    )

    class Meta:
        verbose_name = _("revision of an answer")
        verbose_name_plural = _("revisions of answers")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.replaced_at:%Y-%m-%d %H:%M}"

    def remove(self, reason: str, by: User, now: datetime) -> bool:
        """Remove its words for good; return whether they were still there."""
        there = AnswerRevision.objects.filter(pk=self.pk, removed_at=None)
        return bool(
            there.update(
                text="",
                link="",
                answered_by="",
                removed_at=now,
                removed_because=reason,
                removed_by=by,
            )
        )


class AnswerWithdrawal(models.Model):
    """The record that an organisation has withdrawn an answer. Inserting it is what
    removes the answer: a trigger does, and nothing else can.

    The database (petitions/sql/answers.sql) refuses to change or delete the record.
    """

    answer = models.BigIntegerField(
        unique=True, editable=False, help_text="The number that the answer had."
    )
    petition: models.ForeignKey[Petition] = models.ForeignKey(
        "petitions.Petition",
        on_delete=models.PROTECT,
        related_name="answer_withdrawals",
        verbose_name=_("petition"),
    )
    withdrawn_at = models.DateTimeField(_("withdrawn at"))
    withdrawn_because = models.CharField(_("why it was withdrawn"), max_length=300)
    reason_is_public = models.BooleanField(
        _("readers see why"),
        default=False,
        db_default=False,
        help_text="Reasons of earlier releases were asked for staff alone.",
    )
    withdrawn_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("withdrawn by"),
    )

    class Meta:
        verbose_name = _("withdrawn answer")
        verbose_name_plural = _("withdrawn answers")
        ordering = ["withdrawn_at", "pk"]

    def __str__(self) -> str:
        return f"{self.withdrawn_at:%Y-%m-%d %H:%M}"

    @property
    def public_reason(self) -> str:
        """Why it was withdrawn, as readers are told; "" when they are not."""
        return self.withdrawn_because if self.reason_is_public else ""
