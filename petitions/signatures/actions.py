"""What spans several models: each does all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from core.db.database import repeatable
from petitions.abuse import new_domains
from petitions.abuse.contacts import may_hold_a_contact
from petitions.identity import (
    key_ring,
    same_person,
)
from petitions.models import (
    Bounce,
    Change,
    Consent,
    DueMail,
    LinkRequest,
    Signature,
    Suppression,
)
from petitions.models.mails import MailKind, MailState, Priority
from petitions.names import folded_name
from petitions.signatures import confirming
from petitions.states import CONSENT_VERSION, SignatureState, Source, WeakSign

# Unconfirmed signatures are promised to be erased after this long.
UNCONFIRMED_KEPT = timedelta(days=30)

CORRECTABLE = (
    "name", "place", "postal_code", "country", "comment", "show_name", "updates",
)  # fmt: skip


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
def send_again(signature: Signature, *, now: datetime) -> None:
    """Make a new mail due for a pending signature; the caps of the worker hold. Not
    for one past its time: asking for a link must not keep it for ever; nor for one
    that comes too late to count."""
    with transaction.atomic():
        held = hold(signature)
        if (
            held is not None
            and held.state == SignatureState.PENDING
            and now - held.created_at < UNCONFIRMED_KEPT
            and held.email_key
            and not held.aside
            and not held.mails.filter(state=MailState.DUE).exists()
            and confirming.is_in_time(signature, now=now, to_be_mailed=True)
        ):
            DueMail.objects.create(
                petition_id=held.petition_id,
                signature=held,
                email_key=held.email_key,
                due_at=now,
                created_at=now,
            )


def hold(signature: Signature) -> Signature | None:
    """The signature as it is now, held until the transaction ends: it cannot be erased
    before a mail is there that needs it. None when it was."""
    rows = Signature.objects.filter(pk=signature.pk)
    return rows.select_for_update(no_key=True, of=("self",)).first()


LINKS_AT_ONCE = 100


def ask_links(address: str, kind: MailKind, *, now: datetime) -> None:
    """Note that somebody typed an address to be sent links of a kind: the same
    statements, whether or not it has signed anything."""
    known = key_ring.keys_of(address)
    LinkRequest.objects.create(email_keys=known, kind=kind, asked_at=now)


def answer_requests(now: datetime) -> bool:
    """Make the mails due that were asked for; returns whether more may be waiting."""
    with transaction.atomic():
        asked = list(
            LinkRequest.objects.select_for_update(skip_locked=True).order_by("pk")[
                :LINKS_AT_ONCE
            ]
        )
        for known, kind in dict.fromkeys(
            (tuple(row.email_keys), row.kind) for row in asked
        ):
            if kind == MailKind.ALL:
                send_signed(known, now=now)
            else:
                send_all_again(known, now=now)
        LinkRequest.objects.filter(pk__in=[row.pk for row in asked]).delete()
    return len(asked) == LINKS_AT_ONCE


def send_signed(known: Sequence[UUID], *, now: datetime) -> None:
    """Make the mails due that lead one person to all they have signed, one to each
    spelling of the address that was used; none to one that has signed nothing, or that
    has just been asked for."""
    newest = Signature.objects.filter(email_key__in=known)
    for signature in newest.order_by("email", "-pk").distinct("email"):
        mail_links(signature, now=now)


@repeatable
def mail_links(signature: Signature, *, now: datetime) -> None:
    """Make the mail due that leads to all that was signed with this very address,
    unless one waits already, or the signature was erased meanwhile."""
    waiting = DueMail.objects.filter(kind=MailKind.ALL, state=MailState.DUE)
    with_address = same_person.of_address(Signature.objects.all(), signature.email)
    with transaction.atomic():
        held = hold(signature)
        if (
            held is None
            or held.email_key is None
            or waiting.filter(signature__in=with_address).exists()
        ):
            return
        DueMail.objects.create(
            petition_id=held.petition_id,
            signature=held,
            email_key=held.email_key,
            kind=MailKind.ALL,
            priority=Priority.LATER,
            due_at=now,
            created_at=now,
        )


def send_all_again(known: Sequence[UUID], *, now: datetime) -> None:
    """A new mail for each person's newest pending signature under each petition, to
    each spelling of the address that was used."""
    newest = (
        Signature.objects.pending()
        .filter(email_key__in=known, aside="")
        .order_by("petition", "person", "email", "-pk")
        .distinct("petition", "person", "email")
    )
    for signature in newest:
        send_again(signature, now=now)


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
            update(signature, changed)
        if answer is not None:
            record_consent(signature, updates=answer, now=now)


def update(signature: Signature, changed: dict[str, Any]) -> None:
    """Write to a counted row what does not make two of one person."""
    try:
        with transaction.atomic():
            Signature.objects.known().filter(pk=signature.pk).update(**changed)
    except IntegrityError:
        if "person" in changed:
            raise NameTaken from None
        raise


def record_consent(signature: Signature, *, updates: bool, now: datetime) -> None:
    """An answer given later, with what was printed beside the question."""
    organization = signature.petition.organization
    assert signature.email_key is not None
    Consent.objects.create(
        organization=organization,
        email=signature.email,
        email_key=signature.email_key,
        email_key_version=signature.email_key_version,
        updates=updates,
        wording_version=CONSENT_VERSION,
        language=get_language() or signature.language,
        sender=organization.imprint,
        source=f"petition:{signature.petition_id}",
        given_at=now,
    )


def signed_by(address: str) -> QuerySet[Signature]:
    """All that was signed with this very address, the newest first; of several forms
    for one petition that wait for their confirmation, each."""
    return (
        same_person.of_address(Signature.objects.all(), address)
        .select_related("petition__organization", "invalidation")
        .prefetch_related("petition__translations")
        .order_by("-created_at", "-pk")
    )


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


def everything_about(address: str) -> dict[str, Any]:
    """All that is stored about one person, for that person."""
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
                "place": row.place,
                "postal_code": row.postal_code,
                "country": row.country,
                "comment": row.comment,
                "name_shown": row.show_name,
                "updates": row.updates,
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
            }
            for row in rows
        ],
        "answers_about_updates": [
            {
                "email": row.email,
                "updates": row.updates,
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
            for row in DueMail.objects.filter(signature__in=rows).order_by("pk")
        ],
    }


@repeatable
def erase_all(address: str, *, now: datetime) -> None:
    """Forget one person under every petition, and every consent they gave."""
    with transaction.atomic():
        for signature in signed_by(address):
            if Signature.objects.filter(pk=signature.pk).exists():
                erase_signature(signature, now=now)
        same_person.of_address(Consent.objects.all(), address).delete()


def end_links(address: str, *, made_before: datetime) -> None:
    """End every link that was mailed to this address before, to manage signatures."""
    same_person.of_address(Signature.objects.all(), address).update(
        links_ended_at=made_before
    )


@repeatable
def suppress(address: str, *, now: datetime) -> None:
    """Never write to this address again."""
    newest = key_ring.current().newest
    Suppression.objects.add_address(
        address, newest, since=now, key_version=newest.number
    )


@repeatable
def lift_suppression(address: str) -> None:
    """Write to it again, as its owner wants, who read a mail of ours for that."""
    ring = key_ring.current()
    Suppression.objects.drop_address(address, ring)
    Bounce.objects.drop_address(address, ring)


@repeatable
def erase_signature(signature: Signature, *, now: datetime) -> None:
    """Forget somebody under one petition: what is counted is withdrawn first, so
    that the count falls, then every row with the address goes; where two people may
    share it, every row of this person."""
    # No link leads to a signature that was anonymised.
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
            same_person.forget(Signature.objects.filter(pk=row.pk))
        if not at_address.exclude(state=SignatureState.PENDING).exists():
            # An answer is the mailbox's: the other person there may have given it.
            same_person.of_address(Consent.objects.all(), signature.email).filter(
                organization=signature.petition.organization_id,
                source=f"petition:{signature.petition_id}",
            ).delete()


@repeatable
def withdraw(signature: Signature, *, now: datetime, because: str = "") -> None:
    """Take a confirmed signature from the count, as of today; `because` of something
    (`Withdrawal`) when its owner did not ask for it. What staff had taken from it of
    the same person loses its mark: nothing brings it back. Forms of theirs that wait
    are forgotten: nobody is asked to confirm what they have just taken back."""
    at_address = same_person.of_address(
        Signature.objects.filter(petition=signature.petition_id), signature.email
    )
    with transaction.atomic():
        # Locked before their states are read: a batch may be moving them.
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
                Change.objects.create(
                    petition_id=signature.petition_id,
                    day=timezone.localdate(now),
                    source=Source.CONFIRMED,
                    delta=-1,
                )
        if not because:
            same_person.erase_pending(signature)


def confirm_corrected(
    signature: Signature, given: dict[str, Any], *, now: datetime
) -> tuple[confirming.Confirmation, str]:
    """Correct, then confirm."""
    correct_signature(signature, given)
    return confirming.confirm(signature.pk, now=now)
