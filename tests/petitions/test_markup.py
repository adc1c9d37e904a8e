"""Campaign text: what is printed, and what a profile shows of a long one."""

from __future__ import annotations

import pytest

from petitions.markup import COMMONMARK, DIALECTS, EXCERPT, PASTED, excerpt, render
from petitions.states import TextFormat


def test_markdown_becomes_html() -> None:
    html = render(
        "# Ask\n\nA *fair* [law](https://example.org/).", TextFormat.MARKDOWN, PASTED
    )

    assert html == (
        "<h2>Ask</h2>\n<p>A <em>fair</em> "
        '<a href="https://example.org/" rel="nofollow noopener ugc">law</a>.</p>\n'
    )


def test_headings_stand_below_those_of_the_page() -> None:
    assert "<h4>Ask</h4>" in render("# Ask", TextFormat.MARKDOWN, PASTED, 4)
    assert "<h6>Ask</h6>" in render("##### Ask", TextFormat.MARKDOWN, PASTED, 4)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src="https://tracker.example/x.png">',
        "![*x*](javascript:alert(1))",
        "[a](javascript:alert(1))",
        '<a href="https://example.org" onclick="x()">a</a>',
        '<p style="position:fixed">a</p>',
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_in_a_text_can_act_or_ask_elsewhere(text: str, dialect: int) -> None:
    html = render(text, TextFormat.MARKDOWN, dialect)

    for word in ("<script", "<img", 'href="javascript', "<p style"):
        assert word not in html
    # What is linked is the address, and nothing behind it.
    assert (
        html.count("<a ") == html.count('<a href="https://') <= (dialect != COMMONMARK)
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('![A "map"](https://example.org/x.png)', "A &quot;map&quot;"),
        ("![](https://example.org/x.png)", "https://example.org/x.png"),
    ],
)
def test_a_picture_from_elsewhere_becomes_a_link(text: str, words: str) -> None:
    html = render(text, TextFormat.MARKDOWN, PASTED)

    assert "<img" not in html
    assert (
        f'<a href="https://example.org/x.png" rel="nofollow noopener ugc">{words.replace("&quot;", chr(34))}</a>'
        in html
    )


def test_plain_text_stays_as_it_was_typed() -> None:
    html = render(
        "1. *One*\u00a0& <two>\r\n  three\r\n\r\n\r\n# Four", TextFormat.PLAIN, PASTED
    )

    assert html == (
        '<p class="plain">1. *One*\u00a0&amp; &lt;two&gt;\n  three</p>\n'
        '<p class="plain"># Four</p>\n'
    )


def test_a_short_text_is_whole() -> None:
    text = "a" * EXCERPT

    assert excerpt(text, TextFormat.MARKDOWN, PASTED) == (text, False)


@pytest.mark.parametrize("text_format", list(TextFormat))
def test_a_long_text_is_cut_between_paragraphs(text_format: TextFormat) -> None:
    paragraph = "word " * 120
    text = "\n\n".join([paragraph.strip()] * 10)

    shown, cut = excerpt(text, text_format, PASTED)

    assert cut
    assert [part.strip() for part in shown.split("\n\n") if part.strip()] == [
        paragraph.strip()
    ] * 3


def test_one_endless_paragraph_is_shown_whole() -> None:
    text = "word " * 1000

    shown, cut = excerpt(text, TextFormat.PLAIN, PASTED)

    assert shown == text
    assert not cut


def test_a_list_is_not_cut_in_its_middle() -> None:
    items = "\n".join(f"- item {number} " + "x" * 80 for number in range(20))
    text = f"Introduction.\n\n{items}\n\n" + "End. " * 200

    shown, cut = excerpt(text, TextFormat.MARKDOWN, PASTED)

    assert cut
    assert "item 19" in shown
    assert "End." not in shown
