"""The style guide and the page of a petition, as a browser draws them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.accessibility import overflow, violations
from tests.browser.conftest import NARROW, visit

pytestmark = pytest.mark.browser

TREATY = "/petitions/canada-sign-the-global-treaty-to-end-torture/"
GUIDE = "/style-guide/"
LONG = "document.querySelector('.prose').innerHTML += '<p>One line.</p>'.repeat(40)"
# What moves after it was drawn, as browsers add it up (Cumulative Layout Shift).
SHIFT = """() => new Promise(resolve => {
  let sum = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) sum += entry.value;
  }).observe({type: "layout-shift", buffered: true});
  setTimeout(() => resolve(sum), 500);
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [NARROW, {"width": 1280, "height": 900}])
def test_the_style_guide(
    open_context: Callable[..., BrowserContext], viewport: dict[str, int], scheme: Any
) -> None:
    page = open_context(viewport=viewport, color_scheme=scheme).new_page()
    for path in (GUIDE, "/fr" + GUIDE):
        visit(page, path)
        assert violations(page, path) == []
        assert overflow(page) <= 0


def styles_of(page: Page, selector: str, *names: str) -> list[str]:
    found: list[str] = page.locator(selector).first.evaluate(
        "(element, names) => names.map(name => getComputedStyle(element)[name])",
        list(names),
    )
    return found


def test_an_organisations_colour_reaches_its_pages_and_no_others(
    open_context: Callable[..., BrowserContext],
) -> None:
    page = open_context().new_page()
    visit(page, TREATY)
    assert styles_of(page, ".button--wide", "backgroundColor", "color") == [
        "rgb(255, 225, 0)",
        "rgb(0, 0, 0)",
    ]
    visit(page, "/signed/")
    assert styles_of(page, "main .button", "backgroundColor") == ["rgb(11, 95, 107)"]


def requested_by(page: Page) -> list[str]:
    """Grows with the kind of each request."""
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.resource_type))
    return requested


def shift(page: Page, path: str) -> float:
    """How much moves on the page at this path while it is loaded."""
    page.goto(path)
    return float(page.evaluate(SHIFT))


@pytest.mark.parametrize(
    "path", ["/", TREATY, "/petitions/plant-trees-along-the-lower-bank/",
             "/organizations/riverbank-commons/"],
)  # fmt: skip
def test_nothing_moves_once_it_is_drawn(
    open_context: Callable[..., BrowserContext], path: str
) -> None:
    for viewport in (NARROW, {"width": 1280, "height": 900}):
        page = open_context(viewport=viewport).new_page()
        requested = requested_by(page)
        # Where the machine is at work, Chromium may draw a page before all of it is read,
        # and the links of its head move. What moves by itself moves each time.
        assert any(shift(page, path) == 0 for _ in range(3))
        assert "stylesheet" not in requested
        assert "font" not in requested


def test_the_link_to_the_form_stays_and_hides_nothing_that_has_the_focus(
    open_context: Callable[..., BrowserContext],
) -> None:
    """On a phone, from the first screen on, but for the form itself (WCAG 2.4.11)."""
    page = open_context(viewport=NARROW, reduced_motion="reduce").new_page()
    visit(page, TREATY)
    above, below = page.locator(".sign-bar").all()
    assert above.locator("a").evaluate(IN_VIEW)
    page.evaluate(LONG)
    page.locator(".prose p").nth(20).scroll_into_view_if_needed()
    assert above.locator("a").evaluate(IN_VIEW)
    page.locator("#sign").evaluate("heading => heading.scrollIntoView()")
    assert not above.locator("a").evaluate(IN_VIEW)
    assert not below.locator("a").evaluate(IN_VIEW)

    page.locator(".petition__main a").first.focus()
    for _ in range(60):
        page.keyboard.press("Tab")
        hidden = page.evaluate(BEHIND_THE_BAR)
        assert hidden is None, hidden
    page.locator("#spread").scroll_into_view_if_needed()
    below.locator("a").click()
    assert page.locator("#sign").evaluate(IN_VIEW)


