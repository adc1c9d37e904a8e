"""Showing a person all that is stored about them, and erasing it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from core.db.database import repeatable
from petitions.identity import (
    same_person,
)
from petitions.models import (
    Consent,
    OutgoingMail,
    Signature,
)
from petitions.signature_fields import OPTIONAL
from petitions.signatures.withdrawing import withdraw
from petitions.states import SignatureState


def signed_by(address: str) -> QuerySet[Signature]:
    """Return all signatures with this exact address, newest first, including every
    pending form for the same petition."""
    return (
        same_person.of_address(Signature.objects.all(), address)
        .select_related("petition__organization", "invalidation", "removal")
        .prefetch_related("petition__translations")
        .order_by("-created_at", "-pk")
    )


def everything_about(address: str) -> dict[str, Any]:
    """Return all that is stored about the owner of `address`, for that person to
    download."""
    rows = signed_by(address)
    return {
        "signatures": [
            {
                "petition": row.petition.words_in(row.text_language).title,
                "address": settings.SITE_URL + row.petition.get_absolute_url(),
                "organization": row.petition.organization.name,
                "state": row.state,
                "name": row.name,
                "email": row.email,
                **{field.name: getattr(row, field.name) for field in OPTIONAL},
                "comment": row.comment,
                "name_shown": row.show_name,
                "updates": row.wants_updates,
                "language": row.language,
                "text_language": row.text_language or row.petition.language,
                "network": row.network,
                "came_by_link": row.via,
                "agreed_to_hand_over": row.delivery,
                "signed_at": row.created_at.isoformat(),
                "confirmed_at": row.confirmed_at and row.confirmed_at.isoformat(),
                "withdrawn_at": row.withdrawn_at and row.withdrawn_at.isoformat(),
                "invalidated_at": row.invalidation
                and row.invalidation.made_at.isoformat(),
                "withdrawn_because": row.withdrawn_because,
                "erased_on": row.erased_on and row.erased_on.isoformat(),
            }
            for row in rows
        ],
        "answers_about_updates": [
            {
                "email": row.email,
                "updates": row.wants_updates,
                "asked_by": row.sender,
                "language": row.language,
                "given_at": row.given_at.isoformat(),
            }
            for row in same_person.of_address(Consent.objects.all(), address).order_by(
                "given_at", "pk"
            )
        ],
        "mails": [
            {
                "state": row.state,
                "created_at": row.created_at.isoformat(),
                "finished_at": row.finished_at and row.finished_at.isoformat(),
            }
            for row in OutgoingMail.objects.filter(signature__in=rows).order_by("pk")
        ],
    }


@repeatable
def erase_all(address: str, *, now: datetime) -> None:
    """Erase all signatures of one person on every petition, and every consent they
    gave."""
    with transaction.atomic():
        for signature in signed_by(address):
            if Signature.objects.filter(pk=signature.pk).exists():
                erase_signature(signature, now=now)
        same_person.of_address(Consent.objects.all(), address).delete()


@repeatable
def erase_signature(signature: Signature, *, now: datetime) -> None:
    """Erase one person's data on one petition. A counted signature is withdrawn first,
    so that the count falls; then every row with the address is deleted, or, where two
    people may share it, every row of this person."""
    # Links never lead to a signature that was anonymised.
    assert signature.email_key is not None
    with transaction.atomic():
        at_address = same_person.of_address(
            Signature.objects.filter(petition=signature.petition_id), signature.email
        )
        theirs = Q(person=signature.person)
        if not signature.petition.shared_addresses:
            theirs |= Q(state=SignatureState.PENDING)
        for row in at_address.select_for_update().filter(theirs).order_by("pk"):
            if row.state == SignatureState.CONFIRMED:
                withdraw(row, now=now)
            same_person.delete_signatures(Signature.objects.filter(pk=row.pk))
        if not at_address.exclude(state=SignatureState.PENDING).exists():
            # A consent is the mailbox's: the other person there may have given it.
            same_person.of_address(Consent.objects.all(), signature.email).filter(
                organization=signature.petition.organization_id,
                source=f"petition:{signature.petition_id}",
            ).delete()
