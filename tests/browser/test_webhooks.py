"""Entering a newsletter tool, and stating what people of an import agreed to, in the
narrowest window; axe finds nothing anywhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import NARROW, log_in
from tests.browser.pages import BEYOND

pytestmark = pytest.mark.browser


@pytest.fixture
def narrow(open_context: Callable[..., BrowserContext]) -> Page:
    page = open_context(viewport=NARROW).new_page()
    log_in(page)
    return page


def fits(page: Page, name: str) -> None:
    assert (page.evaluate(BEYOND), violations(page, name)) == ([], []), name


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()


def test_a_newsletter_tool_from_entering_to_removing_it(narrow: Page) -> None:
    narrow.goto("/admin/petitions/webhook/add/")
    narrow.get_by_label("Organisation").select_option(index=1)
    narrow.get_by_label("Tool").fill("Mailchimp")
    narrow.get_by_label("Address").fill("http://letters")
    narrow.get_by_role("button", name="Save", exact=True).click()
    expect(narrow.get_by_label("Address")).to_have_value("http://letters")
    expect(narrow.locator("main")).to_contain_text("Enter a whole web address.")
    fits(narrow, "a wrong address")
    # A name that leads nowhere (RFC 6761): nothing leaves this machine.
    narrow.get_by_label("Address").fill("https://letters.invalid/hook")
    narrow.get_by_role("button", name="Save", exact=True).click()
    expect(narrow.locator("main")).to_contain_text("It has no secret yet")
    fits(narrow, "entered")
    press(narrow, "Make a new secret")
    expect(narrow.locator("code")).to_contain_text("whsec_")
    fits(narrow, "secret")
    narrow.get_by_role("link", name="Back to the newsletter tool").click()
    press(narrow, "Send a test message")
    expect(narrow.locator("main table")).to_contain_text("Its name leads nowhere.")
    fits(narrow, "tested")
    narrow.get_by_role("link", name="Remove this newsletter tool").click()
    fits(narrow, "remove")
    press(narrow, "Remove this newsletter tool")
    fits(narrow, "removed")


def test_what_people_of_an_import_agreed_to_is_stated(narrow: Page) -> None:
    narrow.goto("/admin/petitions/petition/1/import/")
    narrow.get_by_label("Or type names").fill("Ann Roy, ann.typed@example.org")
    press(narrow, "Look at the file")
    narrow.get_by_role("link", name="They agreed to be handed over").first.click()
    fits(narrow, "to be stated")
    narrow.get_by_label("Where they agreed").fill("Change.example")
    press(narrow, "State that they agreed")
    expect(narrow.get_by_label("Where they agreed")).to_have_value("Change.example")
    fits(narrow, "mistakes")
    narrow.get_by_role("radio").first.check()
    narrow.get_by_label("From").fill("2026-01-05")
    narrow.get_by_label("Until").fill("2026-03-05")
    narrow.get_by_label("In these words").fill("I agree that my name is handed over.")
    press(narrow, "State that they agreed")
    expect(narrow.locator("blockquote")).to_contain_text("I agree that my name")
    fits(narrow, "stated")
    press(narrow, "Take it away")
    expect(narrow.locator("blockquote")).to_have_count(0)
