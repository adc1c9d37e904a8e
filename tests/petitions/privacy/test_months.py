"""Months that names are kept: those of the calendar where the site is, whatever day it
is in London."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from core.retention import months_after
from petitions.admin.transitions import erasure_sentence
from petitions.models import Petition
from petitions.privacy import expiry
from tests.clock import rest_of_day
from tests.factories import backdate, make_signature

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("zone", "ended", "months", "due"),
    [
        ("UTC", "2027-01-31 23:59", 1, "2027-02-28 23:59"),
        # In UTC it is a day later, and another month.
        ("America/Toronto", "2027-02-28 21:00", 1, "2027-03-28 21:00"),
        ("America/St_Johns", "2027-02-28 23:30", 6, "2027-08-28 23:30"),
        ("America/Toronto", "2026-12-31 23:59", 2, "2027-02-28 23:59"),
        # A day earlier.
        ("Pacific/Auckland", "2027-01-31 00:30", 1, "2027-02-28 00:30"),
        ("Pacific/Auckland", "2027-03-01 00:00", 1, "2027-04-01 00:00"),
        # To the other side of a change of clocks.
        ("America/Toronto", "2026-10-31 12:00", 1, "2026-11-30 12:00"),
    ],
)
def test_names_are_kept_for_months_of_the_calendar_on_the_wall(
    petition: Petition,
    settings: Settings,
    zone: str,
    ended: str,
    months: int,
    due: str,
) -> None:
    settings.TIME_ZONE = zone

    def moment(written: str) -> datetime:
        return timezone.make_aware(datetime.fromisoformat(written))

    make_signature(petition)
    ended_at = moment(ended)
    backdate(
        petition, state="closed", months_kept=months, opens_at=ended_at,
        ended_at=ended_at, erasable_from=ended_at,
    )  # fmt: skip

    found = expiry.announcement(petition, ended_at)

    assert found is not None
    assert found.due_at == moment(due) == months_after(ended_at, months)
    assert not expiry.past_their_months(moment(due) - timedelta(seconds=1))
    assert list(expiry.past_their_months(moment(due))) == [petition]
    # Staff are told this day.
    assert f"{moment(due).day} {moment(due):%B %Y}" in erasure_sentence(
        petition, ended_at
    )


@pytest.mark.parametrize(
    ("left", "waits"), [(10, 0), (9, 9), (0.5, 0.5), (900, 0), (450, 0)]
)
def test_no_test_begins_shortly_before_a_day_turns(left: float, waits: float) -> None:
    """Also in zones that differ by a quarter of an hour."""
    for turn in (1_798_761_600, 1_798_761_600 - 45 * 60):
        assert rest_of_day(turn - left) == waits
