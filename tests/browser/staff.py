"""Somebody of the staff in the browser: made, logged in and out, with a key."""

from __future__ import annotations

from playwright.sync_api import Page

ADDRESS, WORDS = "sam@demo.example", "correct horse battery"
MAKE = f"""
from organizations.models import *
User.objects.filter(email='{ADDRESS}').delete()
user = User.objects.create_user('{ADDRESS}', '{WORDS}')
Membership.objects.create(user=user, organization=Organization.objects.first(), role='owner')
"""


def give_password(page: Page, address: str = ADDRESS) -> None:
    page.goto("/admin/")
    page.fill("#id_username", address)
    page.fill("#id_password", WORDS)
    with page.expect_navigation():
        page.click("input[type=submit]")


def log_out(page: Page) -> None:
    page.goto("/admin/")
    page.click("#logout-form button")


def give_authenticator(page: Page) -> None:
    """Give the page's browser a key that says yes by itself."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
