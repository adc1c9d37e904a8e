"""Entering what was counted on paper: at once, or once a second person confirms it."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from core.retention import expire
from organizations.models import Organization, Role, User
from petitions.counts import entering
from petitions.counts.verifying import verify
from petitions.models import CountEntry, EnteredCount, Petition, Scan
from petitions.states import EnteredState, State
from tests.factories import backdate, make_entry, make_member
from tests.helpers import somebody_waits

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 sheets"


@pytest.fixture
def careful(organization: Organization) -> Organization:
    """An organisation in which a second person confirms more than 100."""
    organization.count_approval_above = 100
    organization.save()
    return organization


@pytest.fixture
def bo(organization: Organization) -> User:
    return make_member(organization, Role.EDITOR)


def enter(petition: Petition, number: int, by: User, **fields: Any) -> EnteredCount:
    scan = fields.pop("scan", PDF)
    entered = EnteredCount(
        petition=petition, number=number, **{"label": "Sheets 1-40", **fields}
    )
    entering.enter(entered, scan, by, now=timezone.now())
    return entered


def paper(petition: Petition) -> int:
    return Petition.objects.with_counts().get(pk=petition.pk).paper


def test_a_small_number_counts_at_once(
    careful: Organization, petition: Petition, alice: User
) -> None:
    entered = enter(petition, 100, alice)

    assert paper(petition) == 100
    assert entered.state == EnteredState.COUNTED
    assert entered.entry == petition.count_entries.get()
    assert bytes(entered.scan.content) == PDF
    assert all(proof.holds for proof in verify())


def test_without_a_limit_any_number_counts_at_once(
    petition: Petition, alice: User
) -> None:
    enter(petition, 1_000_000, alice)

    assert paper(petition) == 1_000_000


def test_a_large_number_counts_once_somebody_else_confirms_it(
    careful: Organization, petition: Petition, alice: User, bo: User
) -> None:
    entered = enter(petition, 101, alice)
    assert (paper(petition), entered.state) == (0, EnteredState.WAITING)

    with pytest.raises(entering.CannotBeDecided):
        entering.confirm_entered(entered, alice, now=timezone.now())
    assert paper(petition) == 0

    entering.confirm_entered(entered, bo, now=timezone.now())
    assert paper(petition) == 101
    assert all(proof.holds for proof in verify())
    with pytest.raises(entering.CannotBeDecided):
        entering.confirm_entered(entered, bo, now=timezone.now())
    with pytest.raises(entering.CannotBeDecided):
        entering.refuse_entered(entered, bo, now=timezone.now())
    assert paper(petition) == 101


def test_a_large_number_in_parts_waits_too(
    careful: Organization, petition: Petition, alice: User, bo: User
) -> None:
    make_entry(petition, 50, label="The form of the petition")
    enter(petition, 50, alice, label="Sheets of May")
    third = enter(petition, 1, bo, label="Sheets of June")
    assert third.is_waiting

    entering.confirm_entered(third, alice, now=timezone.now())
    # What two have looked at is none of it.
    later = timezone.now() + entering.COUNTED_TOGETHER + timedelta(minutes=1)
    assert entering.entered_alone(careful, timezone.now()) == 100
    assert entering.entered_alone(careful, later) == 0


def test_a_correction_makes_no_room_for_more(
    careful: Organization, petition: Petition, alice: User
) -> None:
    make_entry(petition, 100, label="Sheets")
    make_entry(petition, -100, label="They were copies")

    assert enter(petition, 1, alice, label="Other sheets").is_waiting


def test_what_is_not_counted_in_the_end_leaves_no_scan(
    careful: Organization, petition: Petition, alice: User, bo: User
) -> None:
    entered = enter(petition, 500, alice)

    entering.refuse_entered(entered, bo, now=timezone.now())

    assert paper(petition) == 0
    assert not Scan.objects.exists()
    assert not CountEntry.objects.exists()
    # Its label is free again.
    assert enter(petition, 50, alice).state == EnteredState.COUNTED


def test_what_was_counted_by_another_way_meanwhile_is_not_counted_twice(
    careful: Organization, petition: Petition, alice: User, bo: User
) -> None:
    entered = enter(petition, 500, alice)
    make_entry(petition, 500, source="paper", label=entered.label)

    with pytest.raises(entering.CannotBeDecided):
        entering.confirm_entered(entered, bo, now=timezone.now())
    assert paper(petition) == 500


def test_a_withdrawn_petition_takes_none(
    careful: Organization, petition: Petition, alice: User, bo: User
) -> None:
    entered = enter(petition, 500, alice)
    petition.withdraw(now=timezone.now())

    with pytest.raises(entering.CannotBeDecided):
        entering.confirm_entered(entered, bo, now=timezone.now())
    assert petition.state == State.WITHDRAWN


def test_a_label_that_came_meanwhile_is_told(petition: Petition, alice: User) -> None:
    enter(petition, 5, alice)

    with pytest.raises(entering.CannotBeDecided):
        enter(petition, 5, alice)
    assert paper(petition) == 5


@pytest.mark.django_db(transaction=True)
def test_two_numbers_entered_at_once_count_together(
    careful: Organization, petition: Petition, alice: User, bo: User
) -> None:
    def enter_another() -> None:
        try:
            enter(petition, 60, bo, label="Sheets of June")
        finally:
            connection.close()

    at_once = threading.Thread(target=enter_another)
    with transaction.atomic():
        enter(petition, 60, alice, label="Sheets of May")
        at_once.start()
        while at_once.is_alive() and not somebody_waits():
            pass
    at_once.join()

    assert paper(petition) == 60
    states = EnteredCount.objects.values_list("label", "state").order_by("pk")
    assert dict(states) == {"Sheets of May": "counted", "Sheets of June": "waiting"}


def test_a_scan_can_be_erased_and_the_number_stays(
    petition: Petition, alice: User
) -> None:
    entering.erase_scan(enter(petition, 5, alice))

    assert not Scan.objects.exists()
    assert paper(petition) == 5


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"number": 5}, "What was counted and entered"),
        ({"label": "Other sheets"}, "What was counted and entered"),
        ({"needs_second": False}, "What was counted and entered"),
        ({"state": "counted"}, "entered_and_counted"),
        ({"state": "refused"}, "entered_decided"),
    ],
    ids=str,
)
def test_the_database_keeps_what_waits_as_it_was_entered(
    careful: Organization,
    petition: Petition,
    alice: User,
    changes: dict[str, Any],
    rule: str,
) -> None:
    enter(petition, 500, alice)

    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        EnteredCount.objects.update(**changes)


def test_the_database_lets_nobody_confirm_what_they_entered(
    careful: Organization, petition: Petition, alice: User
) -> None:
    entered = enter(petition, 500, alice)
    entry = make_entry(petition, 500, label="Another")

    with (
        pytest.raises(IntegrityError, match="entered_confirmed_by_another"),
        transaction.atomic(),
    ):
        EnteredCount.objects.filter(pk=entered.pk).update(
            state="counted", entry=entry, decided_by=alice, decided_at=timezone.now()
        )


def test_the_database_keeps_what_was_decided(
    careful: Organization, petition: Petition, alice: User, bo: User
) -> None:
    entering.refuse_entered(enter(petition, 500, alice), bo, now=timezone.now())

    with (
        pytest.raises(IntegrityError, match="What was counted and entered"),
        transaction.atomic(),
    ):
        EnteredCount.objects.update(state="waiting", decided_at=None)
    with (
        pytest.raises(IntegrityError, match="What was counted and entered"),
        transaction.atomic(),
    ):
        EnteredCount.objects.all().delete()


def test_scans_go_with_the_names_of_the_petition(
    petition: Petition, alice: User
) -> None:
    enter(petition, 5, alice)
    expire(timezone.now())
    assert Scan.objects.exists()

    over = timezone.now()
    backdate(petition, state=State.CLOSED, ended_at=over, anonymised_at=over)
    expire(timezone.now())

    assert not Scan.objects.exists()
    assert paper(petition) == 5
