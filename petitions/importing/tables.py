"""Tables of signatures, as other platforms and spreadsheets write them: which encoding,
delimiter and columns a file has, and its records."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from core.text.characters import plain_figures
from core.text.faults import cited
from core.text.mojibake import find_mojibake
from core.text.numbers import Counted
from petitions.addresses import NotAnAddress, clean_address
from petitions.importing import columns as headings
from petitions.importing import encodings
from petitions.importing.columns import NAMES, Column, Match
from petitions.importing.days import PARTS, read_day
from petitions.importing.lines import Lines, Record, TooLong, read_records
from petitions.importing.problems import TableProblem

ENCODINGS = encodings.ENCODINGS
DELIMITERS: list[tuple[str, StrOrPromise]] = [
    (",", gettext_lazy("Comma (,)")),
    (";", gettext_lazy("Semicolon (;)")),
    ("\t", gettext_lazy("Tab")),
    ("|", gettext_lazy("Vertical bar (|)")),
]
SIGNS = [sign for sign, _label in DELIMITERS]
MOST_COLUMNS = 1000
# How many records are shown, are compared, are searched for wrong letters, and for
# days; and up to which byte of the file.
FIRST, COMPARED, READ, SEARCHED = 10, 20, 200, 5_000
MOST_SEARCHED = 2_000_000
# What Excel takes for the delimiter, if a file begins with it.
SEPARATOR = re.compile(r'"?sep=([,;\t|])"?[,;\t|]*\s*', re.IGNORECASE)
# How files begin that are no tables.
OTHER_KINDS: list[tuple[bytes, StrOrPromise]] = [
    *(
        (start, gettext_lazy("This is a picture, not a table."))
        for start in (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
    ),
    (b"%PDF", gettext_lazy("This is a PDF: a table is needed, as CSV.")),
    (
        b"{\\rtf",
        gettext_lazy("This is a text of a word processor: a table is needed, as CSV."),
    ),
    *(
        (start, gettext_lazy("This file is packed: unpack it, and choose the table."))
        for start in (b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"\xfd7zXZ", b"BZh")
    ),
]
NO_TEXT = gettext_lazy("This file is not a text: save the table as CSV.")
EMPTY = gettext_lazy(
    "There is nothing in this file: was it saved, or did its download break off?"
)
HTML = re.compile(r"\s*<(?:!doctype|html|head|body|table|\?xml)\b", re.IGNORECASE)
# What no text has, but for a slip here and there.
CONTROLS = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f]")
UNSUBSCRIBED_FILE = re.compile(r"(?:.*[/\\])?(?:cleaned|unsubscribed)[_ -]", re.I)


@dataclass(frozen=True)
class Layout:
    """How a file is to be read."""

    encoding: str
    delimiter: str
    columns: tuple[Column, ...]
    day_first: bool
    """Whether 4/9/2021 is 4 September."""
    silent: bool = False
    """Whether nobody in the file may be written to, whatever their lines say."""

    def as_json(self) -> dict[str, Any]:
        return {
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "columns": [column.value for column in self.columns],
            "day_first": self.day_first,
            "silent": self.silent,
        }

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Layout:
        """Return the layout; raise TableProblem where there is no such choice."""
        try:
            columns = tuple(Column(column) for column in said["columns"])
            encoding, delimiter = str(said["encoding"]), str(said["delimiter"])
            day_first, silent = bool(said["day_first"]), bool(said.get("silent"))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise TableProblem(_("Choose what each column is.")) from None
        check_choice(encoding, delimiter)
        return cls(encoding, delimiter, columns, day_first, silent)

    def importing(self, stated: bool = False) -> Layout:
        """Return it with the columns alone that imports read; see
        `columns.imported`."""
        columns = headings.narrowed(self.columns, headings.imported(stated))
        return replace(self, columns=tuple(columns))

    def counting(self, stated: bool = False) -> Layout:
        """Return it without the columns that say whom one may write to."""
        read = headings.imported(stated) - headings.SEVERAL
        columns = headings.narrowed(self.columns, read)
        return replace(self, columns=tuple(columns))

    def why_unusable(self) -> str:
        """Return a sentence that says why nothing can be read so; "" when it can."""
        return headings.why_unusable(self.columns)


@dataclass(frozen=True)
class Guess:
    """The layout that a file seems to have."""

    layout: Layout
    platform: str
    """Which platform wrote it, as “Change.org”; "" if that is not known."""
    heading: list[str]
    first: list[list[str]]
    """The cells of the first ten records, for reading: on one line, and not long."""
    doubts: list[str]
    """What staff should look at: sentences in the reader's language."""


