"""Sixteen concurrent requests, on real connections."""

from __future__ import annotations

from functools import partial

import pytest
from django.utils import timezone

from petitions.counts import folding, verifying
from petitions.mail import (
    leases,
    outbox,
)
from petitions.models import CountChange, OutgoingMail, Petition, Signature
from petitions.models.mails import MailState
from petitions.signatures import confirming
from petitions.signatures.confirming import Confirmation
from tests.factories import make_pending
from tests.parallel import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 16


def test_sixteen_confirmations_of_one_link_count_once(petition: Petition) -> None:
    signature = make_pending(petition)
    now = timezone.now()

    outcomes = all_at_once([partial(confirming.confirm, signature.pk, now=now)] * MANY)

    assert outcomes == [(Confirmation.COUNTED, petition.slug)] * MANY
    assert CountChange.objects.count() == 1
    assert Signature.objects.confirmed().count() == 1


def test_sixteen_confirmations_of_eight_rows_of_one_person_count_one(
    petition: Petition,
) -> None:
    now = timezone.now()
    for round_number in range(20):
        address = f"maya{round_number}@example.org"
        rows = [make_pending(petition, address).pk for _ in range(8)]

        outcomes = all_at_once(
            [partial(confirming.confirm, number, now=now) for number in rows * 2]
        )

        assert {outcome for outcome, _slug in outcomes} == {Confirmation.COUNTED}
        assert Signature.objects.confirmed().count() == round_number + 1
        assert not Signature.objects.pending().exists()
    assert CountChange.objects.count() == 20
    assert all(proof.holds for proof in verifying.verify())


def test_sixteen_signatures_of_one_address_cause_one_mail_and_count_at_most_once(
    petition: Petition,
) -> None:
    spellings = [
        "".join(
            letter.upper() if number >> place & 1 else letter
            for place, letter in enumerate("maya")
        )
        + "@example.org"
        for number in range(MANY)
    ]

    rows = all_at_once(
        [lambda email=email: make_pending(petition, email).pk for email in spellings]  # type: ignore[misc]
    )
    now = timezone.now()
    decided = outbox.decide_all(leases.load_leased(leases.lease(now), now), now)

    assert len({s.email for s in Signature.objects.all()}) == MANY
    assert sum(isinstance(choice, outbox.Send) for _mail, choice in decided) == 1
    assert sum(isinstance(choice, outbox.Skip) for _mail, choice in decided) == 15
    all_at_once([partial(confirming.confirm, number, now=now) for number in rows])
    assert Signature.objects.confirmed().count() == 1


def test_two_leases_never_take_the_same_mail(petition: Petition) -> None:
    for _ in range(40):
        make_pending(petition)
    now = timezone.now()

    taken = all_at_once([partial(leases.lease, now, 10)] * 4)

    numbers = [number for batch in taken for number in batch]
    assert len(numbers) == len(set(numbers)) == 40


def test_parallel_folds_and_readers_always_see_the_whole_count(
    petition: Petition,
) -> None:
    for _ in range(60):
        confirming.confirm(make_pending(petition).pk, now=timezone.now())

    def read() -> set[int]:
        return {
            Petition.objects.with_counts().get(pk=petition.pk).confirmed
            for _ in range(20)
        }

    def fold() -> set[int]:
        while folding.fold(batch=3):
            pass
        return {60}

    seen = all_at_once([read, fold, read, fold, read, fold])

    assert set.union(*seen) == {60}
    assert not CountChange.objects.exists()
    assert all(proof.holds for proof in verifying.verify())
    assert OutgoingMail.objects.filter(state=MailState.DUE).count() == 60
