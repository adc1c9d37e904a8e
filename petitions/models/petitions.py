"""Petitions: what is asked, of whom, in which words."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.db import guards
from core.i18n.language_fields import LanguageField
from core.i18n.slugs import (
    Addressed,
    validate_slug,
)
from core.images.uploads import (
    TAKEN,
    PictureField,
)
from core.text.columns import TextColumn
from organizations.models import Organization
from petitions.models.dialects import Written
from petitions.models.life import Living
from petitions.models.listings import PetitionQuerySet
from petitions.models.shown import Marked, Shown
from petitions.models.topics import Topic
from petitions.signature_fields import OPTIONAL, OptionalField
from petitions.states import (
    ENDED_STATES,
    Delivery,
    State,
    TextFormat,
)

# Unless staff choose otherwise; half a year is what parliaments keep.
MONTHS_KEPT = 6


def default_months() -> int:
    return min(MONTHS_KEPT, settings.RETENTION_MONTHS)


class Petition(Written, Shown, Living, Addressed):
    """A campaign that asks somebody for something."""

    SLUG_FROM = "title"

    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        related_name="petitions",
        verbose_name=_("organisation"),
    )
    language = LanguageField(
        _("language of the text"),
        default=settings.LANGUAGE_CODE,
    )
    title = models.CharField(
        _("title"),
        max_length=200,
        help_text=_("What you want, in a few words. Frozen at the first signature."),
    )
    slug = models.CharField(
        _("address"),
        max_length=80,
        unique=True,
        blank=True,
        validators=[validate_slug],
        help_text=_(
            "Last part of the page's address; made of the title when empty. Former "
            "addresses lead here, too."
        ),
    )
    ask = models.CharField(
        _("ask"),
        max_length=300,
        blank=True,
        help_text=_(
            "What exactly the person petitioned is asked to do, one sentence: “Sign "
            "the Optional Protocol.” Frozen at the first signature."
        ),
    )
    summary = models.CharField(
        _("summary"),
        max_length=300,
        blank=True,
        help_text=_("For lists, and for those who see a link to the petition."),
    )
    text = TextColumn(
        _("text"),
        blank=True,
        max_length=40_000,
        help_text=_(
            "Lines stay as they are, an empty one begins a paragraph, addresses become "
            "links. Markdown: **bold**, *italics*, [a link](https://example.org), "
            "lines beginning with “- ” are a list. "
            "Frozen at the first signature; corrections go below."
        ),
    )
    text_format = models.CharField(
        _("written in"),
        max_length=10,
        choices=TextFormat.choices,
        default=TextFormat.MARKDOWN,
    )
    image = PictureField(
        _("picture"),
        upload_to="petitions/",
        blank=True,
        width_field="image_width",
        height_field="image_height",
        help_text=format_lazy("{} {}", _("Optional."), TAKEN),
    )
    # So that a page need not open the file, which may have been lost.
    image_width = models.PositiveIntegerField(null=True, editable=False)
    image_height = models.PositiveIntegerField(null=True, editable=False)
    image_description = models.CharField(
        _("what the picture shows"),
        max_length=300,
        blank=True,
        help_text=_("For those who do not see it. Needed with a picture."),
    )

    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.DRAFT
    )
    opens_at = models.DateTimeField(
        _("opens at"),
        null=True,
        blank=True,
        help_text=_("Empty: the moment you publish it."),
    )
    closes_at = models.DateTimeField(_("closes at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)
    # False of one that came from elsewhere, when nobody knew: then `ended_at` is the
    # moment of the import, from which the months of its names count.
    end_is_known = models.BooleanField(default=True, db_default=True, editable=False)
    won_at = models.DateTimeField(_("won at"), null=True, editable=False)
    started_on = models.DateField(
        _("started on"),
        null=True,
        blank=True,
        help_text=_("When it began elsewhere, before it came to this site."),
    )
    outcome = models.CharField(
        _("outcome"),
        max_length=500,
        blank=True,
        help_text=_("One sentence for readers when it is won, closed or withdrawn."),
    )

    goal = models.PositiveIntegerField(
        _("goal"),
        null=True,
        blank=True,
        help_text=_("Empty: the next round number, always a little ahead."),
    )
    position = models.PositiveSmallIntegerField(
        _("pinned position"),
        null=True,
        blank=True,
        help_text=_("1 comes first on the profile. Empty: ordered by date."),
    )
    featured = models.PositiveSmallIntegerField(
        _("place on the home page"),
        null=True,
        blank=True,
        help_text=_(
            "1 comes first among what the site puts forward. Empty: not among it."
        ),
    )
    topics = models.ManyToManyField(
        Topic, blank=True, related_name="petitions", verbose_name=_("topics")
    )
    asks_place = models.BooleanField(_("ask for the place"), default=False)
    asks_postal_code = models.BooleanField(_("ask for the postal code"), default=False)
    asks_country = models.BooleanField(_("ask for the country"), default=False)
    delivery = models.CharField(
        _("the person petitioned receives"),
        max_length=10,
        choices=Delivery.choices,
        default=Delivery.NUMBER,
        help_text=_(
            "Printed beside the button. After the first signature it can only be "
            "changed to less."
        ),
    )
    months_kept = models.PositiveSmallIntegerField(
        _("months that names are kept"),
        default=default_months,
        db_default=MONTHS_KEPT,
        help_text=_(
            "So long after its end, names, addresses and comments are erased for good; "
            "the count stays. Printed beside the button. After the first signature it "
            "can only be changed to less."
        ),
    )
    anonymised_at = models.DateTimeField(
        _("names erased at"), null=True, editable=False
    )
    # How far petitions.privacy.expiry has come: the last signature without a name.
    anonymised_to = models.BigIntegerField(default=0, db_default=0, editable=False)
    shared_addresses = models.BooleanField(
        _("two people may share one address"),
        default=False,
        db_default=False,
        help_text=_(
            "When their names differ; each confirms by mail. Once somebody has signed, "
            "it can no longer be switched off."
        ),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # Written by the database alone (petition_note_times): when something was entered
    # that ends or erases, what stood there before, and until when it is called off.
    state_before = models.CharField(max_length=10, null=True, editable=False)
    state_since = models.DateTimeField(null=True, editable=False)
    months_before = models.PositiveSmallIntegerField(null=True, editable=False)
    months_lowered_at = models.DateTimeField(null=True, editable=False)
    erasable_from = models.DateTimeField(null=True, editable=False)

    objects = PetitionQuerySet.as_manager()

    # What nobody may change once somebody has signed it.
    FROZEN = ("language", "title", "ask", "text", "text_format", "organization")

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
                condition=guards.seen("title") & ~Q(slug=""),
                name="petition_title_and_slug",
                violation_error_message=_("Give the petition a title."),
            ),
            models.CheckConstraint(
                condition=Q(state=State.DRAFT)
                | (Q(opens_at__isnull=False) & guards.seen("text")),
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
            guards.slug("petition"),
            guards.language("petition"),
            guards.picture("petition", "image"),
            guards.readable(
                "petition",
                lines=["title"],
                texts=["ask", "summary", "text", "image_description", "outcome"],
            ),
        ]

    # By petitions.search.listing, for what a search has found.
    marked: Marked | None = None

    # Added by PetitionQuerySet.with_counts().
    confirmed: int
    paper: int
    imported: int

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return self.address(self.address_language)

    def address(self, language: str = "") -> str:
        """The path of its page, where its text in `language` is named."""
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
            ) % {"months": most}
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

    @property
    def asked(self) -> tuple[OptionalField, ...]:
        """What its form asks besides name and address."""
        return tuple(field for field in OPTIONAL if getattr(self, field.asked_by))

    @property
    def has_signatures(self) -> bool:
        """Whether anybody has signed, confirmed or not: then the words are frozen."""
        return self.pk is not None and (
            self.signatures.exists() or self.count_entries.exists()
        )

    @property
    def keeps_dialect(self) -> bool:
        return self.has_signatures


class FormerPetitionSlug(models.Model):
    """An address that a petition once had and that still leads to it."""

    slug = models.CharField(max_length=80, primary_key=True)
    petition = models.ForeignKey(
        Petition, on_delete=models.CASCADE, related_name="former_slugs"
    )

    def __str__(self) -> str:
        return self.slug
