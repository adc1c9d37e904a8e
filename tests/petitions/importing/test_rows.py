"""From a record to a signature, or to what is wrong with it."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext
from hypothesis import given
from hypothesis import strategies as st

from petitions.importing import rows
from petitions.importing.columns import Column
from petitions.importing.lines import Record
from petitions.importing.rows import CellFault, Row, read_row
from petitions.importing.tables import Layout, records
from tests.petitions.importing.platforms import table

ALL = tuple(column for column in Column if column is not Column.IGNORED)
TODAY = date(2026, 11, 28)


def read(day_first: bool = True, **said: str) -> Row | list[CellFault]:
    """Read a line in which the columns say this; an address unless another is said."""
    cells = {"email": "a@example.org", **said}
    record = Record(7, 7, 99, [cells.get(column.value, "") for column in ALL])
    return read_row(
        record, Layout("utf-8", ",", ALL, day_first), [*map(str, ALL)], today=TODAY
    )


def value(attribute: str, /, **said: Any) -> Any:
    row = read(**said)
    assert isinstance(row, Row)
    return getattr(row, attribute)


def sentences(**said: Any) -> list[tuple[str, str]]:
    found = read(**said)
    assert isinstance(found, list)
    assert {fault.line for fault in found} == {7}
    return [(fault.column, fault.sentence) for fault in found]


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2024-10-22", date(2024, 10, 22)),
        ("2024-10-22T20:11:28.123456+00:00", date(2024, 10, 22)),
        ("2024-10-22 20:11:28 UTC", date(2024, 10, 22)),
        ("2024/10/22 8:12:00 PM GMT-5", date(2024, 10, 22)),
        ("22/10/2024", date(2024, 10, 22)),
        ("22-10-2024", date(2024, 10, 22)),
        ("4/9/2021, 12:25", date(2021, 9, 4)),
        ("22.10.2024", date(2024, 10, 22)),
        ("22 October 2024", date(2024, 10, 22)),
        ("Oct 22, 2024", date(2024, 10, 22)),
        ("22 octobre 2024 22:55", date(2024, 10, 22)),
        ("2024年10月22日", date(2024, 10, 22)),
        ("٢٢/١٠/٢٠٢٤", date(2024, 10, 22)),
        ("2024. 10. 22 오후 8:11:28", date(2024, 10, 22)),
        ("2024.10.22. 20:11:28", date(2024, 10, 22)),
        ("22. 10. 2024. 20:11", date(2024, 10, 22)),
        ("22 / 10 / 2024", date(2024, 10, 22)),
        ("2024-10-22Z", date(2024, 10, 22)),
        ("2024-10-22+02:00", date(2024, 10, 22)),
        ("20241022T201128Z", date(2024, 10, 22)),
        ("mar. 22 oct. 2024", date(2024, 10, 22)),
        ("mar 22 mar 2022", date(2022, 3, 22)),
        ("20:11 22 October 2024", date(2024, 10, 22)),
        ("8:12 PM, Oct 22, 2024", date(2024, 10, 22)),
        ("0000-00-00 00:00:00", None),
        ("", None),
    ],
)
def test_days(said: str, day: date | None) -> None:
    assert value("signed_on", signed_on=said) == day


def test_the_order_of_day_and_month_is_that_of_the_whole_file() -> None:
    assert value("signed_on", signed_on="4/9/2021", day_first=False) == date(2021, 4, 9)
    assert value("signed_on", signed_on="4.9.2021", day_first=False) == date(2021, 9, 4)
    assert sentences(signed_on="10/22/2024") == [("signed_on", rows.OTHER_ORDER)]
    assert sentences(signed_on="22/10/2024", day_first=False) == [
        ("signed_on", rows.OTHER_ORDER)
    ]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("22/10/24", rows.NO_DAY),
        ("31/02/2024", rows.NO_DAY),
        ("45587", rows.NO_DAY),
        ("yesterday", rows.NO_DAY),
        ("22 March or April 2024", rows.NO_DAY),
        ("22102024", rows.NO_DAY),
        ("2026-11-29", "This day is still to come."),
        ("1799-12-31", "This is too long ago: check the year."),
    ],
)
def test_no_day(said: str, sentence: str) -> None:
    assert sentences(signed_on=said) == [("signed_on", sentence)]


@pytest.mark.parametrize(
    ("said", "updates"),
    [
        ("Y", True), ("yes", True), ("TRUE", True), ("1", True), ("subscribed", True),
        ("Oui, volontiers", True), ("Yes, e-mail me", True), ("✓", True),
        ("N", False), ("No, thank you", False), ("Not at this time", False),
        ("unsubscribed", False), ("bouncing", False), ("cleaned", False), ("0", False),
        ("opt-out", False), ("Désabonné", False), ("нет", False),
        ("WAHR", True), ("VERDADERO", True), ("ONWAAR", False), ("FALSO", False),
        ("Evet", True), ("HAYIR", False), ("Hayır", False), ("예", True),
        ("아니요", False), ("نعم", True), ("όχι", False), ("1.0", True),
        ("Don’t e-mail me", False), ("Not subscribed", False),
        ("", None),
    ],
)  # fmt: skip
def test_answers_about_mail(said: str, updates: bool | None) -> None:
    assert value("updates", updates=said) is updates


@pytest.mark.parametrize(
    "said",
    ["maybe", "2024-10-22", "On hold", "1 - do not contact", "On request only"],
)
def test_an_answer_that_is_neither_is_not_guessed(said: str) -> None:
    assert sentences(updates=said) == [("updates", rows.UNCLEAR)]


@pytest.mark.parametrize(
    ("said", "updates"),
    [
        ("2023-01-01 00:00:00", False), ("1", False), ("0", True), ("", True),
        ("0000-00-00 00:00:00", True), ("Unsubscribed", False), ("opt-out", False),
        ("bounced", False), ("Unsubscribed 2023-01-01", False),
        ("not subscribed", False), ("subscribed", True), ("never", True),
    ],
)  # fmt: skip
def test_whoever_has_unsubscribed_has_the_last_word(said: str, updates: bool) -> None:
    assert value("updates", updates="yes", unsubscribed=said) is updates


def test_what_is_no_longer_may_be_the_contrary() -> None:
    found = sentences(unsubscribed="no longer subscribed")
    assert found == [("unsubscribed", rows.UNCLEAR)]


def test_of_several_columns_about_mail_each_no_counts() -> None:
    columns = (
        Column.EMAIL, Column.UNSUBSCRIBED, Column.UPDATES, Column.UNSUBSCRIBED,
        Column.UPDATES,
    )  # fmt: skip
    layout = Layout("utf-8", ",", columns, day_first=True)
    heading = ["Email", "Do Not Email", "Newsletter", "No Bulk Emails", "Opt-in"]

    def answer(*said: str) -> bool | None:
        record = Record(2, 2, 9, ["a@example.org", *said])
        row = read_row(record, layout, heading, today=TODAY)
        assert isinstance(row, Row)
        return row.updates

    assert layout.why_unusable() == ""
    assert answer("0", "yes", "1", "yes") is False
    assert answer("0", "yes", "0", "no") is False
    assert answer("0", "", "0", "yes") is True
    assert answer("0", "", "0", "") is None
    record = Record(2, 2, 9, ["a@example.org", "0", "yes", "?", "yes"])
    (fault,) = read_row(record, layout, heading, today=TODAY)  # type: ignore[misc]
    assert (fault.column, fault.found) == ("No Bulk Emails", "?")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("CA", "CA"), ("ca", "CA"), ("CAN", "CA"), ("Canada", "CA"), ("Kanada", "CA"),
        ("UK", "GB"), ("England", "GB"), ("United States of America", "US"),
        ("U.S.A.", "US"), ("The Netherlands", "NL"), ("Deutschland", "DE"),
        ("ALLEMAGNE", "DE"), ("日本", "JP"), ("Россия", "RU"), ("مصر", "EG"),
        ("Türkiye", "TR"), ("Turkey", "TR"), ("South Korea", "KR"), ("España", "ES"),
        ("Kosovo", "XK"), ("", ""), ("Grande-Bretagne", "GB"), ("Angleterre", "GB"),
        ("République tchèque", "CZ"), ("États-Unis d’Amérique", "US"), ("RDC", "CD"),
        ("Oesterreich", "AT"),
    ],
)  # fmt: skip
def test_countries(said: str, code: str) -> None:
    assert value("country", country=said) == code


@pytest.mark.parametrize(
    "said", ["Atlantis", "ZZ", "001", "Korea", "Congo", "Kongo", "Nigeri", "Antarctica"]
)
def test_no_country(said: str) -> None:
    assert sentences(country=said) == [("country", rows.NO_COUNTRY)]


def test_an_address_is_cleaned_as_that_of_a_form() -> None:
    assert value("email", email=" Maya <MAYA@Example.ORG> ") == "MAYA@example.org"
    assert value("email", email="mailto:maya@straße.de") == "maya@straße.de"


@pytest.mark.parametrize(
    ("said", "faults"),
    [
        ({"email": "bad@@example"}, [("email", "Enter an e-mail address such as name@example.org")]),
        ({"email": "a@example.o"}, [("email", "No address ends like this one. Is a letter missing, as in .com or .ca?")]),
        ({"email": "", "place": "Ottawa"}, [("", rows.NOBODY)]),
        ({"name": "12345"}, [("name", rows.NO_NAME)]),
        ({"name": "a" * 201}, [("name", rows.LONG_NAME)]),
        ({"first_name": "Visit", "last_name": "www.example.com"}, [("first_name", rows.CONTACT)]),
        ({"name": "Zo\ufffd"}, [("name", rows.UNREADABLE)]),
        ({"place": "x" * 121}, [("place", rows.LONG)]),
        ({"postal_code": "1" * 21}, [("postal_code", rows.LONG)]),
        ({"place": "https://example.com"}, [("place", rows.CONTACT)]),
        ({"confirmed": "False"}, [("confirmed", rows.NOT_CONFIRMED)]),
        ({"email": "x", "country": "Atlantis", "signed_on": "?"}, [
            ("email", "Enter an e-mail address such as name@example.org"),
            ("country", rows.NO_COUNTRY),
            ("signed_on", rows.NO_DAY),
        ]),
    ],
)  # fmt: skip
def test_all_that_is_wrong_in_a_line_is_told(
    said: dict[str, str], faults: list[tuple[str, str]]
) -> None:
    assert sentences(**said) == faults


def test_names() -> None:
    assert value("name", name="Maya  T.") == "Maya T."
    assert value("name", first_name="Maya", last_name="Tremblay") == "Maya Tremblay"
    assert value("name", last_name="Tremblay") == "Tremblay"
    assert value("name", name="Maya Roy", first_name="x", last_name="y") == "Maya Roy"
    assert value("name", name="=1+1 Formula") == "=1+1 Formula"
    assert value("name", email="", name="No Mail") == "No Mail"
    assert value("name", name="Ma\0ya") == "Maya"


def test_what_is_written_for_nothing_is_nothing() -> None:
    """But whoever is called Null is."""
    row = read(country="N/A", signed_on="NULL", updates=r"\N", place="-", name=".")

    assert row == Row(7, "a@example.org", "", "", "", "", "", None, None)
    assert value("name", first_name="Anna", last_name="Null") == "Anna Null"
    assert value("name", first_name="Anna", last_name="N/A") == "Anna"
    assert value("name", name="#N/A") == ""
    assert sentences(email="—", name="*", place="Ottawa") == [("", rows.NOBODY)]


def test_what_our_own_exports_have_before_a_formula_goes() -> None:
    assert value("name", name="'=1+1 Formula") == "=1+1 Formula"
    assert value("email", email="'+tag@example.org") == "+tag@example.org"
    assert value("name", name="Seán O'Connor") == "Seán O'Connor"


def test_cells_that_are_too_many_or_missing() -> None:
    layout = Layout("utf-8", ",", (Column.EMAIL, Column.NAME), day_first=True)
    content = b'Email,Name\na@example.org\nb@example.org,B,,\nc@example.org,C,D\n"d,e\n'

    found = [
        read_row(record, layout, ["Email", "Name"], today=TODAY)
        for record in records(BytesIO(content), layout)
    ]

    assert [row.email for row in found if isinstance(row, Row)] == [
        "a@example.org",
        "b@example.org",
    ]
    assert found[2] == [CellFault(4, "", "D", rows.MORE_CELLS)]
    assert found[3] == [
        CellFault(5, "", '"d,e', "A quotation mark is opened here and not closed, or stands where none can be.")
    ]  # fmt: skip


def test_in_a_silent_file_nobody_may_be_written_to() -> None:
    layout = Layout("utf-8", ",", (Column.EMAIL, Column.UPDATES), True, silent=True)
    record = Record(2, 2, 9, ["a@example.org", "yes"])

    row = read_row(record, layout, ["Email", "Updates"], today=TODAY)

    assert isinstance(row, Row)
    assert row.updates is False


def test_sentences_can_be_shown_in_french() -> None:
    (fault,) = read(email="", place="Ottawa")  # type: ignore[misc]
    assert isinstance(fault, CellFault)

    with translation.override("fr"):
        (other,) = read(email="bad@@example")  # type: ignore[misc]
        assert isinstance(other, CellFault)
        assert other.sentence == "Enter an e-mail address such as name@example.org"
        assert gettext(other.sentence) != other.sentence
        assert gettext(fault.sentence) != fault.sentence


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-16"), max_size=300),
            min_size=1,
            max_size=15,
        ),
        max_size=5,
    )
)
def test_any_cells_are_a_row_or_faults(lines: list[list[str]]) -> None:
    content = table([[*map(str, ALL)], *lines], encoding="utf-16-le")
    layout = Layout("utf-16-le", ",", ALL, day_first=True)
    for record in records(BytesIO(content), layout):
        found = read_row(record, layout, [*map(str, ALL)], today=TODAY)
        for fault in [] if isinstance(found, Row) else found:
            assert fault.sentence
            f"{fault.found}{fault.column}".encode()
