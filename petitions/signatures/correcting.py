"""What the owner of a signature corrects, before and after it is confirmed."""

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
    """The other person at a shared address has that name."""


@repeatable
def correct_signature(signature: Signature, given: dict[str, Any]) -> None:
    """Take over what the owner of the mailbox corrected, before it is confirmed."""
    known = {name: given[name] for name in CORRECTABLE if name in given}
    if not signature.petition.organization.can_ask_updates:
        known.pop("updates", None)  # nobody asked
    known |= person_of(signature, known) | doubts(signature, known)
    Signature.objects.pending().filter(pk=signature.pk).update(**known)


def person_of(signature: Signature, changed: dict[str, Any]) -> dict[str, str]:
    """The person that a new name makes, where two may share an address."""
    if "name" not in changed or not signature.petition.shared_addresses:
        return {}
    return {"person": folded_name(changed["name"])}


def doubts(signature: Signature, changed: dict[str, Any]) -> dict[str, Any]:
    """What keeps a corrected name or place from the page until staff have looked."""
    typed = [changed.get(name, "") for name in ("name", "place")]
    if not any(map(may_hold_a_contact, typed)):
        return {}
    signs = signature.weak_signs | WeakSign.CONTACT_IN_NAME
    return {"name_withheld": True, "weak_signs": int(signs)}


@repeatable
def change_signature(
    signature: Signature, given: dict[str, Any], *, now: datetime
) -> None:
    """Take over what the owner of a counted signature changed. A new comment is read
    by staff before it is shown; a new answer about updates is a consent of its own.
    NameTaken when the other person at a shared address would have the same name."""
    changed = {
        name: given[name]
        for name in CORRECTABLE
        if name in given and given[name] != getattr(signature, name)
    }
    if "comment" in changed:
        changed |= {"comment_approved": False, "comment_rejected": False}
    answer = changed.get("updates")
    if answer is None or not signature.petition.organization.can_ask_updates:
        # Not asked, or not answered: what was said before holds.
        answer = None
        changed.pop("updates", None)
    changed |= person_of(signature, changed) | doubts(signature, changed)
    with transaction.atomic():
        if changed:
            update_signature(signature, changed)
        if answer is not None:
            record_consent(signature, updates=answer, now=now)


def update_signature(signature: Signature, changed: dict[str, Any]) -> None:
    """Write to a counted row what does not make two of one person."""
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
    """Correct, then confirm."""
    correct_signature(signature, given)
    return confirming.confirm(signature.pk, now=now)
