"""The script that writes a spreadsheet as CSV, in a process of its own (core/child/),
from standard input to standard output. Why it refuses one goes to standard error as
“refused: ” and a word, and it ends with 1."""

from __future__ import annotations

import csv
import io
import os
import resource
import sys
from datetime import date, datetime, time, timedelta

# Bytes of CSV.
MOST_WRITTEN = 200_000_000

Cell = int | float | str | bool | time | date | datetime | timedelta


def cell_text(cell: Cell) -> str:
    """Return what the cell shows, on one line; numbers without a fraction as such, as
    spreadsheets know no other kind."""
    match cell:
        case str():
            return " ".join(cell.split()) if "\n" in cell or "\r" in cell else cell
        case bool():
            return "yes" if cell else "no"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime():
            return cell.isoformat(sep=" ")
    return str(cell)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_WRITTEN, MOST_WRITTEN))
    most_rows = int(os.environ["MOST_ROWS"])
    from python_calamine import PasswordError, SheetVisibleEnum, load_workbook

    try:
        book = load_workbook(sys.stdin.buffer)
    except PasswordError:
        sys.exit("refused: password")
    sheets = [
        sheet
        for about in book.sheets_metadata
        if about.visible == SheetVisibleEnum.Visible
        and (sheet := book.get_sheet_by_name(about.name)).height
    ]
    if not sheets:
        sys.exit("refused: empty")
    if len(sheets) > 1:
        sys.exit("refused: several")
    last_row, _column = sheets[0].end or (0, 0)
    if last_row >= most_rows:
        sys.exit("refused: rows")
    out = io.TextIOWrapper(sys.stdout.buffer, "utf-8", "replace", newline="")
    writer = csv.writer(out)
    for row in sheets[0].iter_rows():
        writer.writerow(map(cell_text, row))
    out.flush()


if __name__ == "__main__":
    main()
