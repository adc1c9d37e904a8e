"""Importing signatures, as staff see it in the narrowest window and axe anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.accessibility import violations
from tests.browser.pages import BEYOND

pytestmark = pytest.mark.browser

LINES = "Email,Name,A heading that is wider than the window\nann@example.org,Ann,x\n"


def test_the_pages_of_an_import_fit_and_axe_finds_nothing(
    staff: Page, tmp_path: Path
) -> None:
    staff.set_viewport_size({"width": 320, "height": 640})
    staff.goto("/admin/petitions/petition/1/import/")
    assert (staff.evaluate(BEYOND), violations(staff, "upload")) == ([], [])

    file = tmp_path / "signers.csv"
    file.write_text(LINES)
    staff.set_input_files("input[type=file]", file)
    staff.get_by_role("button", name="Look at the file").click()
    assert staff.url.endswith("/columns/")
    assert (staff.evaluate(BEYOND), violations(staff, "columns")) == ([], [])
    staff.get_by_role("button", name="Check the whole file").click()
    assert staff.locator("form ul.errorlist").count()
    assert (staff.evaluate(BEYOND), violations(staff, "mistakes")) == ([], [])

    # The Enter key does what the last button does, not the first, which reads anew.
    staff.get_by_label("Where they signed").fill("Change.org")
    staff.get_by_label("Where they signed").press("Enter")
    staff.wait_for_url("**/change/")
    assert (staff.evaluate(BEYOND), violations(staff, "check")) == ([], [])
    staff.get_by_role("button", name="Call it off").click()
