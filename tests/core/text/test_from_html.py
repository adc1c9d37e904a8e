"""The HTML of other sites comes in as Markdown that says the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from core.text.from_html import (
    looks_like_html,
    markdown_of,
)
from petitions.markup import NEWEST_DIALECT, render
from petitions.models import Petition
from tests.petitions.importing.helpers import file_of, refusal, run


def rendered(markdown: str) -> str:
    return str(render(markdown, "markdown", NEWEST_DIALECT))


def words(html: str) -> list[str]:
    soup = BeautifulSoup(html, "html.parser")
    for gone in soup(["script", "style", "title"]):
        gone.decompose()
    return re.findall(r"[^\W_]+", soup.get_text(" "))


def links(html: str) -> list[str]:
    return [str(a["href"]) for a in BeautifulSoup(html, "html.parser")("a", href=True)]


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        (
            "<p>We ask&nbsp;you to <strong>act</strong>.</p>\n<ul><li>One</li><li>Two</li></ul>",
            "We ask\u00a0you to **act**.\n\n- One\n- Two",
        ),
        ("<p>A line\nthat is wrapped\n  here.</p><p>Next", "A line that is wrapped here.\n\nNext"),
        ("One<br>two<br/>three<br><br>four", "One\ntwo\nthree\n\nfour"),
        (
            "<ul><li>1<ul><li>1 a<ol><li>x<li>y</ol></li></ul></li><li>2</ul>",
            "- 1\n  - 1 a\n    1. x\n    2. y\n- 2",
        ),
        ("<ol start=3><li>Three<li>Four</ol>", "3. Three\n4. Four"),
        ("<h1>Title</h1>x<h3>Sub <b>it</b></h3>y", "# Title\n\nx\n\n### Sub **it**\n\ny"),
        (
            "<table><tr><th>A</th><th>B</th></tr><tr><td><p>1</p></td><td>2<br>3</td></tr></table>",
            "A | B\n1 | 2 3",
        ),
        ("<table><tr><td><p>One</p><p>Two</p></td></tr></table>", "One\n\nTwo"),
        ("<style>p{}</style><title>t</title><p>Text<!-- c -->", "Text"),
        ("<p>&lt;p&gt; &amp;nbsp; AT&amp;T &copy; &#8217; 5 &lt; 6", "<p> \\&nbsp; AT&T © ’ 5 < 6"),
        ("<p>*a* _b_<p># no<p>- no<p>1. no<p>30. Juni<p>&gt; no", "\\*a\\* \\_b\\_\n\n\\# no\n\n\\- no\n\n1\\. no\n\n30. Juni\n\n\\> no"),
        # Google Docs, and Word.
        ('<b style="font-weight:normal"><p><span style="font-weight:700">B</span> c</p></b>', "**B** c"),
        ("<p class=MsoNormal><o:p>&nbsp;</o:p></p><p>Text<o:p></o:p></p>", "Text"),
        ("<b><p>One</p><p>Two</p></b>", "One\n\nTwo"),
        ("<pre>a *b*\n  c</pre>", "a \\*b\\*\n  c"),
        ("<blockquote><p>a</p><p>b</p></blockquote>c", "> a\n>\n> b\n\nc"),
        # No element breaks a line: its own breaks do.
        ("Dear &amp; all,\r\n\r\nplease <b>act</b>.", "Dear & all,\n\nplease **act**."),
        ("&amp;lt;b&amp;gt;", "\\&lt;b\\&gt;"),
        ("<del>old</del> <span style='text-decoration: line-through'>x</span> ~~no~~", "~~old~~ ~~x~~ \\~\\~no\\~\\~"),
    ],
)  # fmt: skip
def test_html_becomes_markdown(html: str, markdown: str) -> None:
    converted = markdown_of(html)

    assert converted.text == markdown
    assert converted.left_out == []
    # A list that begins with 3 is lines, so that no number changes.
    told = words(rendered(markdown))
    assert [word for word in told if "start=3" not in html or word > "9"] == words(html)


def test_a_raised_number_stays_another_number() -> None:
    html = "10<sup>6</sup> H<sub>2</sub>O 1<sup>st</sup> a<sup>b</sup>"
    assert markdown_of(html).text == "10⁶ H₂O 1st ab"


def item(level: int, mark: str, words: str) -> str:
    """A paragraph of a list, as Word writes it."""
    return (
        f"<p class=MsoListParagraph style='text-indent:-18.0pt;mso-list:l0 level{level} "
        f"lfo1'><![if !supportLists]><span style='mso-list:Ignore'>{mark}<span>&nbsp; "
        f"</span></span><![endif]>{words}<o:p></o:p></p>\n"
    )


def test_lists_of_word_are_lists() -> None:
    html = "".join(
        [
            "<p class=MsoNormal>We ask<o:p></o:p></p>",
            item(1, "·", "One"), item(2, "o", "One a"), item(2, "o", "One b"),
            item(1, "·", "Two"), item(1, "3.", "Three"), item(1, "4.", "Four"),
        ]
    )  # fmt: skip

    assert markdown_of(html).text == (
        "We ask\n\n- One\n  - One a\n  - One b\n- Two\n\n3. Three\n4. Four"
    )


@pytest.mark.parametrize(
    ("html", "href"),
    [
        ('<a href="https://e.org/a_b*c?x=1&amp;y=2">w</a>', "https://e.org/a_b*c?x=1&y=2"),
        ('<a href="https://e.org/(a) b">[1] w</a>x', "https://e.org/%28a%29%20b"),
        ('<a href="https://e.org/?a&amp;copy;">w</a>', "https://e.org/?a&copy;"),
        ('<a href="https://e.org/a_b_">https://e.org/a_b_</a>more', "https://e.org/a_b_"),
        ('<a href="mailto:a@e.org">write</a>', "mailto:a@e.org"),
        ('<a href="https://e.org/"><div>two</div><div>lines</div></a>', "https://e.org/"),
        ("<p>See https://e.org/a_b_c*d now", "https://e.org/a_b_c*d"),
    ],
)  # fmt: skip
def test_links_lead_where_they_led(html: str, href: str) -> None:
    page = rendered(markdown_of(html).text)

    assert links(page) == [href]
    assert words(page) == words(html)


@pytest.mark.parametrize(
    ("html", "left_out", "text"),
    [
        ('<img src="a.png" alt="A cat"> x', ["pictures are left out, 1"], "x"),
        ('<a href="https://e.org/"><img src=a alt="A cat"></a>', ["pictures"], "[A cat](https://e.org/)"),
        ("<iframe src=x></iframe><video></video>y", ["frames are left out, 2"], "y"),
        ('<a href="/here">w</a> <a href="#x">up</a>', ["words now: /here."], "w up"),
        ('<a href="javascript:alert(1)">w</a>', ["words now: javascript:alert(1)."], "w"),
        ('<a href="data:text/html,x">w</a>', ["words now: data:text/html,x."], "w"),
        ('<img src="data:image/png;base64,AA"><svg><text>t</text></svg>x', ["pictures are left out, 2"], "x"),
        ("<script>x()</script><SCRIPT src=y></SCRIPT><p>y", ["scripts are left out, 2"], "y"),
        ("<!-- <script>x()</script> -->y", [], "y"),
        ("<form><input name=q><textarea>t</textarea><button>Sign</button></form>y", ["fields and buttons are left out, 3"], "y"),
        ("<noscript>Enable JavaScript</noscript><p style='display:none'>hid</p>y", [], "y"),
    ],
)  # fmt: skip
def test_what_a_text_cannot_hold_is_said(
    html: str, left_out: list[str], text: str
) -> None:
    converted = markdown_of(html)

    assert converted.text == text
    assert len(converted.left_out) == len(left_out)
    for said, part in zip(converted.left_out, left_out, strict=True):
        assert part in said


TEXTS = st.text("ab 12.*_#->[](!)`~\\&;<=+|«é的", min_size=1, max_size=12)
INLINES = st.recursive(
    TEXTS.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;")),
    lambda inner: st.tuples(st.sampled_from(["b", "i", "em", "span"]), st.lists(inner)).map(
        lambda pair: f"<{pair[0]}>{''.join(pair[1])}</{pair[0]}>"
    ),
    max_leaves=6,
)  # fmt: skip
PARAGRAPHS = st.lists(st.lists(INLINES).map("".join), min_size=1, max_size=4)


@given(PARAGRAPHS, st.sampled_from(["p", "div", "li", "h2", "blockquote"]))
@settings(max_examples=300, deadline=None)
def test_no_word_is_lost_and_none_is_new(paragraphs: list[str], tag: str) -> None:
    html = "".join(f"<{tag}>{text}</{tag}>" for text in paragraphs)
    if tag == "li":
        html = f"<ul>{html}</ul>"

    page = rendered(markdown_of(html).text)

    assert "".join(words(page)) == "".join(words(html))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a <p>b</p>", "<p>"), ("a<br/>b", "<br/>"), ('<a href="x">', '<a href="x">'),
        ("a&nbsp;b", "&nbsp;"), ("it&#39;s", "&#39;"), ("</STRONG>", "</STRONG>"),
        ("I <3 you, a < b > c", ""), ("AT&T; R&D", ""), ("<maya@example.org>", ""),
        ("<https://example.org>", ""), ("x < p and q > r", ""), ("&unknownthing;", ""),
    ],
)  # fmt: skip
def test_what_looks_like_html(text: str, found: str) -> None:
    assert looks_like_html(text) == found


def test_html_is_read_in_a_moment() -> None:
    assert markdown_of("<li>x" * 4000).text.count("\n") == 3999
    assert markdown_of("<p><b>" * 3000).text == ""


# == In a file ==

HTML = "<p>We&nbsp;ask <b>you</b><img src=x></p>"


@pytest.mark.django_db
def test_a_file_may_have_texts_in_html(tmp_path: Path) -> None:
    petition = {
        "title": "A",
        "text": HTML,
        "text_format": "html",
        "translations": {"fr": {"title": "B", "text": "<ul><li>Un</ul>"}},
    }
    said = run(tmp_path, file_of(petition))

    stored = Petition.objects.get()
    assert (stored.text, stored.text_format) == ("We\u00a0ask **you**", "markdown")
    assert stored.translations.get().text == "- Un"
    assert "petitions[0].text: pictures are left out, 1 of them: add the one" in said
    assert "differs" not in run(tmp_path, file_of(petition))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<p>" * 200_000, "has at most 400,000 characters of HTML (it has 600,000)"),
        (f"<p>{'x' * 40_001}</p>", "at most 40,000 characters (it has 40,001)"),
        ("<script>x</script>", "is empty."),
    ],
)
def test_html_that_cannot_be_taken(tmp_path: Path, text: str, sentence: str) -> None:
    petition = {"title": "A", "text": text, "text_format": "html"}

    (line,) = refusal(tmp_path, file_of(petition))

    assert "petitions[0].text: " in line
    assert sentence in line


@pytest.mark.django_db
def test_html_that_nobody_called_so_is_told(tmp_path: Path) -> None:
    lines = refusal(
        tmp_path,
        file_of(
            {"title": "A", "text": "Dear&nbsp;all"},
            {
                "title": "B",
                "translations": {"fr": {"title": "B", "text": "<p>x</p>"}},
            },
        ),
    )

    assert len(lines) == 2
    assert "[0].text: looks like HTML (“&nbsp;”): say" in lines[0]
    assert "[1].translations.fr.text: looks like HTML (“<p>”): say" in lines[1]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("petition", "path", "printed"),
    [
        ({"text": "<p>a</p>", "text_format": "plain"}, "text", "&lt;p&gt;a&lt;/p&gt;"),
        ({"text": "<p>a</p>", "text_format": "markdown"}, "text", "&lt;p&gt;a"),
        ({"title": "Bees &amp; trees"}, "title", ""),
        ({"outcome": "<b>Won</b>"}, "outcome", ""),
    ],
)
def test_html_that_may_be_meant_comes_in_and_is_told(
    tmp_path: Path, petition: dict[str, Any], path: str, printed: str
) -> None:
    said = run(tmp_path, file_of({"title": "A", **petition}))

    assert f"petitions[0].{path}: " in said
    assert "HTML" in said
    stored = Petition.objects.get()
    assert getattr(stored, path) == petition[path]
    assert printed in render(stored.text, stored.text_format, stored.dialect)
