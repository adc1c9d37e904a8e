"""Entering counts: supporters whom staff have counted on paper or elsewhere. What goes
beyond the number that the organisation sets waits for a second person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Sum

from organizations.models import Organization, User
from petitions.counts.entries import record_entry
from petitions.models import CountEntry, EnteredCount, Petition, Scan
from petitions.states import PUBLIC_STATES, EnteredState

COUNTED_TOGETHER = timedelta(days=7)
"""How long numbers that nobody else confirmed count together: a large one is not
divided into small ones."""
KINDS = {
    "pdf": (b"%PDF-", "application/pdf"),
    "jpg": (b"\xff\xd8\xff", "image/jpeg"),
    "png": (b"\x89PNG\r\n\x1a\n", "image/png"),
}
"""The kinds of scans: how the content of one begins, and its media type."""


class CannotBeDecided(Exception):
    """It cannot be counted or decided: somebody else has done it, an entry with this
    label came meanwhile, or the petition takes none."""


def takes_entries(petition: Petition) -> bool:
    """Return whether supporters counted elsewhere can be added to a petition."""
    return petition.state in PUBLIC_STATES


def kind_of_scan(content: bytes) -> str:
    """Return the kind of a scan by how it begins; "" when it is none of KINDS."""
    kinds = (
        kind for kind, (start, _type) in KINDS.items() if content.startswith(start)
    )
    return next(kinds, "")


def entered_alone(organization: Organization, now: datetime) -> int:
    """Return how many supporters were lately entered for an organisation without a
    second person; a correction takes back none of them."""
    lately = CountEntry.objects.filter(
        petition__organization=organization,
        created_at__gt=now - COUNTED_TOGETHER,
        number__gt=0,
    ).exclude(entered__needs_second=True)
    return lately.aggregate(sum=Sum("number"))["sum"] or 0


def needs_second_person(petition: Petition, number: int, now: datetime) -> bool:
    """Return whether a second person has to confirm `number` supporters. Until the end
    of the transaction, whoever else asks for the same organisation waits, and counts
    these."""
    organizations = Organization.objects.select_for_update(no_key=True)
    with transaction.atomic():
        organization = organizations.get(pk=petition.organization_id)
        above = organization.count_approval_above
        return above is not None and number + entered_alone(organization, now) > above


def enter(entered: EnteredCount, scan: bytes, by: User, *, now: datetime) -> None:
    """Save a new entered count, with its scan unless that is empty; count it, or have
    it wait for a second person. Raise CannotBeDecided when its label came meanwhile."""
    entered.made_by, entered.made_at = by, now
    with in_time(), transaction.atomic():
        entered.needs_second = needs_second_person(
            entered.petition, entered.number, now
        )
        if not entered.needs_second:
            entered.entry = store_count_entry(entered)
            entered.state = EnteredState.COUNTED
        entered.save(force_insert=True)
        if scan:
            Scan.objects.create(
                entered=entered,
                kind=kind_of_scan(scan),
                sha256=hashlib.sha256(scan).hexdigest(),
                content=scan,
            )


@contextmanager
def in_time() -> Iterator[None]:
    """Raise CannotBeDecided when another entry with the same label came first."""
    try:
        yield
    except IntegrityError as error:
        if not any(name in str(error) for name in ("count_entry_once", "entered_once")):
            raise
        raise CannotBeDecided from None


def store_count_entry(entered: EnteredCount) -> CountEntry:
    """Store the count entry that an entered count becomes."""
    return record_entry(
        CountEntry(
            petition=entered.petition,
            source=entered.source,
            number=entered.number,
            label=entered.label,
            counted_by=entered.counted_by,
            counted_at=entered.counted_at,
        )
    )


def confirm_entered(entered: EnteredCount, by: User, *, now: datetime) -> None:
    """Count what somebody else has entered; raise CannotBeDecided when that cannot
    be."""
    with in_time(), transaction.atomic():
        waiting = lock_waiting(entered)
        if waiting.made_by_id == by.pk or not takes_entries(waiting.petition):
            raise CannotBeDecided
        waiting.entry = store_count_entry(waiting)
        decide_entered(waiting, EnteredState.COUNTED, by, now)


def refuse_entered(entered: EnteredCount, by: User, *, now: datetime) -> None:
    """Do not count what waits, and erase its scan; whoever entered it may do so, too.
    Raise CannotBeDecided when it waits no more."""
    with transaction.atomic():
        waiting = lock_waiting(entered)
        decide_entered(waiting, EnteredState.REFUSED, by, now)
        Scan.objects.filter(entered=waiting).delete()


def erase_scan(entered: EnteredCount) -> bool:
    """Erase the scan of what was entered; the number stays. Return False when there is
    none."""
    number, _rows = Scan.objects.filter(entered=entered).delete()
    return bool(number)


def lock_waiting(entered: EnteredCount) -> EnteredCount:
    rows = EnteredCount.objects.select_for_update(of=("self",))
    waiting = rows.filter(pk=entered.pk, state=EnteredState.WAITING).first()
    if waiting is None:
        raise CannotBeDecided
    return waiting


def decide_entered(
    entered: EnteredCount, state: EnteredState, by: User, now: datetime
) -> None:
    entered.state, entered.decided_by, entered.decided_at = state, by, now
    entered.save(update_fields=["state", "decided_by", "decided_at", "entry"])
