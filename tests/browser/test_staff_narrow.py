"""What staff see in the narrowest window: nothing runs out of it, nor out of the block
that it stands in, and a row of a list is read without scrolling sideways."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from tests.browser.pages import BEYOND
from tests.site import Site

pytestmark = pytest.mark.browser


def lists(staff: Page) -> list[str]:
    staff.goto("/admin/")
    links = staff.eval_on_selector_all(
        "#content-main a", "all => all.map(one => one.getAttribute('href'))"
    )
    return sorted({link for link in links if re.fullmatch(r"/admin/\w+/\w+/", link)})


# Of a petition, with a word that is wider than the window.
HISTORY = """
INSERT INTO django_admin_log (action_time, object_id, object_repr, action_flag,
                              change_message, content_type_id, user_id)
SELECT now(), '1', '', 2, repeat('Rechtsschutz', 9), t.id, u.id
  FROM django_content_type t, organizations_user u
 WHERE t.app_label = 'petitions' AND t.model = 'petition'
 LIMIT 1
"""


def test_every_list_and_form_fits_into_the_narrowest_window(
    site: Site, staff: Page
) -> None:
    site.sql(HISTORY)
    staff.set_viewport_size({"width": 320, "height": 640})
    found: dict[str, list[str]] = {}
    paths = lists(staff)
    assert len(paths) > 8
    for path in paths:
        staff.goto(path)
        found[path] = staff.evaluate(BEYOND)
        first = staff.locator("#result_list tbody th a").first
        if first.count():
            paths.append(str(first.get_attribute("href")).partition("?")[0])
    for path in (
        "spread/", "figures/", "invalidate/", "history/", "do/close/", "export/",
        "../../export/new/1/",
    ):  # fmt: skip
        staff.goto(f"/admin/petitions/petition/1/{path}")
        found[path] = staff.evaluate(BEYOND)

    assert {path: one for path, one in found.items() if one} == {}


def test_a_row_of_a_narrow_list_says_what_its_values_are(staff: Page) -> None:
    staff.set_viewport_size({"width": 320, "height": 640})
    staff.goto("/admin/petitions/petition/")

    heads = staff.eval_on_selector_all(
        "#result_list tbody tr:first-child td:not(.action-checkbox)",
        "all => all.map(one => getComputedStyle(one, '::before').content)",
    )

    assert [head.strip('"') for head in heads] == [
        "Organisation", "State", "Supporters", "Opens at",
    ]  # fmt: skip
