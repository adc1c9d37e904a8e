"""The hot path: two statements to sign, one to confirm, and one person counts once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from petitions.counts import verifying
from petitions.models import (
    Consent,
    CountChange,
    MergedSignature,
    OutgoingMail,
    Petition,
    Signature,
)
from petitions.signatures import (
    confirming,
    my_data,
    signing,
    withdrawing,
)
from petitions.signatures.confirming import Confirmation
from petitions.states import SignatureState, State
from tests.factories import backdate, make_pending, make_petition, make_signature

pytestmark = pytest.mark.django_db


def confirmed(petition: Petition) -> int:
    return Signature.objects.confirmed().filter(petition=petition).count()


def test_signing_writes_a_pending_row_and_its_mail(petition: Petition) -> None:
    now = timezone.now()

    signature = make_pending(petition, "Maya@Example.org", now=now, comment="Why not")

    assert signature.state == SignatureState.PENDING
    assert signature.email == "Maya@Example.org"
    assert signature.comment == "Why not"
    mail = OutgoingMail.objects.get()
    assert (mail.signature, mail.petition, mail.due_at) == (signature, petition, now)
    assert mail.email_key == signature.email_key
    assert not CountChange.objects.exists()


@pytest.mark.parametrize(
    "kind", ["new", "repeated", "confirmed", "withdrawn", "limited"]
)
def test_signing_is_two_statements_for_every_kind_of_signer(
    petition: Petition, kind: str, django_assert_num_queries: Any
) -> None:
    email = "maya@example.org"
    if kind == "repeated":
        make_pending(petition, email)
    elif kind == "confirmed":
        make_signature(petition, email)
    elif kind == "withdrawn":
        withdrawing.withdraw(make_signature(petition, email), now=timezone.now())
    elif kind == "limited":
        for number in range(30):
            make_pending(petition, email, name=f"Name {number}")
        OutgoingMail.objects.update(state="sent", finished_at=timezone.now())
    before = Signature.objects.count()

    with django_assert_num_queries(2):
        form = signing.load_snapshot(petition.slug)
        assert form is not None
        given = signing.SignerInput("Maya", email, "en", "number")
        signing.sign(form.petition_id, given, now=timezone.now())

    assert Signature.objects.count() == before + 1


def test_confirming_is_one_statement_and_counts_once(
    petition: Petition, django_assert_num_queries: Any
) -> None:
    signature = make_pending(petition)

    with django_assert_num_queries(1):
        first = confirming.confirm(signature.pk, now=timezone.now())
    again = confirming.confirm(signature.pk, now=timezone.now())

    assert first == again == (Confirmation.COUNTED, petition.slug)
    assert confirmed(petition) == 1
    change = CountChange.objects.get()
    assert (change.delta, change.source, change.domain) == (
        1,
        "confirmed",
        "example.org",
    )


def test_confirming_one_row_merges_its_siblings(petition: Petition) -> None:
    rows = [
        make_pending(petition, email) for email in ("m@x.org", "m@x.org", "m@x.org")
    ]
    # The same mailbox by the rules for counting, but it may be somebody else's.
    other = make_pending(petition, "M@x.org")
    elsewhere = make_pending(make_petition(petition.organization), "m@x.org")

    confirming.confirm(rows[1].pk, now=timezone.now())

    left = Signature.objects.filter(petition=petition)
    assert {row.pk for row in left} == {rows[1].pk, other.pk}
    assert Signature.objects.filter(pk=elsewhere.pk).exists()
    merged = dict(MergedSignature.objects.values_list("pk", "into_id"))
    assert merged == {rows[0].pk: rows[1].pk, rows[2].pk: rows[1].pk}
    # The link mailed for a merged row leads to the one it was merged into.
    outcome = confirming.confirm(rows[0].pk, now=timezone.now())
    assert outcome == (Confirmation.COUNTED, petition.slug)
    assert confirmed(petition) == 1


def test_a_row_that_came_after_the_confirmation_does_not_count_again(
    petition: Petition,
) -> None:
    make_signature(petition, "m@x.org")
    late = make_pending(petition, "m@x.org", name="Somebody")

    outcome = confirming.confirm(late.pk, now=timezone.now())

    assert outcome == (Confirmation.COUNTED, petition.slug)
    assert confirmed(petition) == 1
    assert CountChange.objects.count() == 1


def test_the_database_refuses_a_second_counted_signature(petition: Petition) -> None:
    make_signature(petition, "m@x.org")
    late = make_pending(petition, "m@x.org")

    with pytest.raises(IntegrityError, match="signature_counted_once"):
        Signature.objects.filter(pk=late.pk).update(
            state="confirmed", confirmed_at=timezone.now()
        )


def test_consent_is_a_row_of_its_own_and_only_after_confirmation(
    petition: Petition,
) -> None:
    yes = make_pending(petition, "yes@x.org", wants_updates=True, language="fr")
    no = make_pending(petition, "no@x.org", wants_updates=False)
    silent = make_pending(petition, "silent@x.org")
    assert not Consent.objects.exists()

    for row in (yes, no, silent):
        confirming.confirm(row.pk, now=timezone.now())

    answers = dict(Consent.objects.values_list("email", "wants_updates"))
    assert answers == {"yes@x.org": True, "no@x.org": False}
    consent = Consent.objects.get(email="yes@x.org")
    assert consent.language == "fr"
    assert consent.source == f"petition:{petition.pk}"
    assert consent.sender == "Rights Now, 1 Main Street\nOttawa, contact@example.org"


def test_no_consent_is_recorded_when_the_question_was_not_asked(
    petition: Petition,
) -> None:
    organization = petition.organization
    organization.postal_address = ""
    organization.save()

    confirming.confirm(
        make_pending(petition, wants_updates=True).pk, now=timezone.now()
    )

    assert not Consent.objects.exists()


@pytest.mark.parametrize("state", [State.CLOSED, State.WON])
@pytest.mark.parametrize(
    ("ended_ago", "sent_ago", "outcome"),
    [
        (23, None, Confirmation.COUNTED),
        (25, None, Confirmation.TOO_LATE),
        (25, 23, Confirmation.COUNTED),
        (100, 25, Confirmation.TOO_LATE),
        (23, 100, Confirmation.COUNTED),
    ],
)
def test_a_confirmation_on_its_way_counts_for_a_day_after_the_end(
    petition: Petition,
    state: State,
    ended_ago: int,
    sent_ago: int | None,
    outcome: Confirmation,
) -> None:
    now = timezone.now()
    signature = make_pending(petition, now=now - timedelta(hours=200))
    ended_at = now - timedelta(hours=ended_ago)
    backdate(petition, state=state, ended_at=ended_at)
    if sent_ago is not None:
        OutgoingMail.objects.update(
            state="sent", finished_at=now - timedelta(hours=sent_ago)
        )

    assert confirming.confirm(signature.pk, now=now)[0] is outcome


def test_the_day_of_grace_begins_with_the_first_sending(petition: Petition) -> None:
    now = timezone.now()
    signature = make_pending(petition, now=now - timedelta(hours=200))
    ended_at = now - timedelta(hours=100)
    backdate(petition, state=State.CLOSED, ended_at=ended_at)
    assert signature.email_key is not None
    for hours in (60, 1):
        OutgoingMail.objects.create(
            petition=petition,
            signature=signature,
            email_key=signature.email_key,
            due_at=now,
            created_at=now,
            state="sent",
            finished_at=now - timedelta(hours=hours),
        )

    assert confirming.confirm(signature.pk, now=now)[0] is Confirmation.TOO_LATE


def test_a_petition_whose_last_day_has_passed_has_closed_before_anybody_said_so(
    petition: Petition,
) -> None:
    now = timezone.now()
    signature = make_pending(petition, now=now - timedelta(days=3))
    closes_at = now - timedelta(hours=25)
    backdate(petition, opens_at=now - timedelta(days=9), closes_at=closes_at)

    assert confirming.confirm(signature.pk, now=now)[0] is Confirmation.TOO_LATE


def test_a_paused_petition_still_takes_confirmations(petition: Petition) -> None:
    signature = make_pending(petition)
    petition.pause()

    assert (
        confirming.confirm(signature.pk, now=timezone.now())[0] is Confirmation.COUNTED
    )


def test_a_withdrawn_petition_takes_none(petition: Petition) -> None:
    signature = make_pending(petition)
    petition.withdraw(now=timezone.now())

    assert (
        confirming.confirm(signature.pk, now=timezone.now())[0] is Confirmation.TOO_LATE
    )


def test_withdrawing_counts_minus_one_on_its_own_day(petition: Petition) -> None:
    now = timezone.now()
    signature = make_signature(petition, now=now - timedelta(days=3))

    withdrawing.withdraw(signature, now=now)
    withdrawing.withdraw(signature, now=now)

    assert list(CountChange.objects.order_by("pk").values_list("delta", "day")) == [
        (1, timezone.localdate(now - timedelta(days=3))),
        (-1, timezone.localdate(now)),
    ]
    assert confirming.confirm(signature.pk, now=now)[0] is Confirmation.WITHDRAWN
    assert confirmed(petition) == 0


def test_erasing_withdraws_first_and_leaves_no_row(petition: Petition) -> None:
    now = timezone.now()
    signature = make_signature(petition, "m@x.org", wants_updates=True)
    make_pending(petition, "m@x.org")
    stays = make_signature(petition, "other@x.org", wants_updates=True)
    assert signature.email_key is not None

    my_data.erase_signature(signature, now=now)

    assert [row.pk for row in Signature.objects.all()] == [stays.pk]
    assert [row.email for row in Consent.objects.all()] == ["other@x.org"]
    assert not OutgoingMail.objects.filter(email_key=signature.email_key).exists()
    assert all(proof.holds for proof in verifying.verify())
    assert confirmed(petition) == 1
    assert confirming.confirm(signature.pk, now=now) == (Confirmation.GONE, "")


def test_the_database_refuses_to_erase_a_counted_signature(petition: Petition) -> None:
    signature = make_signature(petition)
    signature.mails.all().delete()

    with (
        pytest.raises(IntegrityError, match="withdrawn before it is erased"),
        transaction.atomic(),
    ):
        signature.delete()

    assert confirmed(petition) == 1


def test_psycopg_keeps_what_it_made_of_the_hot_statements() -> None:
    # MAX_CACHED_STATEMENT_LENGTH of psycopg, which parses longer ones each time.
    for statement in (signing.FIND, signing.SIGN, confirming.CONFIRM):
        assert len(statement) <= 4096
