"""The lines of a file and the records of a table, one at a time, from any place on: of
a file of any size, no more than a piece is in memory."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.utils.translation import gettext_noop

from core.text.faults import MOST_SHOWN
from petitions.importing.encodings import UNITS

PIECE = 1 << 16
# How long a record may be: a comment of twenty pages, or a thousand columns. It is less
# than the longest cell that csv reads.
MOST_BYTES = 130_000
LINE_END = re.compile(r"(?<=\n)|(?<=\r)(?!\n)")

TOO_LONG = gettext_noop("This line is too long to be a signature.")
QUOTES = gettext_noop(
    "A quotation mark is opened here and not closed, or stands where none can be."
)


class TooLong(Exception):
    """Raised behind a line with which a record becomes too long."""


class Lines:
    """An iterator over the lines of a file, from a byte position on. Any of \\n, \\r\\n
    and \\r ends a line, wherever it stands. What cannot be decoded is U+FFFD."""

    def __init__(
        self, file: BinaryIO, encoding: str, position: int = 0, number: int = 0
    ) -> None:
        self.file, self.encoding = file, encoding
        self.unit = UNITS.get(encoding, 1)
        self.position, self.number = position, number
        """Where the line ends that was given last."""
        self.given: list[tuple[str, int]] = []
        """The lines, with their lengths, of the record that is being read."""
        self.size = 0
        """Their length together."""
        self.held: deque[tuple[str, int]] = deque()
        self.rest, self.dropped = b"", 0
        self.file.seek(position)

    def begin_record(self) -> None:
        self.given, self.size = [], 0

    def go_back(self, kept: int) -> None:
        """Give the lines of this record once more, but for the first `kept`. The file
        is not read again: for thousands of stray quotation marks that took minutes."""
        again = self.given[kept:]
        self.held.extendleft(reversed(again))
        self.given = self.given[:kept]
        self.size = sum(size for _text, size in self.given)
        self.position -= sum(size for _text, size in again)
        self.number -= len(again)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while not self.held:
            self.read_on()
        text, size = self.held.popleft()
        if not self.position:
            text = text.removeprefix("\ufeff")
        self.position += size
        self.number += 1
        self.given.append((text, size))
        self.size += size
        if self.size > MOST_BYTES:
            raise TooLong
        return text

    def read_on(self) -> None:
        """Hold the lines of the next piece. The last waits for the next piece, which
        may go on with it, or with the other half of its end."""
        piece = self.file.read(PIECE)
        data = self.rest + piece
        if not data:
            raise StopIteration
        lines = self.split(data)
        self.rest = b""
        if piece:
            _text, size = lines.pop()
            self.rest = data[len(data) - size :]
        if lines and self.dropped:
            text, size = lines[0]
            lines[0] = text, size + self.dropped
            self.dropped = 0
        self.held.extend(lines)
        # Of a line that is too long already, only its length matters.
        if len(self.rest) > 2 * MOST_BYTES:
            cut = MOST_BYTES // 4 * 4
            self.dropped += cut
            self.rest = self.rest[cut:]

    def split(self, data: bytes) -> list[tuple[str, int]]:
        """Return the lines with their lengths in bytes."""
        if self.unit == 1:
            return [
                (line.decode(self.encoding, "replace"), len(line))
                for line in data.splitlines(keepends=True)
            ]
        # No character may be cut in two.
        text = data.decode(self.encoding, "replace")
        lines = [line for line in LINE_END.split(text) if line]
        sizes = [len(line.encode(self.encoding)) for line in lines]
        sizes[-1] += len(data) - sum(sizes)
        return list(zip(lines, sizes, strict=True))


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a table, as it stands there."""

    line: int
    """Its line in the file, of which the first is 1."""
    last_line: int
    """Where it ends: a cell in quotes may hold line ends."""
    end: int
    """The position of the byte behind it."""
    cells: list[str]
    fault: str = ""
    """Why it could not be read (a msgid); `cells` then has the beginning of its line
    alone."""


def read_records(lines: Lines, delimiter: str, width: int = 0) -> Iterator[Record]:
    """Yield the records from here on, blank ones left out. Of one that makes no sense
    (a quotation mark that is not closed before it is too long, or several lines that
    have not `width` cells together) the first line alone is a fault, and reading goes
    on behind it: a stray quotation mark loses one signature, not all that follow."""
    reader = reader_of(lines, delimiter)
    while True:
        number = lines.number
        lines.begin_record()
        fault = ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except TooLong:
            fault = TOO_LONG
        except csv.Error:
            fault = QUOTES
        is_spread = lines.number > number + 1
        if is_spread and (fault or (width and len(cells) != width)):
            lines.go_back(1)
            fault = QUOTES
        if fault:
            cells = [lines.given[0][0][:MOST_SHOWN]]
            reader = reader_of(lines, delimiter)
        if fault or any(map(str.strip, cells)):
            yield Record(number + 1, lines.number, lines.position, cells, fault)


def reader_of(lines: Lines, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
