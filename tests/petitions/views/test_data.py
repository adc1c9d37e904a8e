"""Petitions as data: what programs and other sites get."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from core.http.cache_policy import page_cache
from organizations.models import Organization
from petitions.counts import folding
from petitions.models import Petition, Update
from petitions.states import State
from tests.factories import (
    make_answer,
    make_answer_translation,
    make_entry,
    make_handover,
    make_handover_translation,
    make_organization,
    make_petition,
    make_signature,
    make_translation,
    make_update,
    make_update_translation,
)

pytestmark = pytest.mark.django_db

PETITION = "/petitions/free-the-prisoners"
PATHS = ("/petitions.json", f"{PETITION}.json", f"{PETITION}/count.json",
         f"{PETITION}/history.json", f"{PETITION}/history.csv", "/organizations.json",
         "/organizations/rights-now.json", "/openapi.json")  # fmt: skip


def titles(response: Any) -> list[str]:
    return [petition["title"] for petition in response.json()["petitions"]]


def test_petitions_are_listed_newest_first_and_paged(
    visitor: Client, organization: Organization
) -> None:
    now = timezone.now()
    for number in range(103):
        make_petition(
            organization,
            title=f"Number {number}",
            opens_at=now - timedelta(days=number + 1),
        )

    first = visitor.get("/petitions.json")
    second = visitor.get("/petitions.json?page=2")
    third = visitor.get("/petitions.json?page=3")

    base = "http://testserver.localhost/petitions.json"
    assert titles(first) == [f"Number {number}" for number in range(50)]
    assert titles(second) == [f"Number {number}" for number in range(50, 100)]
    assert titles(third) == ["Number 100", "Number 101", "Number 102"]
    assert first.json()["count"] == 103
    assert first.json()["previous"] is None
    assert first.json()["next"] == second.json()["previous"].replace("=1", "=2")
    assert second.json()["next"] == f"{base}?page=3"
    assert third.json()["next"] is None


def test_petitions_opened_together_keep_their_order(
    visitor: Client, organization: Organization
) -> None:
    opened = timezone.now() - timedelta(days=1)
    for number in range(60):
        make_petition(organization, title=f"Number {number}", opens_at=opened)

    pages = [visitor.get(f"/petitions.json?page={page}") for page in (1, 2)]

    assert titles(pages[0]) + titles(pages[1]) == [f"Number {n}" for n in range(60)]


def test_petitions_of_a_state_and_an_organisation(
    visitor: Client, petition: Petition, organization: Organization
) -> None:
    now = timezone.now()
    make_petition(organization, title="Won", state=State.WON)
    make_petition(organization, title="Closed", state=State.CLOSED)
    make_petition(organization, title="Over", closes_at=now - timedelta(minutes=1))
    make_petition(make_organization("Others"), title="Of others")
    url = "/petitions.json"

    assert titles(visitor.get(f"{url}?organization=others")) == ["Of others"]
    assert titles(visitor.get(f"{url}?state=won")) == ["Won"]
    assert sorted(titles(visitor.get(f"{url}?state=closed"))) == ["Closed", "Over"]
    assert sorted(titles(visitor.get(f"{url}?state=open"))) == [
        "Free the prisoners",
        "Of others",
    ]
    assert titles(visitor.get(f"{url}?state=open&organization=rights-now")) == [
        "Free the prisoners"
    ]
    organization.slug = "rights"
    organization.save()
    page_cache.clear()
    assert len(titles(visitor.get(f"{url}?organization=rights-now"))) == 4
    # What is asked for empty is not asked for.
    assert len(titles(visitor.get(f"{url}?state=&organization="))) == 5


def test_links_to_other_pages_keep_what_was_asked(
    visitor: Client, organization: Organization
) -> None:
    for _ in range(51):
        make_petition(organization)

    page = visitor.get("/petitions.json?state=open&organization=rights-now&x=y").json()

    assert page["next"] == (
        "http://testserver.localhost/petitions.json"
        "?state=open&organization=rights-now&page=2"
    )
    assert len(visitor.get(page["next"]).json()["petitions"]) == 1


def test_nothing_yet(visitor: Client) -> None:
    empty = {"count": 0, "next": None, "previous": None}

    assert visitor.get("/petitions.json").json() == {**empty, "petitions": []}
    assert visitor.get("/organizations.json").json() == {**empty, "organizations": []}


def test_what_the_public_has_not_seen_or_may_not_see_is_in_no_answer(
    visitor: Client, petition: Petition, organization: Organization
) -> None:
    later = timezone.now() + timedelta(days=1)
    make_petition(organization, title="secret draft", state=State.DRAFT)
    make_petition(organization, title="secret tomorrow", opens_at=later)
    make_petition(organization, title="secret withdrawn", state=State.WITHDRAWN)

    for path in PATHS:
        assert "secret" not in visitor.get(path).content.decode(), path
    for words in ("draft", "tomorrow"):
        for ending in (".json", "/count.json", "/history.json", "/history.csv"):
            answer = visitor.get(f"/petitions/secret-{words}{ending}")
            assert answer.status_code == 404
            assert "secret" not in answer.content.decode()


def test_a_withdrawn_petition_is_gone_and_says_since_when(
    visitor: Client, organization: Organization
) -> None:
    make_petition(organization, title="Gone", state=State.WITHDRAWN)

    for ending in (".json", "/count.json", "/history.json", "/history.csv"):
        answer = visitor.get(f"/petitions/gone{ending}")
        assert answer.status_code == 410
        assert answer.json() == {
            "type": "about:blank",
            "title": "Gone",
            "status": 410,
            "detail": f"This petition was withdrawn on {timezone.localdate()}.",
        }
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_the_history_for_a_spreadsheet(
    visitor: Client, petition: Petition, settings: Settings
) -> None:
    """Numbers are numbers, also when a day took more than it brought."""
    settings.TIME_ZONE = "America/Toronto"
    for day, number, source in (
        (1, 5, "imported"),
        (2, 40, "paper"),
        (3, -10, "paper"),
    ):
        make_entry(petition, number, counted_at=date(2026, 3, day), source=source)
    folding.fold()
    answer = visitor.get(f"{PETITION}/history.csv")

    # What was counted elsewhere stands on the day on which it was entered.
    head, *lines = answer.content.decode().split("\r\n")
    assert head == "day,time_zone,supporters,confirmed,paper,imported,total"
    assert lines[:2] == [
        "2026-03-01,America/Toronto,5,0,0,5,5",
        "2026-03-02,America/Toronto,40,0,40,0,45",
    ]
    assert lines[2:] == ["2026-03-03,America/Toronto,-10,0,-10,0,35", ""]
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        'filename="free-the-prisoners-history.csv"'
        in answer.headers["Content-Disposition"]
    )
    days = visitor.get(f"{PETITION}/history.json").json()
    assert days["time_zone"] == "America/Toronto"


def test_a_former_address_leads_to_the_present_one(
    visitor: Client, petition: Petition
) -> None:
    petition.slug = "free-them"
    petition.save()

    for ending in (".json", "/count.json", "/history.json", "/history.csv"):
        answer = visitor.get(f"{PETITION}{ending}")
        assert answer.status_code == 301
        assert answer.headers["Location"] == f"/petitions/free-them{ending}"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/petitions/none.json", 404),
        ("/petitions/none/count.json", 404),
        ("/organizations/none.json", 404),
        ("/no/such/thing.json", 404),
        ("/petitions.json?page=2", 404),
        ("/petitions.json?page=x", 404),
        ("/petitions.json?page=0", 404),
        ("/petitions.json?page=99999999999999999999", 404),
        ("/petitions.json?organization=none", 404),
        ("/petitions.json?organization=%00", 404),
        ("/petitions.json?organization=" + "x" * 5000, 404),
        ("/petitions.json?state=draft", 400),
        ("/petitions.json?state=withdrawn", 400),
        ("/petitions.json?state=%00", 400),
    ],
)
def test_errors_are_data(
    visitor: Client, petition: Petition, path: str, status: int
) -> None:
    answer = visitor.get(path)

    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json()) == {"type", "title", "status", "detail"}
    assert answer.json()["detail"]


@pytest.mark.parametrize("path", PATHS)
def test_data_is_read_only_and_says_so(
    visitor: Client, petition: Petition, path: str
) -> None:
    strict = Client(headers={"host": "localhost"}, enforce_csrf_checks=True)
    for method in ("post", "put", "patch", "delete", "trace"):
        answer = getattr(strict, method)(path)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
        assert answer.json()["status"] == 405
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    headed = visitor.head(path)
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["ETag"] == visitor.get(path).headers["ETag"]


@pytest.mark.parametrize("path", PATHS)
def test_scripts_of_any_site_may_read_it(
    visitor: Client, petition: Petition, path: str
) -> None:
    asked = visitor.options(
        path,
        headers={
            "origin": "https://elsewhere.example",
            "access-control-request-method": "GET",
            "access-control-request-headers": "if-none-match",
        },
    )
    got = visitor.get(path, headers={"origin": "https://elsewhere.example"})

    assert asked.status_code == 204
    assert asked.content == b""
    assert "GET" in asked.headers["Access-Control-Allow-Methods"]
    assert asked.headers["Access-Control-Allow-Headers"] == "*"
    for answer in (asked, got):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize("path", PATHS)
def test_data_has_no_language(visitor: Client, petition: Petition, path: str) -> None:
    french = visitor.get(f"/fr{path}?page=1")

    assert french.status_code == 301
    assert french.headers["Location"] == f"{path}?page=1"
    assert visitor.get("/fr//elsewhere.example/a.json").status_code == 404


def test_a_petition_in_several_languages(visitor: Client, petition: Petition) -> None:
    make_translation(petition, "fr", title="Libérez les prisonniers")
    make_translation(petition, "ar", title="أطلقوا سراح السجناء")

    listed = visitor.get("/petitions.json").json()["petitions"][0]
    whole = visitor.get(f"{PETITION}.json").json()

    base = "http://testserver.localhost"
    assert listed["title"] == whole["title"] == "Free the prisoners"
    assert listed["languages"] == whole["languages"] == ["en", "ar", "fr"]
    assert {text["language"]: text["url"] for text in whole["translations"]} == {
        "ar": f"{base}{PETITION}/ar/",
        "fr": f"{base}/fr{PETITION}/",
    }
    for text in whole["translations"]:
        assert visitor.get(text["url"]).status_code == 200
        assert text["title"] in visitor.get(text["url"]).content.decode()


def test_a_petition_that_began_elsewhere_says_when(
    visitor: Client, organization: Organization
) -> None:
    make_petition(organization, title="Old", started_on=date(2014, 3, 1))

    assert visitor.get("/petitions/old.json").json()["started"] == "2014-03-01"


def test_history_adds_up_to_the_count(visitor: Client, petition: Petition) -> None:
    make_entry(petition, 400, counted_at=date(2024, 5, 1))
    make_entry(petition, -10, counted_at=date(2024, 5, 3))
    make_entry(petition, 60, source="paper", counted_at=date(2024, 5, 3))
    make_signature(petition)
    folding.fold()

    days = visitor.get(f"{PETITION}/history.json").json()["days"]
    count = visitor.get(f"{PETITION}/count.json").json()

    assert days[0] == {
        "day": "2024-05-01",
        "supporters": 400,
        "confirmed": 0,
        "paper": 0,
        "imported": 400,
    }
    assert days[1]["supporters"] == 50
    assert [day["day"] for day in days] == sorted(day["day"] for day in days)
    for name, number in count.items():
        assert sum(day[name] for day in days) == number


def test_data_costs_few_statements_however_much_there_is(
    visitor: Client,
    organization: Organization,
    settings: Settings,
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    settings.SITE_URL = "http://localhost"
    for number in range(3):
        petition = make_petition(organization, title=f"Petition {number}")
        make_translation(petition, "fr")
        make_entry(petition, 5)
    folding.fold()
    costs = {
        "/petitions.json": 7,
        "/petitions.json?organization=rights-now": 9,
        "/petitions/petition-1.json": 11,
        "/petitions/petition-1/count.json": 5,
        "/petitions/petition-1/history.json": 6,
        "/organizations.json": 3,
        "/organizations/rights-now.json": 5,
        "/openapi.json": 0,
    }
    for path, cost in costs.items():
        with django_assert_num_queries(cost):
            assert visitor.get(path).status_code == 200


PICTURE = {
    "image": "story/abc-800x500.webp",
    "image_width": 800,
    "image_height": 500,
    "image_description": "A box on steps.",
}
AS_DATA = {
    "url": "http://testserver.localhost/media/story/abc-800x500.webp",
    "width": 800,
    "height": 500,
    "description": "A box on steps.",
}


def test_what_happened_since_in_all_its_languages(
    visitor: Client, petition: Petition
) -> None:
    base = f"http://testserver.localhost{PETITION}/updates/1/"
    update = make_update(petition, title="News", text="**Good.**")
    Update.objects.update(**PICTURE)
    make_update_translation(
        update, "fr", title="Du neuf", text="Bon.", image_description="Une boîte."
    )
    make_update_translation(update, "ar")
    make_update(petition, title="A draft", published=False)
    handed = make_handover(petition, confirmed=2, paper=1, handed_on=date(2026, 3, 4),
                           note="On the steps.")  # fmt: skip
    make_handover_translation(handed, "fr", note="Sur les marches.")
    answered = make_answer(petition, text="No.", answered_on=date(2026, 3, 9))
    make_answer_translation(answered, "fr", text="Oui.")
    petition.answers.update(text="Yes.")

    found = visitor.get(f"{PETITION}.json").json()

    (news,) = found["updates"]
    arabic, french = news.pop("translations")
    assert news == {
        "url": base,
        "published": news["published"],
        "changed": None,
        "language": "en",
        "title": "News",
        "text": "**Good.**",
        "picture": AS_DATA,
    }
    assert french == {
        "language": "fr",
        "url": base.replace("/petitions/", "/fr/petitions/"),
        "title": "Du neuf",
        "text": "Bon.",
        "picture_description": "Une boîte.",
    }
    assert (arabic["language"], arabic["url"]) == ("ar", f"{base}?text=ar")
    for url in (base, french["url"], arabic["url"]):
        assert visitor.get(url).status_code == 200
    (handover,) = found["handovers"]
    assert handover == {
        "day": "2026-03-04", "to": "Minister", "manner": "in_person", "supporters": 3,
        "confirmed": 2, "paper": 1, "imported": 0, "language": "en",
        "note": "On the steps.", "picture": None,
        "translations": [
            {"language": "fr", "note": "Sur les marches.", "picture_description": ""}
        ],
    }  # fmt: skip
    (answer,) = found["answers"]
    assert (answer["day"], answer["target"], answer["text"]) == (
        "2026-03-09", "Minister", "Yes.",
    )  # fmt: skip
    assert answer["changed"] is not None
    assert answer["translations"] == [
        {
            "language": "fr",
            "original": False,
            "answered_by": "",
            "text": "Oui.",
            "link": "",
        }
    ]


def test_a_petition_has_its_picture(visitor: Client, petition: Petition) -> None:
    assert visitor.get(f"{PETITION}.json").json()["picture"] is None
    Petition.objects.update(**PICTURE)
    page_cache.clear()

    assert visitor.get(f"{PETITION}.json").json()["picture"] == AS_DATA


def test_long_news_is_bounded(
    visitor: Client, petition: Petition, django_assert_max_num_queries: Any
) -> None:
    for number in range(53):
        update = make_update(
            petition, published_at=timezone.now() - timedelta(hours=number)
        )
        make_update_translation(update, "fr")

    with django_assert_max_num_queries(12):
        found = visitor.get(f"{PETITION}.json").json()["updates"]

    assert [news["url"].split("/")[-2] for news in found] == [
        str(number) for number in range(1, 51)
    ]


def test_data_holds_no_signer(visitor: Client, petition: Petition) -> None:
    make_signature(petition, "maya@example.org", name="Maya Tremblay", show_name=True)

    for path in PATHS:
        answer = visitor.get(path).content.decode()
        assert "Maya" not in answer
        assert "maya@" not in answer
