"""What is stored about a person: every place is listed, handed out and erased."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise

from organizations.models import Organization
from petitions.counts import folding
from petitions.identity.key_ring import email_key
from petitions.models import (
    Consent,
    ImportedSignature,
    LeftOut,
    Petition,
    Report,
    Signature,
)
from petitions.models.mails import MailKind, MailState
from petitions.signatures import my_data
from petitions.signatures.my_data import PLACES, DataSubject
from tests.factories import make_petition, make_signature
from tests.petitions.delivery.helpers import prepared
from tests.petitions.mail.mailing import written_to

pytestmark = pytest.mark.django_db

EMAIL = "maya@example.org"
OTHER_SPELLING = "Maya+news@Example.org"

# Tables that know a mailbox and are no place of its owner's data, each with the reason
# why its rows stay.
KEPT = {
    "Suppression": "outlives everything, so that nobody writes to them again",
    "UnsubscribedMailbox": "outlives everything, for the same reason",
    "AskedMailbox": "as long as the petition's names, so that nobody is asked twice",
    "Bounce": "thirty days, so that no mail goes to what does not exist",
    "CountChange": "a second: the worker folds it",
    "LinkRequest": "a second: the worker answers it",
    "WebhookEvent": "until a newsletter tool knows that there is no yes any more",
    "OfficeAnswer": "an office's own words, which it wrote to be published",
}


def about_a_mailbox() -> set[str]:
    """Return the names of the models of petitions that have an address, a key of one, or
    a signature."""
    found = set[str]()
    for model in apps.get_app_config("petitions").get_models():
        if model._meta.proxy:
            continue
        for field in model._meta.local_concrete_fields:
            named = field.name in {"email", "email_key", "email_keys", "address_keys"}
            leads = isinstance(field, models.ForeignKey) and (
                field.related_model in (Signature, ImportedSignature)
            )
            if named or leads:
                found.add(model.__name__)
    return found


@pytest.mark.parametrize("code", [*MailKind, *MailState])
def test_whoever_downloads_their_mails_reads_what_they_were(
    code: MailKind | MailState,
) -> None:
    """A code without words would be told in English, as Python writes it."""
    assert isinstance(code.label, Promise)


def message(petition: Petition | None, email: str, **fields: Any) -> Report:
    return Report.objects.create(
        petition=petition, reason="other", text="Please look at this.", email=email,
        language="en", created_at=timezone.now(), **fields,
    )  # fmt: skip


def consent(organization: Organization, email: str, source: str = "") -> Consent:
    return Consent.objects.create(
        organization=organization, email=email, email_key=email_key(email),
        wants_updates=True, wording_version=1, language="en", sender="Rights Now",
        source=source, given_at=timezone.now(),
    )  # fmt: skip


def found(subject: DataSubject) -> dict[str, int]:
    return {place.key: place.rows(subject).count() for place in PLACES}


def test_every_table_that_knows_a_mailbox_is_a_place_or_says_why_not(
    petition: Petition,
) -> None:
    subject = DataSubject.owner(EMAIL)
    places = {place.rows(subject).model.__name__ for place in PLACES}

    assert about_a_mailbox() == places | KEPT.keys()


def test_what_is_listed_of_a_mailbox_is_what_erasing_it_leaves_none_of(
    petition: Petition, other_organization: Organization
) -> None:
    organization = petition.organization
    elsewhere = make_petition(other_organization)
    for place in (petition, elsewhere):
        make_signature(place, EMAIL, wants_updates=True)
        make_signature(make_petition(place.organization), OTHER_SPELLING)
        message(place, OTHER_SPELLING)
        consent(place.organization, EMAIL, "petition:0")  # its signature is gone
    make_signature(petition, "else@example.org")
    message(petition, "else@example.org")
    pack = prepared(petition)
    for row in petition.signatures.all():
        LeftOut.objects.create(pack=pack, signature=row)
    for row in petition.signatures.all():
        written_to(row)
    while folding.fold():
        pass
    subject = DataSubject.supporter("MAYA@example.org", organization)
    other = DataSubject.supporter(EMAIL, other_organization)
    before, listed = found(other), my_data.everything_about(subject)
    assert found(subject) == {
        "signatures": 2, "answers_about_updates": 2, "receipts": 2, "mails": 2, "news": 1,
        "merged_forms": 0, "left_out": 1, "messages": 1, "signed_elsewhere": 0,
        "left_out_elsewhere": 0,
    }  # fmt: skip
    assert {row["email"] for row in listed["signatures"]} == {EMAIL, OTHER_SPELLING}
    assert subject.addresses() == [OTHER_SPELLING, EMAIL]

    my_data.erase_all(subject, now=timezone.now())

    assert set(found(subject).values()) == {0}
    assert subject.is_unknown
    assert found(other) == before
    assert not other.is_unknown
    # The stranger's are left.
    assert petition.signatures.count() == 1
    assert Report.objects.legible().count() == 2


def test_the_owner_of_an_address_downloads_and_erases_their_messages(
    petition: Petition,
) -> None:
    signature = make_signature(petition, EMAIL)
    message(petition, EMAIL)
    message(None, EMAIL)
    other = message(petition, OTHER_SPELLING)
    subject = DataSubject.owner(signature.email)
    assert [row["text"] for row in my_data.everything_about(subject)["messages"]] == [
        "Please look at this."
    ] * 2

    my_data.erase_all(subject, now=timezone.now())

    assert Report.objects.legible().get() == other
