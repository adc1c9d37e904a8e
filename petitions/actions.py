"""What spans several models: each does all of it or nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from petitions import signing
from petitions.addresses import domain_of
from petitions.models import Change, Consent, DueMail, Signature
from petitions.states import SignatureState, Source

CORRECTABLE = (
    "name", "place", "postal_code", "country", "comment", "show_name", "updates",
)  # fmt: skip


def correct_signature(signature: Signature, given: dict[str, Any]) -> None:
    """Take over what the owner of the mailbox corrected, before it is confirmed."""
    known = {name: given[name] for name in CORRECTABLE if name in given}
    Signature.objects.pending().filter(pk=signature.pk).update(**known)


def send_again(signature: Signature, *, now: datetime) -> None:
    """Make a new mail due for a pending signature; the caps of the worker hold."""
    if signature.state == SignatureState.PENDING and signature.email_key:
        DueMail.objects.create(
            petition_id=signature.petition_id,
            signature=signature,
            email_key=signature.email_key,
            due_at=now,
            created_at=now,
        )


def send_all_again(key: Any, *, now: datetime) -> None:
    """A new mail for the newest pending signature under each petition."""
    newest = (
        Signature.objects.pending()
        .filter(email_key=key)
        .order_by("petition", "-pk")
        .distinct("petition")
    )
    for signature in newest:
        send_again(signature, now=now)


def erase_signature(signature: Signature, *, now: datetime) -> None:
    """Forget somebody under one petition: what is counted is withdrawn first, so
    that the count falls, then every row with the address goes."""
    key = signature.email_key
    assert key is not None  # no link leads to a signature that was anonymised
    with transaction.atomic():
        rows = Signature.objects.select_for_update().filter(
            petition=signature.petition_id, email_key=key
        )
        for row in rows.filter(
            Q(person=signature.person) | Q(state=SignatureState.PENDING)
        ).order_by("pk"):
            if row.state == SignatureState.CONFIRMED:
                withdraw(row, now=now)
            row.delete()
        Consent.objects.filter(
            organization=signature.petition.organization_id,
            email_key=key,
            source=f"petition:{signature.petition_id}",
        ).delete()


def withdraw(signature: Signature, *, now: datetime) -> None:
    """Take a confirmed signature from the count, as of today."""
    with transaction.atomic():
        withdrawn = (
            Signature.objects.confirmed()
            .filter(pk=signature.pk)
            .update(state=SignatureState.WITHDRAWN, withdrawn_at=now)
        )
        if withdrawn:
            Change.objects.create(
                petition_id=signature.petition_id,
                day=timezone.localdate(now),
                source=Source.CONFIRMED,
                delta=-1,
                domain=domain_of(signature.email),
            )


def confirm_corrected(
    signature: Signature, given: dict[str, Any], *, now: datetime
) -> tuple[signing.Confirmation, str]:
    """Correct, then confirm."""
    correct_signature(signature, given)
    return signing.confirm(signature.pk, now=now)
