"""Spreadsheets of signatures (XLSX, XLS, ODS) as CSV, written by a process of its own:
calamine has the whole sheet in memory, and a file may have been made to fill it."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import IO, BinaryIO

from django.utils.translation import gettext_lazy as _

from core.child.running import ChildEnded, run_script
from petitions.importing.problems import TableProblem

CHILD = Path(__file__).with_name("sheet_child.py")
MEMORY = 1_000_000_000
"""Bytes of address space that the process may take."""
SECONDS = 30
"""How long it may take: less than a request may, and a loop without a heartbeat."""
MOST_ROWS = 200_000
MOST_UNPACKED = 100_000_000
MOST_ENTRIES = 10_000
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
TOO_LARGE = _(
    "This spreadsheet is too large to be read at once, with more than 200,000 lines or "
    "100 MB: save it as CSV."
)
UNREADABLE = _("This spreadsheet cannot be read: open it, and save it as CSV.")
REFUSED = {
    "rows": TOO_LARGE,
    "empty": _("There is nothing in this spreadsheet."),
    "several": _(
        "Several sheets of this spreadsheet have something in them: save the one with "
        "the signatures as CSV."
    ),
    "password": _(
        "This spreadsheet is protected by a password: save it without one, or as CSV."
    ),
}
PACKED = _("This file is packed (ZIP): unpack it, and choose the table in it.")
NO_SHEET = _("This is a document, not a spreadsheet: save the table as CSV.")


def is_sheet(start: bytes) -> bool:
    """Return whether a file that begins so is a spreadsheet, or looks like one: then
    `as_csv` says what it is."""
    return start.startswith((ZIP, OLE))


def as_csv(file: BinaryIO) -> BinaryIO:
    """Return a temporary file with the one sheet that has something in it, as CSV in
    UTF-8: a line for each row, days year first, formulas as what they come to. Raise
    TableProblem when there is no such sheet, or too much in it."""
    output = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        with tempfile.TemporaryFile() as source:
            file.seek(0)
            shutil.copyfileobj(file, source)
            check_packed(source)
            run_script(
                CHILD,
                source,
                memory=MEMORY,
                seconds=SECONDS,
                environment={**ENVIRONMENT, "MOST_ROWS": str(MOST_ROWS)},
                output=output,
            )
    except ChildEnded as error:
        output.close()
        _before, _sign, why = str(error).partition("refused: ")
        raise TableProblem(REFUSED.get(why.strip(), UNREADABLE)) from None
    except BaseException:
        output.close()
        raise
    output.seek(0)
    return output


def check_packed(source: IO[bytes]) -> None:
    """Raise TableProblem for a packed file that is no spreadsheet, or would be too
    large. What an archive says of its size may be a lie: the process has limits."""
    source.seek(0)
    if not source.read(4).startswith(ZIP):
        return
    try:
        entries = zipfile.ZipFile(source).infolist()
    # All that zipfile raises about a damaged archive: it has no class for them.
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise TableProblem(UNREADABLE) from None
    if len(entries) > MOST_ENTRIES or sum(e.file_size for e in entries) > MOST_UNPACKED:
        raise TableProblem(TOO_LARGE)
    names = [entry.filename for entry in entries]
    if any(name.startswith("xl/") for name in names):
        return
    if "content.xml" in names:
        return
    documents = ("word/", "ppt/", "Index/")
    is_document = any(name.startswith(documents) for name in names)
    raise TableProblem(NO_SHEET if is_document else PACKED)
