"""The printed letter of a delivery."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.utils.translation import override

from core.i18n.languages import Passage
from petitions.counts.curve import curve
from petitions.delivery.letter_pdf import PrintedLetter, letter_blocks, render_letter
from tests.core.pdf.helpers import images_of, needs_printing, text_of

needs_printing()

LETTER = PrintedLetter(
    title=Passage("Keep the night bus", "en"),
    ask=Passage("Run line 24 after midnight.", "en"),
    to="Marie Tremblay, Minister of Transport",
    organization="Transit Riders’ Union",
    imprint="Transit Riders’ Union\n1 Main Street, Ottawa",
    as_of=datetime(2026, 11, 28, 16, tzinfo=UTC),
    body="As of today, 1,561 people support this petition:\n- confirmed: 1,500.\n"
    "- on paper: 61.\n\nPlease answer.\nhttps://petitions.example/",
    number=1_561,
    sources=[("Confirmed here", 1_500), ("On paper", 61)],
    countries=[("Canada", 1_400), ("France", 80), ("Not said", 20)],
    regions=[("Quebec, Canada", 1_300), ("Other regions", 180), ("Not said", 20)],
    curve=curve(
        [(date(2026, 11, 1), 500), (date(2026, 11, 20), 1_061)],
        until=date(2026, 11, 28),
        total=1_561,
    ),
)


def words_of(letter: PrintedLetter) -> str:
    return " ".join(text_of(render_letter(letter).content).split())


def test_what_the_letter_says() -> None:
    text = words_of(LETTER)

    assert text.startswith(
        "Transit Riders’ Union 28 November 2026 Marie Tremblay, Minister of Transport "
        "Keep the night bus Run line 24 after midnight. As of today, 1,561 people "
        "support this petition: • confirmed: 1,500. • on paper: 61. Please answer. "
        "https://petitions.example/ Transit Riders’ Union 1 Main Street, Ottawa"
    )
    assert "Supporters over time" in text
    assert "0 1 November 2026 1,561 28 November 2026" in text
    assert "Supporters Confirmed here 1,500 On paper 61 Total 1,561" in text
    assert "Canada 1,400 France 80 Not said 20" in text
    assert "by region Quebec, Canada 1,300 Other regions 180 Not said 20" in text


def test_what_there_is_nothing_of_has_no_heading() -> None:
    text = words_of(
        replace(LETTER, countries=[], regions=[], curve=None, ask=Passage("", "en"))
    )

    assert "by country" not in text
    assert "by region" not in text
    assert "over time" not in text
    assert "Run line 24" not in text


def test_the_pictures_are_described() -> None:
    """The curve has a text in its place; bars repeat the numbers beside them."""
    content = render_letter(LETTER).content

    assert b"From 0 on 1 November 2026 to 1,561 on 28 November 2026." in content


def test_the_longest_bar_is_of_the_greatest_number(tmp_path: Path) -> None:
    def colour(letter: PrintedLetter) -> int:
        """Return how many points are as dark as a bar and the line of the curve."""
        (page,) = images_of(render_letter(letter).content, tmp_path)
        return sum(60 <= each <= 110 for each in page.read_bytes()[15:])

    bars = [("Canada", 0), ("France", 0)]
    words = replace(LETTER, countries=bars, regions=[], curve=None)
    less = replace(words, countries=[("Canada", 80), ("France", 8)])
    equal = replace(words, countries=[("Canada", 80), ("France", 80)])

    none = colour(words)
    assert colour(equal) - none > 1.5 * (colour(less) - none) > 150


def test_in_french() -> None:
    with override("fr"):
        text = words_of(LETTER)

    assert "28 novembre 2026" in text
    assert "Page 1 de 1" in text
    assert not {"Supporters", "Total", "From"} & set(re.findall(r"[\w ]+", text))


def test_a_letter_of_a_reader_from_the_right() -> None:
    title = Passage("أبقوا الحافلة 24/7", "ar")
    with override("ar"):
        pdf = render_letter(replace(LETTER, title=title))

    assert "أبقوا الحافلة" in text_of(pdf.content)
    assert "Marie Tremblay, Minister of Transport" in text_of(pdf.content)
    assert b"/Lang(ar)" in pdf.content
    assert b"/Direction/R2L" in pdf.content


@pytest.mark.parametrize(
    "words",
    [
        '#read("/etc/passwd")',
        "*bold* $x$ _it_",
        "<label> @ref \\",
        "a\u202eb",
        "\uffff",
    ],
)
def test_words_are_no_markup(words: str) -> None:
    title = Passage(words, "en")
    text = words_of(replace(LETTER, title=title, to=words, body=words, imprint=words))

    plain = words.replace("\u202e", "").replace("\uffff", "\ufffd")
    assert text.count(plain) >= 4


def test_a_word_that_is_wider_than_the_page_is_broken() -> None:
    words = "x" * 300

    pdf = render_letter(replace(LETTER, title=Passage(words, "en"), body=words))

    assert pdf.pages <= 2
    assert "".join(text_of(pdf.content).split()).count(words) >= 2


def test_the_same_letter_is_the_same_bytes() -> None:
    assert render_letter(LETTER).content == render_letter(LETTER).content


def test_lists_and_paragraphs_are_parted() -> None:
    found = letter_blocks("One:\n- a\n- b\n\nTwo\nlines\n\n\nThree\n")

    assert [
        (each["kind"], [text for text, _dir in each["lines"]]) for each in found
    ] == [
        ("text", ["One:"]),
        ("list", ["a", "b"]),
        ("text", ["Two", "lines"]),
        ("text", ["Three"]),
    ]
