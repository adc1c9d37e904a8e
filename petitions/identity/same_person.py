"""Find, compare and erase the signatures of one mailbox under one petition."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models, transaction
from django.db.models import QuerySet

from core.db.database import repeatable
from petitions.addresses import address_spellings
from petitions.identity import key_ring
from petitions.models import MergedSignature, OutgoingMail, Signature
from petitions.models.mails import UNFINISHED
from petitions.names import folded_name


def find_signature(signature_id: int) -> Signature | None:
    """Return the signature, or the one that it was merged into. None when it was
    erased, or when its personal data was and only the count is left. Its petition is
    set to be read in the language that was signed."""
    everything = Signature.objects.known().select_related(
        "petition__organization", "invalidation"
    )
    signature = everything.filter(pk=signature_id).first()
    if signature is None:
        merged = MergedSignature.objects.filter(pk=signature_id).first()
        if merged is not None:
            signature = everything.filter(pk=merged.into_id).first()
    if signature is not None:
        signature.petition.reading = signature.text_language
    return signature


def of_address[M: models.Model](rows: QuerySet[M], address: str) -> QuerySet[M]:
    """Return those of `rows` (signatures or consents) with this very address. Only they
    are shown, handed out, corrected or erased by whoever reads its mail: which other
    spellings are the same mailbox is a rule for counting alone."""
    return rows.filter(
        email_key__in=key_ring.keys_of(address), email__in=address_spellings(address)
    )


def counted_in_mailbox(signature: Signature) -> QuerySet[Signature]:
    """Return the confirmed signatures of the same mailbox under the same petition, in
    any spelling of the address. For counting alone."""
    return Signature.objects.confirmed().filter(
        petition=signature.petition_id, email_key__in=key_ring.keys_of(signature.email)
    )


def counted_under_all(address: str) -> QuerySet[Signature]:
    """Return the same of a mailbox under all petitions."""
    return Signature.objects.confirmed().filter(email_key__in=key_ring.keys_of(address))


def counted_of_mailbox(signature: Signature) -> Signature | None:
    """Return the confirmed signature of the same person, in any spelling of the
    address. For counting alone."""
    return find_same_person(counted_in_mailbox(signature), signature)


def counted_sibling(
    signature: Signature, counted: Iterable[Signature] | None = None
) -> Signature | None:
    """Return the confirmed signature of the same person under the same petition, with
    the same address. `counted` are those of the mailbox, where they are known."""
    if counted is None:
        counted = counted_in_mailbox(signature)
    own = address_spellings(signature.email)
    return next(
        (
            row
            for row in counted
            if row.petition_id == signature.petition_id
            and row.email in own
            and is_same_person(row, signature)
        ),
        None,
    )


def find_same_person(
    rows: QuerySet[Signature], signature: Signature
) -> Signature | None:
    """Return the one of `rows`, all of one mailbox, by the person who gave
    `signature`."""
    if not signature.petition.shared_addresses:
        return rows.first()
    return next((row for row in rows if is_same_person(row, signature)), None)


def is_same_person(one: Signature, other: Signature) -> bool:
    """Return whether two signatures of one mailbox under one petition are by one
    person."""
    if not other.petition.shared_addresses:
        return True
    return folded_name(one.name) == folded_name(other.name)


def is_full(signature: Signature, counted: Iterable[Signature] | None = None) -> bool:
    """Return whether two other people at the address are counted, the most allowed.
    `counted` are those of the mailbox, where they are known."""
    if not signature.petition.shared_addresses:
        return False
    if counted is None:
        counted = counted_in_mailbox(signature)
    here = [row for row in counted if row.petition_id == signature.petition_id]
    others = [row for row in here if row.pk != signature.pk]
    return len(others) >= 2 and not any(is_same_person(r, signature) for r in here)


@repeatable
def erase_pending(signature: Signature) -> None:
    """Erase the pending signatures with the address of `signature` under its petition;
    where two people may share an address, only those of the same person."""
    same = of_address(
        Signature.objects.pending().filter(petition=signature.petition_id),
        signature.email,
    )
    if signature.petition.shared_addresses:
        same = same.filter(person=signature.person)
    delete_signatures(same)


@repeatable
def delete_signatures(rows: QuerySet[Signature]) -> None:
    """Erase signatures and their unfinished mails. That other mails went out is kept
    for a day, for the rate limits of the mailbox, but not what the servers replied."""
    with transaction.atomic():
        # Locked in one order; from then on nobody can queue another mail for them.
        held = rows.order_by("pk").select_for_update(of=("self",))
        numbers = list(held.values_list("pk", flat=True))
        mails = OutgoingMail.objects.filter(signature__in=numbers)
        list(mails.order_by("pk").select_for_update().values_list("pk"))
        mails.filter(state__in=UNFINISHED).delete()
        mails.exclude(reply="").update(reply="")
        Signature.objects.filter(pk__in=numbers).delete()
