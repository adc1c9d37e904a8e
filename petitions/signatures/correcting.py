"""Corrections that the owner of a signature makes, before and after confirming it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from core.db.database import repeatable
from petitions.abuse.contact_details import may_hold_a_contact
from petitions.models import (
    Signature,
)
from petitions.names import folded_name
from petitions.signature_fields import CORRECTABLE
from petitions.signatures import confirming
from petitions.signatures.consent import record_consent
from petitions.states import WeakSign


class NameTaken(Exception):
    """The new name is that of the other signer at a shared address."""


@repeatable
def correct_signature(signature: Signature, given: dict[str, Any]) -> None:
    """Store the corrections that the owner of the mailbox made to a pending
    signature."""
    known = corrected(given)
    if not signature.petition.organization.can_ask_updates:
        known.pop("wants_updates", None)  # nobody asked
    known |= person_of(signature, known) | doubts(signature, known)
    Signature.objects.pending().filter(pk=signature.pk).update(**known)


def corrected(given: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of `Signature` that the cleaned fields `given` of a form set,
    with their values."""
    return {
        column: given[name] for column, name in CORRECTABLE.items() if name in given
    }


def person_of(signature: Signature, changed: dict[str, Any]) -> dict[str, str]:
    """Return the column `person` as a changed name makes it, if two may share an
    address; else {}."""
    if "name" not in changed or not signature.petition.shared_addresses:
        return {}
    return {"person": folded_name(changed["name"])}


def doubts(signature: Signature, changed: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that keep a corrected name or place off the public page until
    staff have looked at it, if it may hold contact details; else {}."""
    typed = [changed.get(name, "") for name in ("name", "place")]
    if not any(map(may_hold_a_contact, typed)):
        return {}
    signs = signature.weak_signs | WeakSign.CONTACT_IN_NAME
    return {"name_withheld": True, "weak_signs": int(signs)}


@repeatable
def change_signature(
    signature: Signature, given: dict[str, Any], *, now: datetime
) -> None:
    """Store the changes that the owner of a confirmed signature made. A new comment has
    to be approved by staff before it is shown; a new answer about updates is stored as
    a consent of its own. Raise NameTaken if the other signer at a shared address has
    the same name."""
    changed = {
        column: value
        for column, value in corrected(given).items()
        if value != getattr(signature, column)
    }
    if "comment" in changed:
        changed |= {"comment_approved": False, "comment_rejected": False}
    answer = changed.get("wants_updates")
    if answer is None or not signature.petition.organization.can_ask_updates:
        # Not asked, or not answered: the earlier answer stays in force.
        answer = None
        changed.pop("wants_updates", None)
    changed |= person_of(signature, changed) | doubts(signature, changed)
    with transaction.atomic():
        if changed:
            update_signature(signature, changed)
        if answer is not None:
            record_consent(signature, wants_updates=answer, now=now)


def update_signature(signature: Signature, changed: dict[str, Any]) -> None:
    """Update a confirmed signature; raise NameTaken if the new name matches that of the
    other signer at this address."""
    try:
        with transaction.atomic():
            Signature.objects.known().filter(pk=signature.pk).update(**changed)
    except IntegrityError:
        if "person" in changed:
            raise NameTaken from None
        raise


def confirm_corrected(
    signature: Signature, given: dict[str, Any], *, now: datetime
) -> tuple[confirming.Confirmation, str]:
    """Store corrections to a pending signature, then confirm it; return what `confirm`
    does."""
    correct_signature(signature, given)
    return confirming.confirm(signature.pk, now=now)
