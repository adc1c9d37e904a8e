"""Read a file that should be JSON: its text, in whatever encoding; or which other kind
of file somebody took for it."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile

from core.text.characters import ignoring_case_and_blanks
from core.text.faults import Faults, FileProblem, Node, cited, same_elsewhere

# A thousand times the text of a big site's petitions.
MOST_BYTES = 200_000_000
NEEDED = "JSON is needed: --help shows how it looks."
# How other kinds of files begin.
KINDS = {
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "a file of an old Excel or Word",
    b"\x1f\x8b": "packed (gzip): unpack it first",
    b"7z\xbc\xaf": "packed (7z): unpack it first",
    b"Rar!": "packed (RAR): unpack it first",
    b"\xfd7zXZ": "packed (xz): unpack it first",
    b"BZh": "packed (bzip2): unpack it first",
    b"\x28\xb5\x2f\xfd": "packed (zstd): unpack it first",
    b"{\\rtf": "a text of a word processor (RTF)",
    b"SQLite format 3": "a database (SQLite)",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
}
# Entries of a ZIP archive, by the program that wrote it.
PACKED = {
    "xl/": "a spreadsheet (Excel)",
    "word/": "a document (Word)",
    "ppt/": "a presentation (PowerPoint)",
    "content.xml": "a document or spreadsheet (LibreOffice)",
}
# Bytes that are not UTF-8, as surrogateescape decodes them, to say more about them.
OTHER_BYTES = re.compile("[\udc80-\udcff]+")


def text_in(data: bytes, faults: Faults) -> str | None:
    """Return the text that somebody meant as JSON, in UTF-8, UTF-16 or UTF-32, with a
    byte order mark or without; None, and a fault, when it is something else."""
    whole = Node(None, 1, "")
    if len(data) > MOST_BYTES:
        faults.append(
            FileProblem(
                whole,
                f"the file has more than {MOST_BYTES // 1_000_000} MB: split it, the "
                "organisation in each part and some of the petitions.",
            )
        )
        return None
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        what = "holds nothing but NUL characters" if b"\0" in data else "is empty"
        sentence = f"the file {what}: was it saved, or did its download break off?"
        faults.append(FileProblem(whole, sentence))
        return None
    kind = packed_kind(data) or next(
        (kind for start, kind in KINDS.items() if data.startswith(start)), ""
    )
    text = "" if kind else decoded(data, faults)
    if not kind and text is not None:
        kind = written_kind(text)
    if kind:
        faults[:] = [FileProblem(whole, f"the file is {kind}. {NEEDED}")]
        return None
    return text


def packed_kind(data: bytes) -> str:
    if not data.startswith(b"PK"):
        return ""
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        names = []
    for start, kind in PACKED.items():
        if any(name.startswith(start) for name in names):
            return kind
    return "packed (ZIP): unpack it first"


def decoded(data: bytes, faults: Faults) -> str | None:
    """Decode the bytes. Bytes that are not UTF-8 are read as Windows-1252, with a fault
    that names their lines; None when a UTF-16 or UTF-32 text breaks off."""
    encoding = json.detect_encoding(data).replace("utf-8-sig", "utf-8")
    if "-" in encoding[4:] and data.count(0) * 5 < len(data):
        # A few NUL characters do not make it UTF-16.
        encoding = "utf-8"
    try:
        return data.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            before = error.object[: error.start].decode(encoding, "replace")
            node = Node(None, before.count("\n") + 1, "")
            said = f"the file seems to be {encoding.upper()}, and is not from here on: "
            faults.append(FileProblem(node, f"{said}save it anew, as UTF-8."))
            return None
    text = data.decode("utf-8", "surrogateescape").lstrip("\ufeff")
    others = list(OTHER_BYTES.finditer(text))
    lines, at, line = [], 0, 1
    for one in others:
        line += text.count("\n", at, one.start())
        lines.append(line)
        at = one.start()
    word = re.compile(r"\w*[\udc80-\udcff]+[\w\udc80-\udcff]*")
    beside = next((one[0] for one in word.finditer(text)), others[0][0])
    meant = OTHER_BYTES.sub(as_windows, text)
    sentence = (
        "the file is not UTF-8: save it as UTF-8. In Windows’ own encoding "
        f"(Windows-1252) a word here is “{cited(OTHER_BYTES.sub(as_windows, beside))}”."
    )
    if len(lines) > 1:
        sentence += f" {same_elsewhere(lines[1:])}"
    faults.append(FileProblem(Node(None, lines[0], ""), sentence))
    return meant


def as_windows(match: re.Match[str]) -> str:
    return match[0].encode("ascii", "surrogateescape").decode("cp1252", "replace")


def written_kind(text: str) -> str:
    """Return what kind of text it is if it does not begin like JSON; "" if it may be
    JSON."""
    start = text.lstrip("\ufeff \t\r\n")[:2000]
    if re.match(r"<!doctype html|<html|<(?:head|body|div|p|table)\b", start, re.I):
        return "a web page (HTML), maybe that of a login or of an error"
    if start.startswith("<"):
        return "XML"
    if re.match(r'[\[{"\'“]|/[/*]|-?\d|(?:true|false|null)\b', start) and not re.match(
        r'["\d][^\n{\[]*[,;\t]', start
    ):
        return ""
    if columns := column_heads(start):
        named = ", ".join(f"“{cited(column)}”" for column in columns[:6])
        return f"a table (CSV), with the columns {named}"
    if re.match(r"(?:---|%YAML|#[^\n]*|[\w-]+:(?:[ \n]|$))", start):
        return "YAML, or a text with colons"
    if start[:1].isprintable():
        before = (
            ": take out what stands before it" if re.search(r"[{\[]", start) else ""
        )
        return f"no JSON: it begins with “{cited(start[:30])}”, not with {{{before}"
    return "not a text"


def column_heads(start: str) -> list[str]:
    """Return the column heads in the first line of a table; [] when it is none."""
    # Excel for Mac may end lines with a carriage return alone.
    first = re.split(r"[\r\n]", start, maxsplit=1)[0].strip()
    if "{" in first:
        return []  # JSON, with something before it
    for separator in "\t;,|":
        columns = next(csv.reader([first], delimiter=separator), [])
        if len(columns) > 1 and all(
            0 < len(ignoring_case_and_blanks(column)) < MOST_IN_HEAD
            for column in columns
        ):
            return [column.strip() for column in columns]
    return []


# A longer head is a sentence.
MOST_IN_HEAD = 40
