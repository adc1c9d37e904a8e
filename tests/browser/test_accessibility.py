"""axe finds nothing on any page in any state; nothing is cut off at 320 pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import NARROW, visit
from tests.site import Site

pytestmark = pytest.mark.browser

OPTIONS = {
    "runOnly": [
        "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa",
        "best-practice",
    ],
    "resultTypes": ["violations"],
}  # fmt: skip
FAMILIES = "/petitions/help-reunite-families-divided-by-prison-walls/"


def violations(page: Page, where: str) -> list[str]:
    results = Axe().run(page, options=OPTIONS)
    return [
        f"{where}: {found['id']}: {node['html'][:200]} {node.get('failureSummary')}"
        for found in results.response["violations"]
        for node in found["nodes"]
    ]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(
        page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    )


VIEWS: dict[str, dict[str, Any]] = {
    "wide and light": {"color_scheme": "light"},
    "narrow and dark": {"color_scheme": "dark", "viewport": NARROW},
}


@pytest.mark.parametrize("view", VIEWS)
def test_every_public_page_in_every_state(
    open_context: Callable[..., BrowserContext], states: dict[str, str], view: str
) -> None:
    page = open_context(**VIEWS[view]).new_page()
    found = []
    for name, path in states.items():
        for prefix in ("", "/fr"):
            visit(page, prefix + path)
            where = f"{name} {prefix}"
            if not page.url.endswith(prefix + path):
                found.append(f"{where}: leads to {page.url}")
            found += violations(page, where)
            if overflow(page) > 0:
                found.append(f"{where}: {overflow(page)} px too wide")
    assert found == []


@pytest.mark.parametrize("view", VIEWS)
def test_pages_that_answer_a_form(
    open_context: Callable[..., BrowserContext], states: dict[str, str], view: str
) -> None:
    page = open_context(**VIEWS[view]).new_page()
    found = []

    def submit(path: str, button: str, where: str) -> None:
        page.goto(path)
        for details in page.locator("details").all():
            details.evaluate("element => element.open = true")
        for field in ("#id_name", "#id_email"):
            if page.locator(field).count():
                page.fill(field, "")
        page.locator(button).last.click()
        found.extend(violations(page, where))
        assert overflow(page) <= 0, where

    submit("/petitions/open/", "main .button--wide", "sign with mistakes")
    submit(states["confirm"], "main .button--wide", "correct with mistakes")
    submit("/new-link/", "main .button", "new link with a mistake")
    page.goto("/petitions/open/")
    page.evaluate("document.querySelector('form').action = '/petitions/paused/sign/'")
    page.locator("form[action*=sign] button.button--wide").click()
    assert page.locator("h1").inner_text() == "Signing is paused for a moment"
    found += violations(page, "paused")
    assert found == []


def test_text_at_twice_its_size_is_not_cut_off(
    open_context: Callable[..., BrowserContext], states: dict[str, str]
) -> None:
    page = open_context(viewport={"width": 640, "height": 900}).new_page()
    for name in (
        "profile",
        "petition",
        "petition with all fields",
        "confirm",
        "thank you",
    ):
        visit(page, states[name])
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert overflow(page) <= 0, name


def test_right_to_left_is_mirrored_and_not_cut_off(
    open_context: Callable[..., BrowserContext], states: dict[str, str]
) -> None:
    for viewport in (NARROW, {"width": 1280, "height": 900}):
        page = open_context(viewport=viewport).new_page()
        for name in ("profile", "petition", "confirm"):
            visit(page, states[name])
            page.evaluate("document.documentElement.dir = 'rtl'")
            assert overflow(page) <= 0, name
            box = page.locator("h1").bounding_box()
            assert box is not None
            align = page.evaluate(
                "getComputedStyle(document.querySelector('h1')).textAlign"
            )
            assert align == "start"


ADMIN = (
    "/admin/", "/admin/petitions/petition/", "/admin/petitions/petition/add/",
    "/admin/petitions/petition/1/change/", "/admin/petitions/petition/1/do/close/",
    "/admin/petitions/petition/1/do/publish/", "/admin/petitions/petition/1/figures/",
    "/admin/petitions/petition/1/history/", "/admin/petitions/signature/",
    "/admin/petitions/signature/1/change/", "/admin/petitions/signature/?q=nobody",
    "/admin/petitions/petition/1/invalidate/", "/admin/petitions/invalidation/",
    "/admin/organizations/organization/", "/admin/organizations/organization/1/change/",
    "/admin/password_change/",
)  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_admin(staff: Page, scheme: Any) -> None:
    staff.emulate_media(color_scheme=scheme)
    found = []
    for path in ADMIN:
        response = staff.goto(path)
        assert response is not None
        assert response.status == 200, path
        found += violations(staff, path)
    assert found == []


def test_the_admin_without_a_login(page: Page) -> None:
    found = []
    for path in (
        "/admin/login/",
        "/admin/password/reset/",
        "/admin/password/reset/sent/",
    ):
        page.goto(path)
        found += violations(page, path)
    assert found == []


def test_a_form_of_the_admin_with_mistakes(staff: Page, site: Site) -> None:
    staff.goto("/admin/petitions/petition/add/")
    staff.click("input[name=_save]")

    expect(staff.locator(".errornote")).to_be_visible()
    assert violations(staff, "add") == []
