"""Consents, which are answers to an organisation's question whether it may send
updates, and suppressions, “never write to me again”, which override all of them."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import get_language

from core.db.database import repeatable
from petitions.identity import (
    key_ring,
    same_person,
)
from petitions.models import (
    Bounce,
    Consent,
    ImportedSignature,
    Signature,
    Suppression,
)
from petitions.states import CONSENT_VERSION


def record_consent(signature: Signature, *, wants_updates: bool, now: datetime) -> None:
    """Store an answer about updates that was given after signing, with the sender
    printed beside the question."""
    organization = signature.petition.organization
    assert signature.email_key is not None
    Consent.objects.create(
        organization=organization,
        email=signature.email,
        email_key=signature.email_key,
        email_key_version=signature.email_key_version,
        wants_updates=wants_updates,
        wording_version=CONSENT_VERSION,
        language=get_language() or signature.language,
        sender=organization.imprint,
        source=f"petition:{signature.petition_id}",
        given_at=now,
    )


def newest_answer(consent: Consent) -> Consent:
    """Return the answer that holds: the newest of the same address to the same
    organisation."""
    answers = Consent.objects.filter(organization=consent.organization_id)
    answers = same_person.of_address(answers, consent.email)
    return answers.order_by("-given_at", "-pk").first() or consent


def end_updates(consent: Consent, *, now: datetime) -> bool:
    """Store that the organisation which this answer was given to may not write to its
    address any more; return False when it may not already."""
    newest = newest_answer(consent)
    if not newest.wants_updates:
        return False
    Consent.objects.create(
        organization=consent.organization,
        email=consent.email,
        email_key=newest.email_key,
        email_key_version=newest.email_key_version,
        wants_updates=False,
        wording_version=CONSENT_VERSION,
        language=get_language() or consent.language,
        sender=consent.organization.imprint,
        source=newest.source,
        # It holds, even if the clock has been set back since.
        given_at=max(now, newest.given_at),
    )
    return True


def forget_answers(signature: Signature) -> None:
    """Erase the answers that an address gave with its signature of one petition.

    While another answer of it to the organisation stays, they go over to that one's
    petition instead: a later “no” goes on to hold, and so do the links of mails that
    end them. Only where the other one is a “no” that a “yes” from here had replaced,
    they go, and it holds again."""
    answers = Consent.objects.filter(organization=signature.petition.organization_id)
    answers = same_person.of_address(answers, signature.email)
    source = f"petition:{signature.petition_id}"
    theirs = answers.filter(source=source)
    by_age = answers.order_by("-given_at", "-pk")
    newest, other = by_age.first(), by_age.exclude(source=source).first()
    if newest and other and (other.wants_updates or not newest.wants_updates):
        theirs.update(source=other.source)
    else:
        theirs.delete()


@repeatable
def suppress(address: str, *, now: datetime) -> None:
    """Never write to this address again: add a suppression. A name from elsewhere is
    not handed over either, and so not kept: by whichever key its import knows it, which
    nothing makes anew later."""
    ring = key_ring.current_keyring()
    newest = ring.newest
    Suppression.objects.add_address(
        address, newest, since=now, key_version=newest.number
    )
    ImportedSignature.objects.of_address(address, ring).exclude(name="").update(
        name="", place="", country="", region=""
    )


@repeatable
def lift_suppression(address: str) -> None:
    """Write to this address again: delete its suppression and its bounce. Its owner
    asked for it through a link that we mailed, so the mailbox does receive mail."""
    ring = key_ring.current_keyring()
    Suppression.objects.drop_address(address, ring)
    Bounce.objects.drop_address(address, ring)
