"""Feeds: what is new, for feed readers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.http.cache_policy import page_cache
from organizations.models import Organization
from petitions.models import Correction, Petition, Update
from petitions.states import State
from tests.factories import make_organization, make_petition, make_translation

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "http://testserver.localhost"
ALL = "/petitions.atom"
ORGANIZATION = "/organizations/rights-now.atom"
UPDATES = "/petitions/free-the-prisoners/updates.atom"
FEEDS = (ALL, ORGANIZATION, UPDATES)


def make_update(petition: Petition, title: str = "News", **fields: Any) -> Update:
    fields.setdefault("text", "**Something** happened.")
    fields.setdefault("published_at", timezone.now() - timedelta(hours=1))
    return Update.objects.create(petition=petition, title=title, **fields)


def read(visitor: Client, path: str) -> Element:
    """The feed, which keeps to RFC 4287."""
    response = visitor.get(path)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(response.content)
    assert feed.tag == f"{ATOM}feed"
    # §4.1.1: exactly one of each; a link to the feed and one to what it is about.
    for name in ("id", "title", "updated"):
        assert len(feed.findall(ATOM + name)) == 1, name
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links["self"] == BASE + path
    assert links["alternate"]
    assert feed.get(f"{XML}lang")
    ids = [text(entry, "id") for entry in feed.findall(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids)
    for found in (text(feed, "id"), *ids):
        assert re.fullmatch(r"tag:testserver\.localhost,\d{4}-\d\d-\d\d:/\S+", found)
    for entry in feed.findall(f"{ATOM}entry"):
        # §4.1.2, and an author in each entry, for the feed has none.
        for name in ("id", "title", "updated", "published", "author", "summary"):
            assert len(entry.findall(ATOM + name)) == 1, name
        assert entry.find(f"{ATOM}author/{ATOM}name") is not None
        (link,) = entry.findall(f"{ATOM}link")
        assert (link.get("rel"), link.get("href", "")[: len(BASE)]) == (
            "alternate",
            BASE,
        )
        assert moment(text(entry, "updated")) >= moment(text(entry, "published"))
    changed = [moment(text(e, "updated")) for e in feed.findall(f"{ATOM}entry")]
    assert moment(text(feed, "updated")) == max(
        changed, default=moment(text(feed, "updated"))
    )
    return feed


XML = "{http://www.w3.org/XML/1998/namespace}"


def text(element: Element, name: str) -> str:
    found = element.find(ATOM + name)
    assert found is not None
    return found.text or ""


def moment(written: str) -> datetime:
    """RFC 3339, with its zone."""
    found = datetime.fromisoformat(written)
    assert found.tzinfo is not None
    return found


def titles(feed: Element) -> list[str]:
    return [text(entry, "title") for entry in feed.findall(f"{ATOM}entry")]


def test_new_petitions_newest_first_and_bounded(
    visitor: Client, organization: Organization
) -> None:
    now = timezone.now()
    for number in range(33):
        make_petition(
            organization,
            title=f"Number {number}",
            opens_at=now - timedelta(days=number + 1),
        )

    feed = read(visitor, ALL)

    assert titles(feed) == [f"Number {number}" for number in range(30)]
    first = feed.findall(f"{ATOM}entry")[0]
    assert text(first, "summary") == (
        '<p lang="en">Petitioning Minister</p>\n<p>Please do.</p>\n'
    )


@pytest.mark.parametrize("path", FEEDS)
def test_nothing_new_is_no_change(
    visitor: Client, petition: Petition, path: str
) -> None:
    if path == ALL:
        Petition.objects.update(state=State.WITHDRAWN, ended_at=timezone.now())
    elif path == ORGANIZATION:
        make_organization("Nobody")
        path = "/organizations/nobody.atom"
    first = read(visitor, path)
    page_cache.clear()
    second = read(visitor, path)

    assert titles(first) == []
    assert ElementTree.tostring(first) == ElementTree.tostring(second)


def test_an_organisation_tells_of_petitions_and_updates(
    visitor: Client, petition: Petition
) -> None:
    other = make_petition(make_organization("Others"), title="Of others")
    make_update(other, "Of others, too")
    make_update(petition, "News")

    feed = read(visitor, ORGANIZATION)

    assert titles(feed) == ["News", "Free the prisoners"]
    assert text(feed, "title") == "Rights Now"
    news, _petition = feed.findall(f"{ATOM}entry")
    page = f"{BASE}/petitions/free-the-prisoners/"
    assert text(news, "summary").endswith(
        f'<p><a href="{page}" lang="en" dir="ltr">Free the prisoners</a></p>\n'
    )


def test_the_feed_of_an_organisation_is_bounded_too(
    visitor: Client, petition: Petition
) -> None:
    for number in range(20):
        make_petition(petition.organization, title=f"Petition {number}")
        make_update(petition, f"Update {number}")

    feed = read(visitor, ORGANIZATION)

    assert len(titles(feed)) == 30
    assert [title.split()[0] for title in titles(feed)[:20]] == ["Update"] * 20


def test_updates_of_a_petition(visitor: Client, petition: Petition) -> None:
    now = timezone.now()
    make_update(petition, "Older", published_at=now - timedelta(days=2))
    make_update(petition, "Newer", published_at=now - timedelta(days=1))
    make_update(petition, "To come", published_at=now + timedelta(days=1))
    make_update(petition, "Secret", published_at=None)

    feed = read(visitor, UPDATES)

    assert titles(feed) == ["Newer", "Older"]
    entry = feed.findall(f"{ATOM}entry")[0]
    assert text(entry, "summary") == "<p><strong>Something</strong> happened.</p>\n"
    for link in feed.findall(f"{ATOM}entry/{ATOM}link"):
        assert visitor.get(link.get("href", "")).status_code == 200


def test_what_the_public_may_not_see_is_in_no_feed(
    visitor: Client, petition: Petition, organization: Organization
) -> None:
    later = timezone.now() + timedelta(days=1)
    for hidden in (
        make_petition(organization, title="Secret draft", state=State.DRAFT),
        make_petition(organization, title="Secret tomorrow", opens_at=later),
        make_petition(organization, title="Secret gone", state=State.WITHDRAWN),
    ):
        make_update(hidden, "Secret news")

    for path in FEEDS:
        assert "Secret" not in visitor.get(path).content.decode()
    assert visitor.get("/petitions/secret-draft/updates.atom").status_code == 404
    assert visitor.get("/petitions/secret-tomorrow/updates.atom").status_code == 404
    assert visitor.get("/petitions/secret-gone/updates.atom").status_code == 410
    assert visitor.get("/petitions/none/updates.atom").status_code == 404
    assert visitor.get("/organizations/none.atom").status_code == 404


def test_former_addresses_lead_on_and_names_of_entries_stay(
    visitor: Client, petition: Petition, organization: Organization
) -> None:
    make_update(petition)
    before = {path: read(visitor, path) for path in FEEDS}
    petition.slug = "free-them"
    petition.save()
    organization.slug = "rights"
    organization.save()
    page_cache.clear()

    for path, former in before.items():
        moved = path.replace("free-the-prisoners", "free-them").replace("-now", "")
        if moved != path:
            assert visitor.get(path).headers["Location"] == moved
        after = read(visitor, moved)
        assert text(after, "id") == text(former, "id")
        assert [text(e, "id") for e in after.findall(f"{ATOM}entry")] == [
            text(e, "id") for e in former.findall(f"{ATOM}entry")
        ]


def test_feeds_in_french(visitor: Client, petition: Petition) -> None:
    make_translation(petition, "fr", title="Libérez-les")
    make_petition(petition.organization, title="English alone")
    make_update(petition)

    for path in FEEDS:
        english, french = read(visitor, path), read(visitor, f"/fr{path}")
        assert english.get(f"{XML}lang") == "en"
        assert french.get(f"{XML}lang") == "fr"
        assert text(english, "id") != text(french, "id")
    feed = read(visitor, "/fr/petitions.atom")
    spoken = {text(e, "title"): e.get(f"{XML}lang") for e in feed.iter(f"{ATOM}entry")}
    assert spoken == {"Libérez-les": "fr", "English alone": "en"}
    for link in feed.findall(f"{ATOM}entry/{ATOM}link"):
        assert link.get("href", "").startswith(f"{BASE}/fr/")


def test_an_entry_is_as_new_as_its_last_change(
    visitor: Client, petition: Petition
) -> None:
    made = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    Correction.objects.create(petition=petition, text="Seven.", made_at=made)
    # Nobody reads this one yet.
    make_update(petition, "Later", published_at=datetime(2031, 1, 1, tzinfo=UTC))

    feed = read(visitor, ALL)

    (entry,) = feed.findall(f"{ATOM}entry")
    assert moment(text(entry, "updated")) == made


def test_text_that_no_xml_can_hold(visitor: Client, petition: Petition) -> None:
    """Also where the database would have let it pass."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in ("petition", "update"):
            cursor.execute(
                f"ALTER TABLE petitions_{name} DROP CONSTRAINT {name}_readable"
            )
    petition.title = "A \x0b\x1f\ufffe <b> & ]]> title"
    petition.text = "Text \x01 with <script>alert(1)</script>"
    petition.save()
    make_update(petition, "\x02News", text="\x03 <img src=x onerror=alert(1)>")

    assert titles(read(visitor, ALL)) == ["A  <b> & ]]> title"]
    for path in FEEDS:
        for entry in read(visitor, path).findall(f"{ATOM}entry"):
            assert "<script" not in text(entry, "summary")
            assert "<img" not in text(entry, "summary")


@pytest.mark.parametrize(
    ("page", "feed"),
    [
        ("/", ALL),
        ("/petitions/", ALL),
        ("/organizations/rights-now/", ORGANIZATION),
        ("/petitions/free-the-prisoners/", UPDATES),
    ],
)
def test_pages_name_their_feed(
    visitor: Client,
    petition: Petition,
    other_organization: Organization,
    page: str,
    feed: str,
) -> None:
    for prefix in ("", "/fr"):
        html = visitor.get(f"{prefix}{page}").content.decode()
        links = re.findall(r'<link[^>]*application/atom\+xml[^>]*href="([^"]*)"', html)
        assert links == [f"{prefix}{feed}"]


def test_feeds_cost_few_statements(
    visitor: Client,
    organization: Organization,
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    for number in range(3):
        petition = make_petition(organization, title=f"Petition {number}")
        make_translation(petition, "fr")
        for _ in range(3):
            make_update(petition)
    costs = {
        ALL: 7,
        ORGANIZATION: 13,
        "/petitions/petition-1/updates.atom": 7,
    }
    for path, cost in costs.items():
        with django_assert_num_queries(cost):
            assert visitor.get(path).status_code == 200
