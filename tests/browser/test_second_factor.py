"""The second factor in a real browser: set up, and logging in with each kind, a passkey
of a virtual authenticator among them; no page breaks the policy or a rule of axe."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.accessibility import overflow, violations
from tests.browser.staff import (
    ADDRESS,
    MAKE,
    WORDS,
    give_authenticator,
    give_password,
    log_out,
)
from tests.organizations.second_factors import code_of
from tests.site import Site, until

pytestmark = pytest.mark.browser

HELPER = "olga@demo.example"
MAKE_TWO_WITH_APPS = f"""
from allauth.mfa.totp.internal.auth import generate_totp_secret
from organizations.models import *
from organizations.second_factor import factors
for email in ('{ADDRESS}', '{HELPER}'):
    User.objects.filter(email=email).delete()
    user = User.objects.create_user(email, '{WORDS}')
    organization = Organization.objects.first()
    Membership.objects.create(user=user, organization=organization, role='owner')
    secret = generate_totp_secret()
    factors.add_app(user, secret)
    print(organization.pk, secret)
"""
A_DAY_LATER = """
from datetime import timedelta
from django.utils import timezone
from organizations.second_factor import lost
print(lost.remove_due(timezone.now() + timedelta(days=1, minutes=1)))
"""


def faults(page: Page, where: str) -> list[str]:
    """Return what axe says of the page, and by how much it is too wide at 320."""
    found = violations(page, where)
    page.set_viewport_size({"width": 320, "height": 640})
    if wider := overflow(page):
        found.append(f"{where}: {wider} pixels too wide")
    page.set_viewport_size({"width": 1280, "height": 900})
    return found


def test_each_factor_lets_in(
    site: Site, open_context: Callable[..., BrowserContext]
) -> None:
    made = site.manage("shell", "-c", MAKE)
    assert made.returncode == 0, made.stderr
    page = open_context().new_page()
    give_authenticator(page)
    found = []

    # An app, and the recovery codes that come with it.
    give_password(page)
    page.goto("/admin/second-factor/")
    found += faults(page, "none yet")
    page.click("text=Set up an app")
    found += faults(page, "app")
    assert page.locator(".account-qr svg").bounding_box()["width"] > 150  # type: ignore[index]
    secret = page.locator(".account-secret").inner_text().replace(" ", "")
    page.fill("#id_code", code_of(secret))
    page.click("input[type=submit]")
    page.wait_for_selector(".account-codes code")
    codes = page.locator(".account-codes code").all_inner_texts()
    assert len(codes) == 10
    found += faults(page, "recovery codes")

    # A passkey.
    page.goto("/admin/second-factor/")
    page.click("text=Make a passkey")
    found += faults(page, "making a passkey")
    page.fill("#id_name", "Blue key")
    page.click("button:has-text('Make a passkey')")
    page.wait_for_selector("text=It is your second factor now.")
    assert page.locator("strong:has-text('Blue key')").count() == 1
    found += faults(page, "both")

    # In with the passkey …
    log_out(page)
    give_password(page)
    found += faults(page, "second step")
    assert page.goto("/admin/").url.rstrip("/").endswith("/admin/login/?next=/admin")  # type: ignore[union-attr]
    page.goto("/admin/login/code/")
    page.click("button:has-text('Use a passkey')")
    page.wait_for_url("**/admin/")
    # … with the app (the next code, since the present one was used) …
    log_out(page)
    give_password(page)
    page.fill("#id_code", code_of(secret, -1))
    page.click("input[type=submit]")
    page.wait_for_url("**/admin/")
    # … and with a recovery code.
    log_out(page)
    give_password(page)
    page.fill("#id_code", codes[0])
    page.click("input[type=submit]")
    page.wait_for_selector("text=9 are left")

    # Another browser without the key gets no further by the button, and is told.
    other = open_context().new_page()
    give_authenticator(other)
    give_password(other)
    other.click("button:has-text('Use a passkey')")
    other.wait_for_selector("text=No passkey of this account answered")
    other.fill("#id_code", codes[1])
    other.click("input[type=submit]")
    other.wait_for_url("**/admin/")

    # Both are listed, and one ends the other.
    page.goto("/admin/logins/")
    assert page.locator(".account-list li").count() == 2
    found += faults(page, "logins")
    page.click("text=End this login")
    page.wait_for_selector("text=That login has ended.")
    other.goto("/admin/")
    assert "/admin/login/" in other.url

    page.goto("/admin/confirm/?next=/admin/logins/")
    found += faults(page, "confirming")
    page.click("button:has-text('Use a passkey')")
    page.wait_for_url(lambda address: "/confirm/" not in address)

    page.goto("/admin/second-factor/")
    page.click("button:has-text('Remove Blue key')")
    page.wait_for_selector("text=It is not your second factor any more.")
    assert page.locator("strong:has-text('Blue key')").count() == 0
    assert found == []


def test_what_was_lost_is_removed_a_day_after_another_owner_asked(
    site: Site, open_context: Callable[..., BrowserContext]
) -> None:
    made = site.manage("shell", "-v", "0", "-c", MAKE_TWO_WITH_APPS)
    assert made.returncode == 0, made.stderr
    number, secret = made.stdout.splitlines()[1].split()
    olga, sam = open_context().new_page(), open_context().new_page()
    give_password(olga, HELPER)
    olga.fill("#id_code", code_of(secret))
    olga.click("input[type=submit]")
    olga.wait_for_url("**/admin/")

    olga.goto(f"/admin/organizations/organization/{number}/members/")
    entry = olga.locator("li", has_text=ADDRESS)
    entry.locator("summary").click()
    entry.locator("button:has-text('Remove the second factor in a day')").click()
    olga.wait_for_selector("text=is being told by e-mail")
    found = faults(olga, "members")

    # Sam reads the mail, and lets it happen.
    sam.goto(until(lambda: site.link_in(ADDRESS, "/second-factor/keep/")))
    assert HELPER in sam.inner_text("main")
    found += faults(sam, "the mailed link")
    give_password(sam)
    assert sam.locator("#id_code").count() == 1
    assert site.manage("shell", "-v", "0", "-c", A_DAY_LATER).returncode == 0

    give_password(sam)
    assert sam.locator("#id_code").count() == 0
    sam.wait_for_selector("text=Welcome, sam@")
    found += faults(sam, "home")
    assert found == []
