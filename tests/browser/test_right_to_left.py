"""A campaign in Arabic: where its words stand, while the frame around them is English,
and in a frame that is mirrored, as one in Arabic or Hebrew will be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.accessibility import overflow
from tests.browser.conftest import NARROW, WIDE
from tests.site import Site

pytestmark = pytest.mark.browser

LAMPS = "/petitions/light-market-lane-at-night/ar/"
TITLE = "أنيروا زقاق السوق ليلًا"
NAME = "ليلى حداد"
BOTH = pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])

# The boxes of an element and of the first line of its words.
BOXES = """element => {
  const range = document.createRange(), box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  range.selectNodeContents(element);
  const words = range.getClientRects()[0];  // none in a field
  return {
    left: box.left + parseFloat(style.paddingLeft) + parseFloat(style.borderLeftWidth),
    right: box.right - parseFloat(style.paddingRight)
      - parseFloat(style.borderRightWidth),
    words: words && [words.left, words.right],
    border: [parseFloat(style.borderLeftWidth), parseFloat(style.borderRightWidth)],
    direction: style.direction,
  };
}"""


def boxes(page: Page, selector: str) -> dict[str, Any]:
    found: dict[str, Any] = page.locator(selector).first.evaluate(BOXES)
    return found


def begins_at_the_right(page: Page, selector: str) -> None:
    """Its first line ends in the air on the left and not on the right."""
    found = boxes(page, selector)
    assert found["direction"] == "rtl", selector
    assert abs(found["words"][1] - found["right"]) < 2, selector
    assert found["words"][0] > found["left"] + 2, selector


def across(page: Page, selector: str) -> tuple[float, float]:
    """Where an element begins and ends on the screen, from the left."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box["x"], box["x"] + box["width"]


def mirror(page: Page) -> None:
    page.evaluate("document.documentElement.dir = 'rtl'")


@pytest.fixture
def reader(
    open_context: Callable[..., BrowserContext], viewport: dict[str, int]
) -> Page:
    page = open_context(viewport=viewport).new_page()
    page.goto(LAMPS)
    expect(page.locator("h1")).to_have_text(TITLE)
    return page


@BOTH
def test_the_text_begins_at_the_right_in_a_frame_that_begins_at_the_left(
    reader: Page, viewport: dict[str, int]
) -> None:
    for selector in ("h1", "#text .prose p"):
        begins_at_the_right(reader, selector)
    for selector in ("h1", "#text .prose"):
        passage = reader.locator(selector).first
        assert passage.get_attribute("dir") == "rtl"
        assert passage.get_attribute("lang") == "ar"
    assert boxes(reader, "#sign")["direction"] == "ltr"
    if viewport == WIDE:
        assert across(reader, ".petition__body")[1] < across(reader, "form")[0]
    assert overflow(reader) <= 0


@BOTH
def test_a_mirrored_frame_has_the_form_on_the_left(
    reader: Page, viewport: dict[str, int]
) -> None:
    mirror(reader)
    for selector in ("h1", "#text .prose p", "#sign", "label[for=id_name]"):
        begins_at_the_right(reader, selector)
    assert across(reader, ".site-header__who .site-header__name")[1] > (
        viewport["width"] - 150
    )
    if viewport == WIDE:
        assert across(reader, "main form")[1] < across(reader, ".petition__body")[0]
        assert across(reader, ".site-header__nav")[1] < viewport["width"] / 2
    assert overflow(reader) <= 0


# Where the words of a piece of text stand, from the left.
PLACE = """([selector, words]) => {
  const element = document.querySelector(selector);
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    const at = node.data.indexOf(words);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + words.length);
    const box = range.getBoundingClientRect();
    return [box.left, box.right, box.top];
  }
  throw new Error(`${words} is not in ${selector}`);
}"""


@BOTH
def test_names_and_numbers_keep_their_places(reader: Page) -> None:
    """Words of the frame before a name in Arabic, and digits in their order."""

    def place(selector: str, words: str) -> list[float]:
        found: list[float] = reader.evaluate(PLACE, [selector, words])
        return found

    word = place(".petitioning", "Petitioning")
    name = place(".petitioning bdi", "مجلس بلدية المثال")
    assert word[1] <= name[0]
    assert word[2] == pytest.approx(name[2], abs=6)
    number = reader.locator(".count").first.inner_text()
    assert number.isdecimal()
    digits = [place(".count", digit)[0] for digit in number[:1] + number[-1:]]
    assert digits == sorted(digits)

    mirror(reader)
    word = place(".petitioning", "Petitioning")
    name = place(".petitioning bdi", "مجلس بلدية المثال")
    assert name[1] <= word[0]
    digits = [place(".count", digit)[0] for digit in number[:1] + number[-1:]]
    assert digits == sorted(digits)


@BOTH
def test_a_form_with_mistakes_keeps_what_was_typed_as_it_is_read(reader: Page) -> None:
    reader.fill("#id_name", NAME)
    reader.fill("#id_email", "layla at home")
    reader.click("main form button.button--wide")

    expect(reader.locator(".error-summary")).to_be_focused()
    begins_at_the_right(reader, "h1")
    expect(reader.locator("#id_name")).to_have_value(NAME)
    assert boxes(reader, "#id_name")["direction"] == "rtl"
    assert boxes(reader, "#id_email")["direction"] == "ltr"
    left, right = boxes(reader, ".error-summary + .petition .field--error")["border"]
    assert (left, right) == (4, 0)
    assert overflow(reader) <= 0
    mirror(reader)
    left, right = boxes(reader, ".error-summary + .petition .field--error")["border"]
    assert (left, right) == (0, 4)
    assert overflow(reader) <= 0


@BOTH
def test_who_signed_the_arabic_text_is_thanked_for_it(
    reader: Page, site: Site, viewport: dict[str, int]
) -> None:
    email = f"layla.{viewport['width']}@example.org"
    reader.fill("#id_name", NAME)
    reader.fill("#id_email", email)
    reader.click("main form button.button--wide")
    begins_at_the_right(reader, ".about a")
    reader.goto(urlsplit(site.link_for(email)).path)
    begins_at_the_right(reader, ".about a")
    reader.click("main form button.button--wide")

    expect(reader.locator("h1")).to_have_text("Thank you. Your signature counts.")
    expect(reader.locator(".about")).to_contain_text(TITLE)
    begins_at_the_right(reader, ".about a")
    assert boxes(reader, "h1")["direction"] == "ltr"
    # What is passed on leads to the same text.
    whatsapp = reader.locator("main a[href*='wa.me'], main a[href*='whatsapp']").first
    assert "light-market-lane-at-night%2Far%2F" in str(whatsapp.get_attribute("href"))
    assert overflow(reader) <= 0
    mirror(reader)
    begins_at_the_right(reader, "h1")
    assert overflow(reader) <= 0
