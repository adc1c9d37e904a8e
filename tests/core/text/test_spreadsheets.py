"""Cells that a spreadsheet would compute; the export in SQL says the same of each."""

from __future__ import annotations

import pytest
from django.db import connection

from core.text import csv_sql
from core.text.spreadsheets import BOM, as_text, csv_table, from_text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("Maya Tremblay", "Maya Tremblay"),
        ("a-b = c", "a-b = c"),
        ("=1+1", "'=1+1"),
        ("＝1+1", "'＝1+1"),
        (" \u00a0=1", " \u00a0'=1"),
        ('"=1', "\"'=1"),
        ("a;=1+1", "a;'=1+1"),
        ("a | @SUM(1)", "a | '@SUM(1)"),
        ("a\n-1", "a\n'-1"),
        ("\tx", "'\tx"),
    ],
)
def test_cells(cell: str, safe: str) -> None:
    assert as_text(cell) == safe
    assert from_text(safe) == cell
    with connection.cursor() as cursor:
        column = csv_sql.safe("given")
        cursor.execute(f"SELECT {column} FROM (SELECT %s::text AS given) s", [cell])
        assert cursor.fetchone() == (safe,)


def test_a_number_below_zero_is_one_and_words_like_it_are_words() -> None:
    lines: list[list[str | int]] = [["Day", "More or fewer"], ["=1+1", -3], ["-3", 0]]

    assert csv_table(lines, begins=False) == (
        b"Day,More or fewer\r\n'=1+1,-3\r\n'-3,0\r\n"
    )
    assert csv_table([], begins=True) == BOM.encode()
