"""Presses that meet each other, or what their owner does at the same time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.utils import timezone

from petitions.counts import verifying
from petitions.models import CountChange, OutgoingMail, Petition, Signature
from petitions.signatures import my_data, one_press, signing, withdrawing
from petitions.signatures.one_press import Offer, Pressed
from petitions.signatures.signing import SignerInput
from petitions.states import SignatureState
from tests.factories import make_pending, make_petition
from tests.parallel import all_at_once
from tests.petitions.mail.mailing import make_supporter, written_to

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def following(petition: Petition) -> Petition:
    return make_petition(petition.organization)


def offer_to(row: Signature, following: Petition) -> Offer:
    mail = written_to(row, next_petition=following)
    offer = one_press.find_offer(mail.pk, following)
    assert offer is not None
    return offer


def press(offer: Offer) -> Pressed:
    now = timezone.now()
    found = signing.load_snapshot(offer.petition.slug)
    assert found is not None
    given = SignerInput(name="", email="", language="en", delivery="number")
    return one_press.press(
        offer, found, given, made=now, now=now, rules=signing.NO_RULES
    )


def test_many_presses_at_once_count_once(
    petition: Petition, following: Petition
) -> None:
    for number in range(5):
        row = make_supporter(petition, f"maya{number}@example.org")
        waiting = make_pending(following, row.email)

        found = all_at_once([partial(press, offer_to(row, following))] * 8)

        assert found.count(Pressed.COUNTED) == 1
        assert found.count(Pressed.ALREADY) == 7
        (mine,) = Signature.objects.filter(petition=following, email=row.email)
        assert mine.state == SignatureState.CONFIRMED
        assert mine.pk != waiting.pk
        # One who is merged has no mail that goes out.
        assert not OutgoingMail.objects.filter(state="due").exists()
    assert CountChange.objects.filter(petition=following).count() == 5
    assert all(proof.holds for proof in verifying.verify())


@pytest.mark.parametrize("ends", ["withdrawn", "erased"])
def test_what_is_taken_back_after_a_look_stays_so(
    petition: Petition, following: Petition, ends: str
) -> None:
    row = make_supporter(petition, "maya@example.org")
    offer = offer_to(row, following)
    if ends == "withdrawn":
        withdrawing.withdraw(row, now=timezone.now())
    else:
        my_data.erase_signature(row, now=timezone.now())

    assert press(offer) is Pressed.ENDED
    assert not Signature.objects.filter(petition=following).exists()
    assert not OutgoingMail.objects.filter(petition=following).exists()


def test_a_press_while_all_is_erased(petition: Petition, following: Petition) -> None:
    for number in range(8):
        row = make_supporter(petition, f"maya{number}@example.org")
        make_pending(following, row.email)
        offer = offer_to(row, following)
        erase = partial(
            my_data.erase_all, my_data.DataSubject.owner(row.email), now=timezone.now()
        )

        jobs: list[Callable[[], object]] = [partial(press, offer), erase]
        found = all_at_once(jobs)

        assert found[0] in (Pressed.COUNTED, Pressed.ENDED)
        assert not Signature.objects.filter(petition=petition).exists()
    assert not OutgoingMail.objects.filter(state="due").exists()
    assert all(proof.holds for proof in verifying.verify())
