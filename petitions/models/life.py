"""What can be done with a petition, and from which state on; the database refuses the
way back of one that has ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext

from petitions.states import PUBLIC_STATES, State


class NotAllowed(Exception):
    """A petition cannot go from where it stands to where it was sent."""

    def __init__(self, petition: Living, to: State) -> None:
        super().__init__(f"petition {petition.pk} to {to}")


class Living(models.Model):
    """The part of `Petition` that goes from state to state."""

    organization: Any
    targets: Any
    text: Any

    class Meta:
        abstract = True

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
        everything: models.QuerySet[Any] = type(self)._default_manager.all()
        rows = everything.filter(pk=self.pk, state__in=origins)
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
