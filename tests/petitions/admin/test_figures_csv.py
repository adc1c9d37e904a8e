"""The figures of a petition as CSV: all days, and what a viewer may read of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.text.spreadsheets import BOM
from organizations import confirming
from organizations.models import Organization, User
from petitions.admin.figures import DAYS
from petitions.counts.folding import fold
from petitions.models import ChannelTally, Export, MailTally, Petition
from petitions.privacy import recorded_exports
from petitions.region_totals import count_regions
from tests.factories import make_petition, make_signature
from tests.helpers import text_of

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]


def path_of(petition: Petition) -> str:
    return f"/admin/petitions/petition/{petition.pk}/figures/"


def download(client: Client, petition: Petition) -> list[list[str]]:
    answer: Any = client.post(path_of(petition))
    assert answer.status_code == 200
    text = b"".join(answer).decode()
    assert text.startswith(BOM)
    return list(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))


@pytest.fixture
def counted(organization: Organization) -> Petition:
    """A petition with figures of each table, on more days than the page shows."""
    petition = make_petition(organization, asks_country=True)
    for number in range(10):
        make_signature(petition, country="CA", name=f"{number}")
    for number in range(11):
        make_signature(petition, country="FR", name=f"{number}")
    make_signature(petition, country="AD")
    make_signature(petition)
    while fold():
        pass
    count_regions(timezone.now())
    MailTally.objects.all().delete()
    ChannelTally.objects.all().delete()
    for number in range(DAYS + 3):
        MailTally.objects.create(
            petition=petition, day=date(2026, 1, 1) + timedelta(days=number),
            domain="example.org" if number else "", signed=3, handed_over=2, failed=1,
            confirmed=number,
        )  # fmt: skip
    for via, confirmed in (("whatsapp", 7), ("", 5), ("=leaflet", 1)):
        ChannelTally.objects.create(
            petition=petition, day=date(2026, 1, 1), via=via, confirmed=confirmed
        )
    return petition


def test_it_has_every_day_and_table(
    as_user: Login, alice: User, counted: Petition
) -> None:
    head, *lines = download(as_user(alice), counted)

    assert head == [
        "By",
        "Which",
        "Signed",
        "Mail handed over",
        "Mail failed",
        "Confirmed",
    ]
    days = [line for line in lines if line[0] == "Day"]
    assert len(days) == DAYS + 3
    assert days[1] == ["Day", "2026-01-02", "3", "2", "1", "1"]
    assert [line[1:] for line in lines if line[0] == "Mail domain"] == [
        ["not kept by name", "3", "2", "1", "0"],
        ["example.org", "186", "124", "62", str(sum(range(DAYS + 3)))],
    ]
    assert [line[1:] for line in lines if line[0] == "Link"] == [
        ["WhatsApp", "", "", "", "7"],
        ["without a tag", "", "", "", "5"],
        ["'=leaflet", "", "", "", "1"],
    ]
    # A single one may be known, by the others and the sum, too.
    assert [line[1:] for line in lines if line[0] == "Country"] == [
        ["France", "", "", "", "11"],
        ["Other places, or not said", "", "", "", "12"],
    ]


def test_it_has_the_regions_that_the_page_shows(
    as_user: Login, alice: User, organization: Organization
) -> None:
    petition = make_petition(organization, asks_postal_code=True, asks_country=True)
    for code in ["H2X 1Y4"] * 12 + ["K1A 0B1"] * 11:
        make_signature(petition, country="CA", postal_code=code)
    while fold():
        pass
    count_regions(timezone.now())
    make_signature(petition, country="CA", postal_code="H2X 1Y4")

    lines = download(as_user(alice), petition)

    assert [line for line in lines if line[0] in ("Country", "Region")] == [
        ["Region", "Quebec, Canada", "", "", "", "12"],
        ["Region", "Ontario, Canada", "", "", "", "11"],
    ]


def test_who_may_not_see_supporters_gets_no_domains(
    as_user: Login, bob: User, counted: Petition
) -> None:
    lines = download(as_user(bob), counted)

    assert {line[0] for line in lines} == {"By", "Day", "Link", "Country"}


def test_domains_of_few_stand_together(
    as_user: Login, alice: User, counted: Petition
) -> None:
    # What the site forgets after two days stays in a file.
    for domain, day in (("maya.example", 2), ("maya.example", 3), ("ben.example", 2)):
        MailTally.objects.create(
            petition=counted, day=date(2026, 1, day), domain=domain, signed=4,
            handed_over=4, failed=0, confirmed=4,
        )  # fmt: skip
    MailTally.objects.create(
        petition=counted, day=date(2026, 1, 2), domain="school.example", signed=10,
        handed_over=10, failed=0, confirmed=3,
    )  # fmt: skip

    _head, *lines = download(as_user(alice), counted)

    assert [line[1:] for line in lines if line[0] == "Mail domain"] == [
        ["not kept by name", "15", "14", "1", "12"],
        ["example.org", "186", "124", "62", str(sum(range(DAYS + 3)))],
        ["school.example", "10", "10", "0", "3"],
    ]


def test_whoever_logged_in_long_ago_is_asked_for_the_password(
    as_user: Login, bob: User, counted: Petition
) -> None:
    client = as_user(bob)
    session = client.session
    session[confirming.CONFIRMED] = 0
    session.save()

    looked, taken = client.get(path_of(counted)), client.post(path_of(counted))

    assert (looked.status_code, taken.status_code) == (200, 403)
    assert not Export.objects.exists()


def test_it_is_on_record(
    as_user: Login, bob: User, counted: Petition, organization: Organization
) -> None:
    lines = download(as_user(bob), counted)

    record = Export.objects.get()
    assert (record.kind, record.petition, record.made_by) == ("figures", counted, bob)
    assert (record.state, record.number) == ("done", len(lines) - 1)
    assert record.organization == organization
    listed = text_of(as_user(bob).get("/admin/petitions/export/"))
    assert "Figures of a petition" in listed


def test_looking_takes_nothing(as_user: Login, bob: User, counted: Petition) -> None:
    page = text_of(as_user(bob).get(path_of(counted)))

    assert "Download all figures (CSV)" in page
    assert not Export.objects.exists()


def test_the_third_is_asked_to_wait(
    as_user: Login, bob: User, counted: Petition
) -> None:
    for _ in range(recorded_exports.AT_A_TIME):
        assert recorded_exports.free.acquire(blocking=False)
    try:
        answer = as_user(bob).post(path_of(counted))
    finally:
        for _ in range(recorded_exports.AT_A_TIME):
            recorded_exports.free.release()

    assert answer.status_code == 503
    assert "others are downloading theirs" in text_of(answer)
    assert not Export.objects.exists()
