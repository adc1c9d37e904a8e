"""Pasting into the admin's field for a text, from a page and from word processors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import NARROW, log_in

pytestmark = pytest.mark.browser

ADD = "/admin/petitions/petition/add/"
PAGE = """<!doctype html><meta charset=utf-8><body><h1>Free the river</h1>
<p>Dear <b>Minister</b>,</p>
<p>We ask you to act. See <a href="https://example.org/report">our report</a>.</p>
<ul><li>Stop the dam</li><li>Pay the villagers</li></ul>
<ol><li>First</li><li>Second</li></ol>
<table><tr><td>2019</td><td>4 dams</td></tr><tr><td>2020</td><td>7 dams</td></tr></table>
<p style="text-indent:2em">Signed,<br>Maya<br>Ottawa</p></body>"""
AS_MARKDOWN = """# Free the river

Dear **Minister**,

We ask you to act. See [our report](https://example.org/report).

- Stop the dam
- Pay the villagers

1. First
2. Second

2019 | 4 dams
2020 | 7 dams

Signed,
Maya
Ottawa"""

WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p {x: y}</style>
</head><body><!--StartFragment--><p class=MsoNormal>Our <b>demands</b>:<o:p></o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'>
<![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>·<span
style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp; </span></span></span><![endif]>Stop the
dam<o:p></o:p></p>
<p class=MsoListParagraphCxSpLast style='mso-list:l0 level1 lfo1'><span
style='mso-list:Ignore'>·<span>&nbsp;</span></span>Pay *all*</p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><span
style='mso-list:Ignore'>1.<span>&nbsp;</span></span>First</p>
<p class=MsoNormal>30. Juni 2020 [sic], snake_case and _this_</p><!--EndFragment--></body></html>"""
AS_WORD = """Our **demands**:

- Stop the dam
- Pay \\*all\\*
1. First

30. Juni 2020 [sic], snake_case and \\_this\\_"""

DOCS = """<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-1">
<p dir="ltr"><span style="font-weight:400">Plain </span><span style="font-weight:700">bold</span><span style="font-weight:400"> and </span><span style="font-style:italic">slanted</span></p>
<ol start="3"><li dir="ltr"><p dir="ltr"><span>Third</span></p></li></ol>
<img src="https://tracker.example/x.png"><script>alert(1)</script>
<p><a href="javascript:alert(1)">bad</a> <a href="https://x.org/a_(b)">https://x.org/a_(b)</a> <a href="https://x.org/(b)">a page</a></p></b>"""
AS_DOCS = """Plain **bold** and *slanted*

3. Third

bad https://x.org/a_(b) [a page](https://x.org/%28b%29)"""

PASTE = """(field, html) => {
  const data = new DataTransfer();
  data.setData("text/html", html);
  data.setData("text/plain", "plain");
  field.focus();
  field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


def pasted(staff: Page, html: str) -> str:
    staff.locator("#id_text").evaluate(PASTE, html)
    return staff.input_value("#id_text")


def test_what_is_copied_from_a_page_keeps_what_it_said(staff: Page) -> None:
    page = staff.context.new_page()
    page.set_content(PAGE)
    page.keyboard.press("Control+A")
    page.keyboard.press("Control+C")
    staff.bring_to_front()
    staff.goto(ADD)
    staff.focus("#id_text")

    staff.keyboard.press("Control+V")

    expect(staff.locator("#id_text")).to_have_value(AS_MARKDOWN)
    staff.keyboard.press("Control+Z")
    expect(staff.locator("#id_text")).to_have_value("")


@pytest.mark.parametrize(("html", "text"), [(WORD, AS_WORD), (DOCS, AS_DOCS)])
def test_what_word_processors_copy(staff: Page, html: str, text: str) -> None:
    staff.goto(ADD)

    assert pasted(staff, html) == text


def test_plain_text_is_pasted_as_it_is(staff: Page) -> None:
    staff.goto(ADD)
    staff.select_option("#id_text_format", "plain")

    # The browser's own way, which an invented event does not set going.
    assert pasted(staff, PAGE) == ""


def test_without_scripts_the_lines_are_pasted(
    open_context: Callable[..., BrowserContext],
) -> None:
    context = open_context()
    log_in(context.new_page())
    page = context.new_page()
    page.set_content(PAGE)
    page.keyboard.press("Control+A")
    page.keyboard.press("Control+C")
    plain = open_context(
        java_script_enabled=False, storage_state=context.storage_state()
    ).new_page()
    plain.goto(ADD)
    plain.focus("#id_text")

    plain.keyboard.press("Control+V")

    assert "Signed,\nMaya\nOttawa" in plain.input_value("#id_text")
    assert not plain.is_visible("markdown-toolbar")


def test_buttons_write_markdown(staff: Page) -> None:
    staff.goto(ADD)
    staff.fill("#id_text", "Act now")
    staff.locator("#id_text").select_text()

    staff.click("markdown-toolbar[for=id_text] md-bold")

    expect(staff.locator("#id_text")).to_have_value("**Act now**")


def test_buttons_of_an_added_row_are_its_own(staff: Page) -> None:
    staff.goto("/admin/petitions/petition/1/change/")
    staff.locator("#translations-group .add-row a").click()
    field = staff.locator(
        ".dynamic-translations:not(.has_original) textarea[name$=-text]"
    )
    field.last.fill("x")
    field.last.select_text()

    staff.locator(".dynamic-translations:not(.has_original) md-italic").last.click()

    expect(field.last).to_have_value("_x_")


def test_the_buttons_fit_a_phone(staff: Page) -> None:
    staff.set_viewport_size(NARROW)  # type: ignore[arg-type]
    staff.goto(ADD)

    width = staff.evaluate("document.querySelector('markdown-toolbar').scrollWidth")

    assert width <= 320
