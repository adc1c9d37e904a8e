"""Days of petitions that came from elsewhere, and of what staff tell of them: in feeds,
data and forms."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.http.cache_policy import page_cache
from organizations.models import Membership, Organization, Role, User
from petitions.importing import import_file
from petitions.models import Petition, Update
from tests.factories import backdate, make_answer, make_handover
from tests.petitions.admin.helpers import errors_of
from tests.project.conftest import sent

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

ENDED: list[dict[str, Any]] = [
    {"state": "closed", "ended_on": "2016-06-01", "supporters": 5},
    {"state": "won", "ended_on": "2016-02-29", "started_on": "2015-12-31"},
    {"state": "closed", "supporters": 5},
    {"state": "won"},
]


def bring(**values: Any) -> Petition:
    """Import one petition with these values, to an organisation that may write."""
    petition = {"title": "Free the prisoners", "text": "Text", "target": None, **values}
    organization = {
        "name": "From elsewhere", "postal_address": "1 Main Street",
        "contact_email": "a@example.org", "petitions": [petition],
    }  # fmt: skip
    text = json.dumps({"organization": organization})
    import_file(text.encode(), now=timezone.now())
    return Petition.objects.for_reading().get(organization__name="From elsewhere")


def entries(visitor: Client, path: str) -> list[dict[str, str]]:
    """The entries of a feed: title, published, updated."""
    page_cache.clear()
    page = visitor.get(path).content.decode()
    return [
        {name: re.search(f"<{name}>([^<]*)", entry)[1]  # type: ignore[index]
         for name in ("title", "published", "updated")}
        for entry in page.split("<entry")[1:]
    ]  # fmt: skip


@pytest.mark.parametrize("more", ENDED)
def test_what_ended_years_ago_is_no_news(
    visitor: Client, petition: Petition, more: dict[str, Any]
) -> None:
    brought = bring(**more)

    own = f"/organizations/{brought.organization.slug}.atom"
    assert [entry["title"] for entry in entries(visitor, "/petitions.atom")] == [
        petition.title
    ]
    assert entries(visitor, own) == []


def test_what_is_open_is_news_whenever_it_began_elsewhere(visitor: Client) -> None:
    bring(started_on="2014-05-31", supporters=5)

    assert len(entries(visitor, "/petitions.atom")) == 1


def test_what_ended_here_stays_in_the_feed(visitor: Client, petition: Petition) -> None:
    petition.close(now=timezone.now())

    assert len(entries(visitor, "/petitions.atom")) == 1


def test_an_update_of_former_years_is_as_old_as_it_says(visitor: Client) -> None:
    brought = bring(**ENDED[0])
    then = datetime(2016, 7, 1, 12, tzinfo=UTC)
    Update.objects.create(
        petition=brought, title="Heard", text="They heard us.", published_at=then
    )

    own = f"/organizations/{brought.organization.slug}.atom"
    for path in (own, f"/petitions/{brought.slug}/updates.atom"):
        (entry,) = entries(visitor, path)
        assert entry["published"] == entry["updated"] == "2016-07-01T12:00:00+00:00"


@pytest.mark.parametrize("made", ["handover", "answer", "win"])
def test_what_becomes_of_a_petition_makes_its_entry_new(
    visitor: Client, petition: Petition, made: str
) -> None:
    then = timezone.now() - timedelta(days=300)
    backdate(petition, opens_at=then - timedelta(days=9), state="closed", ended_at=then)
    (before,) = entries(visitor, "/petitions.atom")
    assert datetime.fromisoformat(before["updated"]) == then

    if made == "win":
        petition.win(now=timezone.now())
    else:
        {"handover": make_handover, "answer": make_answer}[made](petition)

    (entry,) = entries(visitor, "/petitions.atom")
    assert datetime.fromisoformat(entry["updated"]) > then + timedelta(days=299)


@pytest.mark.parametrize(
    ("more", "day", "sentence"),
    [
        # Nobody knows since when.
        (ENDED[0], "2015-05-05", ""),
        (ENDED[2], "2016-07-01", ""),
        ({"supporters": 5}, "2016-07-01", ""),
        ({"supporters": 5}, "0016-07-01", "Write a year"),
        (ENDED[0], "1066-10-14", "Write a year"),
        # Known.
        (ENDED[1], "2015-12-31", ""),
        (ENDED[1], "2015-12-30", "The petition had not begun then"),
        ({}, "2016-07-01", "The petition had not begun then"),
    ],
)
def test_staff_date_an_update_in_the_time_before_the_petition_came_here(
    as_user: Login, alice: User, more: dict[str, Any], day: str, sentence: str
) -> None:
    brought = bring(**more)
    organization: Organization = brought.organization
    Membership.objects.create(user=alice, organization=organization, role=Role.OWNER)
    client = as_user(alice)
    path = f"/admin/petitions/update/add/?petition={brought.pk}"
    dated = {"published_at_0": day, "published_at_1": ""}

    answer = client.post(
        path, {**sent(client.get(path)), "title": "Heard", "text": "They did.", **dated}
    )

    if sentence:
        assert sentence in str(errors_of(answer))
    else:
        assert answer.status_code == 302, errors_of(answer)
        assert str(Update.objects.get().day) == day


def test_data_say_no_day_of_a_beginning_that_nobody_knows(visitor: Client) -> None:
    brought = bring(supporters=5)

    data = visitor.get(f"/petitions/{brought.slug}.json").json()
    assert data["started"] is None


def test_data_say_when_it_ended_before_the_worker_does(
    visitor: Client, petition: Petition
) -> None:
    closes_at = timezone.now() - timedelta(seconds=1)
    backdate(petition, closes_at=closes_at)

    data = visitor.get(f"/petitions/{petition.slug}.json").json()

    assert data["state"] == "closed"
    assert datetime.fromisoformat(data["ended"]) == closes_at
