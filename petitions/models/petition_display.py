"""A petition as readers are told of it, derived from its columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.safestring import SafeString

from organizations.models import site_name
from petitions import signable
from petitions.dates import day_of, last_day
from petitions.goals import next_goal
from petitions.markup import listed
from petitions.models.petition_columns import PetitionColumns
from petitions.models.targets import Target
from petitions.models.topics import Topic
from petitions.states import RUNNING_STATES, State


@dataclass(frozen=True)
class Marked:
    """Title and passage of a petition found by a search, with the matching words in
    <mark>."""

    title: SafeString
    passage: SafeString


class PetitionDisplay(PetitionColumns):
    """A petition as a page prints it: its words, and what is said beside them."""

    class Meta:
        abstract = True

    @property
    def supporters(self) -> int:
        """The number of all supporters; needs `with_counts()`."""
        return self.confirmed + self.paper + self.imported

    @property
    def counts(self) -> dict[str, int]:
        """The supporters in all and by source, as the public JSON prints them."""
        return {
            "supporters": self.supporters,
            "confirmed": self.confirmed,
            "paper": self.paper,
            "imported": self.imported,
        }

    @property
    def next_goal(self) -> int:
        """The goal that staff set until it is reached, then the next round number."""
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
        """The topics; none yet in the preview of a petition that is not stored."""
        return list(self.topics.all()) if self.pk else []

    @property
    def addressee(self) -> str:
        """The first target as the profile names it, in the reader's language."""
        return self.translated_name or (
            self.first_target.label if self.first_target else Target.unsettled_label()
        )

    @property
    def addressees(self) -> str:
        """The names of all targets, in the reader's language."""
        if self.translated_name:
            return self.translated_name
        labels = [target.label for target in self.targets.all()]
        return listed(labels or [Target.unsettled_label()])

    @property
    def translated_name(self) -> str:
        """The name of a single target without an office as the translation that is read
        gives it; otherwise ""."""
        targets = self.targets.all()
        alone = len(targets) == 1 and targets[0].label_with_office == targets[0].name
        return self.words.addressees if alone else ""

    @property
    def addressees_language(self) -> str:
        """The language that the names of its targets are written in."""
        if self.translated_name:
            return self.words.language
        written = str(self.language)
        return self.reader_language if self.is_unsettled else written

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
        """The day or moment it began, here or elsewhere; None when that is not known,
        because it came here after it had ended."""
        return self.started_on or (None if self.came_ended else self.opens_at)

    @property
    def came_ended(self) -> bool:
        """Whether it had ended before it came to this site."""
        return not self.end_is_known or bool(
            self.ended_at and self.opens_at and self.ended_at < self.opens_at
        )

    @property
    def is_from_elsewhere(self) -> bool:
        """Whether it was signed elsewhere before, since a day that is not known; needs
        `with_counts()`."""
        return bool(getattr(self, "imported", 0) and not self.started_on)

    @property
    def origin_host(self) -> str:
        """The name of the site where it was signed before, for readers."""
        return site_name(self.origin)

    @property
    def began(self) -> date | None:
        """The day it began, here or elsewhere; None when that is not known. Needs
        `with_counts()`."""
        known = self.started and not self.is_from_elsewhere
        return day_of(self.started) if known else None

    def ended(self, now: datetime) -> datetime | None:
        """Return the moment at which it ended, also before the worker has written that
        down; None while it has not, or when that is not known."""
        if self.ended_at is not None:
            return self.ended_at if self.end_is_known else None
        return self.closes_at if signable.has_ended(self, now) else None

    def is_open(self, now: datetime) -> bool:
        """Return whether it can be signed at `now`."""
        return signable.is_open(self, now)

    @property
    def has_ended(self) -> bool:
        return signable.has_ended(self, timezone.now())

    def standing(self, now: datetime) -> str:
        """Return its state as readers are told it: closed once its closing date has
        come, also before the worker has written that down."""
        if self.state in RUNNING_STATES and signable.is_past_closing(self, now):
            return State.CLOSED
        return self.state

    @property
    def end_day(self) -> date | None:
        """The last day that it could be signed on; None when that is not known."""
        if self.ended_at is not None and self.ended_at != self.closes_at:
            return timezone.localdate(self.ended_at) if self.end_is_known else None
        return last_day(self.closes_at) if self.closes_at else None

    @property
    def decided_on(self) -> date | None:
        """The day it was won, which may be long after it was closed; otherwise its last
        day."""
        return timezone.localdate(self.won_at) if self.won_at else self.end_day

    @property
    def decided_at(self) -> datetime | None:
        """The moment at which it was won or ended; its closing date when neither is
        recorded."""
        return self.won_at or self.ended_at or self.closes_at

    @property
    def withdrawn_on(self) -> date | None:
        """The day it left the public pages, which may be long after it was closed."""
        left = self.state_since or self.ended_at
        return timezone.localdate(left) if left else None
