"""axe finds nothing where staff work; the public pages are in test_pages.py."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations

pytestmark = pytest.mark.browser


SUPPORTER = "/admin/petitions/supporterrequest/supporter/signature/1"
ADMIN = (
    "/admin/", "/admin/petitions/petition/", "/admin/petitions/petition/add/",
    "/admin/petitions/petition/1/change/", "/admin/petitions/petition/1/do/close/",
    "/admin/petitions/petition/1/do/publish/", "/admin/petitions/petition/1/figures/",
    "/admin/petitions/petition/1/history/", "/admin/petitions/signature/",
    "/admin/petitions/signature/1/change/", "/admin/petitions/signature/?q=nobody",
    "/admin/petitions/petition/1/invalidate/", "/admin/petitions/petition/1/spread/",
    "/admin/petitions/petition/1/export/", "/admin/petitions/export/new/1/",
    "/admin/petitions/invalidation/",
    "/admin/petitions/report/", "/admin/petitions/report/1/change/",
    "/admin/petitions/supporterrequest/", "/admin/petitions/supporterrequest/add/",
    "/admin/petitions/supporterrequest/found/?signature=1&signature=2",
    f"{SUPPORTER}/", f"{SUPPORTER}/access/", f"{SUPPORTER}/erase/", f"{SUPPORTER}/copy/",
    f"{SUPPORTER}/correct/1/", "/admin/petitions/supporterrequest/never-write/",
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


def test_a_form_of_the_admin_with_mistakes(staff: Page) -> None:
    staff.goto("/admin/petitions/petition/add/")
    staff.click("input[name=_save]")

    expect(staff.locator(".errornote")).to_be_visible()
    assert violations(staff, "add") == []
