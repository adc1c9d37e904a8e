"""From a mailing to the count with one press, without JavaScript."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.journey import has_supporters
from tests.site import Site, fetch, until

pytestmark = pytest.mark.browser

EMAIL = "swift@example.org"
PLANT = """
from datetime import timedelta
from django.utils import timezone
from organizations.models import Organization
from petitions.models import Petition
home = Organization.objects.get(slug="riverbank-commons")
for title, slug in (("Leave the nests", "leave-the-nests"), ("Mend the ferry", "mend-the-ferry")):
    Petition.objects.create(
        organization=home, language="en", title=title, slug=slug, text="Please do.",
        state="open", opens_at=timezone.now() - timedelta(days=1))
"""
ORDER = """
from datetime import timedelta
from django.utils import timezone
from organizations.models import User
from petitions.mail import mailings
from petitions.models import Mailing, Petition, Update
then = timezone.now() - timedelta(minutes=11)
home = Petition.objects.get(slug="leave-the-nests")
following = Petition.objects.get(slug="mend-the-ferry")
update = Update.objects.create(
    petition=home, title="They are safe", text="News.", published_at=then, number=1)
by = User.objects.first()
mailing = mailings.draft_mailing(update, mailings.Audience(), by, then, following)
mailings.prepare_mailing(mailing, then)
Mailing.objects.filter(pk=mailing.pk).update(test_by=by, tested_at=then)
mailing.refresh_from_db()
mailings.order(mailing, by, then)
"""


def shell(site: Site, code: str) -> None:
    done = site.manage("shell", "-c", code)
    assert done.returncode == 0, done.stderr


def test_from_the_mail_to_the_count(plain: Page, site: Site) -> None:
    shell(site, PLANT)
    answer = fetch(
        f"{site.url}/petitions/leave-the-nests/sign/",
        {"name": "Maya Tremblay", "email": EMAIL, "updates": "yes"},
    )
    assert answer.status == 303
    assert fetch(site.link_for(EMAIL), {}).status == 303
    # It was ordered as of eleven minutes ago.
    site.sql(
        "UPDATE petitions_signature SET confirmed_at = now() - interval '1 hour' "
        "WHERE email = %s RETURNING id",
        EMAIL,
    )
    shell(site, ORDER)

    plain.goto(urlsplit(until(lambda: site.link_in(EMAIL, "/one-press/"))).path)

    expect(plain.locator("h1")).to_have_text("Sign with one press")
    expect(plain.locator("main")).to_contain_text("You are signing as Maya, s•••@")
    expect(plain.locator("main")).not_to_contain_text("Tremblay")
    # What is taken over stands in one column, also in a wide window.
    plain.set_viewport_size({"width": 1280, "height": 900})
    lefts = "all => all.map(each => each.offsetLeft)"
    answers = plain.locator(".facts dd").evaluate_all(lefts)
    assert len(answers) >= 3
    assert len(set(answers)) == 1
    assert answers[0] not in plain.locator(".facts dt").evaluate_all(lefts)
    plain.click("button:has-text('Sign the petition')")
    expect(plain.locator("h1")).to_have_text("Thank you. Your signature counts.")
    until(lambda: has_supporters(site, "/petitions/mend-the-ferry/", 1))
    assert not site.sql(
        "SELECT 1 FROM petitions_outgoingmail m JOIN petitions_petition p "
        "ON p.id = m.petition_id WHERE p.slug = 'mend-the-ferry'"
    )

    plain.go_back()
    plain.reload()
    expect(plain.locator("h1")).to_have_text("Your signature counts")
