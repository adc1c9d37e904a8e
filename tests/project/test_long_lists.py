"""Lists of the admin that are too long to be counted: what they say of their length, and
what is done to all of their rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.http import paging
from organizations.models import User
from petitions.models import Petition, Signature
from tests.factories import make_signature
from tests.helpers import text_of
from tests.petitions.admin.helpers import decide, decided
from tests.project.conftest import World

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

SIGNATURES = "/admin/petitions/signature/"
FRENCH = "/admin/fr/petitions/signature/"


@pytest.fixture
def many(petition: Petition, monkeypatch: pytest.MonkeyPatch) -> list[Signature]:
    """More signatures than are counted, on several pages of the list."""
    monkeypatch.setattr(paging.CappedPaginator, "most", 4)
    monkeypatch.setattr(admin.site._registry[Signature], "list_per_page", 2)
    # The page that asks names the first ones, and records that it did.
    monkeypatch.setattr("core.admin.bulk_actions.MOST_LISTED", 2)
    shown: dict[str, Any] = {"comment": "Because.", "show_name": True}
    return [make_signature(petition, **shown) for _n in range(7)]


def test_no_list_of_the_admin_counts_all_its_rows(
    as_user: Login, ada: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging.CappedPaginator, "most", 4)
    client = as_user(ada)

    for model_admin in admin.site._registry.values():
        opts = model_admin.opts
        with CaptureQueriesContext(connection) as asked:
            page = client.get(f"/admin/{opts.app_label}/{opts.model_name}/")
        assert page.status_code == 200
        table = f'FROM "{opts.db_table}"'
        counts = [
            query["sql"]
            for query in asked.captured_queries
            if "SELECT COUNT(*)" in query["sql"] and table in query["sql"]
        ]
        assert counts, opts
        assert all("LIMIT 5" in query for query in counts), opts


def test_a_list_says_that_it_has_more_than_were_counted(
    as_user: Login, alice: User, many: list[Signature]
) -> None:
    client = as_user(alice)

    page = text_of(client.get(SIGNATURES))
    assert "More than 4 signatures. Search or filter to reach the rest." in page
    assert "Select all signatures, more than 4" in page
    assert "All selected: more than 4, also those behind the last page" in page
    found = text_of(client.get(f"{SIGNATURES}?q={many[0].name}"))
    assert "more than 4 results" in found

    french = text_of(client.get(f"{FRENCH}?q={many[0].name}"))
    assert (
        "Plus de 4 signatures. Cherchez ou filtrez pour atteindre le reste." in french
    )
    assert "plus de 4 résultats" in french


def test_numbers_of_rows_have_the_separators_of_the_language(
    as_user: Login, alice: User, many: list[Signature],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(paging.CappedPaginator, "known", 12_345)
    monkeypatch.setattr(paging.CappedPaginator, "most", 10_000)
    client = as_user(alice)

    page = text_of(client.get(f"{SIGNATURES}?q={many[0].name}"))
    french = client.get(f"{FRENCH}?q={many[0].name}").content.decode()

    assert "More than 10,000 signatures" in page
    assert "more than 10,000 results" in page
    assert "Select all signatures, more than 10,000" in page
    assert "Plus de 10\xa0000 signatures" in french
    assert "plus de 10\xa0000 résultats" in french
    assert "10000" not in page + french


def test_an_action_on_all_rows_is_done_to_those_that_were_not_counted(
    as_user: Login, alice: User, many: list[Signature]
) -> None:
    client = as_user(alice)
    first = [row.pk for row in client.get(SIGNATURES).context["cl"].result_list]

    decide(
        client,
        {"action": "withhold_names", "_selected_action": first, "index": "0",
         "select_across": "1"},
    )  # fmt: skip

    assert Signature.objects.filter(name_withheld=True).count() == len(many) == 7


def test_what_was_done_to_many_is_said_with_separators(
    as_user: Login, alice: User, many: list[Signature],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(
        "petitions.models.signatures.SignatureQuerySet.update", lambda *_a, **_k: 12_345
    )
    data = {"action": "withhold_names", "_selected_action": [many[0].pk], "index": "0"}

    page = decided(as_user(alice), SIGNATURES, data)

    assert "12,345 signatures changed." in text_of(page)


def test_a_link_to_many_comments_says_that_there_are_more(
    as_user: Login, alice: User, petition: Petition, many: list[Signature],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(paging.BoundedPaginator, "most", 3)

    page = as_user(alice).get(f"/admin/petitions/petition/{petition.pk}/change/")

    assert "Comments to be read (more than 3)" in text_of(page)


@pytest.mark.parametrize(
    ("action", "also"),
    [
        ("withhold_names", {}),
        ("hide_comments", {}),
        ("withhold_names", {"confirmed": "1", "newest": str(2**40)}),
        ("hide_comments", {"confirmed": "1", "newest": str(2**40)}),
        ("release", {}),
        ("remove", {}),
        ("remove", {"confirmed": "1", "newest": str(2**40)}),
        ("release", {"confirmed": "1", "newest": str(2**40)}),
    ],
)
def test_no_action_on_all_rows_lists_them_one_by_one(
    as_user: Login, alice: User, petition: Petition, many: list[Signature],
    action: str, also: dict[str, str],
) -> None:  # fmt: skip
    """A statement has room for 65,535 numbers, and is slow long before."""
    Signature.objects.filter(pk__in=[row.pk for row in many]).update(name_withheld=True)
    chosen = {
        "action": action, "_selected_action": ["1"], "index": "0",
        "select_across": "1", **also,
    }  # fmt: skip

    with CaptureQueriesContext(connection) as asked:
        assert as_user(alice).post(SIGNATURES, chosen).status_code in (200, 302)

    numbers = [str(row.pk) for row in many]
    for query in asked.captured_queries:
        named = re.findall(r"\b\d+\b", query["sql"].partition(" IN (")[2])
        assert not set(numbers) <= set(named), query["sql"]


def test_no_search_of_the_admin_is_longer_than_what_can_be_found(
    as_user: Login, ada: User, world: World
) -> None:
    client, found = as_user(ada), 0
    for model_admin in admin.site._registry.values():
        if not model_admin.search_fields:
            continue
        opts = model_admin.opts
        path = f"/admin/{opts.app_label}/{opts.model_name}/"

        page = client.get(path, {"q": "harbour " * 1000})

        assert page.status_code == 200, path
        [searched] = re.findall("<input[^>]*searchbar[^>]*>", page.content.decode())
        assert 'maxlength="300"' in searched
        cut = re.findall('value="([^"]*)"', searched)
        assert cut == [("harbour " * 1000)[:300]]
        found += 1
    assert found >= 4
