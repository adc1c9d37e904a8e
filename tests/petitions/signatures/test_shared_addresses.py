"""Two people who read one mailbox: each signs, each confirms, never three."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from petitions.counts import verifying
from petitions.identity import key_ring
from petitions.mail import (
    outbox,
)
from petitions.models import (
    AddressRule,
    Consent,
    KeyCollision,
    OutgoingMail,
    Petition,
    Signature,
)
from petitions.signatures import (
    confirming,
    my_data,
    withdrawing,
)
from petitions.signatures.confirming import Confirmation
from petitions.signatures.tokens import TokenPurpose
from tests.factories import (
    make_organization,
    make_pending,
    make_petition,
    make_signature,
)
from tests.helpers import text_of
from tests.mailserver import MailServer, body
from tests.parallel import all_at_once
from tests.petitions.mail.helpers import send
from tests.petitions.signatures.helpers import link as own_link
from tests.petitions.signatures.helpers import rekey
from tests.petitions.views.helpers import link

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_keys")]

HOME = "home@example.org"


@pytest.fixture
def petition() -> Petition:
    return make_petition(
        make_organization("Rights Now"),
        title="Free the prisoners",
        shared_addresses=True,
    )


def names(petition: Petition) -> list[str]:
    rows = Signature.objects.confirmed().filter(petition=petition).order_by("pk")
    return list(rows.values_list("name", flat=True))


def confirm(signature: Signature) -> Confirmation:
    return confirming.confirm(signature.pk, now=timezone.now())[0]


# == Who counts ==


def test_two_people_at_one_address_both_count(petition: Petition) -> None:
    make_signature(petition, HOME, name="Maya Tremblay")
    make_signature(petition, "HOME@example.org", name="Marc Tremblay")

    assert names(petition) == ["Maya Tremblay", "Marc Tremblay"]
    assert set(Signature.objects.values_list("shared_address_slot", flat=True)) == {
        1,
        2,
    }
    assert all(proof.holds for proof in verifying.verify())


def test_one_person_counts_once_however_the_name_is_typed(petition: Petition) -> None:
    make_signature(petition, HOME, name="Élodie O'Brien")

    assert confirm(make_pending(petition, HOME, name="ELODIE OBRIEN")) is (
        Confirmation.COUNTED
    )
    assert names(petition) == ["Élodie O'Brien"]


def test_a_third_is_told_so(petition: Petition, visitor: Client) -> None:
    make_signature(petition, HOME, name="Maya")
    make_signature(petition, HOME, name="Marc")
    third = make_pending(petition, HOME, name="Mona")

    response = visitor.post(link(third), follow=True)

    assert "Two people have signed with this address" in text_of(response)
    assert "Mona needs to use a different address." in text_of(response)
    assert names(petition) == ["Maya", "Marc"]


def test_a_third_is_not_told_to_wait(petition: Petition, visitor: Client) -> None:
    make_signature(petition, HOME, name="Maya")
    make_signature(petition, HOME, name="Marc")
    third = make_pending(petition, HOME, name="Mona")

    expired = text_of(visitor.get(link(third, days_old=14.1)))
    mine = text_of(visitor.get(own_link(TokenPurpose.ALL, third)))

    assert "so a third signature cannot count" in expired
    assert "waiting" not in expired
    assert "not counted: two people have signed with this address already" in mine


def test_a_place_that_was_given_back_can_be_taken(petition: Petition) -> None:
    first = make_signature(petition, HOME, name="Maya")
    make_signature(petition, HOME, name="Marc")
    withdrawing.withdraw(first, now=timezone.now())

    assert confirm(make_pending(petition, HOME, name="Mona")) is Confirmation.COUNTED
    assert confirm(make_pending(petition, HOME, name="Max")) is Confirmation.FULL
    assert names(petition) == ["Marc", "Mona"]


def test_elsewhere_one_address_is_one_person() -> None:
    petition = make_petition()
    make_signature(petition, HOME, name="Maya")

    assert confirm(make_pending(petition, HOME, name="Marc")) is Confirmation.COUNTED
    assert names(petition) == ["Maya"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("since", ["the start", "lately"])
def test_sixteen_confirmations_of_five_names_count_two(since: str) -> None:
    for number in range(10):
        petition = make_petition(shared_addresses=since == "the start")
        email = f"home{number}@example.org"
        rows = [
            make_pending(petition, email, name=name).pk
            for name in ("Ada", "Bo", "Cy", "Di", "Ed")
        ]

        Petition.objects.update(shared_addresses=True)
        outcomes = all_at_once(
            [
                partial(confirming.confirm, pk, now=timezone.now())
                for pk in (rows * 4)[:16]
            ]
        )

        assert {kind for kind, _slug in outcomes} == {
            Confirmation.COUNTED,
            Confirmation.FULL,
        }
        found = Signature.objects.confirmed().filter(email=email)
        assert found.count() == 2
        assert set(found.values_list("shared_address_slot", flat=True)) == {1, 2}
    assert all(proof.holds for proof in verifying.verify())


def test_the_database_refuses_a_third_seat(petition: Petition) -> None:
    make_signature(petition, HOME, name="Maya")
    late = make_pending(petition, HOME, name="Marc")

    with pytest.raises(IntegrityError, match="signature_shared_address_slot_once"):
        Signature.objects.filter(pk=late.pk).update(
            state="confirmed", confirmed_at=timezone.now(), shared_address_slot=1
        )


# == Switched on later, and not off ==


def test_it_is_switched_on_at_any_time(
    visitor: Client, sign_form: dict[str, Any]
) -> None:
    petition = make_petition()
    make_signature(petition, HOME, name="Maya Tremblay")
    before = make_pending(petition, HOME, name="Marc")
    Petition.objects.update(shared_addresses=True)
    visitor.post(
        f"{petition.get_absolute_url()}sign/",
        {**sign_form, "email": HOME, "name": "maya TREMBLAY"},
    )
    again = Signature.objects.latest("pk")
    assert again.person == "maya tremblay"

    assert confirm(again) is Confirmation.COUNTED
    assert names(petition) == ["Maya Tremblay"]
    assert confirm(before) is Confirmation.COUNTED
    assert names(petition) == ["Maya Tremblay", "Marc"]
    assert sorted(
        Signature.objects.confirmed().values_list("person", "shared_address_slot")
    ) == [
        ("marc", 2),
        ("maya tremblay", 1),
    ]


def test_it_is_not_switched_off_once_somebody_has_signed(petition: Petition) -> None:
    petition.shared_addresses = False
    petition.full_clean()
    petition.shared_addresses = True
    make_pending(petition)

    petition.shared_addresses = False
    with pytest.raises(ValidationError, match="one would no longer count"):
        petition.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        petition.save()


# == Correcting, taking back ==


def test_a_corrected_name_is_the_person(petition: Petition, visitor: Client) -> None:
    make_signature(petition, HOME, name="Maya")
    mistaken = make_pending(petition, HOME, name="Maya")

    path = link(mistaken).replace("/confirm/", "/confirm/") + "correct/"
    response = visitor.post(path, {"name": "Marc"})

    assert response.status_code == 303
    assert names(petition) == ["Maya", "Marc"]


def test_nobody_takes_the_name_of_the_other(
    petition: Petition, visitor: Client
) -> None:
    make_signature(petition, HOME, name="Maya")
    marc = make_signature(petition, HOME, name="Marc")

    refused = visitor.post(own_link(TokenPurpose.OWN, marc), {"name": "MAYA"})
    taken = visitor.post(own_link(TokenPurpose.OWN, marc), {"name": "Marcel"})

    assert refused.status_code == 422
    assert "The other person at this address has signed so." in text_of(refused)
    assert taken.status_code == 303
    assert names(petition) == ["Maya", "Marcel"]
    marc.refresh_from_db()
    assert marc.person == "marcel"


def test_erasing_one_leaves_the_other(petition: Petition, visitor: Client) -> None:
    maya = make_signature(petition, HOME, name="Maya", wants_updates=True)
    make_signature(petition, HOME, name="Marc", wants_updates=True)
    make_pending(petition, HOME, name="Mona")

    erase = own_link(TokenPurpose.OWN, maya) + "erase/"
    assert "will withdraw the signature of Maya" in text_of(visitor.get(erase))
    visitor.post(erase)

    assert names(petition) == ["Marc"]
    assert Signature.objects.pending().count() == 1
    assert Consent.objects.count() == 2
    my_data.erase_signature(Signature.objects.confirmed().get(), now=timezone.now())
    assert not Consent.objects.exists()


# == Mail ==


def test_both_get_their_link_within_a_minute(
    server: MailServer, petition: Petition
) -> None:
    now = timezone.now()
    make_pending(petition, HOME, name="Maya", now=now)
    send()
    make_pending(petition, HOME, name="Marc", now=now + timedelta(seconds=20))
    send(timedelta(seconds=21))

    assert len(server.mailbox.messages) == 2
    for message in server.mailbox.messages:
        assert "Maya" not in body(message)
        assert "Marc" not in body(message)


def test_both_get_their_link_in_one_batch(
    server: MailServer, petition: Petition
) -> None:
    make_pending(petition, HOME, name="Maya")
    make_pending(petition, HOME, name="Marc")
    make_pending(petition, HOME, name="marc")

    send()

    assert len(server.mailbox.messages) == 2


def test_invented_names_do_not_flood_a_mailbox(
    server: MailServer, petition: Petition
) -> None:
    for number in range(outbox.PER_PETITION + 5):
        make_pending(petition, HOME, name=f"Name {'abcdefghijkl'[number]}")
    send()
    send(timedelta(hours=2))

    assert len(server.mailbox.messages) == outbox.PER_PETITION
    assert OutgoingMail.objects.filter(state="due").count() == 5


def test_who_has_signed_is_told_whose_signature_counts(
    server: MailServer, petition: Petition
) -> None:
    made = timezone.now() - timedelta(days=2)
    make_signature(petition, HOME, name="Maya Tremblay", now=made)
    OutgoingMail.objects.all().delete()
    make_pending(petition, HOME, name="MAYA TREMBLAY")
    make_pending(petition, HOME, name="Marc")

    send()

    subjects = {message["Subject"]: message for message in server.mailbox.messages}
    told = subjects["You have already signed “Free the prisoners”"]
    assert "The signature of Maya Tremblay has counted since" in body(told)
    assert "MAYA" not in body(told)
    assert "Confirm your signature: “Free the prisoners”" in subjects


# == A re-key ==


def test_mailboxes_that_become_one_keep_the_two_oldest(
    petition: Petition, settings: Settings
) -> None:
    make_signature(petition, "a.b@example.org", name="Maya")
    make_signature(petition, "ab@example.org", name="Marc")
    make_signature(petition, "a.b@example.org", name="Mona")
    make_signature(petition, "ab@example.org", name="MAYA")
    make_signature(petition, "c.d@example.org", name="Max")
    AddressRule.objects.filter(domain="*").update(strip_characters=".")

    rekey()

    assert names(petition) == ["Maya", "Marc", "Max"]
    assert KeyCollision.objects.count() == 2
    assert list(
        Signature.objects.confirmed()
        .order_by("pk")
        .values_list("shared_address_slot", flat=True)
    ) == [1, 2, 1]
    assert all(proof.holds for proof in verifying.verify())
    assert key_ring.current_keyring().newest.number == 2
    assert confirm(make_pending(petition, "ab@example.org", name="Mo")) is (
        Confirmation.FULL
    )
