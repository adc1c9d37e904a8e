"""SQL that writes the lines of a CSV file: as the csv module would, with cells that a
spreadsheet shows as they are instead of computing them (core.text.spreadsheets)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from core.text.spreadsheets import BEGINNING, BLANK, SIGNS

# Does what `as_text` does (core.text.spreadsheets).
SAFE = rf"""regexp_replace(
    regexp_replace(%s, $re${BEGINNING}$re$, $to$\1'$to$, 'g'),
    '^(?=[\t\r\n])', '''')"""
# Finds the cells that may need it: few do.
SUSPECT = rf"%s ~ $re$^{BLANK}{SIGNS}|[;|\t\r\n]$re$"
# Quotes a cell where the format requires it (RFC 4180).
CELL = """CASE WHEN {0} ~ '[,"\\r\\n]' THEN '"' || replace({0}, '"', '""') || '"'
    ELSE {0} END"""
# Finds the lines with a cell that needs one or the other, in one look: cells are set
# apart by a character that they do not begin with. No letter's kind matters here:
# without the rules of a language, it takes two thirds of the time.
ODD = rf"""concat_ws(E'\x01', {{}}) COLLATE "C"
    ~ $re$(^|\u0001){BLANK}{SIGNS}|[;|,"\t\r\n]$re$"""


class Cell(NamedTuple):
    """A cell of a line: SQL for its text, never null, and whether it may hold what
    people typed. Any other needs neither quotes nor a guard."""

    text: str
    is_typed: bool = True


def safe(text: str) -> str:
    """Return SQL for a text that a spreadsheet shows without computing it."""
    return f"CASE WHEN {SUSPECT % text} THEN {SAFE % text} ELSE {text} END"


def text_sql(text: str) -> str:
    """Return SQL for a text as a cell of the file."""
    return CELL.format(text)


def safe_cell(text: str) -> str:
    """Return SQL for a text as a cell that a spreadsheet does not compute."""
    return text_sql(f"({safe(text)})")


def line_sql(cells: Sequence[Cell]) -> str:
    """Return SQL for a line without its end."""
    plain = f"concat_ws(',', {', '.join(cell.text for cell in cells)})"
    typed = [cell.text for cell in cells if cell.is_typed]
    if not typed:
        return plain
    guarded = ", ".join(
        safe_cell(cell.text) if cell.is_typed else cell.text for cell in cells
    )
    odd = ODD.format(", ".join(typed))
    return f"CASE WHEN {odd} THEN concat_ws(',', {guarded}) ELSE {plain} END"
