"""The page that says how to use this site from elsewhere."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.http.cache_policy import page_cache
from petitions.models import Petition
from petitions.public_data.openapi import PATHS
from petitions.states import State
from petitions.views.developers import MOST_LETTERS, shortened_data
from tests.factories import make_entry, make_organization, make_petition

pytestmark = pytest.mark.django_db

EXAMPLE = re.compile(
    r"<code>GET</code> <a[^>]*>([^<]*)</a></p>\s*<pre[^>]*><code[^>]*>(.*?)</code></pre>",
    re.DOTALL,
)


def examples_in(visitor: Client, path: str) -> dict[str, Any]:
    """What the page says that each address answers."""
    page = visitor.get(path).content.decode()
    return {
        html.unescape(url): json.loads(html.unescape(answer))
        for url, answer in EXAMPLE.findall(page)
    }


@pytest.mark.parametrize("prefix", ["", "/fr"])
def test_examples_are_what_the_site_answers(
    visitor: Client, petition: Petition, prefix: str
) -> None:
    make_petition(petition.organization)
    petition.text = "A long text. " * 100
    petition.save()
    make_entry(petition, 15_261)

    examples = examples_in(visitor, f"{prefix}/developers/")

    assert len(examples) == 8
    for url, answer in examples.items():
        assert shortened_data(visitor.get(url).json()) == answer, url


def test_every_path_of_the_description_has_an_example(
    visitor: Client, petition: Petition
) -> None:
    examples = [*examples_in(visitor, "/developers/")]
    page = visitor.get("/developers/").content.decode()
    examples += re.findall(r'<a href="([^"]+\.csv)"', page)

    for path in PATHS:
        pattern = re.escape(path).replace(r"\{slug\}", "[^/]+")
        assert any(
            re.fullmatch(rf"http://testserver\.localhost{pattern}(\?.*)?", url)
            for url in examples
        ), path


def test_long_texts_and_lists_are_shortened() -> None:
    data = {"text": "x" * 500, "days": [{"day": 1}, {"day": 2}], "number": 7}

    assert shortened_data(data) == {
        "text": "x" * MOST_LETTERS + "…",
        "days": [{"day": 1}],
        "number": 7,
    }


def test_a_site_without_petitions(visitor: Client) -> None:
    make_petition(make_organization("Others"), title="Secret", state=State.DRAFT)

    page = visitor.get("/developers/").content.decode()

    assert "There are no petitions yet" in page
    assert "Secret" not in page


def test_links_lead_somewhere(visitor: Client, petition: Petition) -> None:
    page = visitor.get("/fr/developers/").content.decode()

    for href in set(re.findall(r'href="(/[^"#]*)"', page)):
        if not href.startswith("/static/"):
            status = visitor.get(html.unescape(href)).status_code
            assert status == (400 if "forgotten" in href else 200), href


def test_it_costs_the_same_however_much_there_is(
    visitor: Client,
    petition: Petition,
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    with django_assert_max_num_queries(50) as few:
        visitor.get("/developers/")
    for _ in range(60):
        make_petition(petition.organization)
    page_cache.clear()

    with django_assert_max_num_queries(len(few)):
        visitor.get("/developers/")
