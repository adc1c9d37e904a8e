"""Staff take signatures from the count and give them back: a real browser, a real
worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import overflow, violations
from tests.browser.journey import has_supporters, supporters
from tests.browser.planting import SLUG, plant
from tests.site import Site, until

pytestmark = pytest.mark.browser

WITHDRAW = """
WITH gone AS (
    UPDATE petitions_signature SET state = 'withdrawn', withdrawn_at = now()
     WHERE state = 'confirmed' AND email LIKE '%%@bots.test' RETURNING petition_id
)
INSERT INTO petitions_countchange (petition_id, day, source, delta, domain)
SELECT petition_id, current_date, 'confirmed', -count(*), '' FROM gone GROUP BY 1
"""


def confirmed(site: Site) -> int:
    ((number,),) = site.sql(
        "SELECT count(*) FROM petitions_signature s JOIN petitions_petition p "
        "ON p.id = s.petition_id WHERE p.slug = %s AND s.state = 'confirmed'",
        SLUG,
    )
    return int(number)


def has_become(site: Site, state: str) -> bool:
    """Whether the worker is done, which it says a batch after the last signature."""
    return bool(
        site.sql("SELECT 1 FROM petitions_invalidation WHERE state = %s", state)
    )


@pytest.fixture
def petition(site: Site) -> Iterator[int]:
    """With 5,000 signatures more, which other tests do not see: the public pages show
    the number of a moment some seconds ago."""
    path = f"/petitions/{SLUG}/"
    before = supporters(site, path)
    yield plant(site, 5000)
    site.sql(WITHDRAW)
    until(lambda: has_supporters(site, path, before), 60, 0.5)


def test_staff_take_signatures_from_the_count_and_give_them_back(
    staff: Page, site: Site, petition: int
) -> None:
    before = confirmed(site) - 5000
    found = []

    staff.goto(f"/admin/petitions/petition/{petition}/change/")
    with staff.expect_popup() as opened:
        staff.get_by_role("link", name="Invalidate signatures…").click()
    staff = opened.value
    staff.get_by_label("Mail domain").fill("bots.test")
    staff.get_by_role("button", name="Show how many").click()
    expect(staff.locator("#id_reason")).to_have_attribute("aria-invalid", "true")
    found += violations(staff, "mistake")
    staff.get_by_label("Why").fill("One script within a minute")
    staff.get_by_role("button", name="Show how many").click()
    expect(staff.get_by_text("5,000 signatures would be taken")).to_be_visible()
    found += violations(staff, "preview")
    staff.set_viewport_size({"width": 320, "height": 640})
    assert overflow(staff) <= 0
    with staff.expect_navigation():
        staff.get_by_role("button", name="Take 5,000 signatures from the count").click()
    found += violations(staff, "at work")
    until(lambda: has_become(site, "done"), 20)
    assert confirmed(site) == before
    staff.reload()
    expect(staff.get_by_text("5,000 signatures were taken")).to_be_visible()
    assert overflow(staff) <= 0
    assert site.manage("verify_counts").returncode == 0

    with staff.expect_navigation():
        staff.get_by_role("link", name="Reverse…").click()
    found += violations(staff, "reverse")
    assert overflow(staff) <= 0
    staff.get_by_label("Why").fill("A school")
    staff.get_by_role("button", name="Reverse it").click()
    until(lambda: has_become(site, "reversed"), 20)
    assert confirmed(site) == before + 5000
    staff.reload()
    expect(staff.get_by_text("5,000 signatures were given back")).to_be_visible()
    assert site.manage("verify_counts").returncode == 0
    assert found == []
