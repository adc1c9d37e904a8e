"""Signatures of one mailbox under one petition: found, compared, forgotten."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from petitions import keys
from petitions.models import DueMail, MergedSignature, Signature
from petitions.models.mails import UNFINISHED
from petitions.names import folded_name


def find_signature(signature_id: int) -> Signature | None:
    """The signature, or the one that it was merged into; None when it was erased, or
    when only its being one is left. Its petition speaks the language that it was read
    in."""
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


def counted_at_address(signature: Signature) -> QuerySet[Signature]:
    """Those counted under the same petition for the same mailbox."""
    return Signature.objects.confirmed().filter(
        petition=signature.petition_id, email_key__in=keys.keys_of(signature.email)
    )


def counted_sibling(signature: Signature) -> Signature | None:
    """The confirmed signature of the same person under the same petition."""
    same = counted_at_address(signature)
    if not signature.petition.shared_addresses:
        return same.first()
    return next((row for row in same if is_same_person(row, signature)), None)


def is_same_person(one: Signature, other: Signature) -> bool:
    """Whether two signatures of one mailbox under one petition are one person's."""
    if not other.petition.shared_addresses:
        return True
    return folded_name(one.name) == folded_name(other.name)


def is_full(signature: Signature) -> bool:
    """Whether two other people at the address are counted, which is the most."""
    if not signature.petition.shared_addresses:
        return False
    others = counted_at_address(signature).exclude(pk=signature.pk)
    return others.count() >= 2 and not counted_sibling(signature)


def erase_pending(signature: Signature) -> None:
    """Forget the forms that were sent with the address of `signature`."""
    forget(
        Signature.objects.pending().filter(
            petition=signature.petition_id,
            email_key__in=keys.keys_of(signature.email),
        )
    )


def forget(rows: QuerySet[Signature]) -> None:
    """Erase signatures and the mails that are due for them. That others went out is
    known for a day, for the caps of the mailbox; not what became of them."""
    with transaction.atomic():
        mails = DueMail.objects.filter(signature__in=rows)
        mails.filter(state__in=UNFINISHED).delete()
        mails.exclude(reply="").update(reply="")
        rows.delete()
