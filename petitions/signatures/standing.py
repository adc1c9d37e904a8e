"""How a signature stands, as the pages behind its links say it: what the petition has
become decides with it."""

from __future__ import annotations

import enum
from datetime import datetime

from petitions.identity import same_person
from petitions.models import Signature
from petitions.signatures import confirming
from petitions.states import SignatureState, State


class Standing(enum.StrEnum):
    WAITS = "waits"
    """Its owner can confirm it."""
    COUNTS = "counts"
    WITHDRAWN = "withdrawn"
    """Its owner took it back."""
    INVALID = "invalid"
    """Staff took it from the count."""
    FULL = "full"
    """Two other people at the address are counted."""
    TOO_LATE = "too late"
    """The petition ended before it was confirmed."""
    PETITION_GONE = "petition gone"
    """The petition was withdrawn: nothing of it counts."""


def standing_of(signature: Signature, *, now: datetime) -> Standing:
    """How `signature` stands; a form of somebody who is counted stands as that."""
    state = signature.state
    if state == SignatureState.WITHDRAWN:
        return Standing.WITHDRAWN
    if signature.petition.state == State.WITHDRAWN:
        return Standing.PETITION_GONE
    if state == SignatureState.CONFIRMED or same_person.counted_sibling(signature):
        return Standing.COUNTS
    if state == SignatureState.INVALID:
        return Standing.INVALID
    if same_person.is_full(signature):
        return Standing.FULL
    if not confirming.is_in_time(signature, now=now):
        return Standing.TOO_LATE
    return Standing.WAITS
