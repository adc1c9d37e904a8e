"""The site for search engines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from django.conf import settings
from django.test import Client
from django.urls import NoReverseMatch, reverse

from core.http.cache_policy import (
    CacheAudience,
    policies,
)
from organizations.models import Organization
from petitions.models import Correction, Petition
from petitions.states import State
from petitions.views import sitemaps
from tests.factories import make_organization, make_petition, make_translation

pytestmark = pytest.mark.django_db

BASE = "http://testserver.localhost"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
LINK = "{http://www.w3.org/1999/xhtml}link"


def read(visitor: Client, path: str) -> Element:
    response = visitor.get(path)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/xml"
    assert len(response.content) < 10_000_000
    return ElementTree.fromstring(response.content)


def locations(root: Element) -> list[str]:
    return [(found.text or "").removeprefix(BASE) for found in root.iter(f"{MAP}loc")]


def everything(visitor: Client) -> dict[str, Element]:
    """All entries of all files by path."""
    found: dict[str, Element] = {}
    for path in locations(read(visitor, "/sitemap.xml")):
        for entry in read(visitor, path).findall(f"{MAP}url"):
            (path,) = locations(entry)
            assert path not in found
            found[path] = entry
    return found


def test_every_public_page_in_every_language(
    visitor: Client, petition: Petition
) -> None:
    make_translation(petition, "fr")
    make_translation(petition, "ar")

    found = everything(visitor)

    for path in (
        "/",
        "/fr/",
        "/organizations/rights-now/",
        "/fr/organizations/rights-now/",
        "/petitions/free-the-prisoners/",
        "/fr/petitions/free-the-prisoners/",
        "/petitions/free-the-prisoners/ar/",
    ):
        assert path in found
    for path, entry in found.items():
        page = visitor.get(path)
        assert page.status_code == 200
        assert b"noindex" not in page.content
        links = {link.get("hreflang"): link.get("href") for link in entry.iter(LINK)}
        assert f"{BASE}{path}" in links.values()
        assert "x-default" in links
        for href in links.values():
            assert (href or "").removeprefix(BASE) in found


def test_a_page_is_known_by_the_address_it_gives_itself(
    visitor: Client, petition: Petition, other_organization: Organization
) -> None:
    make_translation(petition, "ar")
    make_petition(petition.organization, title="Nur auf Deutsch", language="de")

    for path in everything(visitor):
        page = visitor.get(path).content.decode()
        if 'rel="canonical"' in page:
            assert f'<link rel="canonical" href="{BASE}{path}">' in page


def test_what_the_public_may_not_see_is_on_no_map(
    visitor: Client, organization: Organization
) -> None:
    make_petition(organization, title="Secret draft", state=State.DRAFT)
    make_petition(organization, title="Secret gone", state=State.WITHDRAWN)

    assert not [path for path in everything(visitor) if "secret" in path]


def test_last_changes_are_those_that_are_known(
    visitor: Client, petition: Petition, other_organization: Organization
) -> None:
    made = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    Correction.objects.create(petition=petition, text="Seven.", made_at=made)
    make_petition(petition.organization, title="Older")
    draft = make_petition(other_organization, state=State.DRAFT)
    Correction.objects.create(petition=draft, text="Eight.", made_at=made)

    found = everything(visitor)

    for path in ("/petitions/free-the-prisoners/", "/organizations/rights-now/"):
        changed = found[path].find(f"{MAP}lastmod")
        assert changed is not None
        assert datetime.fromisoformat(changed.text or "") == made
    for path in ("/privacy/", "/organizations/somebody-else/"):
        assert found[path].find(f"{MAP}lastmod") is None


def test_the_profiles_cost_as_many_queries_however_many_they_are(
    visitor: Client, django_assert_num_queries: Callable[[int], Any]
) -> None:
    for number in range(5):
        for title in ("One", "Two"):
            make_petition(make_organization(f"Number {number} {title}"))

    with django_assert_num_queries(3):
        read(visitor, "/sitemap/organizations-1.xml")


def test_an_empty_site_has_its_pages(visitor: Client) -> None:
    assert locations(read(visitor, "/sitemap.xml")) == ["/sitemap/pages-1.xml"]


def test_many_petitions_are_shared_out(
    visitor: Client,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    monkeypatch.setattr(sitemaps, "PER_FILE", 3)
    for number in range(7):
        make_petition(organization, title=f"Petition {number}")

    with django_assert_num_queries(2):
        files = locations(read(visitor, "/sitemap.xml"))
    with django_assert_num_queries(4):
        read(visitor, "/sitemap/petitions-2.xml")

    assert files[2:] == [f"/sitemap/petitions-{n}.xml" for n in (1, 2, 3)]
    listed = [path for path in everything(visitor) if "petition-" in path]
    assert len(listed) == 7 * len(settings.LANGUAGES)


@pytest.mark.parametrize(
    "path",
    ["petitions-2", "petitions-0", "pages-2", "nothing-1", "petitions-" + "9" * 30],
)
def test_a_file_that_is_not_there(
    visitor: Client, petition: Petition, path: str
) -> None:
    assert visitor.get(f"/sitemap/{path}.xml").status_code == 404


def test_addresses_are_written_as_search_engines_want_them(
    visitor: Client, organization: Organization
) -> None:
    make_petition(organization, title="أطلقوا السجناء")

    (path,) = [p for p in everything(visitor) if p.startswith("/petitions/%D8")]

    assert path.isascii()


def test_every_page_of_the_site_itself_is_on_the_map(visitor: Client) -> None:
    """A new one is a search engine's, or says that it is not."""
    found = everything(visitor)
    for name, policy in policies().items():
        if policy.audience is not CacheAudience.CACHED or policy.embeddable:
            continue
        try:
            path = reverse(name)
        except NoReverseMatch:
            continue
        page = visitor.get(path)
        is_page = page.headers["Content-Type"].startswith("text/html")
        if is_page and b"noindex" not in page.content and page.status_code == 200:
            assert path in found, name


def test_robots_are_told_where_the_map_is(visitor: Client) -> None:
    lines = visitor.get("/robots.txt").content.decode().splitlines()

    assert f"Sitemap: {BASE}/sitemap.xml" in lines
    assert {"Disallow: /confirm/", "Disallow: /fr/confirm/"} <= set(lines)
