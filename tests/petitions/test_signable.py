"""One rule says when a petition can be signed; Python, querysets and SQL agree on it
in every state and around every date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.db import connection

from petitions import signable
from petitions.models import Petition
from petitions.signatures.signing import load_snapshot
from petitions.states import ENDED_STATES, State
from tests.factories import backdate, make_organization, make_petition

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
AROUND_NOW = (-TICK, timedelta(0), TICK)


@dataclass(frozen=True)
class Case:
    """Where a petition stands, dates as their distance from now."""

    state: State
    opens: timedelta | None
    closes: timedelta | None

    @property
    def dates(self) -> dict[str, datetime | None]:
        opens_at = None if self.opens is None else NOW + self.opens
        closes_at = None if self.closes is None else NOW + self.closes
        return {"opens_at": opens_at, "closes_at": closes_at}

    @property
    def begun(self) -> bool:
        return self.opens is not None and self.opens <= timedelta(0)

    @property
    def past(self) -> bool:
        return self.closes is not None and self.closes <= timedelta(0)


def cases() -> Iterator[Case]:
    """Every state and date around now that the database takes."""
    for state, opens, closes in product(
        State, (None, -timedelta(hours=1), *AROUND_NOW), (None, *AROUND_NOW)
    ):
        if opens is None and state != State.DRAFT:
            continue
        if opens is not None and closes is not None and closes <= opens:
            continue
        yield Case(state, opens, closes)


@pytest.fixture
def petitions() -> dict[Case, Petition]:
    organization = make_organization()
    made = {}
    for case in cases():
        petition = make_petition(organization, state=case.state)
        ended_at = NOW if case.state in ENDED_STATES else None
        backdate(petition, ended_at=ended_at, **case.dates)
        made[case] = petition
    return made


def found_by_sql(fragment: str) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.id FROM petitions_petition p WHERE {fragment}",
            {"now": NOW},
        )
        return {row[0] for row in cursor.fetchall()}


def keys(petitions: dict[Case, Petition], chosen: list[Case]) -> set[int]:
    return {petitions[case].pk for case in chosen}


def test_what_can_be_signed(petitions: dict[Case, Petition]) -> None:
    right = [
        case
        for case in petitions
        if case.state == State.OPEN and case.begun and not case.past
    ]
    assert len(right) == 6, "begun an hour ago, just now, now; closing never or soon"

    expected = keys(petitions, right)
    everything = petitions.values()
    loaded = {p.pk: load_snapshot(p.slug) for p in everything}
    assert {p.pk for p in everything if p.is_open(NOW)} == expected
    assert {
        pk for pk, form in loaded.items() if form and signable.is_open(form, NOW)
    } == expected
    assert set(Petition.objects.open(NOW).values_list("pk", flat=True)) == expected
    assert found_by_sql(signable.IS_OPEN) == expected


def test_what_still_takes_confirmations(petitions: dict[Case, Petition]) -> None:
    right = [
        case
        for case in petitions
        if case.state in (State.OPEN, State.PAUSED) and not case.past
    ]

    expected = keys(petitions, right)
    everything = petitions.values()
    assert {p.pk for p in everything if signable.is_running(p, NOW)} == expected
    assert found_by_sql(signable.IS_RUNNING) == expected


def test_what_is_published_and_opens_later(petitions: dict[Case, Petition]) -> None:
    right = [
        case
        for case in petitions
        if case.state in (State.OPEN, State.PAUSED) and not case.begun
    ]

    expected = keys(petitions, right)
    everything = petitions.values()
    assert expected
    assert {p.pk for p in everything if signable.is_scheduled(p, NOW)} == expected
    listed = Petition.objects.filter(signable.scheduled_at(NOW))
    assert set(listed.values_list("pk", flat=True)) == expected


def test_what_has_to_be_closed(petitions: dict[Case, Petition]) -> None:
    right = [
        case
        for case in petitions
        if case.state in (State.OPEN, State.PAUSED) and case.past
    ]

    expected = keys(petitions, right)
    due = Petition.objects.due_to_close(NOW)
    assert set(due.values_list("pk", flat=True)) == expected
    told = {p.pk for p in petitions.values() if p.standing(NOW) == State.CLOSED}
    assert told == expected | {
        p.pk for case, p in petitions.items() if case.state == State.CLOSED
    }
    listed = Petition.objects.standing(State.CLOSED, NOW)
    assert set(listed.values_list("pk", flat=True)) == told
    ended = {p.pk for p in petitions.values() if signable.has_ended(p, NOW)}
    assert ended >= told
