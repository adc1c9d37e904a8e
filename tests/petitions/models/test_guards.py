"""What the database refuses, whoever asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from petitions.counts import folding
from petitions.models import (
    CountEntry,
    OutgoingMail,
    Petition,
    Signature,
    Target,
    Total,
)
from petitions.models.petition_lifecycle import NotAllowed
from petitions.states import State, TargetKind
from tests.factories import (
    backdate,
    make_entry,
    make_pending,
    make_petition,
    make_signature,
)

pytestmark = pytest.mark.django_db


def refused(match: str) -> Any:
    return pytest.raises(IntegrityError, match=match)


FROZEN = {
    "title": "Another title",
    "ask": "Another ask",
    "text": "Another text",
    "text_format": "plain",
    "language": "fr",
}


@pytest.mark.parametrize("signed", ["pending", "confirmed", "entry"])
@pytest.mark.parametrize("field", FROZEN)
def test_words_are_frozen_once_somebody_has_signed(
    petition: Petition, signed: str, field: str
) -> None:
    Petition.objects.filter(pk=petition.pk).update(**{field: FROZEN[field]})
    Petition.objects.filter(pk=petition.pk).update(title="T", text="t")
    if signed == "pending":
        make_pending(petition)
    elif signed == "confirmed":
        make_signature(petition)
    else:
        make_entry(petition, 3)

    with refused("words are frozen"), transaction.atomic():
        Petition.objects.filter(pk=petition.pk).update(**{field: FROZEN[field] + "!"})

    Petition.objects.filter(pk=petition.pk).update(summary="New", goal=500)


def test_targets_are_frozen_once_somebody_has_signed(petition: Petition) -> None:
    make_pending(petition)

    for change in (
        lambda: Target.objects.update(name="Somebody else"),
        lambda: Target.objects.all().delete(),
        lambda: Target.objects.create(petition=petition, name="One more"),
    ):
        with refused("whom it petitions is frozen"), transaction.atomic():
            change()


def test_a_target_not_settled_yet_may_be_settled_once() -> None:
    petition = make_petition(target=None)
    make_pending(petition)

    Target.objects.update(kind=TargetKind.PERSON, name="Minister")

    with refused("frozen"), transaction.atomic():
        Target.objects.update(name="Somebody else")


def test_what_is_handed_over_changes_only_towards_less(petition: Petition) -> None:
    Petition.objects.update(delivery="names")
    make_pending(petition)

    with refused("frozen"), transaction.atomic():
        Petition.objects.update(delivery="comments")

    Petition.objects.update(delivery="number")
    petition.refresh_from_db()
    assert petition.delivery == "number"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"title": ""}, "petition_title_and_slug"),
        ({"state": "lost"}, "petition_state"),
        ({"delivery": "addresses"}, "petition_delivery"),
        ({"text_format": "html"}, "petition_text_format"),
        ({"text": ""}, "petition_published_with_text_and_date"),
        ({"opens_at": None}, "petition_published_with_text_and_date"),
        ({"state": State.CLOSED}, "petition_ended_at_when_ended"),
        ({"ended_at": timezone.now()}, "petition_ended_at_when_ended"),
        ({"goal": 0}, "petition_goal_positive"),
        ({"position": 0}, "petition_position_positive"),
    ],
)
def test_petition_constraints(
    petition: Petition, fields: dict[str, Any], name: str
) -> None:
    with refused(name), transaction.atomic():
        Petition.objects.filter(pk=petition.pk).update(**fields)


def test_a_petition_closes_after_it_opens(petition: Petition) -> None:
    with refused("petition_closes_after_opening"), transaction.atomic():
        Petition.objects.filter(pk=petition.pk).update(closes_at=petition.opens_at)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"state": "maybe", "confirmed_at": timezone.now()}, "signature_state"),
        ({"state": "confirmed"}, "signature_confirmed_at"),
        ({"confirmed_at": timezone.now()}, "signature_confirmed_at"),
        ({"withdrawn_at": timezone.now()}, "signature_withdrawn_at"),
        ({"delivery": "everything"}, "signature_delivery"),
        ({"name": ""}, "signature_pending_has_person"),
        ({"email_key": None}, "signature_pending_has_person"),
    ],
)
def test_signature_constraints(
    petition: Petition, fields: dict[str, Any], name: str
) -> None:
    make_pending(petition)

    with refused(name), transaction.atomic():
        Signature.objects.update(**fields)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"state": "maybe", "finished_at": timezone.now()}, "mail_state_and_kind"),
        ({"kind": "news"}, "mail_state_and_kind"),
        ({"state": "sent"}, "mail_finished_at"),
        ({"finished_at": timezone.now()}, "mail_finished_at"),
        ({"signature": None}, "mail_of_nobody_is_over"),
        (
            {
                "signature": None,
                "state": "failed",
                "finished_at": timezone.now(),
                "reply": "550 maya@example.org is not here",
            },
            "mail_of_nobody_is_over",
        ),
    ],
)
def test_due_mail_constraints(
    petition: Petition, fields: dict[str, Any], name: str
) -> None:
    signature = make_pending(petition)
    mails = OutgoingMail.objects.filter(signature=signature)
    assert mails.exists()

    with refused(name), transaction.atomic():
        mails.update(**fields)


def test_an_aside_is_one_of_its_kinds_and_of_a_pending_signature(
    petition: Petition,
) -> None:
    pending, counted = make_pending(petition), make_signature(petition, "c@example.org")

    for row, quarantine_reason in ((pending, "dislike"), (counted, "limit")):
        with refused("signature_quarantine_pending"), transaction.atomic():
            Signature.objects.filter(pk=row.pk).update(
                quarantine_reason=quarantine_reason
            )


@pytest.mark.parametrize(
    ("kind", "name"), [("unsettled", "Minister"), ("person", ""), ("label", "")]
)
def test_a_target_has_a_name_unless_it_is_not_settled(
    petition: Petition, kind: str, name: str
) -> None:
    with refused("target_named_unless_unsettled"), transaction.atomic():
        Target.objects.create(petition=petition, kind=kind, name=name)


def test_every_constraint_of_what_staff_edit_has_a_sentence_for_people() -> None:
    from organizations.models import Membership, Organization, User
    from petitions.models import Correction, CountEntry

    for model in (
        Petition, Target, Correction, CountEntry, Organization, Membership, User,
    ):  # fmt: skip
        for constraint in model._meta.constraints:
            default = constraint.default_violation_error_message
            assert constraint.violation_error_message != default, constraint.name


def test_what_was_withdrawn_does_not_come_back(petition: Petition) -> None:
    now = timezone.now()
    same = Petition.objects.get(pk=petition.pk)
    petition.withdraw(now=now)

    with pytest.raises(NotAllowed):
        same.win(now=now)
    with pytest.raises(IntegrityError, match="ended for good"), transaction.atomic():
        Petition.objects.filter(pk=petition.pk).update(state=State.WON)
    petition.refresh_from_db()
    assert petition.state == State.WITHDRAWN


def test_what_was_closed_is_not_opened_again(petition: Petition) -> None:
    petition.close(now=timezone.now())

    with pytest.raises(NotAllowed):
        petition.resume()
    backdate(petition, state_since=timezone.now() - timedelta(days=7, hours=1))
    with pytest.raises(IntegrityError, match="ended for good"), transaction.atomic():
        Petition.objects.filter(pk=petition.pk).update(state=State.OPEN, ended_at=None)


def test_entries_are_bounded(petition: Petition) -> None:
    def entry(number: int, **fields: Any) -> CountEntry:
        return CountEntry(
            petition=petition, source="paper", label="Sheets", number=number, **fields
        )

    for wrong in (entry(10_000_001), entry(-1), entry(0)):
        with pytest.raises(ValidationError, match="number"):
            wrong.full_clean()
    tomorrow = timezone.localdate() + timedelta(days=1)
    with pytest.raises(ValidationError, match="yet to come"):
        entry(5, counted_at=tomorrow).full_clean()
    make_entry(petition, 7, source="paper")
    entry(-7).full_clean()
    with pytest.raises(ValidationError, match="more than was ever counted"):
        entry(-8).full_clean()


def test_totals_beyond_an_integer_are_added_up(petition: Petition) -> None:
    for source in ("paper", "imported"):
        for _ in range(2):
            make_entry(petition, 10_000_000, source=source)
    Total.objects.update_or_create(
        petition=petition, defaults={"paper": 2_140_000_000, "imported": 2_140_000_000}
    )

    while folding.fold():
        pass

    assert Petition.objects.filter(pk=petition.pk).supporters() == 4_320_000_000