IN_VIEW = """element => {
  const box = element.getBoundingClientRect();
  return box.top >= 0 && box.bottom <= innerHeight && box.height > 0;
}"""
BEHIND_THE_BAR = """() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body || focused.closest(".sign-bar")) return null;
  const box = focused.getBoundingClientRect();
  const hidden = [...document.querySelectorAll(".sign-bar")].some(bar => {
    const its = bar.getBoundingClientRect();
    return its.top < innerHeight && box.top >= its.top && box.bottom <= its.bottom;
  });
  return hidden ? focused.outerHTML.slice(0, 80) : null;
}"""


@pytest.mark.parametrize(
    "path", ["/", "/petitions/", TREATY, "/organizations/",
             "/organizations/riverbank-commons/"],
)  # fmt: skip
def test_a_name_of_one_long_word_widens_no_page(
    open_context: Callable[..., BrowserContext], path: str
) -> None:
    page = open_context(viewport=NARROW).new_page()
    page.goto(path)
    page.evaluate(LONG_NAMES)
    assert page.locator("bdi").count() >= 2
    assert overflow(page) <= 0


LONG_NAMES = """() => document.querySelectorAll("bdi, legend, .reason p").forEach(
  element => { element.textContent = "Donaudampfschifffahrt".repeat(4); })"""


@pytest.mark.parametrize("height", [700, 1100])
def test_the_button_stays_in_view_beside_a_long_text(
    open_context: Callable[..., BrowserContext], height: int
) -> None:
    page = open_context(viewport={"width": 1280, "height": height}).new_page()
    visit(page, TREATY)
    page.evaluate(LONG)
    page.evaluate("window.scrollTo({top: 1100, behavior: 'instant'})")
    page.wait_for_timeout(100)
    assert page.locator(".petition__sign button.button").evaluate(IN_VIEW)


def test_in_forced_colours_buttons_bars_and_cards_keep_their_edges(
    open_context: Callable[..., BrowserContext],
) -> None:
    page = open_context(forced_colors="active").new_page()
    visit(page, TREATY)
    for selector in (".button--wide", "progress", ".reason"):
        width, colour = styles_of(page, selector, "borderTopWidth", "borderTopColor")
        assert width != "0px", selector
        assert colour != "rgba(0, 0, 0, 0)", selector


def test_on_paper_the_form_is_left_out_and_the_number_stays(
    open_context: Callable[..., BrowserContext],
) -> None:
    page = open_context().new_page()
    page.emulate_media(media="print")
    visit(page, TREATY)
    assert not page.locator(".petition__sign").is_visible()
    assert page.locator(".sign-bar:visible").count() == 0
    assert page.locator(".petition__count").is_visible()
    assert styles_of(page, ".petition__aside", "position") == ["static"]


# Links in the shape of a button whose words stand nearer to one edge by more than what a
# browser rounds: their words, and by how many pixels.
OFF_CENTRE = """() => [...document.querySelectorAll("a.button")].map(link => {
  const words = document.createRange();
  words.selectNodeContents(link);
  const inner = words.getBoundingClientRect(), outer = link.getBoundingClientRect();
  const off = inner.top - outer.top - (outer.bottom - inner.bottom);
  return [link.textContent.trim(), Math.round(10 * off) / 10];
}).filter(([, off]) => Math.abs(off) > 2)"""


@pytest.mark.parametrize("viewport", [NARROW, {"width": 1280, "height": 900}])
def test_words_stand_in_the_middle_of_links_like_buttons(
    open_context: Callable[..., BrowserContext], viewport: dict[str, int]
) -> None:
    page = open_context(viewport=viewport).new_page()
    for path in (TREATY, f"{TREATY}thank-you/", GUIDE):
        visit(page, path)
        assert page.locator("a.button").count() > 0
        assert page.evaluate(OFF_CENTRE) == [], path


def test_a_page_of_one_thing_stands_in_the_middle(plain: Page) -> None:
    visit(plain, f"{TREATY}history/")
    box = plain.locator(".step").bounding_box()
    assert box
    assert abs(box["x"] - (1280 - box["x"] - box["width"])) <= 20
