"""What the site says about itself, and what it says when something is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone, translation
from pytest_django import Settings

from core.http.cache_policy import page_cache
from core.http.problems import problem
from core.models import Heartbeat
from organizations.context import ONLY
from organizations.models import Organization
from petitions.counts.folding import fold
from petitions.loops import PROVED
from petitions.models import Petition
from petitions.states import State
from petitions.views.about import NAMED
from tests.factories import make_entry, make_organization, make_petition, make_signature
from tests.helpers import text_of

PAGES = ("/about/", "/privacy/", "/accessibility/", "/how-we-count/", "/contact/")


@pytest.mark.parametrize("path", ["/about/", "/privacy/"])
def test_who_answers_is_what_organisations_say_of_themselves(
    visitor: Client, organization: Organization, path: str
) -> None:
    organization.legal_name = "Rights Now Association"
    organization.charity_number = "11928 5591 RR0001"
    organization.postal_address = "12 Canal Street\nSomewhere"
    organization.contact_email = "hello@rights.example"
    organization.privacy_notice = "https://rights.example/privacy"
    organization.save()

    response = visitor.get(path)

    text = text_of(response)
    assert "Rights Now ( Rights Now Association )" in text
    assert "Charity number 11928 5591 RR0001" in text
    assert "12 Canal Street, Somewhere" in text
    page = response.content.decode()
    assert 'href="mailto:hello@rights.example"' in page
    assert 'href="https://rights.example/privacy"' in page
    assert 'href="/organizations/rights-now/"' in page


def test_the_privacy_page_says_who_runs_the_site_in_the_readers_language(
    visitor: Client, db: None, settings: Settings
) -> None:
    settings.OPERATOR = {"en": "Rights Ltd", "fr": "Droits ltée"}
    settings.HOSTING = {"en": "Example Hosting <b>, Canada"}
    settings.MAIL_SERVICE = {"fr": "Envois inc., France"}
    settings.LEGAL_BASIS = {}
    settings.PRIVACY_OFFICER = {"en": "Ann Example, privacy@example.org"}

    english = visitor.get("/privacy/").content.decode()
    french = visitor.get("/fr/privacy/").content.decode()

    for page, language, texts in (
        (english, "en", [("en", "Rights Ltd"), ("fr", "Envois inc., France")]),
        (french, "fr", [("fr", "Droits ltée"), ("fr", "Envois inc., France")]),
    ):
        for code, text in texts:
            assert f'<dd lang="{code}" dir="ltr">{text}</dd>' in page
        assert '<dd lang="en" dir="ltr">Example Hosting &lt;b&gt;, Canada</dd>' in page
        assert 'href="mailto:privacy@example.org"' in page
        assert f'<html lang="{language}"' in page
    # What is not set is not passed over.
    assert english.count("Not stated here.") == 1
    assert "Legal basis</dt>\n" in english
    settings.OPERATOR = settings.HOSTING = settings.MAIL_SERVICE = {}
    settings.PRIVACY_OFFICER = {}
    page_cache.clear()
    assert visitor.get("/privacy/").content.decode().count("Not stated here.") == 5


def test_both_pages_say_the_same_of_who_runs_the_site(
    visitor: Client, organization: Organization, settings: Settings
) -> None:
    for operator, said in (
        ({}, "Who runs it This organisation runs its campaigns here"),
        ({"en": "Rights Ltd, 1 Main St"}, "Who runs it Rights Ltd, 1 Main St This"),
        ({"fr": "Droits ltée"}, "Who runs it Droits ltée This organisation"),
        ({"en": "A <b> & c"}, "Who runs it A <b> & c This organisation"),
    ):
        settings.OPERATOR = operator
        page_cache.clear()
        assert said in text_of(visitor.get("/about/"))
        for text in operator.values():
            assert text in text_of(visitor.get("/privacy/"))
    settings.OPERATOR = {"en": "Rights", "fr": "Droits, hello@rights.example"}
    page_cache.clear()
    page = visitor.get("/fr/about/").content.decode()
    assert '<p lang="fr" dir="ltr">Droits, <a href="mailto:hello@rights.ex' in page


def test_a_site_of_one_organisation_speaks_of_it(
    visitor: Client, organization: Organization
) -> None:
    assert "Here Rights Now asks people for" in text_of(visitor.get("/about/"))
    make_organization("Others")
    page_cache.clear()

    assert "Here organisations ask people for" in text_of(visitor.get("/about/"))


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_invented_where_nothing_is_known(visitor: Client, path: str) -> None:
    response = visitor.get(path)

    assert response.status_code == 200
    assert "Charity number" not in text_of(response)


@pytest.mark.parametrize("path", PAGES)
def test_pages_about_the_site_do_not_grow_with_it(
    visitor: Client,
    organization: Organization,
    path: str,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(NAMED + 3):
        make_petition(make_organization(f"Organisation {number:02}"))

    visitor.get("/erased/")  # whose site it is, is known from here on
    with django_assert_max_num_queries(3):
        response = visitor.get(path)

    named = text_of(response).count("Organisation 0")
    assert named <= NAMED
    if path in ("/about/", "/privacy/"):
        assert named == 10
        assert "All organisations" in text_of(response)


@pytest.mark.parametrize("path", ["/", "/about/", "/fr/about/"])
def test_the_foot_of_every_page_leads_to_them(
    visitor: Client, organization: Organization, path: str
) -> None:
    page = visitor.get(path).content.decode()
    foot = page[page.index("<footer") :]
    prefix = "/fr" if path.startswith("/fr") else ""
    for address in PAGES:
        assert f'href="{prefix}{address}"' in foot


def test_how_we_count_shows_where_the_number_comes_from(
    visitor: Client, petition: Petition, organization: Organization
) -> None:
    make_entry(petition, 1200)
    make_entry(petition, 34, source="paper", label="Sheets", counted_by="Maya")
    make_signature(petition)
    gone = make_petition(organization, title="Gone", state=State.WITHDRAWN)
    make_entry(gone, 5000)
    while fold():
        pass

    response = visitor.get("/how-we-count/")

    text = text_of(response)
    assert "Confirmed here 1 On paper 34 Counted elsewhere before 1,200" in text
    assert "Supporters 1,235" in text
    assert (
        'href="/petitions/free-the-prisoners/count.json"' in response.content.decode()
    )
    assert "It last found every number right" not in text
    Heartbeat.objects.create(name=PROVED, beat_at=timezone.now())
    page_cache.clear()
    assert "It last found every number right on" in text_of(
        visitor.get("/how-we-count/")
    )


def test_the_accessibility_statement_is_dated_and_leads_to_a_form(
    visitor: Client, db: None
) -> None:
    response = visitor.get("/accessibility/")

    assert "WCAG) 2.2, level AA" in text_of(response)
    assert '<time datetime="2026-' in response.content.decode()
    assert 'href="/contact/?reason=access"' in response.content.decode()


# == When something is wrong ==

PROBLEMS = (400, 403, 404, 408, 410, 413, 415, 500, 503)


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database, whatever asks for whose site this is."""

    def load() -> None:
        raise OperationalError

    monkeypatch.setattr(ONLY, "_load", load)


