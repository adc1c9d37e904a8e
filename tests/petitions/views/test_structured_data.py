"""What search engines are told in the page: schema.org as JSON-LD."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import pytest
from django.test import Client

from organizations.models import Organization
from petitions.models import Petition
from tests.factories import make_entry, make_translation

pytestmark = pytest.mark.django_db

BASE = "http://testserver.localhost"
BLOCK = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


def data_of(visitor: Client, path: str) -> dict[str, Any]:
    """The one block of data in a page."""
    (block,) = BLOCK.findall(visitor.get(path).content.decode())
    found: dict[str, Any] = json.loads(block)
    return found


def test_a_petition(visitor: Client, petition: Petition) -> None:
    make_entry(petition, 15_261)
    make_translation(petition, "fr", title="Libérez-les", summary="Vite.")

    english = data_of(visitor, "/petitions/free-the-prisoners/")
    french = data_of(visitor, "/fr/petitions/free-the-prisoners/")

    assert english == {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": "Free the prisoners",
        "inLanguage": "en",
        "url": f"{BASE}/petitions/free-the-prisoners/",
        "datePublished": english["datePublished"],
        "author": {
            "@type": "Organization",
            "name": "Rights Now",
            "url": f"{BASE}/organizations/rights-now/",
        },
        "interactionStatistic": {
            "@type": "InteractionCounter",
            "interactionType": "https://schema.org/EndorseAction",
            "userInteractionCount": 15_261,
        },
    }
    assert french["headline"] == "Libérez-les"
    assert french["abstract"] == "Vite."
    assert french["inLanguage"] == "fr"


def test_an_organisation_and_the_site(
    visitor: Client, organization: Organization, other_organization: Organization
) -> None:
    organization.website = "https://example.org/"
    organization.save()

    profile = data_of(visitor, "/organizations/rights-now/")
    home = data_of(visitor, "/fr/")

    assert profile["@type"] == "Organization"
    assert profile["sameAs"] == "https://example.org/"
    assert "legalName" not in profile
    assert home["url"] == f"{BASE}/fr/"
    assert home["potentialAction"]["target"] == f"{BASE}/fr/petitions/?q={{words}}"


def test_no_word_of_a_campaign_leaves_the_block(
    visitor: Client, petition: Petition
) -> None:
    nasty = '</script><script>alert("1")</script><!-- & {{ 7|add:7 }} ]]>'
    petition.title, petition.summary = nasty, f"{nasty}\u2028"
    petition.save()
    petition.organization.name = nasty
    petition.organization.save()

    for path in ("/petitions/free-the-prisoners/", "/organizations/rights-now/"):
        page = visitor.get(path).content.decode()
        assert "alert(" not in re.sub(
            r"&quot;|&#x27;", "", page.split("<body>")[0]
        ) or ("<script>alert" not in page)
        (block,) = BLOCK.findall(page)
        assert not set("<>&") & set(block)
    found = data_of(visitor, "/petitions/free-the-prisoners/")
    assert (found["headline"], found["abstract"]) == (nasty, petition.summary)
    assert found["author"]["name"] == nasty


def test_it_is_small(visitor: Client, petition: Petition) -> None:
    page = visitor.get("/petitions/free-the-prisoners/").content.decode()

    more = len(gzip.compress(page.encode())) - len(
        gzip.compress(BLOCK.sub("", page).encode())
    )

    assert 0 < more < 350