def guess(
    file: BinaryIO,
    *,
    name: str = "",
    encoding: str = "",
    delimiter: str = "",
    only: Collection[Column] = (),
) -> Guess:
    """Return what a file seems to be; raise TableProblem when it is no table of
    signatures. `name` is that of the file; encoding and delimiter are guessed unless
    they are given. With `only`, other columns are left out."""
    file.seek(0)
    check_kind(file.read(4096))
    doubts: list[str] = []
    if not encoding:
        detected = encodings.find_encoding(file)
        encoding = detected.encoding
        doubts += encoding_doubts(detected)
    check_choice(encoding, delimiter or SIGNS[0])
    check_text(file, encoding)
    told = delimiter or separator_of(file, encoding)
    delimiter = told or find_delimiter(file, encoding, doubts)
    heading = read_heading(file, encoding, delimiter)
    matched = headings.match(heading, only)
    doubts += matched.doubts
    start = Layout(encoding, delimiter, matched.columns, day_first=True)
    searched = first_records(file, start)
    check_heading(heading, searched)
    columns = with_addresses(matched, searched)
    if Column.EMAIL not in columns:
        doubts.append(
            _(
                "No column has e-mail addresses: these signatures can only be counted, "
                "and nobody can tell who has signed twice, or here as well."
            )
        )
    day_first = find_order(columns, searched, matched, delimiter, doubts)
    doubts += wrong_words(columns, searched)
    return Guess(
        Layout(
            encoding, delimiter, columns, day_first,
            silent=UNSUBSCRIBED_FILE.match(name) is not None,
        ),
        matched.platform.name if matched.platform else "",
        heading,
        readable_cells(searched[:FIRST]),
        doubts,
    )  # fmt: skip


def sample(file: BinaryIO, layout: Layout) -> list[list[str]]:
    """Return the cells of the first ten records, for reading."""
    return readable_cells(islice(records(file, layout), FIRST))


def readable_cells(records: Iterable[Record]) -> list[list[str]]:
    return [[cited(cell) for cell in record.cells] for record in records]


def first_records(file: BinaryIO, layout: Layout) -> list[Record]:
    """Return as many records as are looked at to guess how the others are."""
    begun = []
    for record in islice(records(file, layout), SEARCHED):
        begun.append(record)
        if record.end > MOST_SEARCHED:
            break
    return begun


def records(
    file: BinaryIO, layout: Layout, *, position: int = 0, line: int = 0
) -> Iterator[Record]:
    """Yield the records of a file without its heading and without blank lines, from the
    beginning, or behind the record that ends at byte `position` in line `line`
    (`Record.end` and `Record.last_line`)."""
    lines = Lines(file, layout.encoding, position, line)
    if not position:
        skip_separator(lines)
    records = read_records(lines, layout.delimiter, len(layout.columns))
    if not position:
        next(records, None)
    yield from records


def read_heading(file: BinaryIO, encoding: str, delimiter: str) -> list[str]:
    """Return the cells of the first line that is not blank, on one line each; raise
    TableProblem when there is none, or too many."""
    lines = Lines(file, encoding)
    skip_separator(lines)
    record = next(read_records(lines, delimiter), None)
    if record is None:
        raise TableProblem(EMPTY)
    if record.fault:
        raise TableProblem(_(record.fault), line=record.line)
    if len(record.cells) > MOST_COLUMNS:
        raise TableProblem(
            _("This table has more than %(most)s columns.")
            % {"most": Counted(MOST_COLUMNS)}
        )
    return [cited(cell) for cell in record.cells]


