"""Withdrawing a confirmed signature, which takes it from the count."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core.db.database import repeatable
from petitions.identity import (
    same_person,
)
from petitions.models import (
    CountChange,
    Signature,
)
from petitions.states import SignatureState, Source


@repeatable
def withdraw(signature: Signature, *, now: datetime, because: str = "") -> None:
    """Withdraw a confirmed signature, which lowers the count as of today; `because` is
    a `Withdrawal` reason when its owner did not ask for it. Invalidated signatures of
    the same person become withdrawn, too, so that no reversal restores them. If the
    owner asked, pending forms of the same person are erased as well: nobody is asked to
    confirm what they have just withdrawn."""
    at_address = same_person.of_address(
        Signature.objects.filter(petition=signature.petition_id), signature.email
    )
    with transaction.atomic():
        # Lock before reading states: an invalidation batch may be changing them.
        rows = at_address.filter(
            Q(state=SignatureState.CONFIRMED, pk=signature.pk)
            | Q(state=SignatureState.INVALID)
        )
        for row in rows.order_by("pk").select_for_update():
            if not same_person.is_same_person(row, signature):
                continue
            counted = row.state == SignatureState.CONFIRMED
            row.state, row.withdrawn_at = SignatureState.WITHDRAWN, now
            row.withdrawn_because, row.invalidation = because, None
            row.save(
                update_fields=[
                    "state", "withdrawn_at", "withdrawn_because", "invalidation",
                ]
            )  # fmt: skip
            if counted:
                CountChange.objects.create(
                    petition_id=signature.petition_id,
                    day=timezone.localdate(now),
                    source=Source.CONFIRMED,
                    delta=-1,
                    signature=row,
                )
        if not because:
            same_person.erase_pending(signature)
