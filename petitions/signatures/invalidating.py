"""Taking signatures from the count, and giving them back: first a preview, then
batches in the worker, each a transaction of its own.

A batch marks its signatures, appends the change of the count and says how far it has
come. So a worker that is killed at any point loses nothing and does nothing twice: the
next one goes on, and totals + changes == signatures holds all the while.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import CharField, Count, Max, Q, QuerySet
from django.db.models.functions import MD5, Cast
from django.utils import timezone

from core.db.batches import Batches
from core.db.database import statement_timeout
from organizations.models import User
from petitions.identity import key_ring
from petitions.models import Change, Invalidation, Petition, Signature
from petitions.signatures import (
    confirming,
    rekey_batch,
)
from petitions.states import InvalidationState, SignatureState, Source

# Signatures of the petition that one batch looks at, and so the most that it marks.
# It bounds the time of a batch whether all of them match or none.
BATCH = 2_000
BATCHES = Batches(first=200, most=BATCH)
SAMPLE = 20
# What is left of a name: that there was one.
NO_NAME = "…"
ONCE = ("signature_counted_once", confirming.SEATED_ONCE)
# A preview reads every signature of the petition; staff wait longer than visitors.
PATIENCE = "50s"


@dataclass(frozen=True)
class InvalidationPreview:
    """What an invalidation would do."""

    found: int
    """Signatures that it takes from the count."""
    weak: int
    """Those of them with a weak sign of abuse."""
    pending: int
    """Others that match and wait for their confirmation; they stay as they are."""
    sample: list[Signature]
    """A few of `found`, from all over the set."""


def preview_invalidation(invalidation: Invalidation) -> InvalidationPreview:
    """Look, and change nothing. OperationalError when it takes too long."""
    counted = Q(
        state=SignatureState.CONFIRMED,
        email_key__isnull=False,
        confirmed_at__lte=invalidation.as_of,
    )
    with transaction.atomic(), statement_timeout(PATIENCE):
        figures = invalidation.matching().aggregate(
            found=Count("pk", filter=counted),
            weak=Count("pk", filter=counted & Q(weak_signs__gt=0)),
            pending=Count("pk", filter=Q(state=SignatureState.PENDING)),
        )
        # In the order of a hash: the same at every look, and from all over the set.
        order = MD5(Cast("pk", CharField()))
        sample = list(invalidation.counted().order_by(order)[:SAMPLE])
    return InvalidationPreview(**figures, sample=sample)


class InvalidationRunning(Exception):
    """Another invalidation of the petition is at work."""


def begin_invalidation(invalidation: Invalidation, by: User, *, now: datetime) -> None:
    """Hand a previewed set to the worker; Busy when it has one of this petition."""
    newest = invalidation.petition.signatures.aggregate(newest=Max("pk"))["newest"]
    invalidation.made_by, invalidation.made_at = by, now
    invalidation.up_to = newest or 0
    try:
        with transaction.atomic():
            invalidation.save(force_insert=True)
    except IntegrityError as error:
        if "invalidation_one_at_a_time" in str(error):
            raise InvalidationRunning from None
        raise


def reverse_invalidation(
    invalidation: Invalidation, by: User, reason: str, *, now: datetime
) -> bool:
    """Have the worker give back what still carries the mark, also of one that is at
    work; False when that has been asked for already. InvalidationRunning when another
    one of the petition is at work."""
    waiting = Invalidation.objects.filter(
        pk=invalidation.pk,
        state__in=[InvalidationState.RUNNING, InvalidationState.DONE],
    )
    try:
        with transaction.atomic():
            number = waiting.update(
                state=InvalidationState.REVERSING,
                reversal_reason=reason,
                reversed_by=by,
                reversed_at=now,
                last_id=0,
            )
    except IntegrityError as error:
        if "invalidation_one_at_a_time" in str(error):
            raise InvalidationRunning from None
        raise
    return number == 1


def advance_round(now: datetime) -> bool:
    """For the worker: whether there was a batch to do, and more may wait."""
    return BATCHES.run(lambda batch: batch if advance(now, batch) else 0)


def advance(now: datetime, batch: int = 0) -> bool:
    """One batch (of BATCH, unless told otherwise) of the oldest invalidation that is
    at work; whether there was one."""
    batch = batch or BATCH
    try:
        with transaction.atomic():
            job = (
                Invalidation.objects.unfinished()
                .order_by("pk")
                .select_for_update()
                .first()
            )
            if job is None:
                return False
            if job.state == InvalidationState.RUNNING:
                invalidate_batch(job, now, batch)
            elif not restore_batch(job, now, batch):
                return False
            job.save()
    except IntegrityError as error:
        # Somebody has confirmed another signature in this very moment. The batch is
        # tried again at the next round, and sees it.
        if confirming.constraint_of(error) not in ONCE:
            raise
        return False
    return True


def invalidate_batch(job: Invalidation, now: datetime, batch: int) -> None:
    """Mark what matches among the next signatures of the petition."""
    ahead = Signature.objects.filter(
        petition=job.petition_id, pk__gt=job.last_id, pk__lte=job.up_to
    ).order_by("pk")
    end = ahead.values_list("pk", flat=True)[batch - 1 : batch]
    last = next(iter(end), job.up_to)
    # Locked first: their owners may be withdrawing them.
    rows = job.counted().filter(pk__gt=job.last_id, pk__lte=last).order_by("pk")
    taken = list(rows.select_for_update(no_key=True).values_list("pk", flat=True))
    Signature.objects.filter(pk__in=taken).update(
        state=SignatureState.INVALID, invalidation=job
    )
    change_count(job, -len(taken), now)
    job.marked += len(taken)
    job.last_id = last
    if last == job.up_to:
        job.state, job.finished_at = InvalidationState.DONE, now


def restore_batch(job: Invalidation, now: datetime, size: int) -> bool:
    """Give back the next that carry the mark, but for people who have confirmed
    another signature since: they are counted already. False, and nothing done, while
    a re-key runs: who is the same person can then not be told by one key."""
    ring = key_ring.current_keyring()
    if ring.rekeying:
        return False
    marked = Signature.objects.filter(invalidation=job, pk__gt=job.last_id)
    locked = marked.order_by("pk").select_for_update(no_key=True)
    batch = list(locked.values_list("pk", "email_key")[:size])
    counted = Signature.objects.confirmed().filter(
        petition=job.petition_id, email_key__in={key for _pk, key in batch}
    )
    ids = [pk for pk, _key in batch]
    make_comparable(job.petition, ids, counted, ring, now)
    restored = 0
    there: dict[UUID | None, list[Signature]] = defaultdict(list)
    for row in counted:
        there[row.email_key].append(row)
    unseated: list[int] = []
    for row in marked.filter(pk__in=ids).order_by("confirmed_at", "pk"):
        others = there[row.email_key]
        if len(others) == 2 or row.person in {other.person for other in others}:
            continue
        others.append(row)
        if row.person:
            taken = {other.seat for other in others if other is not row}
            seat = (
                row.seat if row.seat and row.seat not in taken else min({1, 2} - taken)
            )
            Signature.objects.filter(pk=row.pk).update(
                seat=seat, state=SignatureState.CONFIRMED, invalidation=None
            )
        else:
            unseated.append(row.pk)
        restored += 1
    Signature.objects.filter(pk__in=unseated).update(
        state=SignatureState.CONFIRMED, invalidation=None
    )
    change_count(job, restored, now)
    job.restored += restored
    job.left_out += len(batch) - restored
    if ids:
        job.last_id = ids[-1]
    if len(batch) < size:
        job.state, job.restored_at = InvalidationState.REVERSED, now
    return True


def make_comparable(
    petition: Petition,
    ids: list[int],
    counted: QuerySet[Signature],
    ring: key_ring.Keyring,
    now: datetime,
) -> None:
    """Make signatures and those that are counted at their addresses comparable, where
    whether two may share one address was changed in the meantime."""
    stale = ~Q(email_key_version=ring.newest.number)
    stale |= Q(person="") if petition.shared_addresses else ~Q(person="")
    rows = Signature.objects.filter(stale, pk__in=ids) | counted.filter(stale)
    if found := list(rows.values_list("pk", flat=True)):
        rekey_batch.rekey_rows(found, ring, now=now)


def change_count(job: Invalidation, delta: int, now: datetime) -> None:
    """The count follows, as of today; it is no confirmation of any mail domain."""
    if delta:
        Change.objects.create(
            petition_id=job.petition_id,
            day=timezone.localdate(now),
            source=Source.CONFIRMED,
            delta=delta,
        )


# == What staff typed ==


def still_naming(now: datetime) -> QuerySet[Invalidation]:
    """Those that still hold a name that staff typed, of petitions whose signatures
    hold none any more."""
    ended = Invalidation.objects.filter(petition__anonymised_at__lte=now)
    return ended.exclude(name__in=("", NO_NAME)).order_by("pk")


def clear_typed_names(invalidations: QuerySet[Invalidation]) -> None:
    invalidations.update(name=NO_NAME)
