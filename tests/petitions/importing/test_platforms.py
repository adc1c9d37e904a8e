"""The files of each platform are read as what they say, down to the last line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO

import pytest

from petitions.importing.rows import CellFault, Row, read_row
from petitions.importing.tables import Guess, guess, records
from tests.petitions.importing import platforms
from tests.petitions.importing.platforms import SEAN, SIGNERS, Signer

TODAY = date(2026, 11, 28)


def read(content: bytes, name: str = "") -> tuple[Guess, list[Row | CellFault]]:
    """Return what a file is guessed to be, and its rows and faults so read."""
    file = BytesIO(content)
    found = guess(file, name=name)
    assert not found.layout.why_unusable()
    rows: list[Row | CellFault] = []
    for record in records(file, found.layout):
        row = read_row(record, found.layout, found.heading, today=TODAY)
        rows += [row] if isinstance(row, Row) else row
    return found, rows


def expected(
    line: int, signer: Signer, *, updates: bool | None, place: bool = True,
    region: bool = True, day: bool = True, postal_code: bool = True,
) -> Row:  # fmt: skip
    return Row(
        line=line,
        email=signer.email,
        name=f"{signer.first} {signer.last}",
        place=signer.city if place else "",
        postal_code=signer.postal_code if postal_code else "",
        region=signer.region if region else "",
        country=signer.country,
        signed_on=date.fromisoformat(signer.day) if day else None,
        updates=updates,
    )


@pytest.mark.parametrize(
    ("written", "platform", "lacks", "updates"),
    [
        (platforms.action_network, "Action Network", [], {True: True, False: False}),
        (platforms.actionkit, "ActionKit", [], {True: None, False: None}),
        (platforms.nationbuilder, "NationBuilder", [], {True: True, False: False}),
        (platforms.civicrm, "CiviCRM", ["day"], {True: None, False: False}),
        (platforms.proca, "Proca", ["region"], {True: True, False: False}),
        (platforms.mailchimp, "Mailchimp", ["place", "region", "postal_code"], {True: None, False: None}),
        (platforms.eff, "", ["place", "region"], {True: None, False: None}),
    ],
)  # fmt: skip
def test_a_file_with_addresses(
    written: Callable[[], bytes],
    platform: str,
    lacks: list[str],
    updates: dict[bool, bool | None],
) -> None:
    found, rows = read(written())

    assert found.platform == platform
    assert len(found.first) == 9
    has = dict.fromkeys(lacks, False)
    assert rows == [
        CellFault(
            line,
            found.heading[found.layout.columns.index("email")],
            "bad@@example",
            "Enter an e-mail address such as name@example.org",
        )
        if signer.first == "Bad"
        else expected(line, signer, updates=updates[signer.email != SEAN], **has)
        for line, signer in enumerate(SIGNERS, 2)
    ]


def test_change_org_can_only_be_counted() -> None:
    found, rows = read(platforms.change_org())

    assert found.platform == "Change.org"
    assert (found.layout.encoding, found.layout.delimiter) == ("utf-16-le", "\t")
    assert rows == [
        Row(
            line, "", f"{s.first} {s.last}", s.city, s.postal_code, s.region, s.country,
            date.fromisoformat(s.day), None,
        )
        for line, s in enumerate(SIGNERS, 2)
    ]  # fmt: skip
    assert any("can only be counted" in doubt for doubt in found.doubts)


def test_whoever_had_not_confirmed_at_pytition_does_not_count() -> None:
    found, rows = read(platforms.pytition())

    assert found.platform == "Pytition"
    assert [row.line for row in rows if isinstance(row, CellFault)] == [3, 9]
    assert rows[1] == CellFault(
        3,
        "confirmed",
        "False",
        "This signature was not confirmed there: it does not count.",
    )
    assert rows[0] == Row(
        2, SIGNERS[0].email, "Maya Tremblay", "", "", "", "", date(2024, 10, 22), True
    )


def test_an_answer_in_words() -> None:
    _found, rows = read(platforms.google_forms())

    assert [row.updates for row in rows if isinstance(row, Row)] == [True, False]
    assert [row.signed_on for row in rows if isinstance(row, Row)] == [
        date(2024, 10, 22),
        date(2024, 10, 23),
    ]


def test_french_excel() -> None:
    found, rows = read(platforms.french_excel())

    assert (found.layout.encoding, found.layout.delimiter) == ("cp1252", ";")
    assert [row.name for row in rows if isinstance(row, Row)] == [
        "Maya Tremblay", "Seán O’Connor", "Zip Lost",
    ]  # fmt: skip
    assert [(r.place, r.postal_code) for r in rows[1:] if isinstance(r, Row)] == [
        ("Dún Laoghaire", "A96"),
        ("Boston", "02134"),
    ]
    assert any("Windows-1252" in doubt for doubt in found.doubts)


def test_nobody_who_has_left_mailchimp_may_be_written_to() -> None:
    """By the column, where the file has it; by the name of the file, where not."""
    _found, (gone,) = read(platforms.mailchimp_unsubscribed(), "export.csv")
    subscribed, _rows = read(platforms.mailchimp(), "subscribed_members_export.csv")
    cleaned, rows = read(platforms.mailchimp(), "cleaned_members_export.csv")

    assert isinstance(gone, Row)
    assert gone.updates is False
    assert not subscribed.layout.silent
    assert cleaned.layout.silent
    assert {row.updates for row in rows if isinstance(row, Row)} == {False}
    assert any("nobody in them may be written to" in doubt for doubt in cleaned.doubts)
