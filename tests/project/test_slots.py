"""Within a slot all pages of all processes show the numbers of one moment; who has just
signed is shown a later one, and goes on with it."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from core import slots
from core.http.cache_policy import page_cache
from petitions.counts import folding
from petitions.models import CountChange, Petition
from tests.factories import (
    make_pending,
    make_signature,
    make_topic,
    make_translation,
)
from tests.petitions.views.helpers import link
from tests.project.addresses import CACHED, PATHS, PETITION

pytestmark = pytest.mark.django_db

PAGE, COUNT = f"{PETITION}/", f"{PETITION}/count.json"


def show_until(patch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Let the present slot show the numbers of `moment`."""
    patch.setattr("core.slots.moment_of_slot", lambda: moment)


def rendered(visitor: Client, path: str) -> bytes:
    """Return the page as another process would render it."""
    page_cache.clear()
    answer = visitor.get(path)
    assert answer.status_code == 200
    return answer.content


def number(visitor: Client, path: str) -> int:
    """Return the number of supporters on a page of the petition."""
    page = rendered(visitor, path).decode()
    found = re.search(r'"supporters": ?(\d+)|class="count">(\d+)<', page)
    return int(found[1] or found[2]) if found else 0


# How far the log goes is for programs, which compare it with its lines: of now.
@pytest.mark.parametrize("name", [name for name in CACHED if name != "data:log"])
def test_what_happens_within_a_slot_changes_no_number_on_a_page(
    visitor: Client,
    site: dict[str, str],
    petition: Petition,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """Neither what is written nor what is folded: so it does not matter which process
    renders a page when."""
    make_signature(petition)
    show_until(monkeypatch, timezone.now())
    before = rendered(visitor, PATHS[name])

    make_signature(petition)
    written = rendered(visitor, PATHS[name])
    folding.fold_round(timezone.now())
    folded = rendered(visitor, PATHS[name])

    assert written == before
    assert folded == before


def test_the_next_slot_shows_what_was_counted_before_it(
    visitor: Client, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_signature(petition)
    first = timezone.now()
    make_signature(petition)

    show_until(monkeypatch, first)
    assert [number(visitor, page) for page in (PAGE, f"/fr{PAGE}", COUNT)] == [1, 1, 1]
    assert folding.fold(until=first) == 1
    assert [number(visitor, page) for page in (PAGE, f"/fr{PAGE}", COUNT)] == [1, 1, 1]
    show_until(monkeypatch, timezone.now())
    assert [number(visitor, page) for page in (PAGE, f"/fr{PAGE}", COUNT)] == [2, 2, 2]


def test_a_slot_shows_the_moment_shortly_before_it_began(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.slots.SETTLING", 2)
    monkeypatch.setattr("core.slots.time.time", lambda: 1_000_000_009.9)

    assert slots.shown_until() == datetime.fromtimestamp(999_999_998, UTC)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_wrong_clock_hides_no_signature(
    visitor: Client, petition: Petition, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """Neither one that was an hour ahead when it was noted, nor one that is behind
    now."""
    make_signature(petition)
    wrong = timezone.now() + timedelta(hours=hours)
    if hours > 0:
        CountChange.objects.update(made_at=wrong)
        show_until(monkeypatch, timezone.now() - timedelta(seconds=5))
    else:
        CountChange.objects.update(made_at=timezone.now() - timedelta(minutes=2))
        show_until(monkeypatch, wrong)

    assert number(visitor, COUNT) == 1
    assert folding.fold(until=slots.moment_of_slot()) == 1


# == Who has just signed ==


def confirmed(visitor: Client, petition: Petition) -> str:
    """Confirm a signature; return the path of the page that thanks."""
    return str(visitor.post(link(make_pending(petition))).headers["Location"])


def onward(page: bytes, before: str = f'<a href="(?={PAGE})') -> str:
    """Return where a link leads."""
    found = re.search(rf'{before}([^"]*)"', page.decode())
    assert found
    return html.unescape(found[1])


@pytest.fixture
def _slot_before(petition: Petition, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slot that began with one signature."""
    make_signature(petition)
    monkeypatch.setattr("core.slots.SETTLING", 2)
    show_until(monkeypatch, timezone.now())


@pytest.mark.usefixtures("_slot_before")
def test_who_has_signed_goes_on_with_the_number_that_thanked(
    visitor: Client, petition: Petition
) -> None:
    thanks = rendered(visitor, confirmed(visitor, petition))
    assert b">2</strong> supporters, you included" in thanks
    path = onward(thanks)
    french = onward(rendered(visitor, path), '<a href="(?=/fr)')

    assert path.startswith(f"{PAGE}?counted=")
    assert french.startswith(f"/fr{PAGE}?counted=")
    assert [number(visitor, page) for page in (path, french)] == [2, 2]
    assert number(visitor, PAGE) == 1


@pytest.mark.usefixtures("_slot_before")
@pytest.mark.parametrize(
    "there",
    ["/organizations/rights-now/", "/topics/freedom/", f"/fr{PAGE}", f"{PAGE}ar/"],
)
def test_every_link_of_the_petition_goes_on_so(
    visitor: Client, petition: Petition, there: str
) -> None:
    make_translation(petition, "ar", title="العنوان")
    make_topic("freedom", petition)
    page = rendered(visitor, onward(rendered(visitor, confirmed(visitor, petition))))

    found = re.findall(rf'<a [^>]*href="{there}([^"]*)"', page.decode())

    assert found
    assert all(query.startswith("?counted=") for query in found), found


LISTS = ("/", "/petitions/", "/organizations/rights-now/")


@pytest.mark.usefixtures("_slot_before", "other_organization")
@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("language", ["", "/fr"])
def test_and_finds_the_same_number_in_lists(
    visitor: Client, petition: Petition, path: str, language: str
) -> None:
    """Behind the links of the page that thanks, and back from there."""
    there = f"{language}{path}"
    thanks = rendered(visitor, f"{language}{confirmed(visitor, petition)}")
    listed = rendered(visitor, onward(thanks, rf'href="(?={there}[?"])'))
    back = onward(listed, rf'href="(?={language}{PAGE})')

    assert re.search(rb"\b2 (supporters|appuis)", listed)
    assert number(visitor, back) == 2
    assert not re.search(rb"\b2 supporters", rendered(visitor, path))


@pytest.mark.usefixtures("_slot_before")
def test_until_others_have_confirmed_too_nothing_is_kept(
    visitor: Client, petition: Petition
) -> None:
    """Two confirm within one second: the page of the first lacks the second."""
    path = onward(visitor.get(confirmed(visitor, petition)).content)
    first = visitor.get(path)
    make_signature(petition)

    assert first.headers["Cache-Control"] == "no-store"
    assert b'class="count">2<' in first.content
    assert b'class="count">3<' in visitor.get(path).content
    assert page_cache.pages == {}


@pytest.mark.usefixtures("_slot_before", "one_slot")
def test_a_second_later_one_rendering_does_for_all_who_confirmed_in_it(
    visitor: Client,
    petition: Petition,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    path = onward(visitor.get(confirmed(visitor, petition)).content)
    monkeypatch.setattr("core.slots.settled", lambda moment: True)
    visitor.get(path)

    with django_assert_num_queries(0):
        again = visitor.get(f"{path}&fbclid=x")

    assert b'class="count">2<' in again.content
    assert again.headers["Cache-Control"].startswith("public")


@pytest.mark.usefixtures("_slot_before", "one_slot")
def test_made_up_and_old_proofs_cost_no_rendering(
    visitor: Client,
    petition: Petition,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    proof = confirmed(visitor, petition).partition("=")[2]
    slug, second, signature = html.unescape(proof).replace("%3A", ":").split(":")
    visitor.get(PAGE)
    made_up = ["1", f"{slug}:{second}:x{signature}", f"{slug}:zzzzzz:{signature}", "::"]

    with django_assert_num_queries(0):
        pages = [visitor.get(PAGE, {"counted": proof}) for proof in made_up]
        # What it proves is on all pages by now.
        show_until(monkeypatch, timezone.now() + timedelta(seconds=20))
        pages.append(visitor.get(f"{PAGE}?counted={proof}"))

    assert all(b'class="count">1<' in page.content for page in pages)
    assert len(page_cache.pages) == 1


def test_the_database_notes_when_a_change_was_made(petition: Petition) -> None:
    """Also for the release before, which does not know the column."""
    make_signature(petition)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT abs(extract(epoch FROM statement_timestamp() - made_at)) < 60 "
            "FROM petitions_countchange"
        )
        assert cursor.fetchall() == [(True,)]
