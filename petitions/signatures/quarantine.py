"""Quarantine: signatures that wait until staff have looked at them. Staff release them,
or have them erased after a delay in which that can be called off. The column
`quarantine_reason` says why they wait."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

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


@repeatable
def release_from_quarantine(signatures: QuerySet[Signature], *, now: datetime) -> int:
    """Release signatures from quarantine and send their confirmation links; return how
    many. Mail domains that put them there as too new are known from then on. Signatures
    that staff decided to erase stay as they are: that has to be called off first."""
    with transaction.atomic():
        rows = signatures.quarantined().select_for_update(of=("self",))  # type: ignore[attr-defined]
        found = list(rows.order_by("pk").values_list("pk", flat=True))
        new_domains.learn(Signature.objects.filter(pk__in=found), now=now)
        OutgoingMail.objects.filter(signature__in=found, state=MailState.HELD).update(
            state=MailState.DUE, due_at=now
        )
        return Signature.objects.filter(pk__in=found).update(quarantine_reason="")


@repeatable
def remove(
    signatures: QuerySet[Signature], by: User, *, now: datetime
) -> list[tuple[Removal, int]]:
    """Schedule quarantined signatures to be erased after `WAIT`; return the removals
    created, one for each petition, with the number of signatures in each."""
    with transaction.atomic():
        rows = signatures.quarantined().select_for_update(of=("self",))  # type: ignore[attr-defined]
        found: dict[int, list[int]] = defaultdict(list)
        for number, petition in rows.order_by("pk").values_list("pk", "petition"):
            found[petition].append(number)
        made = []
        for petition, numbers in sorted(found.items()):
            removal = Removal.objects.create(
                petition_id=petition, made_by=by, made_at=now
            )
            Signature.objects.filter(pk__in=numbers).update(removal=removal)
            made.append((removal, len(numbers)))
        return made


@repeatable
def call_off(removal: Removal) -> int:
    """Cancel a removal, so that its signatures stay in quarantine as before; return how
    many."""
    with transaction.atomic():
        rows = Signature.objects.to_be_removed().filter(removal=removal.pk)
        held = list(
            rows.order_by("pk").select_for_update(of=("self",)).values_list("pk")
        )
        Signature.objects.filter(removal=removal.pk).exclude(
            quarantine_reason=""
        ).update(removal=None)
        Removal.objects.filter(pk=removal.pk).delete()
        return len(held)


def to_erase(now: datetime) -> QuerySet[Signature]:
    """Return the signatures whose removal was not called off in time."""
    rows = Signature.objects.to_be_removed().filter(removal__made_at__lte=now - WAIT)
    return rows.order_by("pk")
