"""Updates: news that an organisation tells about a petition while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.i18n.language_fields import LanguageField
from core.i18n.languages import (
    Passage,
    direction,
    is_of_interface,
)
from core.text.columns import TextColumn
from organizations.models import User
from petitions.models.dialects import HasDialect
from petitions.models.pictures import Pictured
from petitions.models.translations import OtherText, ReadAsPetition, once_a_language
from petitions.states import PUBLIC_STATES

if TYPE_CHECKING:
    from petitions.models.petitions import Petition


class UpdateQuerySet(models.QuerySet["Update"]):
    def published(self, now: datetime) -> UpdateQuerySet:
        """Return the updates that readers see, the newest first, with their
        translations."""
        updates = self.filter(published_at__lte=now).order_by(
            "-published_at", "-number"
        )
        return updates.prefetch_related("translations")

    def of_public_petitions(self, now: datetime) -> UpdateQuerySet:
        """Return published updates whose petition is public, too; with it and its
        organisation."""
        public = self.published(now).filter(
            petition__state__in=PUBLIC_STATES, petition__opens_at__lte=now
        )
        return public.select_related("petition__organization").prefetch_related(
            "petition__translations"
        )


@dataclass(frozen=True, slots=True)
class News:
    """The words of an update in one language."""

    language: str
    title: str
    text: str
    dialect: int
    picture: Passage
    """The description of its picture, perhaps in another language than the rest."""

    @property
    def direction(self) -> str:
        return direction(self.language)


class Update(HasDialect, ReadAsPetition, Pictured):
    """Dated news about a petition. Its number, which its address contains, is given
    when it is first published, and never changes.

    The database (petitions/sql/updates.sql) refuses to change the number or to delete
    an update that has one, and a language that a translation has (translations.sql).
    """

    petition: models.ForeignKey[Petition] = models.ForeignKey(
        "petitions.Petition",
        on_delete=models.PROTECT,
        related_name="updates",
        verbose_name=_("petition"),
    )
    number = models.PositiveIntegerField(_("number"), null=True, editable=False)
    language = LanguageField(
        _("language"),
        default=settings.LANGUAGE_CODE,
    )
    title = models.CharField(_("title"), max_length=200)
    text = TextColumn(
        _("text"),
        max_length=20_000,
        help_text=_(
            "Lines stay as they are, an empty one begins a paragraph, addresses become "
            "links. Markdown: **bold**, *italics*, [a link](https://example.org), "
            "lines beginning with “- ” are a list."
        ),
    )
    published_at = models.DateTimeField(
        _("published at"),
        null=True,
        blank=True,
        help_text=_(
            "Empty: a draft, which nobody else sees. A time to come: readers see it "
            "from then on."
        ),
    )
    changed_at = models.DateTimeField(_("changed at"), null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    made_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    objects = UpdateQuerySet.as_manager()

    class Meta(Pictured.Meta):
        verbose_name = _("update")
        verbose_name_plural = _("updates")
        indexes = [
            models.Index(fields=["petition", "-published_at"], name="update_newest"),
        ]
        constraints = [
            *Pictured.Meta.constraints,
            models.UniqueConstraint(
                fields=["petition", "number"], name="update_number_once"
            ),
            models.CheckConstraint(
                condition=guards.has_visible_text("title", "text"),
                name="update_title_and_text",
                violation_error_message=_("Give the update a title and a text."),
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | Q(number__isnull=False),
                name="update_published_with_number",
            ),
            guards.language("update"),
            guards.readable(
                "update", lines=["title"], texts=["text", "image_description"]
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it; number it when it is first published. Whoever publishes another one
        meanwhile waits; whoever signs does not."""
        with transaction.atomic():
            if self.published_at is not None and self.number is None:
                self.number = self.next_number()
            super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return self.address(self.address_language)

    def address(self, language: str = "") -> str:
        """Return the path of its page; with `language`, that of its text in this
        language."""
        path = reverse("petitions:update", args=[self.petition.slug, self.number])
        return f"{path}?text={language}" if language else path

    def next_number(self) -> int:
        """Lock the petition until the transaction ends and return the next number of
        its updates; the number that this one has, when somebody else has published it
        meanwhile."""
        petitions = type(self.petition)._default_manager
        petitions.select_for_update(no_key=True).get(pk=self.petition_id)
        all_of_it = Update.objects.filter(petition=self.petition_id)
        own = all_of_it.filter(pk=self.pk).values_list("number", flat=True).first()
        last: int | None = all_of_it.aggregate(last=Max("number"))["last"]
        return own or (last or 0) + 1

    # -- what readers see --

    def is_published(self, now: datetime) -> bool:
        return self.published_at is not None and self.published_at <= now

    @property
    def address_language(self) -> str:
        """The language that its address has to name: one that the interface has not. It
        is named even without a text in it, because the petition has one, or said that
        it has none."""
        return "" if is_of_interface(self.reading) else self.reading

    @property
    def words(self) -> News:
        """Its words in the reader's language, or as it was written."""
        return self.words_in(self.reader_language)

    def words_in(self, language: str) -> News:
        """Return its words in a language, or as it was written."""
        source = self.text_in(language)
        return News(
            language=source.language,
            title=source.title,
            text=source.text,
            dialect=source.dialect,
            picture=self.passage_in(language, "image_description"),
        )

    @property
    def day(self) -> date:
        assert self.published_at is not None
        return timezone.localdate(self.published_at)

    @property
    def updated_at(self) -> datetime:
        """The time when it last changed for readers, or was translated; for feeds."""
        assert self.published_at is not None
        changes = [self.changed_at or self.published_at]
        changes += [text.created_at for text in self.texts()]
        return max(self.published_at, *changes)


class UpdateTranslation(HasDialect, OtherText):
    """The words of an update in one more language: the same news, on the same day, at
    the same address.

    The database (petitions/sql/translations.sql) refuses the update's own language.
    """

    OF = "update"

    update = models.ForeignKey(
        Update, on_delete=models.CASCADE, related_name="translations"
    )
    title = models.CharField(_("title"), max_length=200)
    text = TextColumn(_("text"), max_length=20_000)
    image_description = models.CharField(
        _("what the picture shows"), max_length=300, blank=True
    )

    class Meta(OtherText.Meta):
        constraints = [
            once_a_language("update", "update_translation"),
            models.CheckConstraint(
                condition=guards.has_visible_text("title", "text"),
                name="update_translation_title_and_text",
                violation_error_message=_(
                    "Give a text its language, its title and its words."
                ),
            ),
            guards.language("update_translation"),
            guards.readable(
                "update_translation",
                lines=["title"],
                texts=["text", "image_description"],
            ),
        ]
