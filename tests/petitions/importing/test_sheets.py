"""Spreadsheets become CSV, in a process that can be ended."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date
from xml.sax.saxutils import escape

import pytest

from core.text.faults import FileProblem
from petitions.importing import sheets
from petitions.importing.rows import Row, read_row
from petitions.importing.sheets import as_csv, is_sheet
from petitions.importing.tables import guess, records

PART = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
# A number, a day (45587 is 2024-10-22), a formula with its value, a yes.
KINDS = {"n": '<c><v>{}</v></c>', "d": '<c s="1"><v>{}</v></c>',
         "f": '<c t="str"><f>1+1</f><v>{}</v></c>', "b": '<c t="b"><v>{}</v></c>'}  # fmt: skip


def packed(files: dict[str, str]) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    out.seek(0)
    return out


def rows_of(lines: list[list[str | tuple[str, str]]]) -> str:
    """Return rows of XLSX; a cell is a text, or a kind of KINDS and its value."""
    rows = "".join(
        "<row>"
        + "".join(
            KINDS[cell[0]].format(cell[1])
            if isinstance(cell, tuple)
            else f'<c t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
            for cell in line
        )
        + "</row>"
        for line in lines
    )
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def xlsx(*sheets: str, hidden: int = 0) -> io.BytesIO:
    """Return a workbook of sheets, the last `hidden` of which are not seen."""
    numbers = range(1, len(sheets) + 1)
    seen = len(sheets) - hidden
    return packed(
        {
            "[Content_Types].xml": (
                f'<Types xmlns="{PACKAGE}/content-types">'
                '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                '<Default Extension="xml" ContentType="application/xml"/></Types>'
            ),
            "_rels/.rels": (
                f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
                f'Type="{PART}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
            ),
            "xl/workbook.xml": (
                f'<workbook xmlns="{MAIN}" xmlns:r="{PART}"><sheets>'
                + "".join(
                    f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"'
                    + (' state="hidden"/>' if n > seen else "/>")
                    for n in numbers
                )
                + "</sheets></workbook>"
            ),
            "xl/_rels/workbook.xml.rels": (
                f'<Relationships xmlns="{PACKAGE}/relationships">'
                f'<Relationship Id="r0" Type="{PART}/styles" Target="styles.xml"/>'
                + "".join(
                    f'<Relationship Id="r{n}" Type="{PART}/worksheet" Target="worksheets/sheet{n}.xml"/>'
                    for n in numbers
                )
                + "</Relationships>"
            ),
            "xl/styles.xml": (
                f'<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/>'
                '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>'
            ),
            **{f"xl/worksheets/sheet{n}.xml": sheets[n - 1] for n in numbers},
        }
    )


SIGNED: list[list[str | tuple[str, str]]] = [
    ["Name", "Email", "Zip", "Date", "Subscribed"],
    ["Zoé\nLefèvre", "zoe@example.org", "02134", ("d", "45587"), ("b", "1")],
    ["=1+1 Formula", ("f", "f@example.org"), ("n", "69001"), "2024-10-23", ("b", "0")],
]


def csv_of(file: io.BytesIO) -> bytes:
    with as_csv(file) as output:
        return output.read()


def refused(file: io.BytesIO) -> str:
    with pytest.raises(FileProblem) as problem:
        as_csv(file)
    return str(problem.value)


def test_xlsx() -> None:
    file = xlsx(rows_of(SIGNED))
    assert is_sheet(file.read(8))

    with as_csv(file) as table:
        found = guess(table)
        read = [
            read_row(record, found.layout, found.heading, today=date(2026, 11, 28))
            for record in records(table, found.layout)
        ]

    assert read == [
        Row(2, "zoe@example.org", "Zoé Lefèvre", "", "02134", "", "", date(2024, 10, 22), True),
        Row(3, "f@example.org", "=1+1 Formula", "", "69001", "", "", date(2024, 10, 23), False),
    ]  # fmt: skip
    assert found.doubts == []


def test_ods() -> None:
    office = "urn:oasis:names:tc:opendocument:xmlns"
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
            for cell in line
        )
        + "</table:table-row>"
        for line in (["Name", "Email"], ["Zoé", "zoe@example.org"])
    )
    file = packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{office}:manifest:1.0"/>',
            "content.xml": (
                f'<office:document-content xmlns:office="{office}:office:1.0" '
                f'xmlns:table="{office}:table:1.0" xmlns:text="{office}:text:1.0">'
                f'<office:body><office:spreadsheet><table:table table:name="A">{cells}'
                "</table:table></office:spreadsheet></office:body></office:document-content>"
            ),
        }
    )

    assert csv_of(file) == "Name,Email\r\nZoé,zoe@example.org\r\n".encode()


def record(number: int, data: bytes = b"") -> bytes:
    """Return a record of BIFF8, the format within an XLS file."""
    return struct.pack("<HH", number, len(data)) + data


def xls(lines: list[list[str | float]]) -> io.BytesIO:
    """Return a workbook of Excel 97: a compound file with one stream."""
    cells = b"".join(
        record(0x203, struct.pack("<HHHd", row, column, 0, cell))
        if isinstance(cell, float)
        else record(0x204, struct.pack("<HHHHB", row, column, 0, len(cell), 1) + cell.encode("utf-16-le"))
        for row, line in enumerate(lines)
        for column, cell in enumerate(line)
    )  # fmt: skip
    begin, end = [record(0x809, struct.pack("<6H", 0x600, kind, 0, 0, 0, 0) + bytes(4)) for kind in (5, 16)], record(10)  # fmt: skip
    name = b"\1\0S"
    start = len(begin[0]) + len(record(0x85, bytes(6) + name)) + len(end)
    sheet = record(0x85, struct.pack("<IBB", start, 0, 0) + name)
    stream = begin[0] + sheet + end + begin[1] + cells + end
    sectors = max(-(-len(stream) // 512), 8)
    chain = [-3, -2, *range(3, sectors + 2), -2]

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        about = (len(name) * 2 + 2, kind, 1, -1, -1, child, start, size)
        return name.encode("utf-16-le").ljust(64, b"\0") + struct.pack(
            "<HBBiii36xiQ", *about
        )

    return io.BytesIO(
        sheets.OLE + b"\xa1\xb1\x1a\xe1"
        + struct.pack("<16x5H6x9i", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, -2, 0, -2, 0)
        + struct.pack("<109i", 0, *[-1] * 108)
        + struct.pack("<128i", *chain, *[-1] * (128 - len(chain)))
        + entry("Root Entry", 5, 1, -2, 0) + entry("Workbook", 2, -1, 2, sectors * 512)
        + bytes(256) + stream.ljust(sectors * 512, b"\0")
    )  # fmt: skip


def test_xls() -> None:
    file = xls([["Name", "Email", "Zip"], ["Zoé", "zoe@example.org", 69001.0]])
    assert is_sheet(file.read(8))

    assert csv_of(file) == "Name,Email,Zip\r\nZoé,zoe@example.org,69001\r\n".encode()


def test_lines_are_the_rows_of_the_sheet() -> None:
    """What stands above and beside the table counts, too."""
    sheet = rows_of([]).replace(
        "<sheetData>",
        '<sheetData><row r="3"><c r="B3"><v>1</v></c></row><row r="5"><c r="C5"><v>2.5</v></c></row>',
    )

    lines = csv_of(xlsx(sheet)).decode().split("\r\n")

    assert [line.split(",")[-2:] for line in (lines[2], lines[4])] == [
        ["1", ""],
        ["", "2.5"],
    ]
    assert set(lines[0] + lines[1] + lines[3]) <= {","}


def test_of_several_sheets_none_is_guessed() -> None:
    one, other = rows_of(SIGNED), rows_of([["Notes"]])

    assert csv_of(xlsx(one, rows_of([]))) == csv_of(xlsx(one))
    assert csv_of(xlsx(one, other, hidden=1)) == csv_of(xlsx(one))
    assert refused(xlsx(one, other)).startswith("Several sheets of this spreadsheet")


def test_what_is_refused() -> None:
    assert refused(xlsx(rows_of([]))) == "There is nothing in this spreadsheet."
    assert refused(packed({"a.csv": "Name"})).startswith("This file is packed (ZIP)")
    assert refused(packed({"word/document.xml": "x"})).startswith("This is a document")
    cannot = "This spreadsheet cannot be read: open it, and save it as CSV."
    assert refused(packed({"xl/workbook.xml": "x"})) == cannot
    assert refused(io.BytesIO(b"PK\x03\x04 and no more")) == cannot
    assert refused(io.BytesIO(sheets.OLE + b"x" * 5000)) == cannot
    broken = xlsx(rows_of(SIGNED)).getvalue()[:-300]
    assert refused(io.BytesIO(broken)) == cannot


def test_too_many_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    file = xlsx(rows_of(SIGNED))
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    assert csv_of(file)

    monkeypatch.setattr(sheets, "MOST_ROWS", 2)
    assert refused(file).startswith("This spreadsheet is too large")


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = rows_of(SIGNED).replace("<sheetData>", "<sheetData>" + " " * 101_000_000)
    bomb = xlsx(sheet)
    assert len(bomb.getvalue()) < 200_000

    def not_run(*given: object, **options: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr(sheets, "run_script", not_run)
    assert refused(bomb).startswith("This spreadsheet is too large")


def test_a_sheet_that_takes_too_much_memory_ends_its_process_alone() -> None:
    """A cell in the last row and column makes a sheet of 17,000,000,000 cells."""
    corners = rows_of([]).replace(
        "<sheetData>",
        '<sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
    )

    assert refused(xlsx(corners)).startswith("This spreadsheet")
