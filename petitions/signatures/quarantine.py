"""Signatures set aside until staff have looked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from core.db.database import repeatable
from petitions.abuse import new_domains
from petitions.models import (
    DueMail,
    Signature,
)
from petitions.models.mails import MailState


@repeatable
def release(signatures: QuerySet[Signature], *, now: datetime) -> int:
    """Send their link to those that were set aside; returns how many. The mail domains
    that were new are known from then on."""
    with transaction.atomic():
        rows = signatures.set_aside().select_for_update(of=("self",))  # type: ignore[attr-defined]
        found = list(rows.order_by("pk").values_list("pk", flat=True))
        new_domains.learn(Signature.objects.filter(pk__in=found), now=now)
        DueMail.objects.filter(signature__in=found, state=MailState.HELD).update(
            state=MailState.DUE, due_at=now
        )
        return Signature.objects.filter(pk__in=found).update(aside="")
