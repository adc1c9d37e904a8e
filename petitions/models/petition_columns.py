"""The columns of a petition. Its actions are in `petition_lifecycle`, what readers are
told in `petition_display`, the constraints in `petitions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.i18n.language_fields import LanguageField
from core.i18n.slugs import (
    Sluggable,
    validate_slug,
)
from core.images.uploads import (
    TAKEN,
    PictureField,
)
from core.text.columns import TextColumn
from organizations.models import Organization
from petitions.goals import MOST_GOAL
from petitions.models.dialects import HasDialect
from petitions.models.topics import Topic
from petitions.models.translations import TranslatedText
from petitions.signature_fields import OPTIONAL, OptionalField
from petitions.states import Delivery, State, TextFormat

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from petitions.models.counts import CountEntry
    from petitions.models.entered_counts import EnteredCount
    from petitions.models.imports import SignatureImport
    from petitions.models.signatures import Signature
    from petitions.models.targets import Target

# The default; half a year is what parliaments keep.
MONTHS_KEPT = 6
# The greatest number that a site can be configured to keep.
MOST_MONTHS = 120


def default_months() -> int:
    return min(MONTHS_KEPT, settings.RETENTION_MONTHS)


class PetitionColumns(HasDialect, TranslatedText, Sluggable):
    """The columns of `Petition`."""

    SLUG_FROM = "title"
    # Columns that nobody may change once somebody has signed.
    FROZEN = ("language", "title", "ask", "text", "text_format", "organization")

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
            "Last part of the page’s address; made of the title when empty. Former "
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
    # Stored so that a page need not open the file, which may have been lost.
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
    # False for an imported one whose end nobody knew: then `ended_at` is the moment of
    # the import, from which the months of its names count.
    end_is_known = models.BooleanField(default=True, db_default=True, editable=False)
    won_at = models.DateTimeField(_("won at"), null=True, editable=False)
    started_on = models.DateField(
        _("started on"),
        null=True,
        blank=True,
        help_text=_("When it began elsewhere, before it came to this site."),
    )
    origin = models.URLField(
        _("where it was signed before"),
        max_length=500,
        blank=True,
        default="",
        db_default="",
        validators=[guards.validate_web_address],
        help_text=_(
            "The address of its page on another site. A link to it stands beside the "
            "number counted there, and an import knows it by this address."
        ),
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
        validators=[MinValueValidator(1), MaxValueValidator(MOST_GOAL)],
        help_text=_("Empty: the next round number, always a little ahead."),
    )
    position = models.PositiveSmallIntegerField(
        _("pinned position"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("1 comes first on the profile. Empty: ordered by date."),
    )
    featured = models.PositiveSmallIntegerField(
        _("place on the home page"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
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
        validators=[MinValueValidator(1), MaxValueValidator(MOST_MONTHS)],
        help_text=_(
            "So long after its end, names, addresses and comments are erased for good; "
            "the count stays. Printed beside the button. After the first signature it "
            "can only be changed to less."
        ),
    )
    anonymised_at = models.DateTimeField(
        _("names erased at"), null=True, editable=False
    )
    # How far petitions.privacy.expiry has come: the id of the last signature
    # anonymised.
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

    # Written by the database alone (petition_note_times): when a change was entered
    # that ends or erases, the value before it, and until when it can be called off.
    state_before = models.CharField(max_length=10, null=True, editable=False)
    state_since = models.DateTimeField(null=True, editable=False)
    months_before = models.PositiveSmallIntegerField(null=True, editable=False)
    months_lowered_at = models.DateTimeField(null=True, editable=False)
    erasable_from = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    if TYPE_CHECKING:
        targets: RelatedManager[Target]
        signatures: RelatedManager[Signature]
        count_entries: RelatedManager[CountEntry]
        entered_counts: RelatedManager[EnteredCount]
        imports: RelatedManager[SignatureImport]

    # Added by PetitionQuerySet.with_counts().
    confirmed: int
    paper: int
    imported: int

    @property
    def asked(self) -> tuple[OptionalField, ...]:
        """The optional fields that its form asks for, besides name and address."""
        return tuple(field for field in OPTIONAL if getattr(self, field.asked_by))

    @property
    def has_signatures(self) -> bool:
        """Whether anybody has signed, confirmed or not, or a count entry or an import
        exists: then the words are frozen."""
        return self.pk is not None and (
            self.signatures.exists()
            or self.count_entries.exists()
            or self.imports.filter(begun_at__isnull=False).exists()
        )

    @property
    def keeps_dialect(self) -> bool:
        return self.has_signatures
