"""Petitions, with their constraints and validation."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.db import guards
from core.text.numbers import Counted
from petitions.models.listings import PetitionQuerySet
from petitions.models.petition_display import Marked, PetitionDisplay
from petitions.models.petition_lifecycle import PetitionLifecycle
from petitions.states import (
    ENDED_STATES,
    Delivery,
    State,
    TextFormat,
)


class Petition(PetitionDisplay, PetitionLifecycle):
    """A campaign that asks somebody for something.

    The database (petitions/sql/petitions.sql) refuses to change words that people have
    signed and how they are read, to hand over more than was promised, to make a draft
    of what is public and signed, to reopen what ended, except within seven days, and to
    keep names for longer. It writes the times
    of ends itself, gives each public petition a total (counts.sql), and refuses a
    language that a translation has (translations.sql).
    """

    objects = PetitionQuerySet.as_manager()

    class Meta:
        verbose_name = _("petition")
        verbose_name_plural = _("petitions")
        indexes = [
            # Counts and sorts a profile of thousands without reading their texts.
            models.Index(
                fields=["organization", "state"],
                include=["opens_at", "position", "id"],
                name="petition_of_organization",
            ),
            models.Index(fields=["-opens_at", "id"], name="petition_newest"),
            models.Index(fields=["state", "-opens_at", "id"], name="petition_of_state"),
            models.Index(
                fields=["-ended_at", "-id"],
                name="petition_won_lately",
                condition=Q(state=State.WON),
            ),
            models.Index(
                fields=["featured"],
                name="petition_featured",
                condition=Q(featured__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=State.values),
                name="petition_state",
                violation_error_message=_("Choose one of the states."),
            ),
            models.CheckConstraint(
                condition=Q(delivery__in=Delivery.values),
                name="petition_delivery",
                violation_error_message=_(
                    "Choose what the person petitioned receives."
                ),
            ),
            models.CheckConstraint(
                condition=Q(text_format__in=TextFormat.values),
                name="petition_text_format",
                violation_error_message=_("Choose how the text is written."),
            ),
            models.CheckConstraint(
                condition=guards.has_visible_text("title") & ~Q(slug=""),
                name="petition_title_and_slug",
                violation_error_message=_("Give the petition a title."),
            ),
            models.CheckConstraint(
                condition=Q(state=State.DRAFT)
                | (Q(opens_at__isnull=False) & guards.has_visible_text("text")),
                name="petition_published_with_text_and_date",
                violation_error_message=_(
                    "A published petition needs a text and an opening date."
                ),
            ),
            models.CheckConstraint(
                condition=Q(closes_at=None)
                | Q(opens_at=None)
                | Q(closes_at__gt=F("opens_at")),
                name="petition_closes_after_opening",
                violation_error_message=_("Close the petition after it opens."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=ENDED_STATES, ended_at__isnull=False)
                | (~Q(state__in=ENDED_STATES) & Q(ended_at=None)),
                name="petition_ended_at_when_ended",
                violation_error_message=_(
                    "A petition that has ended, and no other, says since when."
                ),
            ),
            models.CheckConstraint(
                condition=Q(image="") | ~Q(image_description=""),
                name="petition_image_described",
                violation_error_message=_(
                    "Describe the picture for those who do not see it."
                ),
            ),
            models.CheckConstraint(
                condition=Q(won_at=None)
                | Q(state=State.WON)
                | Q(state=State.WITHDRAWN),
                name="petition_won_at_when_won",
                violation_error_message=_(
                    "Only a petition that was won says since when."
                ),
            ),
            models.CheckConstraint(
                condition=Q(goal=None) | Q(goal__gte=1),
                name="petition_goal_positive",
                violation_error_message=_("Set a goal of at least 1, or none."),
            ),
            models.CheckConstraint(
                condition=Q(position=None) | Q(position__gte=1),
                name="petition_position_positive",
                violation_error_message=_("Pinned positions begin with 1."),
            ),
            models.CheckConstraint(
                condition=Q(featured=None) | Q(featured__gte=1),
                name="petition_featured_positive",
                violation_error_message=_("Places on the home page begin with 1."),
            ),
            models.CheckConstraint(
                condition=Q(months_kept__gte=1),
                name="petition_months_kept_positive",
                violation_error_message=_("Keep names for at least one month."),
            ),
            models.CheckConstraint(
                condition=Q(anonymised_at=None) | Q(state__in=ENDED_STATES),
                name="petition_anonymised_when_ended",
                violation_error_message=_(
                    "The names have been erased: it cannot be opened again."
                ),
            ),
            models.UniqueConstraint(
                fields=["organization", "origin"],
                condition=~Q(origin=""),
                name="petition_origin_once",
                violation_error_message=_(
                    "Another petition of the organisation was signed there before."
                ),
            ),
            guards.slug("petition"),
            guards.web_address("petition", "origin"),
            guards.language("petition"),
            guards.picture("petition", "image"),
            guards.readable(
                "petition",
                lines=["title"],
                texts=["ask", "summary", "text", "image_description", "outcome"],
            ),
        ]

    # Set by petitions.search.listing on what a search has found.
    marked: Marked | None = None

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return self.address(self.address_language)

    def address(self, language: str = "") -> str:
        """Return the path of its page; with `language`, that of its text in this
        language."""
        if language:
            return reverse("petitions:text", args=[self.slug, language])
        return reverse("petitions:petition", args=[self.slug])

    def clean(self) -> None:
        super().clean()
        errors: dict[str, Any] = {}
        most = settings.RETENTION_MONTHS
        if self.months_kept is not None and self.months_kept > most:
            errors["months_kept"] = ngettext(
                "This site keeps names for at most %(months)s month.",
                "This site keeps names for at most %(months)s months.",
                most,
            ) % {"months": Counted(most)}
        if self.pk and self.has_signatures:
            stored = Petition.objects.get(pk=self.pk)
            if self.delivery and (
                Delivery(self.delivery).rank > Delivery(stored.delivery).rank
            ):
                errors["delivery"] = _(
                    "People have signed under less. It can only be changed to less."
                )
            if self.months_kept is not None and self.months_kept > stored.months_kept:
                errors["months_kept"] = _(
                    "People have signed under less. It can only be changed to less."
                )
            if stored.shared_addresses and not self.shared_addresses:
                errors["shared_addresses"] = _(
                    "People have signed, and two of them may share an address: one "
                    "would no longer count."
                )
        if errors:
            raise ValidationError(errors)


class FormerPetitionSlug(models.Model):
    """A former address of a petition, which still leads to it."""

    slug = models.CharField(max_length=80, primary_key=True)
    petition = models.ForeignKey(
        Petition, on_delete=models.CASCADE, related_name="former_slugs"
    )

    def __str__(self) -> str:
        return self.slug
