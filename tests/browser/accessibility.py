"""Helpers for the browser tests: accessibility and width of pages."""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser.pages import ALL, OVERFLOW, RUN


def violations(page: Page, where: str) -> list[str]:
    # A page that a click has led to may have no body yet.
    page.wait_for_load_state()
    page.evaluate(AXE_SCRIPT)
    return [f"{where}: {found}" for found in page.evaluate(RUN, ["100%", ALL])]


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    return int(page.evaluate(OVERFLOW))