def asking(path: str) -> HttpRequest:
    return RequestFactory(headers={"host": "localhost"}).get(path)


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("status", PROBLEMS)
def test_a_problem_says_what_to_do_and_needs_no_database(
    status: int, language: str
) -> None:
    """Without the `db` fixture, any other query fails this test."""
    with translation.override(language):
        response = problem(asking("/somewhere/"), status)

    assert response.status_code == status
    assert response.headers["Cache-Control"] == "no-store"
    page = response.content.decode()
    prefix = "/fr" if language == "fr" else ""
    assert f'<html lang="{language}"' in page
    for path in ("/", "/petitions/", "/signed/", "/contact/"):
        assert f'<li><a href="{prefix}{path}"' in page
    assert f'role="search" action="{prefix}/petitions/"' in page
    assert "noindex" in page


@pytest.mark.parametrize("status", [408, 413, 500, 503])
def test_most_problems_name_whose_site_it_is_from_memory(
    organization: Organization, django_assert_num_queries: Any, status: int
) -> None:
    with django_assert_num_queries(0):
        assert "Rights Now" not in text_of(problem(asking("/"), status))
    assert ONLY.get() == organization
    with django_assert_num_queries(0):
        assert "Rights Now" in text_of(problem(asking("/"), status))


@pytest.mark.usefixtures("away")
def test_every_problem_has_words_of_its_own_in_both_languages() -> None:
    seen = set()
    for language in ("en", "fr"):
        for status in PROBLEMS:
            with translation.override(language):
                text = text_of(problem(asking("/"), status))
            seen.add(text)
    assert len(seen) == 2 * len(PROBLEMS)


def test_a_problem_told_to_programs_claims_no_cause() -> None:
    told = json.loads(problem(asking("/petitions.json"), 503).content)

    assert told["detail"] == "What this needs is away for a moment. Try again later."
