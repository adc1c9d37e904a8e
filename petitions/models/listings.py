"""Queries of petitions: which ones, in which order, and how many supporters they have
together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Case, Count, F, OuterRef, Q, Sum, Value, When
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan
from django.db.models.functions import Coalesce

from core import slots
from petitions.models.answers import Answer
from petitions.models.counts import CountChange, Total
from petitions.models.topics import Topic
from petitions.models.updates import Update, UpdateQuerySet
from petitions.signable import open_at, past_closing
from petitions.states import PUBLIC_STATES, RUNNING_STATES, Source, State

if TYPE_CHECKING:
    from petitions.models.petitions import Petition

# Supporters as they were last folded; the index of the totals has this expression.
FOLDED = F("total__confirmed") + F("total__paper") + F("total__imported")


@dataclass(frozen=True)
class Figures:
    """The figures that an organisation has to show."""

    started: int
    won: int
    supporters: int


class PetitionQuerySet(models.QuerySet["Petition"]):
    def ever_public(self, now: datetime) -> PetitionQuerySet:
        """Return published petitions, ended or not; withdrawn ones are no longer
        public."""
        return self.filter(state__in=PUBLIC_STATES, opens_at__lte=now)

    def open(self, now: datetime) -> PetitionQuerySet:
        """Return the petitions that can be signed now."""
        return self.filter(open_at(now))

    def new_here(self) -> PetitionQuerySet:
        """Leave out petitions that had ended before they came to this site: to readers
        they are no news (`PetitionDisplay.came_ended` says the same of one)."""
        return self.exclude(Q(end_is_known=False) | Q(ended_at__lt=F("opens_at")))

    def won(self) -> PetitionQuerySet:
        return self.filter(state=State.WON)

    def won_lately(self) -> PetitionQuerySet:
        return self.won().order_by("-ended_at", "-pk")

    def answered(self) -> PetitionQuerySet:
        """Return the petitions that somebody petitioned has answered."""
        return self.filter(
            models.Exists(Answer.objects.filter(petition=OuterRef("pk")))
        )

    def featured(self) -> PetitionQuerySet:
        """Return the petitions that the site puts forward, in the administrators'
        order."""
        return self.filter(featured__isnull=False).order_by("featured", "-pk")

    def withdrawn(self) -> PetitionQuerySet:
        """Return petitions withdrawn after they were public, the latest first."""
        withdrawn_at = Coalesce("state_since", "ended_at")
        left = self.filter(state=State.WITHDRAWN, opens_at__lte=withdrawn_at)
        return left.prefetch_related("translations").order_by(withdrawn_at.desc())

    def due_to_close(self, now: datetime) -> PetitionQuerySet:
        """Return petitions whose closing date has come, but which still say open or
        paused."""
        return self.filter(past_closing(now))

    def standing(self, state: str, now: datetime) -> PetitionQuerySet:
        """Return the petitions that readers are told to be in `state`."""
        if state == State.CLOSED:
            return self.filter(Q(state=State.CLOSED) | past_closing(now))
        return self.filter(state=state).exclude(past_closing(now))

    def in_profile_order(self) -> PetitionQuerySet:
        """Sort pinned petitions first, then open ones by newest opening, then won, then
        closed; those of one import, opened at the same moment, in the order of their
        file."""
        return self.order_by(
            F("position").asc(nulls_last=True),
            Case(
                When(state__in=RUNNING_STATES, then=0),
                When(state=State.WON, then=1),
                default=2,
            ),
            "-opens_at",
            "pk",
        )

    def newest_first(self) -> PetitionQuerySet:
        return self.order_by("-opens_at", "pk")

    def most_supported_first(self) -> PetitionQuerySet:
        """Sort by the folded totals, which have an index of this order."""
        with_total = self.filter(total__isnull=False)
        return with_total.order_by(FOLDED.desc(), F("total__petition_id").desc())

    def behind(self, sort: str, value: str, number: int) -> PetitionQuerySet:
        """Return the petitions that come after the one with the id `number` (keyset
        pagination). `sort` is "supporters" for `most_supported_first`, anything else
        for `newest_first`; `value` is that petition's place in the order: its folded
        supporters, or the timestamp at which it opened."""
        if sort == "supporters":
            order = Tuple(FOLDED, F("total__petition_id"))
            return self.filter(TupleLessThan(order, (int(value), number)))
        opened = datetime.fromtimestamp(float(value), UTC)
        return self.filter(opens_at__lte=opened).exclude(
            opens_at=opened, pk__lte=number
        )

    def on(self, topic: Topic) -> PetitionQuerySet:
        """Return the petitions about `topic`."""
        tagged = self.model.topics.through._default_manager.filter(
            petition=models.OuterRef("pk"), topic=topic
        )
        return self.filter(models.Exists(tagged))

    def most_signed_since(self, day: date) -> PetitionQuerySet:
        """Return the petitions that people have signed here since `day`, most signed
        first, with `signed`: their daily totals are added up, never signatures."""
        return (
            self.filter(
                daily_totals__day__gte=day, daily_totals__source=Source.CONFIRMED
            )
            .annotate(signed=Sum("daily_totals__number"))
            .filter(signed__gt=0)
            .order_by("-signed", "-pk")
        )

    def with_counts(self, as_of: datetime | None = None) -> PetitionQuerySet:
        """Add `confirmed`, `paper` and `imported`: the folded total and the changes not
        folded yet, all or those up to `as_of`, in one statement, so that a fold in
        between changes nothing."""
        return self.annotate(
            **{
                source: Coalesce(F(f"total__{source}"), 0)
                + Coalesce(CountChange.unfolded(source, as_of), 0)
                for source in Source.values
            }
        )

    def for_reading(self) -> PetitionQuerySet:
        """Load everything that a public page prints of a petition, with the counts that
        all pages show in this slot."""
        return (
            self.with_counts(slots.shown_until())
            .select_related("organization")
            .prefetch_related(
                "organization__descriptions", "targets", "translations", "topics__names"
            )
        )

    def complete(self) -> list[Petition]:
        """Return these petitions in their order, with everything that a public page
        prints. Meant for a slice: its keys are found first, because PostgreSQL would
        otherwise add up the counts of all rows that the slice leaves out."""
        keys = list(self.values_list("pk", flat=True))
        rows = {
            row.pk: row for row in self.model.objects.for_reading().filter(pk__in=keys)
        }
        return [rows[key] for key in keys if key in rows]

    def latest_updates(self, now: datetime) -> UpdateQuerySet:
        """Return the published updates of these petitions, the latest first."""
        return Update.objects.of_public_petitions(now).filter(petition__in=self)

    def supporters(self) -> int:
        """Return the supporters of all these petitions together that public pages show
        in this slot, in one statement."""
        return sum(self.supporters_by_source().values())

    def supporters_by_source(self) -> dict[str, int]:
        """Return the same by source: `confirmed`, `paper`, `imported`."""
        mine = self.values("pk")
        shown = CountChange.objects.up_to(slots.shown_until())
        unfolded = shown.filter(petition__in=mine).order_by()
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

    def figures_by_organization(self) -> dict[int, Figures]:
        """Return the figures of each organisation by its id: petitions started and won,
        and the supporters that public pages show in this slot; one statement for all of
        them."""
        unfolded = CountChange.objects.up_to(slots.shown_until()).filter(
            petition__in=self.values("pk"),
            petition__organization=OuterRef("organization"),
        )
        rows = (
            self.order_by()
            .values("organization")
            .annotate(
                number=Count("pk"),
                number_won=Count("pk", filter=Q(state=State.WON)),
                sum=Coalesce(Sum(FOLDED), 0)
                + Coalesce(
                    models.Subquery(
                        unfolded.order_by()
                        .values(all=Value(1))
                        .annotate(sum=Sum("delta"))
                        .values("sum")
                    ),
                    0,
                ),
            )
            .values_list("organization", "number", "number_won", "sum")
        )
        return {key: Figures(*figures) for key, *figures in rows}
