"""The status of a signature as the pages behind its links show it, which depends on its
petition, too."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime

from petitions.identity import same_person
from petitions.models import Signature
from petitions.signatures import confirming
from petitions.states import SignatureState, State


class Standing(enum.StrEnum):
    """The status of a signature, as its owner is told it."""

    WAITS = "waits"
    """It is pending, and its owner can confirm it."""
    COUNTS = "counts"
    WITHDRAWN = "withdrawn"
    """Its owner withdrew it."""
    INVALID = "invalid"
    """Staff took it from the count (an invalidation)."""
    FULL = "full"
    """Two other people at the address are counted, which is the maximum."""
    TOO_LATE = "too late"
    """The petition ended before it was confirmed."""
    PETITION_GONE = "petition gone"
    """The petition was withdrawn, so none of its signatures counts."""


def standing_of(
    signature: Signature, *, now: datetime, counted: Iterable[Signature] | None = None
) -> Standing:
    """Return the status of `signature` at `now`; a second form of somebody who is
    already counted has the status COUNTS. `counted` are the confirmed signatures of its
    mailbox, where they are known."""
    state = signature.state
    if state == SignatureState.WITHDRAWN:
        return Standing.WITHDRAWN
    if signature.petition.state == State.WITHDRAWN:
        return Standing.PETITION_GONE
    if state == SignatureState.CONFIRMED or same_person.counted_sibling(
        signature, counted
    ):
        return Standing.COUNTS
    if state == SignatureState.INVALID:
        return Standing.INVALID
    if same_person.is_full(signature, counted):
        return Standing.FULL
    if not confirming.is_in_time(signature, now=now):
        return Standing.TOO_LATE
    return Standing.WAITS
