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


@pytest.mark.parametrize(
    ("html", "text"),
    [
        # Runs of bold, and bold that Markdown has no place for.
        ("<p><b>Sto</b><b>p</b> the <b>x<b>y</b></b></p>", "**Stop** the **xy**"),
        ("<p><b>Note:</b>read <i>l’</i>eau, <i>i</i>t</p>", "**Note**:read *l*’eau, it"),
        ("<p>中文<b>「引用」</b>后</p>", "中文「**引用**」后"),
        ("<b><p>One</p><p>two</p></b>", "One\n\ntwo"),
        # Numbers as they were drawn.
        ("10<sup>6</sup> m<sup>2</sup> H<sub>2</sub>O 1<sup>er</sup>", "10⁶ m² H₂O 1er"),
        ("<ol type=a start=2><li>x<li>y</ol>", "b. x\nc. y"),
        ("<ol style='list-style-type: upper-roman' start=4><li>x</ol>", "IV. x"),
        ("<ol><li value=5>x<li>y</ol>", "5. x\n6. y"),
        ("<ol reversed><li>x<li>y</ol>", "2. x\n1. y"),
        ("<ol start=5><li>x</li><ol style='list-style: lower-alpha'><li>y</li></ol><li>z</li></ol>",
         "5. x\n   a. y\n6. z"),
        ("<p style='mso-list:l0 level1'><span style='mso-list:Ignore'>Art. 5</span>Water</p>",
         "Art. 5 Water"),
        ("<h1 style='mso-list:l0 level1'><span style='mso-list:Ignore'>2.</span>Why</h1>", "# 2. Why"),
        # What was struck out, hidden, commented, drawn.
        ("<p><s>10</s> <del>20</del> 30</p>", "~~10~~ ~~20~~ 30"),
        ("<p>a<span style='display: none'>b</span></p><div style='mso-element:comment-list'>c</div>", "a"),
        ("<p>a <img alt='🎉' src=x><img alt='A logo' src=x><button>b</button></p>", "a 🎉"),
        ("<p><span style='font-family:Wingdings'>à</span> <q>b</q></p>", "→ “b”"),
        # Lines.
        ("one<br>two<br><br>three", "one\ntwo\n\nthree"),
        ("<h2>One<br>two #</h2><h3><br></h3>", "## One two \\#"),
        ("<p>---</p><p>__x__</p><pre># a *b*</pre>", "\\---\n\n\\_\\_x\\_\\_\n\n\\# a \\*b\\*"),
        ("<blockquote><p>500 people</p></blockquote>", ">\n> 500 people"),
        # A table that only places paragraphs.
        ("<table><tr><td><p>One</p><p>two</p></td></tr></table>", "One\n\ntwo"),
        # Links through others.
        ("<a href='https://www.google.com/url?q=https://example.org/r%3Fa&sa=D'>r</a>", "[r](https://example.org/r?a)"),
        ("<a href='https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fexample.org'>r</a>",
         "[r](https://example.org)"),
    ],
)  # fmt: skip
def test_what_else_is_pasted(staff: Page, html: str, text: str) -> None:
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
