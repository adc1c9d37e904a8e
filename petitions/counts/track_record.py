"""The track record of petitions taken together: what the home page and a profile show
first, and anybody can check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from petitions.counts.checkpoints import signed_now
from petitions.models.listings import PetitionQuerySet


@dataclass(frozen=True)
class TrackRecord:
    """How many signatures were confirmed under some petitions, how many of these were
    won and how many answered, and when the site last signed a count log that had
    grown; None while it has signed none."""

    confirmed: int
    won: int
    answered: int
    signed_at: datetime | None


def track_record(petitions: PetitionQuerySet, confirmed: int) -> TrackRecord:
    """Return the track record of `petitions`, `confirmed` being their signatures."""
    # The newest by its number, which has an index; all logs that have grown are signed
    # in one night.
    newest = signed_now().order_by("-pk").values_list("made_at", flat=True).first()
    return TrackRecord(
        confirmed=confirmed,
        won=petitions.won().count(),
        answered=petitions.answered().count(),
        signed_at=newest,
    )
