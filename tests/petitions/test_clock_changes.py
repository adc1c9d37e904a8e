"""Nights on which clocks go back or forward, in forms of staff: an hour comes twice, or
is left out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from core.text.fields import moment_at
from organizations.models import Organization, User
from petitions.models import Petition, Update
from petitions.states import State
from tests.factories import backdate, make_petition, make_update
from tests.petitions.admin.helpers import errors_of
from tests.petitions.admin.life import change, form
from tests.project.conftest import sent

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

# Clocks in Toronto go back at 06:00 UTC; from 01:00 to 02:00 comes twice.
TWICE = datetime(2027, 11, 7, 6, 30, 12, 345678, tzinfo=UTC)
# In Santiago at midnight, on both nights; in Cairo, too.
SANTIAGO, CAIRO = "America/Santiago", "Africa/Cairo"


@pytest.fixture
def draft(organization: Organization) -> Petition:
    return make_petition(organization, title="Draft one", state=State.DRAFT)


def test_what_came_in_the_second_of_two_hours_stays_as_it_is(
    as_user: Login, alice: User, draft: Petition, settings: Settings
) -> None:
    """Whatever else is changed in the form."""
    settings.TIME_ZONE = "America/Toronto"
    backdate(draft, opens_at=TWICE - timedelta(hours=1), closes_at=TWICE)
    update = make_update(draft, published=False)
    Update.objects.filter(pk=update.pk).update(published_at=TWICE, number=1)
    client = as_user(alice)

    for path, field in (
        (change(draft), "summary"),
        (f"/admin/petitions/update/{update.pk}/change/", "title"),
    ):
        typed = {**sent(client.get(path)), field: "Another one"}
        answer = client.post(path, typed)
        assert answer.status_code == 302, errors_of(answer)

    draft.refresh_from_db()
    update.refresh_from_db()
    assert (draft.summary, update.title) == ("Another one", "Another one")
    assert (draft.opens_at, draft.closes_at, update.published_at) == (
        TWICE - timedelta(hours=1),
        TWICE,
        TWICE,
    )


@pytest.mark.parametrize(
    ("zone", "name", "day", "hour", "moment"),
    [
        # A day that begins at one o'clock.
        (SANTIAGO, "opens_at", "2027-09-05", "", "2027-09-05 04:00"),
        (CAIRO, "opens_at", "2027-04-30", "", "2027-04-29 22:00"),
        # One whose last hour comes twice.
        (SANTIAGO, "closes_at", "2027-04-03", "", "2027-04-04 03:59:59"),
        (CAIRO, "closes_at", "2027-10-28", "", "2027-10-28 21:59:59"),
        ("America/Toronto", "opens_at", "2027-11-07", "01:30", "2027-11-07 05:30"),
        ("America/Toronto", "closes_at", "2027-11-07", "01:30", "2027-11-07 06:30"),
        ("America/Toronto", "opens_at", "2027-03-14", "02:30", "2027-03-14 07:30"),
        ("America/Toronto", "closes_at", "2027-03-14", "02:30", "2027-03-14 07:30"),
        # Half an hour, and a whole day that one place left out.
        ("Australia/Lord_Howe", "closes_at", "2027-04-04", "01:45", "2027-04-03 15:15"),
        ("America/Toronto", "closes_at", "2028-02-29", "", "2028-03-01 04:59:59"),
    ],
)
def test_a_day_or_hour_that_the_clock_leaves_out_or_doubles_is_taken(
    as_user: Login,
    alice: User,
    draft: Petition,
    settings: Settings,
    zone: str,
    name: str,
    day: str,
    hour: str,
    moment: str,
) -> None:
    settings.TIME_ZONE = zone

    dates = {f"{name}_0": day, f"{name}_1": hour}
    answer = as_user(alice).post(change(draft), form(draft, **dates))

    assert answer.status_code == 302, errors_of(answer)
    draft.refresh_from_db()
    stored: Any = getattr(draft, name)
    assert f"{stored.astimezone(UTC):%Y-%m-%d %H:%M:%S}".startswith(moment)


def test_a_day_that_a_place_left_out_begins_with_the_next() -> None:
    with timezone.override("Pacific/Apia"):
        found = moment_at(datetime(2011, 12, 30, 8))  # noqa: DTZ001 - as typed
        assert f"{timezone.localtime(found):%Y-%m-%d %H:%M}" == "2011-12-31 08:00"
