"""The printed list of those who signed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from django.utils.translation import override

from core.i18n.languages import Passage
from core.pdf.rendering import Rendered
from petitions.delivery.list_pdf import WIDTHS, Heading, ListLine, render_part
from petitions.signature_fields import HANDED_OVER, REGION
from tests.core.pdf.helpers import images_of, needs_printing, text_of

needs_printing()

HEADING = Heading(
    title=Passage("Keep the night bus", "en"),
    to="Marie Tremblay, Minister of Transport",
    organization="Transit Riders’ Union",
    as_of=datetime(2026, 11, 28, 16, tzinfo=UTC),
)
SCRIPTS = {
    "Latin": "Zoë Tremblay-O’Connor", "Vietnamese": "Đặng Thị Hương Nguyễn",
    "Cyrillic": "Владимир Пушкарёв", "Greek": "Ελένη Παπαδοπούλου",
    "Arabic": "محمد عبد الرحمن السيد", "Persian": "پگاه کریمی نژاد",
    "Hebrew": "שרה כהן־לוי", "Hindi": "अनुष्का शर्मा", "Bengali": "প্রিয়াঙ্কা দাস",
    "Tamil": "பிரியா", "Telugu": "తెలుగు", "Chinese": "王小明", "Japanese": "佐藤花子",
    "Korean": "김민준", "Thai": "สมชาย ใจดี", "Georgian": "აკაკი წერეთელი",
    "Armenian": "Արմեն Սարգսյան", "Amharic": "አበበ ቢቂላ", "Cree": "ᐊᓂᔑᓈᐯ",
}  # fmt: skip


def line(number: int, *cells: str) -> ListLine:
    """Return a line whose cells are in the order of the columns."""
    return ListLine(number, dict(zip(WIDTHS, cells, strict=False)))


def made(*names: str, heading: Heading = HEADING) -> Rendered:
    return render_part([line(i, name) for i, name in enumerate(names, 1)], heading)


def words_of(pdf: Rendered, *options: str) -> str:
    return " ".join(text_of(pdf.content, "-layout", *options).split())


def test_what_stands_above_the_names() -> None:
    lines = [line(2_500 + i, "Ann") for i in range(1, 4)]

    text = words_of(render_part(lines, replace(HEADING, part=2, parts=3)))

    assert text.startswith(
        "Keep the night bus To Marie Tremblay, Minister of Transport From Transit "
        "Riders’ Union Part 2 of 3 Signatures 2,501 to 2,503 As of 28 November 2026 "
        "Number Name 2,501 Ann 2,502 Ann 2,503 Ann"
    )
    assert "Part" not in words_of(render_part(lines, HEADING))


@pytest.mark.parametrize(
    ("title", "language"),
    [
        ("End solitary confinement in Constitutionville", "en"),
        ("Antidisestablishmentarianism", "en"),
        ("x" * 150, "en"),
        ("全国で夜行バスを走らせてください、深夜にも人は動く", "ja"),
        ("أبقوا-الحافلة-الليلية-تعمل-دائما", "ar"),
    ],
)
def test_a_title_with_a_long_word_is_printed(title: str, language: str) -> None:
    """PDF/UA takes a heading only when its text is known for the outline."""
    pdf = made("Ann", heading=replace(HEADING, title=Passage(title, language)))

    assert "".join(title.split())[:5] in "".join(text_of(pdf.content).split())


def test_in_french() -> None:
    with override("fr"):
        text = words_of(made("Zoë", heading=replace(HEADING, part=2, parts=3)))

    assert "Partie 2 de 3" in text
    assert "28 novembre 2026" in text
    assert "Page 1 de 1" in text
    assert not {"Number", "Part", "From", "As of"} & set(re.findall(r"[\w ]+", text))


def test_columns_that_nobody_filled_in_are_left_out() -> None:
    whole = [line(1, "Ann", "Montréal", "Quebec", "Canada"), line(2, "Bo")]
    region = [line(1, "Ann", "", "Quebec")]

    assert "Number Name Place Region Country 1 Ann Montréal Quebec Canada 2 Bo" in (
        words_of(render_part(whole, HEADING))
    )
    assert "Number Name Region 1 Ann Quebec" in words_of(render_part(region, HEADING))


def test_whatever_is_handed_over_has_a_column() -> None:
    columns = [name for name in WIDTHS if name != "name"]
    answers = {name: f"Said{number}" for number, name in enumerate(columns)}

    text = words_of(render_part([ListLine(1, {"name": "Ann", **answers})], HEADING))

    assert {*columns} == {REGION, *(field.name for field in HANDED_OVER)}
    heads = "Place Region Country"
    said = " ".join(answers.values())
    assert f"Number Name {heads} 1 Ann {said}" in text


def test_each_page_has_the_head_of_the_table_and_its_number() -> None:
    pdf = made(*["Ann"] * 150)

    assert pdf.pages > 2
    for number in range(1, pdf.pages + 1):
        page = words_of(pdf, "-f", str(number), "-l", str(number))
        assert "Number Name" in page
        assert f"Page {number} of {pdf.pages}" in page


def test_a_list_of_a_reader_from_the_right() -> None:
    """Columns go from the right; numbers and Latin names are not turned around."""
    heading = replace(
        HEADING, title=Passage("أبقوا الحافلة 24/7", "ar"), part=2, parts=3
    )
    with override("ar"):
        pdf = render_part([line(1, "Ann B. (2)", "Québec"), line(2, "علي")], heading)

    assert "Page 1 of 1" in text_of(pdf.content)
    assert "2 of 3" in text_of(pdf.content)
    assert "Ann B. (2)" in text_of(pdf.content)
    assert "أبقوا الحافلة" in text_of(pdf.content)
    assert left_of(pdf, "Québec") < left_of(pdf, "Ann")
    assert b"/Lang(ar)" in pdf.content
    assert b"/Direction/R2L" in pdf.content


def left_of(pdf: Rendered, word: str) -> float:
    """Return how far from the left a word begins."""
    boxes = text_of(pdf.content, "-bbox")
    found = re.search(rf'xMin="([\d.]+)"[^>]*>{re.escape(word)}</word>', boxes)
    assert found, boxes
    return float(found[1])


@pytest.mark.parametrize("name", SCRIPTS.values(), ids=SCRIPTS)
def test_a_name_is_read_as_it_was_written(name: str) -> None:
    pdf = made(name)

    assert pdf.replaced == 0
    assert f" 1 {name} " in words_of(pdf)


@pytest.mark.parametrize(
    "name",
    [
        '#read("/etc/passwd")', "*bold* _it_ $x$ `code`", "#panic()", "])}\\", "= Title",
        "https://example.org/a?b#c", "<label> @label", "// gone", "{page} of {pages}",
        "a~b -- c --- d ...", "'a' \"b\"",
    ],
)  # fmt: skip
def test_a_name_is_no_markup(name: str) -> None:
    assert f"1 {name}" in words_of(made(name))


def test_a_name_turns_no_other_around() -> None:
    pdf = made("\u202ebob\u202c A", "\u2067x", "Ann שרה Bo", "Zoë")

    assert "1 bob A 2 x 3 Ann" in words_of(pdf)
    assert "4 Zoë" in words_of(pdf)


def test_characters_that_no_font_has_are_counted() -> None:
    pdf = made("A\U0010ffff", "\ue000\ue001", "Zoë", "x\U0001f9ff\u200d\U0010fffe")

    assert "1 A� 2 �� 3 Zoë" in words_of(pdf)
    assert pdf.replaced == 5


@pytest.mark.parametrize("letter", ["W", "م", "国", "ก", "\u0301"])
def test_a_word_without_a_blank_stays_in_its_column(letter: str) -> None:
    word = letter * 200
    longest = line(1, word, "P" * 120, "H" * 20, "C" * 60)

    pdf = render_part([longest, line(2, "Ann", "Québec", "H2X", "Canada")], HEADING)

    boxes = re.findall(
        r'xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)"[^>]*>([PHC])\3+<',
        text_of(pdf.content, "-bbox"),
    )
    columns = [
        [(float(left), float(right)) for left, right, what in boxes if what == column]
        for column in "PHC"
    ]
    assert all(columns)
    for column, after in pairwise(columns):
        assert max(right for _left, right in column) < min(
            left for left, _right in after
        )
    width = float(
        re.findall(r'page width="([\d.]+)"', text_of(pdf.content, "-bbox"))[0]
    )
    assert max(right for _left, right in columns[-1]) < width - 40
    # None is broken that would fit.
    assert "Québec" in words_of(pdf)


def test_it_fits_on_a4_and_on_letter_and_nothing_stands_at_the_edge(
    tmp_path: Path,
) -> None:
    pdf = made(*["W" * 200, *SCRIPTS.values()] * 5)

    width, height = re.findall(
        r'page width="([\d.]+)" height="([\d.]+)"', text_of(pdf.content, "-bbox")
    )[0]
    assert float(width) == pytest.approx(min(595.28, 612), abs=0.1)
    assert float(height) == pytest.approx(min(841.89, 792), abs=0.1)
    pages = images_of(pdf.content, tmp_path)
    assert len(pages) == pdf.pages
    for page in pages:
        columns, rows, grey = pixels(page)
        lines = [grey[i * columns : (i + 1) * columns] for i in range(rows)]
        # 10 mm at 50 dots an inch.
        edges = [*lines[:20], *lines[-20:]]
        edges += [line[:20] + line[-20:] for line in lines]
        assert b"".join(edges).strip(b"\xff") == b""
        assert grey.strip(b"\xff")


def pixels(picture: Path) -> tuple[int, int, bytes]:
    """Return width, height and grey values of a PGM picture."""
    _kind, columns, rows, _most, grey = re.split(
        rb"\s", picture.read_bytes(), maxsplit=4
    )
    return int(columns), int(rows), grey


def test_the_table_has_heads_for_those_who_listen() -> None:
    content = made("Ann").content

    assert content.count(b"/Scope/Column") == 2
    assert b"/S/Table" in content
    assert b"/S/H1" in content
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content
    assert b"<pdfaid:part>2</pdfaid:part>" in content
    assert b"Keep the night bus</rdf:li>" in content


def test_a_part_is_the_same_bytes_again() -> None:
    assert made("Ann", "王", "علي") == made("Ann", "王", "علي")
    assert made("Ann").content != made("Bob").content


def test_a_full_part_of_all_scripts() -> None:
    """In the memory and the time that each part is given."""
    names = [*SCRIPTS.values()] * 140
    pdf = made(*names[:2_500])

    assert pdf.pages > 40
    assert f"2,500 {names[2_499]}" in words_of(pdf, "-f", str(pdf.pages))