# == Is it a table? ==


def check_choice(encoding: str, delimiter: str) -> None:
    if encoding not in encodings.LABELS or delimiter not in SIGNS:
        raise TableProblem(_("Choose an encoding and a delimiter from the lists."))


def check_kind(start: bytes) -> None:
    """Raise TableProblem for an empty file, and for one of another kind."""
    for magic, sentence in OTHER_KINDS:
        if start.startswith(magic):
            raise TableProblem(sentence)
    if not start:
        raise TableProblem(EMPTY)


def check_text(file: BinaryIO, encoding: str) -> None:
    """Raise TableProblem when the beginning is no text, or that of a web page."""
    file.seek(0)
    start = file.read(encodings.UNITS.get(encoding, 1) * 16_384)
    text = start.decode(encoding, "replace")
    if not text.strip('\0\ufeff \t\r\n,;|"'):
        raise TableProblem(EMPTY)
    if len(CONTROLS.findall(text)) * 50 > len(text):
        raise TableProblem(NO_TEXT)
    if HTML.match(text.removeprefix("\ufeff")):
        raise TableProblem(
            _(
                "This is a web page, maybe that of a login or of an error, or a table "
                "saved as one: save it as CSV."
            )
        )
    if "\x1b$" in text:
        raise TableProblem(
            _("This file is in an encoding of e-mails (ISO 2022): save it as UTF-8.")
        )


def check_heading(heading: Sequence[str], first: Sequence[Record]) -> None:
    """Raise TableProblem when the first line is no heading, or nothing is below it."""
    if any(is_address(cell) for cell in heading):
        raise TableProblem(
            _(
                "The first line is a signature already: add a line above it that names "
                "the columns."
            )
        )
    if not first:
        raise TableProblem(_("There is nothing below the heading."))
    if sum(map(bool, heading)) == 1 and all(
        sum(bool(cell.strip()) for cell in record.cells) > 1 for record in first
    ):
        raise TableProblem(
            _("The first line is a title: delete all above the names of the columns.")
        )


def is_address(cell: str) -> bool:
    if "@" not in cell:
        return False
    try:
        clean_address(cell)
    except NotAnAddress:
        return False
    return True


# == What staff may have to correct ==


def encoding_doubts(encoding: encodings.DetectedEncoding) -> list[str]:
    label = encodings.LABELS[encoding.encoding]
    if encoding.strays:
        return [
            _(
                "This file is UTF-8, but for some lines. Where they hold more than the "
                "letters from A to Z, they cannot be read."
            )
        ]
    if encoding.is_certain:
        return []
    return [
        _(
            "The file does not say which encoding it has. It seems to be "
            "“%(encoding)s”: look at letters with accents below, and choose another "
            "one if they are wrong."
        )
        % {"encoding": label}
    ]


def skip_separator(lines: Lines) -> str:
    """Read a first line “sep=;”, as Excel has it, and return its delimiter; "" and
    nothing is read when there is none."""
    with suppress(TooLong, StopIteration):
        if match := SEPARATOR.fullmatch(next(lines)):
            return match[1]
    lines.go_back(0)
    return ""


def separator_of(file: BinaryIO, encoding: str) -> str:
    return skip_separator(Lines(file, encoding))


