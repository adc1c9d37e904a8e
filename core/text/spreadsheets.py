"""Cells of CSV files that a spreadsheet shows as they are, instead of computing them
(OWASP: CSV injection)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

BOM = "\ufeff"
"""What a CSV file begins with, so that spreadsheets read it as UTF-8."""
# The expressions serve here and in SQL: PostgreSQL and Python read them alike.
SIGNS = "[-=+@＝＋－＠]"
"""Signs at the beginning of a cell that make a spreadsheet compute it, with the wide
forms of East Asian keyboards."""
BLANK = (
    r"[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f"
    r"\u3000'" + '"]*'
)
"""Blanks and quotes before a sign. Blanks are listed, because which ones PostgreSQL's
\\s matches depends on the collation."""
BEGINNING = rf"((^|[;|\t\r\n]){BLANK})(?={SIGNS})"
"""Where a cell begins: where ours do, or where a spreadsheet sees another separator,
such as “;” in French or Dutch ones."""
BEGINNINGS = re.compile(BEGINNING)
GUARDED = re.compile(rf"((?:^|[;|\t\r\n]){BLANK})'(?={SIGNS})")


def as_text(cell: str) -> str:
    """Return the cell with a ' before each sign that would be computed, whatever
    separator the spreadsheet expects."""
    escaped = BEGINNINGS.sub(r"\1'", cell)
    return f"'{escaped}" if escaped[:1] in {"\t", "\r", "\n"} else escaped


def from_text(cell: str) -> str:
    """Return the cell that `as_text` made this of."""
    text = cell[1:] if cell[:2] in {"'\t", "'\r", "'\n"} else cell
    return GUARDED.sub(r"\1", text)


def csv_table(lines: Iterable[Sequence[str | int]], *, begins: bool) -> bytes:
    """Return lines of cells as CSV: words as a spreadsheet shows them and does not
    compute them, numbers as they are, negative ones, too. Where the file `begins`, the
    mark of UTF-8 comes first."""
    out = io.StringIO(BOM if begins else "", newline="")
    out.seek(0, io.SEEK_END)
    csv.writer(out).writerows(
        [as_text(cell) if isinstance(cell, str) else cell for cell in line]
        for line in lines
    )
    return out.getvalue().encode()
