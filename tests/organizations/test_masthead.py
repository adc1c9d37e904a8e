"""Who speaks: the organisation's name first, the site's small."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from core.http import styles
from organizations import branding, context
from organizations.models import Organization
from petitions.models import Petition
from tests.helpers import text_of
from tests.organizations.styles import inline_styles, style_sources

ABOUT_NOBODY = ("/petitions/", "/privacy/", "/signed/", "/erased/", "/no-such-page/")
OF_THE_ORGANIZATION = (
    "/organizations/rights-now/",
    "/petitions/free-the-prisoners/",
    "/petitions/free-the-prisoners/check-inbox/",
    "/petitions/free-the-prisoners/report/",
    "/petitions/free-the-prisoners/updates/",
)


def header(page: Any) -> str:
    """The words above the page."""
    found = re.search(r"<header class=.site-header.*?</header>", page, re.DOTALL)
    assert found
    return " ".join(re.sub("<[^>]+>", " ", found[0]).split())


def masthead(visitor: Client, path: str) -> str:
    return header(visitor.get(path).content.decode())


@pytest.mark.parametrize("path", OF_THE_ORGANIZATION)
def test_it_speaks_first_on_its_own_pages(
    visitor: Client, petition: Petition, other_organization: Organization, path: str
) -> None:
    assert masthead(visitor, path).startswith("Rights Now Petitions All petitions")
    assert masthead(visitor, f"/fr{path}").startswith("Rights Now Pétitions Toutes")


@pytest.mark.parametrize("path", ["/", *ABOUT_NOBODY])
def test_a_site_of_one_organisation_is_its_own(
    visitor: Client, organization: Organization, path: str
) -> None:
    organization.accent = "#aa3300"
    organization.charity_number = "12 RR 1"
    organization.save()

    page = visitor.get(path)

    assert header(page.content.decode()).startswith("Rights Now Petitions All")
    assert "Charity number 12 RR 1" in text_of(page)
    styled = inline_styles(page)
    assert branding.css("#aa3300") in styled
    assert style_sources(page) == ["'self'", *map(styles.hash_of, styled)]


@pytest.mark.parametrize("path", ["/", *ABOUT_NOBODY])
def test_a_site_of_several_speaks_for_itself(
    visitor: Client,
    organization: Organization,
    other_organization: Organization,
    path: str,
) -> None:
    page = visitor.get(path).content.decode()

    assert header(page).startswith("Petitions All petitions")
    assert '<p class="imprint">' not in page


def test_a_refusal_from_further_out_is_allowed_its_colour(
    visitor: Client, organization: Organization
) -> None:
    organization.accent = "#aa3300"
    organization.save()

    visitor.get("/erased/")  # whose site it is, is known from here on
    page = visitor.post("/signed/", {"email": "x" * 200_000})

    assert page.status_code == 413
    assert styles.hash_of(branding.css("#aa3300")) in style_sources(page)


def test_whose_site_it_is_is_read_now_and_then(
    visitor: Client, petition: Petition, django_assert_num_queries: Any
) -> None:
    visitor.get("/petitions/free-the-prisoners/")
    # A page that has its organisation did not ask for it: it, and its names.
    with django_assert_num_queries(2):
        masthead(visitor, "/erased/")
    with django_assert_num_queries(0):
        masthead(visitor, "/erased/")


def test_while_the_database_is_away_the_site_speaks(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError

    monkeypatch.setattr(context.ONLY, "_load", away)

    assert masthead(visitor, "/erased/").startswith("Petitions All petitions")
