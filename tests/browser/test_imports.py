"""Importing signatures, as staff see it in the narrowest window and axe anywhere."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.accessibility import violations
from tests.browser.journey import has_supporters, supporters
from tests.browser.pages import BEYOND
from tests.site import Site, until

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


IMPORTED = """
import io
from django.utils import timezone
from organizations.models import User
from petitions.importing import jobs, stored_files
from petitions.models import Petition, SignatureImport
petition, by = Petition.objects.get(pk=1), User.objects.first()
job = SignatureImport(
    petition=petition, made_by=by, made_at=timezone.now(), label="Elsewhere", asks=True
)
file = io.BytesIO(b"Email,Name\\nann.asked@example.org,Ann Roy\\n")
stored_files.keep_file(job, "asked.csv", file)
jobs.begin_check(job)
while jobs.advance_import(timezone.now()):
    pass
jobs.begin_import(job, by, now=timezone.now())
while jobs.advance_import(timezone.now() + 2 * jobs.ON_ITS_WAY):
    pass
print("import", job.pk)
"""
# The tour wants the demonstration as it came.
TAKEN_BACK = """
from django.utils import timezone
from petitions.models import Signature
from petitions.signatures.withdrawing import withdraw
withdraw(Signature.objects.get(email="ann.asked@example.org"), now=timezone.now())
"""


def test_the_pages_of_asking_fit_and_axe_finds_nothing(
    staff: Page, site: Site, plain: Page
) -> None:
    ((slug,),) = site.sql("SELECT slug FROM petitions_petition WHERE id = 1")
    path = f"/petitions/{slug}/"
    before = supporters(site, path)
    done = site.manage("shell", "-c", IMPORTED)
    assert done.returncode == 0, done.stderr
    number = int(done.stdout.split()[-1])
    staff.set_viewport_size({"width": 320, "height": 640})
    staff.goto(f"/admin/petitions/signatureimport/{number}/change/")
    assert (staff.evaluate(BEYOND), violations(staff, "imported")) == ([], [])
    staff.get_by_role("link", name="Ask these people by mail to confirm…").click()
    assert (staff.evaluate(BEYOND), violations(staff, "ask")) == ([], [])
    staff.get_by_role("button", name="Order it").click()
    assert staff.locator("form ul.errorlist").count()
    assert (staff.evaluate(BEYOND), violations(staff, "mistake")) == ([], [])
    staff.get_by_label("Where they signed, as the mail says it").fill("Change.example")
    staff.get_by_role("button", name="Order it").click()
    staff.wait_for_url("**/asking/*/change/")
    assert (staff.evaluate(BEYOND), violations(staff, "ordered")) == ([], [])

    # As if the ten minutes were over.
    site.sql(
        "UPDATE petitions_asking SET ordered_at = ordered_at - interval '11 minutes',"
        " begins_at = begins_at - interval '11 minutes'"
    )
    plain.goto(site.link_for("ann.asked@example.org", 30))
    plain.get_by_role("button").first.click()
    plain.wait_for_url("**/thank-you/**")
    staff.reload()
    assert "Done" in staff.inner_text("main")
    assert (staff.evaluate(BEYOND), violations(staff, "done")) == ([], [])

    done = site.manage("shell", "-c", TAKEN_BACK)
    assert done.returncode == 0, done.stderr
    until(partial(has_supporters, site, path, before), 30, 0.5)
