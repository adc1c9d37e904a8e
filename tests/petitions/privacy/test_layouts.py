"""The list of supporters in the columns that newsletter tools import."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from organizations.models import Organization, User
from petitions.models import Consent, Petition
from petitions.privacy.layouts import COLUMNS, ListLayout
from tests.factories import make_petition, make_signature
from tests.helpers import text_of

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

GIVEN = datetime(2026, 6, 3, 23, 5, 9, tzinfo=UTC)
LONG = "Ng " * 21 + "Nguyễn Thị Minh"


@pytest.fixture
def supporters(organization: Organization) -> Petition:
    """Three who said yes, a minute after each other; one not below a petition."""
    petition = make_petition(organization, title='Save, "the" park', slug="save-it")
    people = [
        ("zoé@example.org", "Zoé D’Été, PhD", "fr"),
        ("minh@example.org", LONG, "en"),
        ("=x@example.org", "=1+1", "en"),
    ]
    for number, (email, name, language) in enumerate(people):
        make_signature(
            petition, email, name=name, language=language, wants_updates=True
        )
        mine = Consent.objects.filter(email=email)
        mine.update(given_at=GIVEN + timedelta(minutes=number))
    Consent.objects.filter(email="minh@example.org").update(source="import")
    return petition


def taken(
    client: Client, organization: Organization, layout: ListLayout
) -> tuple[str, list[list[str]]]:
    """The file as text, and its lines."""
    path = f"/admin/petitions/export/new/{organization.pk}/"
    answer: Any = client.post(path, {"layout": layout.value})
    assert answer.status_code == 200
    assert f"{organization.slug}-{layout.value}-" in answer["Content-Disposition"]
    text = b"".join(answer).decode()
    return text, list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("layout", "head", "lines"),
    [
        (
            ListLayout.MAILCHIMP,
            "Email Address,First Name,Last Name,Language,OPTIN_TIME,TAGS",
            [
                ["zoé@example.org", "Zoé D’Été, PhD", "", "fr", "2026-06-03 23:05:09",
                 "save-it"],
                ["minh@example.org", LONG, "", "en", "2026-06-03 23:06:09", ""],
                ["'=x@example.org", "'=1+1", "", "en", "2026-06-03 23:07:09", "save-it"],
            ],
        ),
        (
            ListLayout.CIVICRM,
            "Email,First Name,Last Name,Preferred Language,Contact Source,Opt-in Date",
            [
                ["zoé@example.org", "Zoé D’Été, PhD", "", "fr_FR", 'Save, "the" park',
                 "2026-06-04"],
                ["minh@example.org", LONG[:64], LONG[64:], "en_US", "", "2026-06-04"],
                ["'=x@example.org", "'=1+1", "", "en_US", 'Save, "the" park',
                 "2026-06-04"],
            ],
        ),
        (
            ListLayout.ACTION_NETWORK,
            "email,first_name,last_name,language,petition,opted_in_on",
            [
                ["zoé@example.org", "Zoé D’Été, PhD", "", "fr", "save-it", "2026-06-04"],
                ["minh@example.org", LONG, "", "en", "", "2026-06-04"],
                ["'=x@example.org", "'=1+1", "", "en", "save-it", "2026-06-04"],
            ],
        ),
    ],
    ids=lambda part: part.value if isinstance(part, ListLayout) else "",
)  # fmt: skip
def test_each_tool_gets_the_columns_that_it_imports(
    as_user: Login,
    alice: User,
    organization: Organization,
    supporters: Petition,
    layout: ListLayout,
    head: str,
    lines: list[list[str]],
) -> None:
    with timezone.override("Europe/Paris"):
        text, found = taken(as_user(alice), organization, layout)

    # No mark of UTF-8, which a tool may take for a part of the first heading.
    assert text.startswith(f"{head}\r\n")
    assert found[1:] == lines


@pytest.mark.parametrize("layout", [ListLayout.MAILCHIMP, ListLayout.ACTION_NETWORK])
def test_a_slug_is_no_formula(
    as_user: Login, alice: User, organization: Organization, layout: ListLayout
) -> None:
    petition = make_petition(organization, slug="-2")
    make_signature(petition, wants_updates=True)

    _text, [_head, line] = taken(as_user(alice), organization, layout)

    assert "'-2" in line
    assert "-2" not in line


def test_each_layout_has_a_heading_for_each_cell() -> None:
    for layout in ListLayout:
        columns = COLUMNS[layout]
        assert len(columns.headings()) == len(columns.cells), layout


def test_each_language_of_the_interface_is_a_locale_of_civicrm() -> None:
    text = next(
        cell.text
        for cell in COLUMNS[ListLayout.CIVICRM].cells
        if "language" in cell.text
    )
    for code, _name in settings.LANGUAGES:
        assert f"WHEN '{code}' THEN '{code}_" in text


def test_a_layout_that_there_is_not_is_refused(
    as_user: Login, alice: User, organization: Organization
) -> None:
    path = f"/admin/petitions/export/new/{organization.pk}/"

    answer = as_user(alice).post(path, {"layout": "pigeon"})

    assert answer.status_code == 200
    assert not answer.streaming
    assert "pigeon is not one of the available choices" in text_of(answer)


def test_the_page_says_where_names_go(
    as_user: Login, alice: User, organization: Organization
) -> None:
    page = text_of(
        as_user(alice).get(f"/admin/petitions/export/new/{organization.pk}/")
    )

    for label in ("Mailchimp", "CiviCRM", "Action Network"):
        assert label in page
    assert "it stands whole in the column of first names" in page