def find_delimiter(file: BinaryIO, encoding: str, doubts: list[str]) -> str:
    """Return the delimiter by which the most headings are known; then the one by which
    the most lines have as many cells as the heading; then the one that makes the most
    cells."""

    def score(sign: str) -> tuple[int, int, int]:
        lines = Lines(file, encoding)
        skip_separator(lines)
        rows = [one.cells for one in islice(read_records(lines, sign), COMPARED + 1)]
        heading, *below = rows or [[]]
        width = len(heading)
        known = headings.match(heading[:MOST_COLUMNS]).known
        return known, sum(len(cells) == width > 1 for cells in below), width

    scores = {sign: score(sign) for sign in SIGNS}
    best, second, *_others = sorted(SIGNS, key=lambda sign: scores[sign], reverse=True)
    if scores[second][:2] == scores[best][:2] and scores[second][2] > 1:
        labels = dict(DELIMITERS)
        doubts.append(
            _(
                "“%(one)s” and “%(other)s” may both be the delimiter: see whether the "
                "columns are right."
            )
            % {"one": labels[best], "other": labels[second]}
        )
    return best


def with_addresses(matched: Match, first: Sequence[Record]) -> tuple[Column, ...]:
    """Return the columns; where no heading says which has the addresses, it is the one
    in which alone nearly all cells are some."""
    meant = list(matched.columns)
    if Column.EMAIL in meant:
        return matched.columns
    some = first[:COMPARED]
    columns = []
    for at in range(len(meant)):
        cells = [cell for one in some if (cell := "".join(one.cells[at : at + 1]))]
        if cells and sum(map(is_address, cells)) >= 0.8 * len(cells):
            columns.append(at)
    if len(columns) == 1:
        meant[columns[0]] = Column.EMAIL
    return tuple(meant)


def find_order(
    columns: Sequence[Column],
    first: Sequence[Record],
    matched: Match,
    delimiter: str,
    doubts: list[str],
) -> bool:
    """Return whether days are written before months, with a doubt where that is not
    certain."""
    usual = matched.platform.day_first if matched.platform else None
    by_default = delimiter == ";" if usual is None else usual
    if Column.SIGNED_ON not in columns:
        return by_default
    at = columns.index(Column.SIGNED_ON)
    only: dict[bool, str] = {}
    either = ""
    for record in first:
        match = PARTS.fullmatch(plain_figures("".join(record.cells[at : at + 1])))
        if match is None or match[2] == ".":
            continue
        orders = [order for order in (True, False) if read_day(match[0], order)]
        if len(orders) == 1:
            only.setdefault(orders[0], match[0])
        elif orders and read_day(match[0], True) != read_day(match[0], False):
            either = either or match[0]
    if len(only) == 2:
        doubts.append(
            _(
                "“%(one)s” has the day first, “%(other)s” the month: one of them "
                "cannot be read."
            )
            % {"one": only[True], "other": only[False]}
        )
    elif not only and either:
        doubts.append(
            _(
                "“%(said)s” may be %(one)s or %(other)s: say whether the day or the "
                "month comes first."
            )
            % {
                "said": either,
                "one": read_day(either, True),
                "other": read_day(either, False),
            }
        )
    return next(iter(only)) if len(only) == 1 else by_default


def wrong_words(columns: Sequence[Column], first: Sequence[Record]) -> list[str]:
    """Return a doubt when names or places were decoded wrongly by whoever wrote the
    file."""
    read = [at for at, column in enumerate(columns) if column in {*NAMES, Column.PLACE}]
    for record in first[:READ]:
        for at in read:
            cell = "".join(record.cells[at : at + 1])
            if not cell.isascii() and (wrong := find_mojibake(cell[:1000])):
                return [
                    _(
                        "“%(found)s” should probably read “%(meant)s”: letters are "
                        "wrong in the file itself, or it has another encoding."
                    )
                    % {"found": cited(wrong.garbled), "meant": cited(wrong.meant)}
                    if wrong.meant
                    else _(
                        "Letters of “%(found)s” are wrong in the file itself, or it "
                        "has another encoding."
                    )
                    % {"found": cited(wrong.garbled)}
                ]
    return []


__all__ = [
    "DELIMITERS",
    "ENCODINGS",
    "Guess",
    "Layout",
    "Record",
    "guess",
    "read_heading",
    "records",
    "sample",
]
