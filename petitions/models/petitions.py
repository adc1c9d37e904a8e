"""Petitions: what is asked, of whom, in which words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.paginator import Page
from django.db import models
from django.db.models import Case, F, Q, Sum, Value, When
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from config.images import PictureField
from config.languages import text_languages
from config.slugs import Addressed, validate_slug
from organizations.models import Organization, User
from petitions.goals import next_goal
from petitions.models.counts import Change, Total
from petitions.models.targets import Target
from petitions.models.topics import Topic
from petitions.models.translations import Worded
from petitions.models.updates import Update, UpdateQuerySet
from petitions.states import (
    ENDED_STATES,
    PUBLIC_STATES,
    Delivery,
    Source,
    State,
    TextFormat,
)
from petitions.texts import listed

if TYPE_CHECKING:
    from petitions.searching import Found, Marked

# Unless staff choose otherwise; half a year is what parliaments keep.
MONTHS_KEPT = 6


def default_months() -> int:
    return min(MONTHS_KEPT, settings.RETENTION_MONTHS)


# Supporters as they were last folded; the index of the totals is made of this.
FOLDED = F("total__confirmed") + F("total__paper") + F("total__imported")


class NotAllowed(Exception):
    """A petition cannot go from where it stands to where it was sent."""

    def __init__(self, petition: Petition, to: State) -> None:
        super().__init__(f"petition {petition.pk} to {to}")


class PetitionQuerySet(models.QuerySet["Petition"]):
    def of(self, user: User) -> PetitionQuerySet:
        """Those that `user` works with."""
        if user.is_superuser:
            return self
        return self.filter(organization__memberships__user=user)

    def ever_public(self, now: datetime) -> PetitionQuerySet:
        """Published ones, ended or not; a withdrawn one has left."""
        return self.filter(state__in=PUBLIC_STATES, opens_at__lte=now)

    def open(self, now: datetime) -> PetitionQuerySet:
        """Those that can be signed now."""
        return self.filter(state=State.OPEN, opens_at__lte=now).filter(
            Q(closes_at=None) | Q(closes_at__gt=now)
        )

    def won(self) -> PetitionQuerySet:
        return self.filter(state=State.WON)

    def won_lately(self) -> PetitionQuerySet:
        return self.won().order_by("-ended_at", "-pk")

    def featured(self) -> PetitionQuerySet:
        """What the site puts forward, in the order of its administrators."""
        return self.filter(featured__isnull=False).order_by("featured", "-pk")

    def withdrawn(self) -> PetitionQuerySet:
        """Those that have left the public pages, the latest first; not those that had
        never been there."""
        left = self.filter(state=State.WITHDRAWN, opens_at__lte=F("ended_at"))
        return left.prefetch_related("translations").order_by("-ended_at")

    def due_to_close(self, now: datetime) -> PetitionQuerySet:
        """Those whose last day has passed, but which still say open or paused."""
        return self.filter(state__in=(State.OPEN, State.PAUSED), closes_at__lte=now)

    def standing(self, state: str, now: datetime) -> PetitionQuerySet:
        """Those that readers are told to be in `state`."""
        over = Q(state__in=(State.OPEN, State.PAUSED), closes_at__lte=now)
        if state == State.CLOSED:
            return self.filter(Q(state=State.CLOSED) | over)
        return self.filter(state=state).exclude(over)

    def in_profile_order(self) -> PetitionQuerySet:
        """Pinned ones, then open by newest opening, then won, then closed; those of
        one import, opened at the same moment, in the order of their file."""
        return self.order_by(
            F("position").asc(nulls_last=True),
            Case(
                When(state__in=(State.OPEN, State.PAUSED), then=0),
                When(state=State.WON, then=1),
                default=2,
            ),
            "-opens_at",
            "pk",
        )

    def page_of_profile(
        self, request: HttpRequest, organization: Organization
    ) -> tuple[Found | None, Page[Any], list[Petition]]:
        """What a profile shows of these: a page of them, or of what a search among
        them found. Here, for the profile knows petitions only by their organisation."""
        from petitions import listing

        return listing.page_of_profile(self, request, organization)

    def newest_first(self) -> PetitionQuerySet:
        return self.order_by("-opens_at", "pk")

    def most_supported_first(self) -> PetitionQuerySet:
        """By the folded totals, which have an index of this order."""
        with_total = self.filter(total__isnull=False)
        return with_total.order_by(FOLDED.desc(), F("total__petition_id").desc())

    def behind(self, sort: str, value: str, number: int) -> PetitionQuerySet:
        """Those behind a place in one of the two orders: that of petition `number`
        with `value` supporters, or opened at `value`."""
        if sort == "supporters":
            order = Tuple(FOLDED, F("total__petition_id"))
            return self.filter(TupleLessThan(order, (int(value), number)))
        opened = datetime.fromtimestamp(float(value), UTC)
        return self.filter(opens_at__lte=opened).exclude(
            opens_at=opened, pk__lte=number
        )

    def on(self, topic: Topic) -> PetitionQuerySet:
        """Those that are about `topic`."""
        tagged = Petition.topics.through._default_manager.filter(
            petition=models.OuterRef("pk"), topic=topic
        )
        return self.filter(models.Exists(tagged))

    def most_signed_since(self, day: date) -> PetitionQuerySet:
        """Those that people have signed here since `day`, most of them first: their
        totals by day are added up, never signatures."""
        return (
            self.filter(
                daily_totals__day__gte=day, daily_totals__source=Source.CONFIRMED
            )
            .annotate(signed=Sum("daily_totals__number"))
            .filter(signed__gt=0)
            .order_by("-signed", "-pk")
        )

    def with_counts(self) -> PetitionQuerySet:
        """Adds `confirmed`, `paper`, `imported`: the folded total and what is not
        folded yet, in one statement, so that a fold in between changes nothing."""
        return self.annotate(
            **{
                source: Coalesce(F(f"total__{source}"), 0)
                + Coalesce(Change.unfolded(source), 0)
                for source in Source.values
            }
        )

    def for_reading(self) -> PetitionQuerySet:
        """With everything that a public page prints of a petition."""
        return (
            self.with_counts()
            .select_related("organization")
            .prefetch_related("targets", "translations", "topics__names")
        )

    def complete(self) -> list[Petition]:
        """These, in their order, with everything that a public page prints. Meant for
        a slice: its keys are found first, because PostgreSQL would otherwise add up
        the counts of all rows that the slice leaves out."""
        keys = list(self.values_list("pk", flat=True))
        rows = {
            row.pk: row for row in Petition.objects.for_reading().filter(pk__in=keys)
        }
        return [rows[key] for key in keys if key in rows]

    def latest_updates(self, now: datetime) -> UpdateQuerySet:
        """News about any of these, the latest first."""
        return Update.objects.of_public_petitions(now).filter(petition__in=self)

    def supporters(self) -> int:
        """Supporters of all of these together, in one statement."""
        return sum(self.supporters_by_source().values())

    def supporters_by_source(self) -> dict[str, int]:
        """The same as `confirmed`, `paper`, `imported`."""
        mine = self.values("pk")
        unfolded = Change.objects.filter(petition__in=mine).order_by()
        sums = Total.objects.filter(petition__in=mine).aggregate(
            **{
                source: Coalesce(Sum(source), 0)
                + Coalesce(
                    models.Subquery(
                        unfolded.filter(source=source)
                        .values(all=Value(1))
                        .annotate(sum=Sum("delta"))
                        .values("sum")
                    ),
                    0,
                )
                for source in Source.values
            }
        )
        return {source: int(number) for source, number in sums.items()}


class Petition(Worded, Addressed):
    """A campaign that asks somebody for something."""

    SLUG_FROM = "title"

    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        related_name="petitions",
        verbose_name=_("organisation"),
    )
    language = models.CharField(
        _("language of the text"),
        max_length=10,
        choices=text_languages,
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
    text = models.TextField(
        _("text"),
        blank=True,
        max_length=40_000,
        help_text=_(
            "Markdown: an empty line begins a paragraph, **bold**, *italics*, "
            "[a link](https://example.org), lines beginning with “- ” are a list. "
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
        help_text=_("Optional. JPEG, PNG or WebP, at most 5 MB."),
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
    # How far petitions.expiry has come: the last signature without a name.
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
                condition=~Q(title="") & ~Q(slug=""),
                name="petition_title_and_slug",
                violation_error_message=_("Give the petition a title."),
            ),
            models.CheckConstraint(
                condition=Q(state=State.DRAFT)
                | (Q(opens_at__isnull=False) & ~Q(text="")),
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
        ]

    # By petitions.listing, for what a search has found.
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

    # -- verbs --

    def publish(self, *, now: datetime) -> None:
        """Open a draft; `why_unpublishable` must have nothing to say."""
        assert not self.why_unpublishable()
        opens_at = Coalesce(F("opens_at"), now, output_field=models.DateTimeField())
        self._move(State.OPEN, [State.DRAFT], opens_at=opens_at)

    def pause(self) -> None:
        """Take no signatures for a while."""
        self._move(State.PAUSED, [State.OPEN])

    def resume(self) -> None:
        """Take signatures again after a pause."""
        self._move(State.OPEN, [State.PAUSED])

    def close(self, *, now: datetime) -> None:
        """End it; signatures on their way may still be confirmed for a day."""
        self._end(State.CLOSED, [State.OPEN, State.PAUSED], now)

    def win(self, *, now: datetime) -> None:
        """End it with success, or say so after it was closed."""
        self._end(State.WON, [State.OPEN, State.PAUSED, State.CLOSED], now, won_at=now)

    def withdraw(self, *, now: datetime) -> None:
        """Take it from the public pages; a dated line stays."""
        self._end(State.WITHDRAWN, PUBLIC_STATES, now)

    def _end(
        self, to: State, origins: Sequence[State], now: datetime, **values: Any
    ) -> None:
        ended_at = Coalesce(F("ended_at"), now, output_field=models.DateTimeField())
        self._move(to, origins, ended_at=ended_at, **values)

    def _move(self, to: State, origins: Sequence[State], **values: Any) -> None:
        """Change the state where the database still has one of `origins`; otherwise
        NotAllowed, for somebody else was quicker."""
        rows = Petition.objects.filter(pk=self.pk, state__in=origins)
        if not rows.update(state=to, **values):
            raise NotAllowed(self, to)
        self.refresh_from_db(fields=["state", *values])

    def why_unpublishable(self) -> list[str]:
        """What is missing before it can be published, in sentences."""
        missing = []
        if not self.text.strip():
            missing.append(gettext("Write a text."))
        if not self.targets.exists():
            missing.append(
                gettext("Name whom it petitions, or choose “Not settled yet”.")
            )
        if not self.organization.can_ask_updates:
            missing.append(
                gettext(
                    "Add the postal address and the contact e-mail of "
                    "%(organization)s: mail to supporters must name them."
                )
                % {"organization": self.organization}
            )
        return missing

    # -- what readers see --

    @property
    def supporters(self) -> int:
        """All supporters; needs `with_counts()`."""
        return self.confirmed + self.paper + self.imported

    @property
    def counts(self) -> dict[str, int]:
        """Supporters in all and by source, as the public JSON prints them."""
        return {
            "supporters": self.supporters,
            "confirmed": self.confirmed,
            "paper": self.paper,
            "imported": self.imported,
        }

    @property
    def next_goal(self) -> int:
        """The staff's goal until it is reached, then the next round number."""
        return next_goal(self.supporters, self.goal)

    @property
    def remaining(self) -> int:
        return self.next_goal - self.supporters

    @property
    def first_target(self) -> Target | None:
        targets = list(self.targets.all())
        return targets[0] if targets else None

    @property
    def shown_topics(self) -> list[Topic]:
        """What it is about; nothing yet in the preview of one that is not stored."""
        return list(self.topics.all()) if self.pk else []

    @property
    def addressee(self) -> str:
        """The first target as the profile names it, in the reader's language."""
        return self.translated_name or (
            self.first_target.label if self.first_target else Target.unsettled_label()
        )

    @property
    def addressees(self) -> str:
        """Everybody petitioned by name, in the reader's language."""
        if self.translated_name:
            return self.translated_name
        labels = [target.label for target in self.targets.all()]
        return listed(labels or [Target.unsettled_label()])

    @property
    def translated_name(self) -> str:
        """The name of a single target without an office, where the text that is read
        has one of its own; otherwise ""."""
        targets = self.targets.all()
        alone = len(targets) == 1 and targets[0].label_with_office == targets[0].name
        return self.words.addressees if alone else ""

    @property
    def addressees_language(self) -> str:
        """The language that their names are written in."""
        if self.translated_name:
            return self.words.language
        return self.reader_language if self.is_unsettled else self.language

    @property
    def is_unsettled(self) -> bool:
        """Whether nobody is petitioned yet."""
        return all(target.is_unsettled for target in self.targets.all())

    @property
    def petitions_somebody(self) -> bool:
        """Whether people or bodies are petitioned, and not a label alone."""
        targets = self.targets.all()
        return bool(targets) and all(target.is_somebody for target in targets)

    @property
    def started(self) -> datetime | Any:
        """The day it began, here or elsewhere."""
        return self.started_on or self.opens_at

    def is_open(self, now: datetime) -> bool:
        """Whether it can be signed at `now`."""
        return (
            self.state == State.OPEN
            and self.opens_at is not None
            and self.opens_at <= now
            and (self.closes_at is None or now < self.closes_at)
        )

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED_STATES or (
            self.closes_at is not None and self.closes_at <= timezone.now()
        )

    def standing(self, now: datetime) -> str:
        """Its state as readers are told it: closed once its last day has passed, also
        before the worker has written that down."""
        if self.state in (State.OPEN, State.PAUSED) and self.has_ended:
            return State.CLOSED
        return self.state

    @property
    def end(self) -> datetime | None:
        return self.ended_at or self.closes_at

    @property
    def decided_at(self) -> datetime | None:
        """When it was won, which may be long after it was closed; else its end."""
        return self.won_at or self.end

    @property
    def has_signatures(self) -> bool:
        """Whether anybody has signed, confirmed or not: then the words are frozen."""
        return self.pk is not None and (
            self.signatures.exists() or self.count_entries.exists()
        )


class FormerPetitionSlug(models.Model):
    """An address that a petition once had and that still leads to it."""

    slug = models.CharField(max_length=80, primary_key=True)
    petition = models.ForeignKey(
        Petition, on_delete=models.CASCADE, related_name="former_slugs"
    )

    def __str__(self) -> str:
        return self.slug
