"""Quarantine: signatures that wait until staff have looked at them. Staff release them,
or have them erased after a delay in which that can be called off. The column
`quarantine_reason` says why they wait."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from core.db.batches import Batches
from core.db.database import repeatable
from organizations.models import User
from petitions.abuse import new_domains
from petitions.models import (
    OutgoingMail,
    Removal,
    Signature,
)
from petitions.models.mails import MailState
from petitions.models.petition_lifecycle import WAIT

# What is decided about many at once is done in batches, each in a transaction of its
# own, so that whatever stops it half way leaves each signature decided or waiting.
BATCH = 2_000


def in_batches(
    rows: QuerySet[Signature], act: Callable[[list[int]], None], seconds: float
) -> None:
    """Call `act` with the ids of `rows`, batch by batch; begin none after `seconds`."""
    Batches(first=BATCH // 4, most=BATCH).over(rows, act, seconds)


def lock_quarantined(numbers: list[int]) -> dict[int, list[int]]:
    """Lock those of the signatures with the ids `numbers` that wait in quarantine;
    return their ids by that of their petition."""
    rows = Signature.objects.quarantined().filter(pk__in=numbers)
    by_petition: dict[int, list[int]] = defaultdict(list)
    for number, petition in (
        rows.select_for_update(of=("self",))
        .order_by("pk")
        .values_list("pk", "petition")
    ):
        by_petition[petition].append(number)
    return by_petition


def release_from_quarantine(
    signatures: QuerySet[Signature], *, now: datetime, seconds: float = math.inf
) -> Counter[int]:
    """Release signatures from quarantine, so that their confirmation links are sent;
    return how many by petition. After `seconds` the rest is left as it is. Mail domains
    that put them there as too new are known from then on. Signatures that staff decided
    to erase stay as they are: that has to be called off first."""
    released: Counter[int] = Counter()

    @repeatable
    def act(numbers: list[int]) -> Counter[int]:
        with transaction.atomic():
            by_petition = lock_quarantined(numbers)
            signatures = [number for rows in by_petition.values() for number in rows]
            new_domains.approve_domains(
                Signature.objects.filter(pk__in=signatures), now=now
            )
            OutgoingMail.objects.filter(
                signature__in=signatures, state=MailState.HELD
            ).update(state=MailState.DUE, due_at=now)
            Signature.objects.filter(pk__in=signatures).update(quarantine_reason="")
        return Counter({petition: len(rows) for petition, rows in by_petition.items()})

    waiting = signatures.quarantined()  # type: ignore[attr-defined]
    in_batches(waiting, lambda numbers: released.update(act(numbers)), seconds)
    return released


def schedule_removal(
    signatures: QuerySet[Signature],
    by: User,
    *,
    now: datetime,
    seconds: float = math.inf,
) -> list[tuple[Removal, int]]:
    """Schedule quarantined signatures to be erased after `WAIT`; return the removals
    created, one for each petition, with the number of signatures in each. After
    `seconds` the rest is left as it is, and so is that of a petition whose removal is
    called off meanwhile."""
    made = Removal.objects.filter(made_by=by, made_at=now)
    marked: Counter[int] = Counter()

    @repeatable
    def act(numbers: list[int]) -> Counter[int]:
        counted: Counter[int] = Counter()
        with transaction.atomic():
            for petition, signatures in sorted(lock_quarantined(numbers).items()):
                own = made.filter(petition=petition).select_for_update(no_key=True)
                removal = own.first()
                if removal is None and marked[petition]:
                    continue
                if removal is None:
                    removal = Removal.objects.create(
                        petition_id=petition, made_by=by, made_at=now
                    )
                Signature.objects.filter(pk__in=signatures).update(removal=removal)
                counted[petition] = len(signatures)
        return counted

    waiting = signatures.quarantined()  # type: ignore[attr-defined]
    in_batches(waiting, lambda numbers: marked.update(act(numbers)), seconds)
    rows = made.select_related("petition").order_by("petition")
    return [(removal, marked[removal.petition_id]) for removal in rows]


def call_off_removal(removal: Removal, *, seconds: float = math.inf) -> int:
    """Cancel a removal, so that its signatures stay in quarantine as before; return how
    many. After `seconds` the rest is left to be erased, and so is the removal."""
    rows = Signature.objects.to_be_removed().filter(removal=removal.pk)
    back: list[int] = []

    @repeatable
    def act(numbers: list[int]) -> list[int]:
        with transaction.atomic():
            held = rows.filter(pk__in=numbers).order_by("pk")
            signatures = list(
                held.select_for_update(of=("self",)).values_list("pk", flat=True)
            )
            Signature.objects.filter(pk__in=signatures).update(removal=None)
        return signatures

    in_batches(rows, lambda numbers: back.extend(act(numbers)), seconds)
    if not rows.exists():
        Removal.objects.filter(pk=removal.pk).delete()
    return len(back)


def to_erase(now: datetime) -> QuerySet[Signature]:
    """Return the signatures whose removal was not called off in time."""
    rows = Signature.objects.to_be_removed().filter(removal__made_at__lte=now - WAIT)
    return rows.order_by("pk")
