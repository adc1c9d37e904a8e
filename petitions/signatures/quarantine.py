"""Signatures set aside until staff have looked: released, or erased after a time in
which that can be called off."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from core.db.database import repeatable
from organizations.models import User
from petitions.abuse import new_domains
from petitions.models import (
    DueMail,
    Removal,
    Signature,
)
from petitions.models.mails import MailState
from petitions.models.petition_lifecycle import WAIT


@repeatable
def release_from_quarantine(signatures: QuerySet[Signature], *, now: datetime) -> int:
    """Send their link to those that were set aside; returns how many. The mail domains
    that were new are known from then on. Those that staff decided to erase stay as
    they are: that is called off first."""
    with transaction.atomic():
        rows = signatures.set_aside().select_for_update(of=("self",))  # type: ignore[attr-defined]
        found = list(rows.order_by("pk").values_list("pk", flat=True))
        new_domains.learn(Signature.objects.filter(pk__in=found), now=now)
        DueMail.objects.filter(signature__in=found, state=MailState.HELD).update(
            state=MailState.DUE, due_at=now
        )
        return Signature.objects.filter(pk__in=found).update(aside="")


@repeatable
def remove(
    signatures: QuerySet[Signature], by: User, *, now: datetime
) -> list[tuple[Removal, int]]:
    """Have those that were set aside erased after `WAIT`; returns what was made of
    them, one for each petition, with the number of signatures."""
    with transaction.atomic():
        rows = signatures.set_aside().select_for_update(of=("self",))  # type: ignore[attr-defined]
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
    """Leave what was to be erased set aside, as before; returns how many."""
    with transaction.atomic():
        rows = Signature.objects.to_be_removed().filter(removal=removal.pk)
        held = list(
            rows.order_by("pk").select_for_update(of=("self",)).values_list("pk")
        )
        Signature.objects.filter(removal=removal.pk).exclude(aside="").update(
            removal=None
        )
        Removal.objects.filter(pk=removal.pk).delete()
        return len(held)


def to_erase(now: datetime) -> QuerySet[Signature]:
    """Those of which nobody called it off in time."""
    rows = Signature.objects.to_be_removed().filter(removal__made_at__lte=now - WAIT)
    return rows.order_by("pk")
