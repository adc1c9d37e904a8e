"""What spans several models: each does all of it or nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from petitions import signing
from petitions.addresses import domain_of
from petitions.models import Change, Consent, DueMail, Signature, Suppression
from petitions.models.mails import MailKind, MailState
from petitions.states import CONSENT_VERSION, SignatureState, Source

CORRECTABLE = (
    "name", "place", "postal_code", "country", "comment", "show_name", "updates",
)  # fmt: skip


def correct_signature(signature: Signature, given: dict[str, Any]) -> None:
    """Take over what the owner of the mailbox corrected, before it is confirmed."""
    known = {name: given[name] for name in CORRECTABLE if name in given}
    if not signature.petition.organization.can_ask_updates:
        known.pop("updates", None)  # nobody asked
    Signature.objects.pending().filter(pk=signature.pk).update(**known)


def send_again(signature: Signature, *, now: datetime) -> None:
    """Make a new mail due for a pending signature; the caps of the worker hold."""
    waiting = signature.mails.filter(state=MailState.DUE)
    if (
        signature.state == SignatureState.PENDING
        and signature.email_key
        and not signature.aside
        and not waiting.exists()
    ):
        DueMail.objects.create(
            petition_id=signature.petition_id,
            signature=signature,
            email_key=signature.email_key,
            due_at=now,
            created_at=now,
        )


def send_signed(key: UUID, *, now: datetime) -> None:
    """Make the mail due that leads one person to all they have signed; none for an
    address that has signed nothing, or that has just been asked for."""
    newest = Signature.objects.filter(email_key=key).order_by("-pk").first()
    if (
        newest is None
        or DueMail.objects.filter(
            email_key=key, kind=MailKind.ALL, state=MailState.DUE
        ).exists()
    ):
        return
    DueMail.objects.create(
        petition_id=newest.petition_id,
        signature=newest,
        email_key=key,
        kind=MailKind.ALL,
        due_at=now,
        created_at=now,
    )


def send_all_again(key: Any, *, now: datetime) -> None:
    """A new mail for the newest pending signature under each petition."""
    newest = (
        Signature.objects.pending()
        .filter(email_key=key, aside="")
        .order_by("petition", "-pk")
        .distinct("petition")
    )
    for signature in newest:
        send_again(signature, now=now)


def change_signature(
    signature: Signature, given: dict[str, Any], *, now: datetime
) -> None:
    """Take over what the owner of a counted signature changed. A new comment is read
    by staff before it is shown; a new answer about updates is a consent of its own."""
    changed = {
        name: given[name]
        for name in CORRECTABLE
        if name in given and given[name] != getattr(signature, name)
    }
    if "comment" in changed:
        changed["comment_approved"] = False
    answer = changed.get("updates")
    if answer is None or not signature.petition.organization.can_ask_updates:
        # Not asked, or not answered: what was said before holds.
        answer = None
        changed.pop("updates", None)
    with transaction.atomic():
        if changed:
            Signature.objects.filter(pk=signature.pk).update(**changed)
        if answer is not None:
            record_consent(signature, updates=answer, now=now)


def record_consent(signature: Signature, *, updates: bool, now: datetime) -> None:
    """An answer given later, with what was printed beside the question."""
    organization = signature.petition.organization
    assert signature.email_key is not None
    Consent.objects.create(
        organization=organization,
        email=signature.email,
        email_key=signature.email_key,
        updates=updates,
        wording_version=CONSENT_VERSION,
        language=get_language() or signature.language,
        sender=organization.imprint,
        source=f"petition:{signature.petition_id}",
        given_at=now,
    )


def signed_by(key: UUID) -> QuerySet[Signature]:
    """All that one person has signed, the newest first; of several forms for one
    petition that wait for their confirmation, each."""
    return (
        Signature.objects.filter(email_key=key)
        .select_related("petition__organization", "invalidation")
        .order_by("-created_at", "-pk")
    )


def release(signatures: QuerySet[Signature], *, now: datetime) -> int:
    """Send their link to those that were set aside; returns how many."""
    with transaction.atomic():
        rows = signatures.set_aside().select_for_update()  # type: ignore[attr-defined]
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        DueMail.objects.filter(signature__in=keys, state=MailState.HELD).update(
            state=MailState.DUE, due_at=now
        )
        return Signature.objects.filter(pk__in=keys).update(aside="")


def everything_about(key: UUID) -> dict[str, Any]:
    """All that is stored about one person, for that person."""
    return {
        "signatures": [
            {
                "petition": row.petition.title,
                "address": settings.SITE_URL + row.petition.get_absolute_url(),
                "organization": row.petition.organization.name,
                "state": row.state,
                "name": row.name,
                "email": row.email,
                "place": row.place,
                "postal_code": row.postal_code,
                "country": row.country,
                "comment": row.comment,
                "name_shown": row.show_name,
                "updates": row.updates,
                "language": row.language,
                "network": row.network,
                "agreed_to_hand_over": row.delivery,
                "signed_at": row.created_at.isoformat(),
                "confirmed_at": row.confirmed_at and row.confirmed_at.isoformat(),
                "withdrawn_at": row.withdrawn_at and row.withdrawn_at.isoformat(),
                "invalidated_at": row.invalidation
                and row.invalidation.made_at.isoformat(),
            }
            for row in signed_by(key)
        ],
        "answers_about_updates": [
            {
                "email": row.email,
                "updates": row.updates,
                "asked_by": row.sender,
                "language": row.language,
                "given_at": row.given_at.isoformat(),
            }
            for row in Consent.objects.filter(email_key=key).order_by("given_at", "pk")
        ],
        "mails": [
            {
                "state": row.state,
                "created_at": row.created_at.isoformat(),
                "finished_at": row.finished_at and row.finished_at.isoformat(),
            }
            for row in DueMail.objects.filter(email_key=key).order_by("pk")
        ],
    }


def erase_all(key: UUID, *, now: datetime) -> None:
    """Forget one person under every petition, and every consent they gave."""
    with transaction.atomic():
        for signature in signed_by(key):
            if Signature.objects.filter(pk=signature.pk).exists():
                erase_signature(signature, now=now)
        Consent.objects.filter(email_key=key).delete()


def suppress(key: UUID, *, now: datetime) -> None:
    """Never write to this mailbox again."""
    Suppression.objects.get_or_create(email_key=key, defaults={"since": now})


def lift_suppression(key: UUID) -> None:
    """Write to it again, as its owner wants."""
    Suppression.objects.filter(email_key=key).delete()


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
            signing.forget(Signature.objects.filter(pk=row.pk))
        Consent.objects.filter(
            organization=signature.petition.organization_id,
            email_key=key,
            source=f"petition:{signature.petition_id}",
        ).delete()


def withdraw(signature: Signature, *, now: datetime) -> None:
    """Take a confirmed signature from the count, as of today. What staff had taken
    from it of the same person loses its mark: nothing brings it back."""
    assert signature.email_key is not None  # no link leads to who was anonymised
    of_person = Signature.objects.filter(
        petition=signature.petition_id,
        email_key=signature.email_key,
        person=signature.person,
    )
    with transaction.atomic():
        # Locked before their states are read: a batch may be moving them.
        rows = (
            of_person.filter(
                Q(state=SignatureState.CONFIRMED, pk=signature.pk)
                | Q(state=SignatureState.INVALID)
            )
            .order_by("pk")
            .select_for_update()
        )
        for row in rows:
            counted = row.state == SignatureState.CONFIRMED
            row.state, row.withdrawn_at = SignatureState.WITHDRAWN, now
            row.invalidation = None
            row.save(update_fields=["state", "withdrawn_at", "invalidation"])
            if counted:
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
