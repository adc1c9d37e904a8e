"""Organisations and what their public profiles show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.i18n.language_fields import LanguageField
from core.i18n.languages import (
    Passage,
    reader_language,
)
from core.i18n.slugs import (
    Sluggable,
    validate_slug,
)
from core.images.uploads import (
    TAKEN,
    LogoField,
    LogoFile,
    PictureField,
)
from core.mail.address_fields import AddressColumn
from core.text.columns import TextColumn

if TYPE_CHECKING:
    pass

COLOUR_PROBLEM = _(
    "Write the colour as “#” and six digits from 0 to 9 and a to f, such as #0b5f6b."
)
validate_colour = RegexValidator(r"^#[0-9a-f]{6}\Z", COLOUR_PROBLEM)


SITES = {
    "bsky.app": "Bluesky", "facebook.com": "Facebook", "instagram.com": "Instagram",
    "linkedin.com": "LinkedIn", "tiktok.com": "TikTok", "x.com": "X",
    "youtube.com": "YouTube",
}  # fmt: skip


def site_name(link: str) -> str:
    """Return what people call the site of a link, or its host when it has no such
    name. Not by urlsplit, which raises for some addresses that the database takes."""
    place = re.split("[/?#]", link.partition("://")[2])[0]
    host = place.rpartition("@")[2].lower().removeprefix("www.")
    return SITES.get(host, host or link)


MOST_LINKS = 8
# Days between mailings. Whom one was sent to is known for 90 (petitions.privacy.rules).
USUAL_GAP_DAYS = 3
MOST_GAP_DAYS = 60
# What an organisation says in other languages, too: its column, and that of a
# translation.
TRANSLATED = {
    "name": "name", "legal_name": "legal_name", "description": "text",
    "cover_description": "cover_description", "website": "website",
    "privacy_notice": "privacy_notice",
}  # fmt: skip


class OrganizationQuerySet(models.QuerySet["Organization"]):
    def in_reader_order(self) -> OrganizationQuerySet:
        """Return the organisations with their translations, by the name that the reader
        is shown."""
        language = reader_language()
        theirs = Description.objects.filter(
            ~Q(name=""),
            ~Q(organization__language=language),
            organization=OuterRef("pk"),
            language=language,
        )
        shown = Coalesce(Subquery(theirs.values("name")[:1]), "name")
        return self.prefetch_related("descriptions").order_by(shown, "pk")


class Organization(Sluggable):
    """An organisation that publishes campaigns, as its profile shows it.

    The database (organizations/sql/descriptions.sql) refuses a language that it has a
    `Description` in.
    """

    SLUG_FROM = "name"

    name = models.CharField(_("name"), max_length=200)
    slug = models.CharField(
        _("address"),
        max_length=80,
        unique=True,
        blank=True,
        validators=[validate_slug],
        help_text=_("Last part of the profile’s address. Former ones lead here, too."),
    )
    legal_name = models.CharField(
        _("legal name"),
        max_length=200,
        blank=True,
        help_text=_("When it differs from the name."),
    )
    description = TextColumn(_("description"), blank=True, max_length=5000)
    language = LanguageField(
        _("language of the name and the description"),
        default=settings.LANGUAGE_CODE,
        db_default=settings.LANGUAGE_CODE,
    )
    postal_address = TextColumn(
        _("postal address"),
        blank=True,
        max_length=500,
        help_text=_(
            "Printed under the question whether you may write to a supporter, and in "
            "every mail. Needed to publish."
        ),
    )
    contact_email = AddressColumn(
        _("contact e-mail"),
        blank=True,
        help_text=_("Where supporters reach you. Needed to publish."),
    )
    website = models.URLField(
        _("website"), blank=True, validators=[guards.validate_web_address]
    )
    logo = LogoField(
        _("logo"),
        upload_to="logos/",
        blank=True,
        help_text=TAKEN,
    )
    accent = models.CharField(
        _("colour"),
        max_length=7,
        blank=True,
        validators=[validate_colour],
        help_text=_(
            "Of buttons and links on your pages, such as #0b5f6b. Where text in it "
            "could not be read, a darker or lighter one of the same kind is taken."
        ),
    )
    cover = PictureField(
        _("cover picture"),
        upload_to="covers/",
        blank=True,
        help_text=format_lazy("{} {}", _("Above your profile, wide."), TAKEN),
    )
    cover_description = models.CharField(
        _("description of the cover picture"),
        max_length=300,
        blank=True,
        help_text=_("For those who do not see it. Needed with a picture."),
    )
    links = ArrayField(
        models.URLField(validators=[guards.validate_web_address]),
        verbose_name=_("elsewhere"),
        default=list,
        blank=True,
        size=MOST_LINKS,
        help_text=_("Your pages on other sites, one address a line."),
    )
    charity_number = models.CharField(_("charity number"), max_length=60, blank=True)
    privacy_notice = models.URLField(
        _("privacy notice"),
        blank=True,
        validators=[guards.validate_web_address],
        help_text=_("Address of your own privacy notice, if you have one."),
    )
    mailing_gap_days = models.PositiveSmallIntegerField(
        _("days between two mailings"),
        default=USUAL_GAP_DAYS,
        db_default=USUAL_GAP_DAYS,
        validators=[MaxValueValidator(MOST_GAP_DAYS)],
        help_text=_(
            "Supporters who were written to so recently are left out of the next "
            "mailing. 0: none are."
        ),
    )
    mailing_approval_above = models.PositiveIntegerField(
        _("a second person approves above"),
        null=True,
        blank=True,
        help_text=_(
            "A mailing to more recipients than this waits for a second person; those "
            "of the last seven days that were ordered without one count too. Empty: "
            "none waits."
        ),
    )
    count_approval_above = models.PositiveIntegerField(
        _("a second person confirms counts above"),
        null=True,
        blank=True,
        help_text=_(
            "More supporters than this, counted on paper or elsewhere and entered "
            "within seven days, count once a second person has confirmed them. Empty: "
            "all count at once."
        ),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=guards.has_visible_text("name") & ~Q(slug=""),
                name="organizations_organization_name_and_slug",
                violation_error_message=_("Give the organisation a name."),
            ),
            models.CheckConstraint(
                condition=Q(accent="") | Q(accent__regex=r"^#[0-9a-f]{6}$"),
                name="organizations_organization_accent",
                violation_error_message=COLOUR_PROBLEM,
            ),
            models.CheckConstraint(
                condition=Q(cover="") | ~Q(cover_description=""),
                name="organizations_organization_cover_described",
                violation_error_message=_(
                    "Describe the picture for those who do not see it."
                ),
            ),
            models.CheckConstraint(
                condition=Q(mailing_gap_days__lte=MOST_GAP_DAYS),
                name="organizations_organization_mailing_gap",
                violation_error_message=_("Choose at most 60 days."),
            ),
            guards.slug("organizations_organization"),
            guards.language("organizations_organization"),
            guards.mail_address("organizations_organization", "contact_email"),
            guards.web_address("organizations_organization", "website"),
            guards.web_address("organizations_organization", "privacy_notice"),
            guards.web_addresses("organizations_organization", "links"),
            guards.most("organizations_organization", "links", MOST_LINKS),
            guards.picture("organizations_organization", "logo"),
            guards.picture("organizations_organization", "cover"),
            guards.readable(
                "organizations_organization",
                lines=["name", "legal_name", "charity_number", "cover_description"],
                texts=["description", "postal_address"],
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("organizations:profile", args=[self.slug])

    def translated(self, column: str, language: str = "") -> Passage:
        """Return a column of TRANSLATED in a language, the reader's if none is said;
        where that has nothing, as it was written."""
        language = language or reader_language()
        if language != self.language and self.pk is not None:
            # Queried once in the life of the object.
            models.prefetch_related_objects([self], "descriptions")
            for other in self.descriptions.all():
                words = getattr(other, TRANSLATED[column])
                if other.language == language and words:
                    return Passage(words, language)
        return Passage(getattr(self, column), self.language)

    @property
    def display_name(self) -> str:
        """The name in the reader's language: what people are shown, wherever it is."""
        return self.translated("name").text

    @property
    def display_legal_name(self) -> str:
        """The legal name in the reader's language; "" when there is none."""
        return self.translated("legal_name").text

    @property
    def described(self) -> Passage:
        """The description in the reader's language, or as it was written."""
        return self.translated("description")

    @property
    def described_cover(self) -> Passage:
        """The description of the cover picture, as `described` is that of itself."""
        return self.translated("cover_description")

    @property
    def display_website(self) -> str:
        """The address of its website for readers of this language."""
        return self.translated("website").text

    @property
    def display_privacy_notice(self) -> str:
        """The address of its privacy notice for readers of this language."""
        return self.translated("privacy_notice").text

    @property
    def sender_name(self) -> str:
        """The name that answers for what is sent, in the reader's language: the legal
        one, if there is one."""
        return self.display_legal_name or self.display_name

    @property
    def mail_logo(self) -> str:
        """The path of the logo for mail programs; "" when there is none."""
        file = self.logo
        return file.mail_url if file and isinstance(file, LogoFile) else ""

    @property
    def named_links(self) -> list[tuple[str, str]]:
        """The pages on other sites, each with its site's name, such as “Instagram”."""
        return [(link, site_name(link)) for link in self.links]

    @property
    def can_ask_updates(self) -> bool:
        """Whether it may ask to write to supporters: they must be able to reach it."""
        return bool(self.postal_address.strip() and self.contact_email)

    @property
    def imprint(self) -> str:
        """Name, postal address and contact, as consents record them."""
        return ", ".join(
            filter(None, (self.sender_name, self.postal_address, self.contact_email))
        )

    @property
    def postal_line(self) -> str:
        """The postal address on one line."""
        return ", ".join(filter(None, map(str.strip, self.postal_address.splitlines())))


