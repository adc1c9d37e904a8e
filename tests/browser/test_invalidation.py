"""Staff take signatures from the count and give them back: a real browser, a real
worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import overflow, violations
from tests.site import Site, until

pytestmark = pytest.mark.browser

SIGNATURES = """
INSERT INTO petitions_signature (
    petition_id, state, name, email, email_key, email_key_version, person, place,
    postal_code, country, comment, comment_approved, show_name, language, text_version,
    consent_version, delivery, weak_signs, network, created_at, confirmed_at)
SELECT p.id, 'confirmed', 'Signer ' || n, 'signer' || n || '@bots.test',
       gen_random_uuid(), 1, '', '', '', '', '', false, false, 'en', 0, 1, 'number',
       CASE n %% 3 WHEN 0 THEN 2 ELSE 0 END, '198.51.100.0', now() - interval '1 hour',
       now() - interval '1 hour'
  FROM petitions_petition p, generate_series(1, %s) n
 WHERE p.slug = %s
"""
CHANGE = """
INSERT INTO petitions_change (petition_id, day, source, delta, domain)
SELECT id, current_date, 'confirmed', %s, '' FROM petitions_petition WHERE slug = %s
"""
WITHDRAW = """
WITH gone AS (
    UPDATE petitions_signature SET state = 'withdrawn', withdrawn_at = now()
     WHERE state = 'confirmed' AND email LIKE '%%@bots.test' RETURNING petition_id
)
INSERT INTO petitions_change (petition_id, day, source, delta, domain)
SELECT petition_id, current_date, 'confirmed', -count(*), '' FROM gone GROUP BY 1
"""
SLUG = "canada-sign-the-global-treaty-to-end-torture"


def plant(site: Site, number: int) -> int:
    """Confirmed signatures of one domain; returns the number of their petition."""
    site.sql(SIGNATURES, number, SLUG)
    site.sql(CHANGE, number, SLUG)
    ((petition,),) = site.sql("SELECT id FROM petitions_petition WHERE slug = %s", SLUG)
    return int(petition)


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
    """With 5,000 signatures more, which other tests do not see."""
    yield plant(site, 5000)
    site.sql(WITHDRAW)


def test_staff_take_signatures_from_the_count_and_give_them_back(
    staff: Page, site: Site, petition: int
) -> None:
    before = confirmed(site) - 5000
    found = []

    staff.goto(f"/admin/petitions/petition/{petition}/change/")
    staff.get_by_role("link", name="Invalidate signatures…").click()
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
