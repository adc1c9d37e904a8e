"""What the first screen of a petition holds on a phone, and in which order it is read."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import visit
from tests.site import Site, fetch

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}
SMALL = {"width": 320, "height": 568}
PHONES = pytest.mark.parametrize("viewport", [PHONE, SMALL], ids=["360x740", "320x568"])
LANGUAGES = pytest.mark.parametrize("prefix", ["", "/fr"], ids=["en", "fr"])
ENDED = (
    "/petitions/open-the-old-footbridge-again/",
    "/petitions/keep-the-reading-room-at-the-lock-open-on-sundays/",
)
LAMPS = "/petitions/light-market-lane-at-night/"

PLACES = """() => {
  const main = document.querySelector("main");
  const place = selector => {
    const found = main.querySelector(selector);
    if (!found) return null;
    const box = found.getBoundingClientRect();
    const line = parseFloat(getComputedStyle(found).lineHeight);
    return {top: box.top, bottom: box.bottom, left: box.left, width: box.width, line};
  };
  return {
    title: place("h1"),
    ask: place(".petition__head .petition__ask, .petition__head .lead"),
    text: place("#text .prose > *"),
    bar: place(".sign-bar"),
    count: place(".sign-bar__count"),
    sign: place(".sign-bar a"),
    outcome: place(".petition__count > :first-child"),
    form: place("form"),
  };
}"""


@pytest.fixture(scope="module")
def open_petitions(site: Site, states: dict[str, str]) -> list[str]:
    """The paths of the demonstration's petitions that can be signed."""
    listed = re.findall(r'<a href="(/petitions/[\w-]+/)"', fetch(f"{site.url}/").text)
    paths = sorted({*listed, LAMPS, states["petition"]} - set(ENDED) - {"/petitions/"})
    return [path for path in paths if 'id="sign"' in fetch(site.url + path).text]


@PHONES
@LANGUAGES
def test_the_first_screen_says_what_is_asked_and_how_to_sign(
    open_context: Callable[..., BrowserContext],
    open_petitions: list[str],
    viewport: dict[str, int],
    prefix: str,
) -> None:
    """Title, what it asks (or how the text begins), how many have signed, and a button
    as wide as the text."""
    assert len(open_petitions) >= 4
    page = open_context(viewport=viewport).new_page()
    for path in open_petitions:
        visit(page, prefix + path)
        places = page.evaluate(PLACES)
        bar, ask = places["bar"], places["ask"] or places["text"]
        assert bar["bottom"] <= viewport["height"] + 0.5, path
        for name in ("count", "sign"):
            assert bar["top"] <= places[name]["top"], (path, name)
            assert places[name]["bottom"] <= bar["bottom"], (path, name)
        assert places["sign"]["width"] >= viewport["width"] - 33, path
        assert places["sign"]["bottom"] - places["sign"]["top"] >= 44, path
        assert 0 < places["title"]["top"] < places["title"]["bottom"] <= bar["top"], (
            path
        )
        # Whole on the larger screen; on the smallest, enough to be read on.
        is_whole = viewport == PHONE and places["ask"]
        least = ask["bottom"] if is_whole else ask["top"] + 2 * ask["line"]
        assert min(ask["bottom"], least) <= bar["top"], path


@PHONES
@LANGUAGES
def test_the_first_screen_of_what_has_ended_says_how(
    open_context: Callable[..., BrowserContext], viewport: dict[str, int], prefix: str
) -> None:
    page = open_context(viewport=viewport).new_page()
    for path in ENDED:
        visit(page, prefix + path)
        places = page.evaluate(PLACES)
        assert places["bar"] is None
        assert places["form"] is None
        assert places["outcome"]["top"] > places["title"]["bottom"]
        assert places["outcome"]["bottom"] <= viewport["height"], path


ORDER = """() => [...document.querySelectorAll(
  "main h1, main #text, main #text .prose, main .petition__by, main #reasons, "
  + "main form, main #events, main #names")]
  .map(found => found.id || found.localName)"""
HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
  .map(heading => Number(heading.localName[1]))"""


NAMES_OF_TEXT = {"": "The petition", "/fr": "La pétition"}


@pytest.mark.parametrize("width", [320, 1280])
@LANGUAGES
def test_the_text_and_the_reasons_are_read_before_the_form(
    open_context: Callable[..., BrowserContext],
    open_petitions: list[str],
    width: int,
    prefix: str,
) -> None:
    page = open_context(viewport={"width": width, "height": 800}).new_page()
    with_reasons = 0
    for path in open_petitions:
        visit(page, prefix + path)
        order = page.evaluate(ORDER)
        assert order[:3] == ["h1", "text", "div"], (path, order)
        before = order[: order.index("form")]
        assert "p" in before, (path, order)
        assert "reasons" in before or "reasons" not in order, (path, order)
        with_reasons += "reasons" in before
        assert page.get_by_role("region", name=NAMES_OF_TEXT[prefix]).count() == 1
    assert with_reasons >= 1


@LANGUAGES
def test_headings_are_one_outline(
    open_context: Callable[..., BrowserContext],
    open_petitions: list[str],
    prefix: str,
) -> None:
    """One h1, and no level is left out on the way down."""
    page = open_context().new_page()
    for path in [*open_petitions, *ENDED]:
        visit(page, prefix + path)
        levels = page.evaluate(HEADINGS)
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(below <= above + 1 for above, below in itertools.pairwise(levels)), (
            path,
            levels,
        )


COVERED = """() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body || focused.closest(".sign-bar")) return null;
  const box = focused.getBoundingClientRect();
  const covered = [...document.querySelectorAll(".sign-bar")].some(bar => {
    const its = bar.getBoundingClientRect();
    return its.top < innerHeight && its.bottom > 0
      && box.bottom > its.top + 1 && box.top < its.bottom - 1;
  });
  return covered ? focused.outerHTML.slice(0, 80) : null;
}"""
REACHED = """() => {
  const focused = document.activeElement;
  return focused === document.body ? "" : [...document.querySelectorAll("*")].indexOf(focused);
}"""


def covered_on_the_way(page: Page, key: str) -> tuple[int, list[str]]:
    """Walk over the whole page by keyboard: how much had the focus, and what of it
    the bar covered, wholly or in part."""
    seen: set[object] = set()
    covered = []
    for _ in range(200):
        page.keyboard.press(key)
        reached = page.evaluate(REACHED)
        if reached == "" or reached in seen:
            break
        seen.add(reached)
        if one := page.evaluate(COVERED):
            covered.append(one)
    return len(seen), covered


@PHONES
@LANGUAGES
@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_the_bar_covers_nothing_that_has_the_focus(
    open_context: Callable[..., BrowserContext],
    viewport: dict[str, int],
    prefix: str,
    key: str,
) -> None:
    page = open_context(viewport=viewport, reduced_motion="reduce").new_page()
    visit(page, f"{prefix}/petitions/canada-sign-the-global-treaty-to-end-torture/")
    many, covered = covered_on_the_way(page, key)
    assert many > 30
    assert covered == []


@PHONES
def test_the_bar_leads_to_the_form_and_leaves_it_alone(
    open_context: Callable[..., BrowserContext], viewport: dict[str, int]
) -> None:
    """Without scripts, too: it is a link."""
    page = open_context(
        viewport=viewport, reduced_motion="reduce", java_script_enabled=False
    ).new_page()
    page.goto(LAMPS)
    page.locator(".sign-bar a").first.click()
    heading = page.locator("#sign").bounding_box()
    assert heading is not None
    assert 0 <= heading["y"] < viewport["height"] / 2
    for bar in page.locator(".sign-bar").all():
        box = bar.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 0 or box["y"] >= viewport["height"]


def test_on_a_low_screen_the_bar_is_one_line(
    open_context: Callable[..., BrowserContext],
) -> None:
    """A phone held across, or a page at four times its size."""
    page = open_context(viewport={"width": 740, "height": 360}).new_page()
    visit(page, LAMPS)
    bar = page.evaluate(PLACES)["bar"]
    assert bar["bottom"] - bar["top"] <= 72
    assert bar["bottom"] <= 360.5


def languages_of(page: Page) -> list[str]:
    """The languages that links of the page lead to, in their order."""
    return [str(link.get_attribute("hreflang")) for link in
            page.locator("body a[hreflang]").all()]  # fmt: skip


def test_one_list_has_all_languages_to_read_on_in(
    open_context: Callable[..., BrowserContext],
) -> None:
    """Those of the interface and those of the text; from each to each."""
    page = open_context().new_page()
    for path, others in (
        (LAMPS, ["fr", "ar"]),
        (f"/fr{LAMPS}", ["en", "ar"]),
        (f"/fr{LAMPS}ar/", ["en", "fr"]),
        (f"{LAMPS}ar/", ["en", "fr"]),
    ):
        visit(page, path)
        assert languages_of(page) == others, path

    visit(page, f"/fr{LAMPS}")
    page.locator("a[hreflang=ar]").click()
    assert page.url.endswith(f"/fr{LAMPS}ar/")
    assert page.locator("h1").get_attribute("lang") == "ar"
    page.locator("a[hreflang=en]").click()
    assert page.url.endswith(LAMPS)
    assert page.locator("h1").get_attribute("lang") == "en"