def largest_limit(*names: str) -> int:
    """Return the largest `max_length` of the named columns."""
    columns: Any = map(Organization._meta.get_field, names)
    most: int = max(column.max_length for column in columns)
    return most


# The greatest length of `imprint`, which a confirmation also builds in SQL.
LONGEST_IMPRINT = (
    largest_limit("name", "legal_name")
    + largest_limit("postal_address")
    + largest_limit("contact_email")
    + len(", , ")
)


class Description(models.Model):
    """The words of an organisation about itself in one more language: its name or its
    description, or both. What is left empty is shown as the organisation has it.

    The database (organizations/sql/descriptions.sql) refuses the organisation's own
    language.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="descriptions"
    )
    language = LanguageField(
        _("language"),
        help_text=_(
            "Pages in this language show it. Where this site has no pages in a "
            "language, its search finds the name, and no page shows it."
        ),
    )
    name = models.CharField(
        _("name"), max_length=200, blank=True, default="", db_default=""
    )
    legal_name = models.CharField(
        _("legal name"), max_length=200, blank=True, default="", db_default=""
    )
    text = TextColumn(_("description"), max_length=5000, blank=True, default="")
    cover_description = models.CharField(
        _("description of the cover picture"),
        max_length=300,
        blank=True,
        default="",
        db_default="",
    )
    website = models.URLField(
        _("website"),
        blank=True,
        default="",
        db_default="",
        validators=[guards.validate_web_address],
    )
    privacy_notice = models.URLField(
        _("privacy notice"),
        blank=True,
        default="",
        db_default="",
        validators=[guards.validate_web_address],
    )

    class Meta:
        verbose_name = _("name and description in another language")
        verbose_name_plural = _("name and description in other languages")
        ordering = ["language"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "language"],
                name="organizations_description_once_a_language",
                violation_error_message=_("There is a text in this language already."),
            ),
            models.CheckConstraint(
                condition=~Q(*((column, "") for column in TRANSLATED.values())),
                name="organizations_description_text",
                violation_error_message=_(
                    "Write at least one of them, such as the name, in this language."
                ),
            ),
            models.CheckConstraint(
                condition=Q(
                    *(
                        Q((column, "")) | guards.has_visible_text(column)
                        for column in ("name", "legal_name", "text")
                    )
                ),
                name="organizations_description_visible",
                violation_error_message=_("Write it in letters that can be seen."),
            ),
            guards.language("organizations_description"),
            guards.web_address("organizations_description", "website"),
            guards.web_address("organizations_description", "privacy_notice"),
            guards.readable(
                "organizations_description",
                lines=["name", "legal_name", "cover_description"],
                texts=["text"],
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_language_display())

    def clean(self) -> None:
        super().clean()
        own = getattr(self, "organization", None)
        if own and self.language == own.language:
            raise ValidationError({"language": _("Its own text is in this language.")})


class FormerOrganizationSlug(models.Model):
    """A former address of an organisation, which still leads to it."""

    slug = models.CharField(max_length=80, primary_key=True)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="former_slugs"
    )

    def __str__(self) -> str:
        return self.slug
