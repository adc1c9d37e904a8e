"""Signing with one press: the recipient of a mailing signs the petition that it names
as the next one. Their address is proven already, so no second mail is needed.

The form is stored and counted by the statements that store and count any other
(`signing`, `confirming`), in one transaction."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from core.db.database import repeatable
from petitions.abuse.rate_limits import RateLimits
from petitions.addresses import ascii_domain, domain_of
from petitions.channels import tag_of_mailing
from petitions.identity import key_ring, same_person
from petitions.models import (
    Consent,
    Mailing,
    MailingRecipient,
    OutgoingMail,
    Petition,
    Signature,
)
from petitions.names import folded_name
from petitions.signature_fields import OptionalField
from petitions.signatures import confirming, signing
from petitions.signatures.confirming import Confirmation
from petitions.signatures.signing import PetitionSnapshot, SignerInput
from petitions.states import Listing, SignatureState

# When either of these stands under the next petition, its owner or staff have taken a
# signature back: a link that may have been forwarded does not bring it back.
TAKEN_BACK = (SignatureState.WITHDRAWN, SignatureState.INVALID)


class Pressed(enum.Enum):
    """The outcome of a press."""

    COUNTED = "counted"
    ALREADY = "already"
    """The same person was counted before."""
    FULL = "full"
    """Two other people at this address are counted, which is the maximum."""
    SET_ASIDE = "set aside"
    """It waits for staff, as any other form that looks like abuse."""
    TOO_MANY = "too many"
    """The network has reached its ceiling."""
    ENDED = "ended"
    """The link or the petition has ended meanwhile."""


@dataclass(frozen=True)
class Offer:
    """The offer that the link in one mail of a mailing makes."""

    mailing: Mailing
    petition: Petition
    """The next petition, with all that its page prints."""
    signature: Signature
    """That of the recipient by which the mailing found them: what it says of them is
    taken over."""

    @property
    def via(self) -> str:
        """The tag by which the signature counts in the results of the mailing."""
        return tag_of_mailing(self.mailing.pk)

    @property
    def first_name(self) -> str:
        return self.signature.name.split()[0]

    @property
    def taken_over(self) -> list[OptionalField]:
        """The optional fields that the next petition asks, and the recipient has
        answered."""
        return [
            field
            for field, _answer in self.signature.answers
            if field in self.petition.asked
        ]

    def counted(self) -> Signature | None:
        """Return the signature of the same person under the next petition."""
        return same_person.counted_sibling(self.as_next())

    def is_full(self) -> bool:
        return same_person.is_full(self.as_next())

    def as_next(self) -> Signature:
        """Return the signature that would be made, to compare it with others."""
        mine = self.signature
        return Signature(petition=self.petition, name=mine.name, email=mine.email)

    def stands(self, made: datetime, rules: RateLimits) -> bool:
        """Return whether a link that was made at `made` may still sign: its recipient
        has taken back nothing, ended no links and wants mail, and the address is not
        blocked."""
        mine, organization = self.signature, self.petition.organization_id
        theirs = same_person.of_address(
            Signature.objects.filter(petition=self.petition, state__in=TAKEN_BACK),
            mine.email,
        )
        answers = same_person.of_address(
            Consent.objects.filter(organization=organization), mine.email
        )
        newest = answers.order_by("-given_at", "-pk").first()
        return (
            mine.state == SignatureState.CONFIRMED
            and mine.email_key is not None
            and self.mailing.petition.organization_id == organization
            and (mine.links_ended_at is None or made >= mine.links_ended_at)
            and newest is not None
            and newest.wants_updates
            and not key_ring.suppressed([mine.email])
            and rules.domain(ascii_domain(domain_of(mine.email))) is not Listing.BLOCK
            and not theirs.exists()
        )


def next_petition_of(recipient_id: int) -> Petition | None:
    """Return the petition that the mailing to this recipient named, with all that its
    page prints; None when nothing is known of it any more."""
    rows = MailingRecipient.objects.filter(pk=recipient_id)
    number = rows.values_list("mailing__next_petition", flat=True).first()
    if number is None:
        return None
    return Petition.objects.for_reading().filter(pk=number).first()


def find_offer(recipient_id: int, petition: Petition) -> Offer | None:
    """Return what the mail to this recipient offers; None once their signature was
    erased."""
    rows = MailingRecipient.objects.select_related("mailing__petition", "signature")
    recipient = rows.filter(pk=recipient_id).first()
    if recipient is None or recipient.signature is None or not recipient.signature.name:
        return None
    return Offer(recipient.mailing, petition, recipient.signature)


@repeatable
def press(
    offer: Offer,
    snapshot: PetitionSnapshot,
    given: SignerInput,
    *,
    made: datetime,
    now: datetime,
    rules: RateLimits,
) -> Pressed:
    """Sign and count at once. `given` says what the page had shown and where the form
    came from; who signs is read from the signature of the offer, which is locked, so
    that whatever is taken back meanwhile stays so."""
    with transaction.atomic():
        rows = Signature.objects.select_for_update(no_key=True, of=("self",))
        mine = rows.filter(pk=offer.signature.pk).first()
        if mine is None or not replace(offer, signature=mine).stands(made, rules):
            return Pressed.ENDED
        number = signing.sign(
            snapshot.petition_id,
            signer_of(mine, snapshot, given),
            now=now,
            rules=rules,
            organization_id=snapshot.organization_id,
        )
        if number is None:
            return Pressed.TOO_MANY
        outcome, _slug = confirming.confirm(number, now=now, in_transaction=True)
        signed = Signature.objects.filter(pk=number)
        if signed.filter(state=SignatureState.CONFIRMED).exists():
            # Nobody has to confirm anything.
            OutgoingMail.objects.filter(signature=number).delete()
            return Pressed.COUNTED
        is_aside = signed.exclude(quarantine_reason="").exists()
        if outcome is Confirmation.TOO_LATE and is_aside:
            return Pressed.SET_ASIDE
        same_person.delete_signatures(signed)
    match outcome:
        case Confirmation.COUNTED:
            return Pressed.ALREADY
        case Confirmation.FULL:
            return Pressed.FULL
        case _:
            return Pressed.ENDED


def signer_of(
    mine: Signature, snapshot: PetitionSnapshot, given: SignerInput
) -> SignerInput:
    """Return `given` with the name, the address and the answers of `mine`. The answer
    about updates stays as it is, and the name is not shown: neither was asked."""
    return replace(
        given,
        name=mine.name,
        email=mine.email,
        answers={field.name: getattr(mine, field.name) for field in snapshot.asked},
        comment="",
        show_name=False,
        wants_updates=None,
        person=folded_name(mine.name) if snapshot.shared_addresses else "",
    )
