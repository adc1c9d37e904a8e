"""The whole way of a petition to the person petitioned, in a browser: staff deliver it,
the office opens its link and answers, staff put the answer on the page."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import NARROW, WIDE
from tests.site import Site, until

pytestmark = pytest.mark.browser

SLUG = "canada-sign-the-global-treaty-to-end-torture"
NAMES = ["Ann O’Neill", "عمر الفاروق", "<b>Bold</b>", "José Ñandú"]
SIGN = """
INSERT INTO petitions_signature (
    petition_id, state, name, email, email_key, email_key_version, person, place,
    postal_code, country, comment, comment_approved, show_name, language, text_version,
    consent_version, delivery, weak_signs, created_at, confirmed_at)
SELECT p.id, 'confirmed', %s, %s, gen_random_uuid(), 1, '', %s, '', '', '', false,
       false, 'en', 0, 1, 'names', 0, now(), now()
  FROM petitions_petition p WHERE p.slug = %s
"""
OFFICE = "minister@city.example.org"
SAID = "We will sign before winter.\n\nThe Minister"
BUTTONS = {"en": "Show the names", "fr": "Voir les noms"}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """One of its own: what was delivered and answered stays on the petition's page."""
    site = Site.begun().start()
    yield site
    site.remove()


# Where pictures of each step are left, to be looked at.
PICTURES = os.environ.get("PICTURES", "")


def keep(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def deliver(staff: Page, site: Site) -> str:
    """Make the delivery in the admin, and return the path of the office's link."""
    for number, name in enumerate(NAMES):
        site.sql(SIGN, name, f"delivered{number}@example.org", "Québec", SLUG)
    ((petition,),) = site.sql("SELECT id FROM petitions_petition WHERE slug = %s", SLUG)
    staff.goto(f"/admin/petitions/petition/{petition}/deliver/")
    keep(staff, "deliver")
    if staff.locator("input[name=target]").count() > 1:
        staff.locator("input[name=target]").first.check()
    staff.locator("input[name=contents][value=names]").check()
    with staff.expect_navigation():
        staff.locator("#content-main button, #content form button").first.click()
    pack = urlsplit(staff.url).path
    staff.get_by_role("button", name="Make the pack").click()

    def is_made() -> bool:
        staff.goto(pack)
        return staff.get_by_role("button", name="Download (ZIP)").count() == 1

    until(is_made, 60, 1)
    keep(staff, "pack")
    staff.get_by_role("link", name="A link for the office…").click()
    staff.fill("#id_mailboxes", "gmail.com")
    staff.get_by_role("button", name="Make the link").click()
    expect(staff.locator(".errorlist")).to_contain_text("Everybody")
    staff.fill("#id_mailboxes", OFFICE.partition("@")[2])
    staff.get_by_role("button", name="Make the link").click()
    keep(staff, "link")
    return urlsplit(staff.locator("input[readonly]").first.input_value()).path


def test_from_the_button_to_the_answer_on_the_page(
    staff: Page, open_context: Callable[..., BrowserContext], site: Site
) -> None:
    path = deliver(staff, site)
    for language, viewport in (("fr", NARROW), ("en", WIDE)):
        office = open_context(java_script_enabled=False, viewport=viewport).new_page()
        own = re.sub(r"^(/fr)?/", "/fr/" if language == "fr" else "/", path)

        office.goto(own)
        expect(office.locator("h1")).to_contain_text("signatures")
        keep(office, f"office-{language}")
        assert NAMES[0] not in office.content()
        office.get_by_role("button", name=BUTTONS[language]).click()
        keep(office, f"names-{language}")
        for name in NAMES:
            office.fill("#q", name)
            office.locator("button[name=search]").click()
            expect(office.locator("tbody tr")).to_have_count(1)
            expect(office.locator("tbody th")).to_have_text(name)

    office.goto(own)
    office.fill("#id_name", "Minister of Foreign Affairs")
    office.fill("#id_email", "minister@elsewhere.example.org")
    office.fill("#id_text", SAID)
    office.get_by_role("button", name="Send the answer").click()
    expect(office.locator("#id_email_error")).to_contain_text("city.example.org")
    keep(office, "refused")
    office.fill("#id_email", OFFICE)
    office.get_by_role("button", name="Send the answer").click()
    expect(office.locator("main [role=status]")).to_contain_text(
        "sent a link to the address"
    )
    mailed = until(partial(site.link_in, OFFICE, "/office-answer/"), 20)
    office.goto(urlsplit(mailed).path)
    keep(office, "confirm")
    office.locator("main form button").click()
    expect(office.locator("h1")).to_have_text("Your answer is confirmed")

    staff.goto("/admin/petitions/officeanswer/")
    staff.locator("#result_list tbody th a").first.click()
    keep(staff, "answer")
    staff.get_by_role("button", name="Put it on the page").click()
    expect(staff.locator(".messagelist .success")).to_be_visible()

    def is_told() -> bool:
        office.goto(f"/petitions/{SLUG}/")
        return "before winter" in office.content()

    until(is_told, 30, 1)
    keep(office, "page")
