"""Invalidations: staff take signatures from the count, and can give them back. First
comes a preview, then batches in the worker, each in a transaction of its own.

A batch marks its signatures, appends a `CountChange` and records how far it has come.
So a worker that is killed at any point loses nothing and does nothing twice: the next
one resumes, and totals + changes == signatures holds all the while.
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
from petitions.models import CountChange, Invalidation, Petition, Signature
from petitions.signatures import (
    confirming,
    rekey_batch,
)
from petitions.states import InvalidationState, SignatureState, Source

# The most signatures of the petition that one batch examines, and so the most that it
# marks. This bounds the time of a batch whether all of them match or none.
BATCH = 2_000
BATCHES = Batches(first=200, most=BATCH)
SAMPLE = 20
# Replaces a name that staff typed: shows that there was one.
NO_NAME = "…"
# The constraints that a batch breaks when somebody confirms another signature of theirs
# meanwhile.
ONCE = ("signature_counted_once", confirming.SLOT_ONCE)
# Statement timeout of a preview, which reads every signature of the petition: staff can
# wait longer than visitors.
PATIENCE = "50s"


@dataclass(frozen=True)
class InvalidationPreview:
    """The figures of what an invalidation would do."""

    found: int
    """The number of signatures that it would take from the count."""
    weak: int
    """The number of those with a weak sign of abuse."""
    pending: int
    """The number of pending signatures that match, too; they stay as they are."""
    sample: list[Signature]
    """A few of the signatures counted in `found`, spread over the whole set."""


def preview_invalidation(invalidation: Invalidation) -> InvalidationPreview:
    """Return what an invalidation would do, and change nothing. Raise OperationalError
    when that takes longer than `PATIENCE`."""
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
        # Ordered by a hash: the same sample every time, spread over the whole set.
        order = MD5(Cast("pk", CharField()))
        sample = list(invalidation.counted().order_by(order)[:SAMPLE])
    return InvalidationPreview(**figures, sample=sample)


class InvalidationRunning(Exception):
    """Another invalidation of the same petition is running."""


def begin_invalidation(invalidation: Invalidation, by: User, *, now: datetime) -> None:
    """Save a previewed invalidation for the worker to run; raise InvalidationRunning
    when another one of the petition is running."""
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
    """Have the worker restore the signatures that an invalidation, finished or still
    running, has marked; return False if it is not running or done, as when a reversal
    has been asked for already. Raise InvalidationRunning when another one of the
    petition is running."""
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


def invalidation_round(now: datetime) -> bool:
    """Run one batch for the worker; return whether more may be waiting."""
    return BATCHES.run(lambda batch: batch if advance_invalidation(now, batch) else 0)


def advance_invalidation(now: datetime, batch: int = 0) -> bool:
    """Run one batch of at most `batch` signatures (0: `BATCH`) of the oldest unfinished
    invalidation; return whether one was run. None is run, for the next round to try
    again, when somebody has just confirmed, and no reversal while a re-key runs."""
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
        # Somebody has just confirmed another signature of theirs. The batch is retried
        # in the next round, and sees it.
        if confirming.constraint_of(error) not in ONCE:
            raise
        return False
    return True


def invalidate_batch(job: Invalidation, now: datetime, batch: int) -> None:
    """Mark those of the next `batch` signatures of the petition that match as invalid,
    lower the count, and update the progress of `job` without saving it."""
    ahead = Signature.objects.filter(
        petition=job.petition_id, pk__gt=job.last_id, pk__lte=job.up_to
    ).order_by("pk")
    end = ahead.values_list("pk", flat=True)[batch - 1 : batch]
    last = next(iter(end), job.up_to)
    # Lock before updating: their owners may be withdrawing them.
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
    """Restore the next `size` signatures that the invalidation marked, except those of
    people who have confirmed another one since and so are counted already. Return
    False, having done nothing, while a re-key is running: one key then does not
    identify a person."""
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
    # Those that need no slot of a shared address: one statement restores them all.
    without_slot: list[int] = []
    for row in marked.filter(pk__in=ids).order_by("confirmed_at", "pk"):
        others = there[row.email_key]
        if len(others) == 2 or row.person in {other.person for other in others}:
            continue
        others.append(row)
        if row.person:
            taken = {other.shared_address_slot for other in others if other is not row}
            shared_address_slot = (
                row.shared_address_slot
                if row.shared_address_slot and row.shared_address_slot not in taken
                else min({1, 2} - taken)
            )
            Signature.objects.filter(pk=row.pk).update(
                shared_address_slot=shared_address_slot,
                state=SignatureState.CONFIRMED,
                invalidation=None,
            )
        else:
            without_slot.append(row.pk)
        restored += 1
    Signature.objects.filter(pk__in=without_slot).update(
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
    """Re-key the signatures `ids`, and those `counted` at their addresses, that cannot
    be compared: those with an older key, or from before sharing addresses was allowed
    or forbidden on the petition."""
    stale = ~Q(email_key_version=ring.newest.number)
    stale |= Q(person="") if petition.shared_addresses else ~Q(person="")
    rows = Signature.objects.filter(stale, pk__in=ids) | counted.filter(stale)
    if numbers := list(rows.values_list("pk", flat=True)):
        rekey_batch.rekey_rows(numbers, ring, now=now)


def change_count(job: Invalidation, delta: int, now: datetime) -> None:
    """Append the change of the count, as of today. It names no mail domain: it is no
    confirmation by one."""
    if delta:
        CountChange.objects.create(
            petition_id=job.petition_id,
            day=timezone.localdate(now),
            source=Source.CONFIRMED,
            delta=delta,
        )


# == Names that staff typed ==


def still_naming(now: datetime) -> QuerySet[Invalidation]:
    """Return the invalidations that still hold a name that staff typed although the
    signatures of their petition have been anonymised."""
    ended = Invalidation.objects.filter(petition__anonymised_at__lte=now)
    return ended.exclude(name__in=("", NO_NAME)).order_by("pk")


def clear_typed_names(invalidations: QuerySet[Invalidation]) -> None:
    """Replace the names that staff typed by a placeholder."""
    invalidations.update(name=NO_NAME)
