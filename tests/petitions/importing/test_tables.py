"""What a file is guessed to be, and why some are refused."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core.text.faults import FileProblem
from petitions.importing.columns import Column
from petitions.importing.tables import Layout, guess, records, sample
from tests.petitions.importing.platforms import table

E, N = Column.EMAIL, Column.NAME


def guessed(text: str) -> list[str]:
    return [column.value for column in guess(BytesIO(text.encode())).layout.columns]


@pytest.mark.parametrize(
    ("heading", "columns"),
    [
        ("E-Mail-Adresse;Vorname;Name;PLZ;Ort", "email first_name last_name postal_code place"),
        ("nom;courriel;pays", "name email country"),
        ("Nome,Cognome,Indirizzo email", "first_name last_name email"),
        ("name,email,first_name,last_name", "name email first_name last_name"),
        ("Ἠλ. διεύθυνση,Όνομα", "email ignored"),
        ("email,email_address,whatever", "email ignored ignored"),
        ("Email,Do Not Email,NO BULK EMAILS (User Opt Out)", "email unsubscribed unsubscribed"),
        ("email,Timestamp (EST),can2_subscription_status", "email signed_on updates"),
        ("Last,First,Preferred Email,Zip/Postal", "last_name first_name email postal_code"),
        ("Name (First),Name (Last),Email", "first_name last_name email"),
        ("Marca temporal,Dirección de correo electrónico", "signed_on email"),
        ("Zaman damgası,Ad Soyad,E-posta Adresi", "signed_on name email"),
        ("タイムスタンプ,氏名,メールアドレス", "signed_on name email"),
        ("타임스탬프,이름,이메일 주소", "signed_on name email"),
        ("Отметка времени,Имя,Фамилия,Адрес электронной почты", "signed_on first_name last_name email"),
        ("طابع زمني,الاسم,عنوان البريد الإلكتروني", "signed_on name email"),
    ],
)  # fmt: skip
def test_columns_are_guessed(heading: str, columns: str) -> None:
    sign = ";" if ";" in heading else ","
    width = heading.count(sign) + 1
    # The address stands where the columns say.
    cells = ["x"] * width
    cells[columns.split().index("email")] = "a@example.org"

    assert guessed(f"{heading}\n{sign.join(cells)}\n") == columns.split()


def test_of_two_columns_for_the_same_the_first_is_taken_and_that_is_said() -> None:
    doubts = guess(BytesIO(b"email,city,town\na@example.org,A,B\n")).doubts

    several = guess(BytesIO(b"email,opt-out,do not email\na@example.org,0,0\n"))
    assert several.doubts == []
    assert doubts == ["“city” and “town” may both be “Place”: the first is taken."]


@pytest.mark.parametrize(
    ("days", "day_first", "doubt"),
    [
        (["4/9/2021", "22/9/2021"], True, ""),
        (["4/9/2021", "9/22/2021"], False, ""),
        (["4/9/2021 12:25:42"], False, "“4/9/2021 12:25:42” may be 2021-09-04 or 2021-04-09: say whether the day or the month comes first."),
        (["22/9/2021", "9/22/2021"], False, "“22/9/2021” has the day first, “9/22/2021” the month: one of them cannot be read."),
        (["5/5/2021", "4.9.2021", "2021-09-04"], False, ""),
    ],
)  # fmt: skip
def test_a_day_that_may_be_two_is_told(
    days: list[str], day_first: bool, doubt: str
) -> None:
    found = guess(
        BytesIO(table([["Email", "Date"], *[["a@example.org", d] for d in days]]))
    )

    assert found.doubts == ([doubt] if doubt else [])
    assert found.layout.day_first is day_first


def test_a_delimiter_within_the_headings() -> None:
    found = guess(
        BytesIO(b'"Name, full";"Email, private";Other\nA B;a@example.org;x\n')
    )

    assert found.layout.delimiter == ";"
    assert found.heading == ["Name, full", "Email, private", "Other"]


@pytest.mark.parametrize(
    "content",
    [
        # More commas than semicolons, but in one line alone; and headings not known.
        "Name, or what you are called, in full;Email\nA;a@example.org\n",
        "Wie, wo, was;Wann\nA;B\nC;D\n",
    ],
)
def test_the_delimiter_is_not_what_there_is_most_of(content: str) -> None:
    assert guess(BytesIO(content.encode())).layout.delimiter == ";"


def test_a_mark_before_a_heading_in_quotes() -> None:
    content = '\ufeff"Name, full",Email\nA,a@example.org\n'
    for encoding in ("utf-8", "utf-16-le", "utf-32-be"):
        found = guess(BytesIO(content.encode(encoding)))

        assert found.heading == ["Name, full", "Email"]
        assert found.doubts == []


def test_two_delimiters_that_may_be_meant() -> None:
    doubts = guess(BytesIO(b"a;b,c;d,e@x\n1;2,3;4,5\n")).doubts

    assert any("may both be the delimiter" in doubt for doubt in doubts)


def test_the_delimiter_that_excel_names() -> None:
    content = b"sep=|\r\nEmail|Name\r\na@example.org|A, B; C\r\n"
    found = guess(BytesIO(content))

    assert found.layout.delimiter == "|"
    assert found.first == [["a@example.org", "A, B; C"]]
    (record,) = records(BytesIO(content), found.layout)
    assert record.line == 3


def test_letters_that_were_decoded_wrongly_before() -> None:
    content = "Email,Name\na@example.org,ZoÃ© Lefèvre\n".encode()

    assert any(
        "“ZoÃ© Lefèvre” should" in doubt for doubt in guess(BytesIO(content)).doubts
    )


EMPTY = "There is nothing in this file: was it saved, or did its download break off?"
NO_TEXT = "This file is not a text: save the table as CSV."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", EMPTY),
        (b"\xef\xbb\xbf\r\n \r\n", EMPTY),
        (b"\0" * 5000, EMPTY),
        (b",,,\r\n,,,\r\n", EMPTY),
        (b"Name,Email\r\n", "There is nothing below the heading."),
        (b"Maya,maya@example.org\r\nZip,zip@example.com\r\n", "The first line is a signature already: add a line above it that names the columns."),
        (b"Signatures of today\r\nName,Email\r\nMaya,maya@example.org\r\n", "The first line is a title: delete all above the names of the columns."),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "This is a picture, not a table."),
        (bytes(range(256)) * 300, NO_TEXT),
        (b"%PDF-1.7\n", "This is a PDF: a table is needed, as CSV."),
        (b"<!DOCTYPE html><table><tr><td>Name", "This is a web page, maybe that of a login or of an error, or a table saved as one: save it as CSV."),
        (b"\x1f\x8b\x08", "This file is packed: unpack it, and choose the table."),
        (b"Name," * 1001 + b"\nx\n", "This table has more than 1,000 columns."),
        (b'"Name,Email\nA,a@example.org\n', "Line 1: A quotation mark is opened here and not closed, or stands where none can be."),
        ("Name,Email\n鈴木,a@example.org".encode("iso2022_jp"), "This file is in an encoding of e-mails (ISO 2022): save it as UTF-8."),
    ],
)  # fmt: skip
def test_what_is_no_table_of_signatures_is_refused_with_a_sentence(
    content: bytes, sentence: str
) -> None:
    with pytest.raises(FileProblem) as refused:
        guess(BytesIO(content))

    assert str(refused.value) == sentence


def test_the_sentence_is_in_the_language_of_its_reader() -> None:
    with pytest.raises(FileProblem) as refused:
        guess(BytesIO(b""))

    with translation.override("fr"):
        assert str(refused.value).startswith("Il n’y a rien dans ce fichier")


@given(
    st.binary() | st.lists(st.sampled_from([b"Name", b"Email", b"@", b",", b";", b'"', b"\n", b"\xff", b"\0", b"a@example.org", b"4/9/2021"])).map(b"".join)
)  # fmt: skip
def test_nothing_but_a_file_problem_is_raised(content: bytes) -> None:
    try:
        found = guess(BytesIO(content))
    except FileProblem:
        return
    assert sample(BytesIO(content), found.layout) == found.first
    for cells in (found.heading, *found.first):
        "".join(cells).encode()


def test_a_layout_is_stored_as_json() -> None:
    layout = Layout("cp1252", ";", (E, N, Column.IGNORED), day_first=True, silent=True)

    assert Layout.from_json(json.loads(json.dumps(layout.as_json()))) == layout


@pytest.mark.parametrize(
    "changed",
    [
        {"encoding": "hex"},
        {"encoding": ["utf-8"]},
        {"delimiter": "x"},
        {"columns": ["nothing"]},
        {"columns": None},
    ],
)
def test_only_what_is_offered_can_be_chosen(changed: dict[str, object]) -> None:
    layout = Layout("utf-8", ",", (E, N), day_first=True)

    with pytest.raises(FileProblem):
        Layout.from_json(layout.as_json() | changed)
    with pytest.raises(FileProblem):
        guess(BytesIO(b"Name,Email\nA,a@example.org\n"), encoding="hex")


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ((E, N), ""),
        ((Column.LAST_NAME,), ""),
        ((E, E), "Choose one column for “E-mail address”, not several."),
        ((Column.PLACE, Column.IGNORED, Column.IGNORED), "Say which column has the e-mail addresses, or at least the names."),
    ],
)  # fmt: skip
def test_a_choice_of_columns_that_says_nobody(
    columns: tuple[Column, ...], sentence: str
) -> None:
    assert Layout("utf-8", ",", columns, day_first=True).why_unusable() == sentence
