"""What an organisation tells about a petition while it goes on."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.languages import direction, text_languages
from organizations.models import User
from petitions.states import PUBLIC_STATES

if TYPE_CHECKING:
    from petitions.models.petitions import Petition


class UpdateQuerySet(models.QuerySet["Update"]):
    def published(self, now: datetime) -> UpdateQuerySet:
        """Those that readers see, the newest first."""
        return self.filter(published_at__lte=now).order_by("-published_at", "-number")

    def of_public_petitions(self, now: datetime) -> UpdateQuerySet:
        """Those whose petition readers see, too; with it and its organisation."""
        public = self.published(now).filter(
            petition__state__in=PUBLIC_STATES, petition__opens_at__lte=now
        )
        return public.select_related("petition__organization").prefetch_related(
            "petition__translations"
        )


class Update(models.Model):
    """Dated news about a petition. Its number stands in its address: given when it is
    first published, and its own for ever."""

    petition: models.ForeignKey[Petition] = models.ForeignKey(
        "petitions.Petition",
        on_delete=models.PROTECT,
        related_name="updates",
        verbose_name=_("petition"),
    )
    number = models.PositiveIntegerField(_("number"), null=True, editable=False)
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=text_languages,
        default=settings.LANGUAGE_CODE,
    )
    title = models.CharField(_("title"), max_length=200)
    text = models.TextField(
        _("text"),
        max_length=20_000,
        help_text=_(
            "Markdown: an empty line begins a paragraph, **bold**, *italics*, "
            "[a link](https://example.org), lines beginning with “- ” are a list."
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

    class Meta:
        verbose_name = _("update")
        verbose_name_plural = _("updates")
        indexes = [
            models.Index(fields=["petition", "-published_at"], name="update_newest"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "number"], name="update_number_once"
            ),
            models.CheckConstraint(
                condition=~Q(title="") & ~Q(text=""),
                name="update_title_and_text",
                violation_error_message=_("Give the update a title and a text."),
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | Q(number__isnull=False),
                name="update_published_with_number",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Whoever publishes another one meanwhile waits; whoever signs does not."""
        with transaction.atomic():
            if self.published_at is not None and self.number is None:
                self.number = self.next_number()
            super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("petitions:update", args=[self.petition.slug, self.number])

    def next_number(self) -> int:
        """Of its petition, which is locked until the transaction ends; its own, when
        somebody else has published it meanwhile."""
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
    def direction(self) -> str:
        return direction(self.language)

    @property
    def day(self) -> date:
        assert self.published_at is not None
        return timezone.localdate(self.published_at)

    @property
    def updated_at(self) -> datetime:
        """When it last changed for readers; for feeds."""
        assert self.published_at is not None
        return max(self.published_at, self.changed_at or self.published_at)
