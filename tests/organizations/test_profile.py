"""The profile of an organisation: the reference page."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.http.cache_policy import page_cache
from organizations.models import Organization
from petitions.counts import folding
from petitions.states import State
from tests.factories import make_entry, make_organization, make_petition
from tests.helpers import text_of

pytestmark = pytest.mark.django_db

SEED = Path(__file__).parents[3] / "shared/seed/amnesty-international-canada.json"


def test_the_reference_page(visitor: Client) -> None:
    if not SEED.exists():
        pytest.skip(f"the reference data are not here: {SEED}")
    call_command("import_organization", SEED, verbosity=0)

    text = text_of(visitor.get("/organizations/amnesty-international-canada/"))

    lines = [
        "Amnesty International Canada",
        "21,756 Supporters",
        "All signatures on its petitions, added up.",
        "Amnesty International Canada is a part of the global movement of more than 3",
        "Started 4 petitions",
        "Petitioning Stéphane Dion",
        "Canada: Sign the global treaty to end torture",
        "30 YEARS AGO the world agreed to ban the use of torture",
        "Amnesty International Canada · 15,261 supporters",
        "Petitioning TBD",
        "Help reunite families divided by prison walls",
        "Amnesty International Canada · 601 supporters",
        "Petitioning Phone",
        "Tell Myanmar's Government to free peaceful activist Phyoe Phyoe Aung",
        "Amnesty International Canada · 1 supporter ",
        "Petitioning Marco Antonio Higuera Gomez",
        "Release torture survivor Yecenia Armenta",
        "Amnesty International Canada · 5,893 supporters",
    ]
    position = 0
    for line in lines:
        position = text.index(line, position)


def test_petitions_stand_pinned_first_then_open_won_and_closed(
    visitor: Client, organization: Organization
) -> None:
    now = timezone.now()
    for title, state, days, position in (
        ("Closed new", State.CLOSED, 1, None),
        ("Won old", State.WON, 50, None),
        ("Open old", State.OPEN, 9, None),
        ("Pinned second", State.OPEN, 30, 2),
        ("Open new", State.OPEN, 3, None),
        ("Paused newest", State.PAUSED, 2, None),
        ("Pinned first", State.CLOSED, 40, 1),
        ("Draft", State.DRAFT, 0, None),
    ):
        make_petition(
            organization,
            title=title,
            state=state,
            opens_at=now - timedelta(days=days),
            position=position,
        )

    text = text_of(visitor.get("/organizations/rights-now/"))

    order = [
        "Pinned first", "Pinned second", "Paused newest", "Open new", "Open old",
        "Won old", "Closed new",
    ]  # fmt: skip
    positions = [text.index(title) for title in order]
    assert positions == sorted(positions)
    assert "Draft" not in text
    assert "Started 7 petitions 1 won" in text


def test_one_supporter_and_one_petition_are_singular(
    visitor: Client, organization: Organization
) -> None:
    make_entry(make_petition(organization), 1)

    text = text_of(visitor.get("/organizations/rights-now/"))

    assert "Rights Now 1 Supporter All signatures" in text
    assert "Started 1 petition Petitioning" in text
    assert "Rights Now · 1 supporter Read and sign" in text


def test_long_texts_are_cut_at_a_paragraph(
    visitor: Client, organization: Organization
) -> None:
    paragraphs = [f"Paragraph {number}. " + "word " * 100 for number in range(8)]
    make_petition(organization, text="\n\n".join(paragraphs))
    make_petition(organization, title="Short", text="One line.")

    text = text_of(visitor.get("/organizations/rights-now/"))

    # Of 515 characters each.
    assert "Paragraph 2." in text
    assert "Paragraph 3." not in text
    assert text.count("Read the whole petition") == 1


def test_a_profile_pages(visitor: Client, organization: Organization) -> None:
    for _ in range(21):
        make_entry(make_petition(organization), 2)

    first = text_of(visitor.get("/organizations/rights-now/"))
    second = visitor.get("/organizations/rights-now/?page=2")

    assert "42 Supporters" in first
    assert "Page 1 of 2" in first
    assert text_of(second).count("Read and sign") == 1
    assert visitor.get("/organizations/rights-now/?page=3").status_code == 404


def test_a_former_address_redirects(
    visitor: Client, organization: Organization
) -> None:
    organization.slug = "rights-for-ever"
    organization.save()

    response = visitor.get("/organizations/rights-now/")

    assert response.status_code == 301
    assert response.headers["Location"] == "/organizations/rights-for-ever/"


def test_an_unknown_organisation_is_404(visitor: Client, db: None) -> None:
    assert visitor.get("/organizations/nobody/").status_code == 404


def test_the_profile_as_data(visitor: Client, organization: Organization) -> None:
    make_entry(make_petition(organization, state=State.WON), 5)
    organization.descriptions.create(language="fr", text="Qui nous sommes.")

    data = visitor.get("/organizations/rights-now.json").json()

    assert data["name"] == "Rights Now"
    assert (data["supporters"], data["started"], data["won"]) == (5, 1, 1)
    assert data["language"] == "en"
    assert data["descriptions"] == [{"language": "fr", "text": "Qui nous sommes."}]
    assert json.dumps(data)


def test_all_organisations_are_listed_with_what_they_achieved(
    visitor: Client, organization: Organization, other_organization: Organization
) -> None:
    make_entry(make_petition(organization, state=State.WON), 1200)
    folding.fold()
    make_entry(make_petition(organization), 34)  # not folded yet
    make_petition(organization, state=State.DRAFT)
    make_petition(organization, state=State.WITHDRAWN)
    organization.description = "Who we are. " + "And more. " * 50
    organization.save()

    text = text_of(visitor.get("/organizations/"))

    mine, _, other = text.partition("Somebody Else")
    assert "Rights Now Who we are. And more." in mine
    assert "1,234 supporters · Started 2 petitions · 1 won" in mine
    assert len(mine) < 700
    assert other.startswith(" No petition has been published yet.")


def test_the_list_of_organisations_costs_the_same_for_one_as_for_many(
    visitor: Client, organization: Organization
) -> None:
    costs = []
    for number in (1, 9):
        for _ in range(number):
            another = make_organization(description="Who we are.")
            another.descriptions.create(language="fr", text="Qui nous sommes.")
            make_entry(make_petition(another), 5)
        page_cache.clear()
        with CaptureQueriesContext(connection) as queries:
            page = visitor.get("/fr/organizations/").content.decode()
        assert page.count('<p lang="fr" dir="ltr">Qui nous sommes.</p>') >= number
        costs.append(len(queries))

    # The first also asks whether there is one organisation only.
    assert costs[1] <= costs[0] <= 6


def test_who_it_is_stands_there_in_the_language_of_the_page(
    visitor: Client, organization: Organization
) -> None:
    organization.description = "Who we are."
    organization.save()
    path = f"/fr{organization.get_absolute_url()}"

    assert '<div class="profile__description" lang="en" dir="ltr">' in (
        visitor.get(path).content.decode()
    )
    page_cache.clear()
    organization.descriptions.create(language="fr", text="Qui nous sommes.")

    page = visitor.get(path).content.decode()
    assert 'lang="fr" dir="ltr"><p>Qui nous sommes.</p>' in page
    assert "Who we are." not in page
