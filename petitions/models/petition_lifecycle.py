"""The actions on a petition, and the states they start from. An end can be taken back
for seven days; afterwards the database refuses it, and it dates no end before the
moment it was entered (triggers petition_note_times, petition_keep_ended)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext

from petitions import signable
from petitions.models.counts import Total
from petitions.models.petition_columns import PetitionColumns
from petitions.states import ENDED_STATES, PUBLIC_STATES, RUNNING_STATES, State

# The time for which what staff entered erases nothing and can be taken back. The
# database has the same number.
WAIT = timedelta(days=7)

# The states that each end is reached from, and taken back to.
ENDED_FROM: dict[str, tuple[State, ...]] = {
    State.CLOSED: RUNNING_STATES,
    State.WON: (*RUNNING_STATES, State.CLOSED),
    State.WITHDRAWN: PUBLIC_STATES,
}


# Columns that the database writes when the state changes, and that are read back then.
NOTED = ("state_before", "state_since", "erasable_from")
ALWAYS = Q()


class NotAllowed(Exception):
    """The petition cannot go from its state to the one it was sent to."""

    def __init__(self, petition: PetitionLifecycle, to: str) -> None:
        super().__init__(f"petition {petition.pk} to {to}")


def later(column: str, now: datetime) -> Greatest:
    """Return an expression: the value of the column, but not before `now`."""
    return Greatest(F(column), Value(now), output_field=models.DateTimeField())


class PetitionLifecycle(PetitionColumns):
    """The part of `Petition` that changes its state. Each action raises NotAllowed when
    the stored petition does not allow it, perhaps because somebody else was quicker."""

    class Meta:
        abstract = True

    # -- beginning --

    def publish(self, *, now: datetime) -> None:
        """Open a draft, now or at its opening date if that is to come;
        `why_unpublishable` must return nothing."""
        assert not self.why_unpublishable(now)
        self._move(State.OPEN, [State.DRAFT], opens_at=later("opens_at", now))

    def open_now(self, *, now: datetime) -> None:
        """Open a scheduled petition before its date."""
        self._move(
            State.OPEN, RUNNING_STATES, only=Q(opens_at__gt=now), opens_at=Value(now)
        )

    def unpublish(self, *, now: datetime) -> None:
        """Make it a draft again; raise NotAllowed when it is public and somebody has
        signed."""
        with transaction.atomic():
            # Of two who decide at once, the second waits. A form that arrives just now
            # may still leave a row, which cannot be confirmed.
            list(self._rows().select_for_update().values_list("pk"))
            if self.has_signatures and not self.is_scheduled(now):
                raise NotAllowed(self, State.DRAFT)
            to_come = Case(When(opens_at__gt=now, then=F("opens_at")), default=None)
            self._move(State.DRAFT, RUNNING_STATES, opens_at=to_come)
            if not self.has_signatures:
                # The total counts nobody, and would keep the draft from being deleted.
                Total.objects.filter(petition=self.pk).delete()

    def is_scheduled(self, now: datetime) -> bool:
        """Return whether it is published, but its opening date is still to come."""
        return signable.is_scheduled(self, now)

    def stage(self, now: datetime) -> str:
        """Return its state in a word for staff."""
        scheduled = self.is_scheduled(now)
        return gettext("Scheduled") if scheduled else str(State(self.state).label)

    # -- pausing --

    def pause(self) -> None:
        """Take no signatures for a while."""
        self._move(State.PAUSED, [State.OPEN])

    def resume(self) -> None:
        """Take signatures again after a pause."""
        self._move(State.OPEN, [State.PAUSED])

    # -- ending --

    def close(self, *, now: datetime) -> None:
        """End it; signatures on their way can still be confirmed for a day."""
        self._end(State.CLOSED, now)

    def win(self, *, now: datetime) -> None:
        """End it with success, or declare it won after it was closed."""
        self._end(State.WON, now, won_at=now)

    def withdraw(self, *, now: datetime) -> None:
        """Remove it from the public pages; a dated line stays."""
        self._end(State.WITHDRAWN, now)

    def _end(self, to: State, now: datetime, **values: Any) -> None:
        ended_at = Coalesce(F("ended_at"), now, output_field=models.DateTimeField())
        begun = Q(opens_at__lte=now)
        self._move(to, ENDED_FROM[to], only=begun, ended_at=ended_at, **values)

    def can_be_taken_back(self, now: datetime) -> bool:
        """Return whether its end was entered within the last seven days, and nothing
        has been erased since."""
        return bool(
            self.state_before in ENDED_FROM.get(self.state, ())
            and self.state_since
            and self.state_since > now - WAIT
            and self.anonymised_at is None
            and self.anonymised_to == 0
        )

    def has_ended_for_good(self, now: datetime) -> bool:
        """Return whether it has ended and the end can no longer be taken back."""
        return self.state in ENDED_STATES and not self.can_be_taken_back(now)

    def take_back(self, *, now: datetime) -> None:
        """Return it to the state before it was closed, won or withdrawn; a closing date
        that has passed is removed."""
        if self.state_before is None or not self.can_be_taken_back(now):
            raise NotAllowed(self, self.state)
        to = State(self.state_before)
        values: dict[str, Any] = {}
        if to in RUNNING_STATES:
            to_come = Case(When(closes_at__gt=now, then=F("closes_at")), default=None)
            values = {"ended_at": None, "closes_at": to_come}
        if to != State.WON:
            values["won_at"] = None
        untouched = Q(state_since=self.state_since, anonymised_to=0)
        self._move(to, [self.state], only=untouched, **values)

    # -- how long names are kept once it has ended --

    def keep_less(self, months: int) -> None:
        """Keep the names of an ended petition for fewer months; raise NotAllowed when
        it has not ended, or they are erased or not fewer."""
        ended = self._rows().filter(
            state__in=ENDED_STATES, anonymised_at=None, months_kept__gt=months
        )
        if not ended.update(months_kept=months):
            raise NotAllowed(self, self.state)
        self.refresh_from_db()

    def can_keep_longer(self, now: datetime) -> bool:
        """Return whether the months were lowered within the last seven days, and
        nothing has been erased since."""
        return bool(
            self.months_before
            and self.months_lowered_at
            and self.months_lowered_at > now - WAIT
            and self.anonymised_at is None
            and self.anonymised_to == 0
        )

    def keep_longer(self, *, now: datetime) -> None:
        """Undo that its names are kept for fewer months; raise NotAllowed when it is
        too late."""
        lowered = self._rows().filter(
            months_lowered_at__gt=now - WAIT, anonymised_at=None, anonymised_to=0
        )
        if not lowered.update(months_kept=F("months_before")):
            raise NotAllowed(self, self.state)
        self.refresh_from_db()

    # -- shared by the actions --

    def _rows(self) -> models.QuerySet[Any]:
        everything: models.QuerySet[Any] = type(self)._default_manager.all()
        return everything.filter(pk=self.pk)

    def _move(
        self, to: State, origins: Sequence[Any], *, only: Q = ALWAYS, **values: Any
    ) -> None:
        """Change the state of the stored row if it is one of `origins` and `only` holds
        (optimistic locking); raise NotAllowed otherwise, for somebody else was
        quicker."""
        rows = self._rows().filter(only, state__in=origins)
        if not rows.update(state=to, **values):
            raise NotAllowed(self, to)
        self.refresh_from_db(fields=["state", *NOTED, *values])

    def why_unpublishable(self, now: datetime) -> list[str]:
        """Return what is missing before it can be published at `now`, in sentences."""
        missing = []
        if self.closes_at is not None and self.closes_at <= now:
            missing.append(
                gettext("Its closing date has passed. Choose a later one, or none.")
            )
        if not self.text.strip():
            missing.append(gettext("Write a text."))
        if not self.targets.exists():
            missing.append(
                gettext("Name who is petitioned, or choose “Not settled yet”.")
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
