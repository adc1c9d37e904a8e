"""Records of any file, and resuming behind each of them."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petitions.importing.columns import Column
from petitions.importing.encodings import LABELS
from petitions.importing.lines import (
    MOST_BYTES,
    PIECE,
    QUOTES,
    TOO_LONG,
    Lines,
    Record,
    read_records,
)
from petitions.importing.tables import Layout, records

COLUMNS = (Column.NAME, Column.EMAIL)


def layout(encoding: str = "utf-8", delimiter: str = ",") -> Layout:
    return Layout(encoding, delimiter, COLUMNS, day_first=True)


def cells(content: bytes) -> list[list[str]]:
    return [r.cells for r in read_records(Lines(BytesIO(content), "utf-8"), ",", 2)]


def resumed(content: bytes, how: Layout) -> None:
    """Assert that the rest is the same from behind each record on."""
    file = BytesIO(content)
    all_of_them = list(records(file, how))
    ends = [record.end for record in all_of_them]
    assert ends == sorted(set(ends))
    for at, record in enumerate(all_of_them):
        rest = records(file, how, position=record.end, line=record.last_line)
        assert list(rest) == all_of_them[at + 1 :]


# Signs that mean something in a table, among letters of all kinds.
TABLE = st.lists(
    st.sampled_from(
        ["a", "é", "東", "😀", ",", ";", '"', '""', "\n", "\r", "\r\n", "\0", " ",
         "\u2028", "\ufeff", "\ufffd", "x@example.org", "sep=;"]
    )
).map("".join)  # fmt: skip


@given(
    TABLE, st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "gb18030"])
)
def test_any_text_is_read_and_resumed(text: str, encoding: str) -> None:
    resumed(text.encode(encoding), layout(encoding))


@given(
    st.lists(
        st.sampled_from(
            [b"a", b",", b'"', b"\n", b"\r", b"\0", b"\xff", b"\xfe", b"\xd8", b"\xdc",
             b"\x81", b"\x30", b"\xe6\x9d", b"name,email\n"]
        )
    ).map(b"".join),
    st.sampled_from([*LABELS]),
)  # fmt: skip
def test_any_bytes_are_read_and_resumed_in_any_encoding(
    content: bytes, encoding: str
) -> None:
    resumed(content, layout(encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "gb18030"])
def test_line_ends_and_letters_are_not_cut_between_two_pieces(encoding: str) -> None:
    for more in range(12):
        text = (
            f"Name,Email\r\n{'x' * (PIECE - 40 + more)},a@b.c\r\n" + "é😀,東\r\n" * 20
        )
        content = text.encode(encoding)

        read = list(records(BytesIO(content), layout(encoding)))

        assert [record.cells for record in read[1:]] == [["é😀", "東"]] * 20
        assert read[-1].end == len(content)
        assert read[-1].last_line == 22


def test_line_ends_of_every_kind_and_within_quotes() -> None:
    content = b'a,1\r\nb,2\rc,3\n"d\r\ne",4\n\n , \n"f\rg",5'

    read = list(read_records(Lines(BytesIO(content), "utf-8"), ",", 2))

    assert [(r.line, r.last_line, r.cells) for r in read] == [
        (1, 1, ["a", "1"]),
        (2, 2, ["b", "2"]),
        (3, 3, ["c", "3"]),
        (4, 5, ["d\r\ne", "4"]),
        (8, 9, ["f\rg", "5"]),
    ]


def faults(content: bytes) -> list[tuple[int, str]]:
    read = read_records(Lines(BytesIO(content), "utf-8"), ",", 2)
    return [(record.line, record.fault) for record in read]


class Counting(BytesIO):
    """A file that counts the bytes read from it."""

    read_so_far = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.read_so_far += len(data)
        return data


@pytest.mark.parametrize("line", [b'a@x.org,"b\n', b'"a@x.org,b\n', b'a,b"\n"c",d"\n'])
def test_a_file_full_of_stray_quotation_marks_is_read_once(line: bytes) -> None:
    """Whoever may import could hold the worker up for minutes."""
    content = line * 20_000
    file = Counting(content)

    found = list(read_records(Lines(file, "utf-8"), ",", 2))

    assert len(found) >= 10_000
    assert file.read_so_far == len(content)


def test_a_stray_quotation_mark_loses_its_line_alone() -> None:
    stray = b'a,1\n"b,2\nc,3\n"d, ""e""",4\nf,5\n'

    assert faults(stray) == [(1, ""), (2, QUOTES), (3, ""), (4, ""), (5, "")]
    assert faults(b'a,1\n"b" c,2\nd,3') == [(1, ""), (2, QUOTES), (3, "")]
    assert faults(b'a,1\nb,"2') == [(1, ""), (2, QUOTES)]


def test_lines_that_are_no_record_together_are_read_alone() -> None:
    """A quotation mark is closed by another one, far below: the cells do not match."""
    assert faults(b'x,"a\nb,2\nc,",3\nd,4\n') == [
        (1, QUOTES), (2, ""), (3, QUOTES), (4, ""),
    ]  # fmt: skip


class Endless:
    """A file that is a beginning and then the same byte, read in pieces as it comes."""

    def __init__(self, start: bytes, byte: bytes, length: int, end: bytes) -> None:
        self.start, self.byte, self.length, self.end = start, byte, length, end
        self.at = 0

    def seek(self, position: int) -> int:
        self.at = position
        return position

    def read(self, size: int) -> bytes:
        found = b"".join(self.parts(size))[:size]
        self.at += len(found)
        return found

    def parts(self, size: int) -> Iterator[bytes]:
        until = len(self.start) + self.length
        yield self.start[self.at :]
        if self.at < until:
            yield self.byte * min(size, until - max(self.at, len(self.start)))
        if self.at + size > until:
            yield self.end[max(self.at - until, 0) :]


def read_endless(*parts: Any) -> list[Record]:
    file: Any = Endless(*parts)
    return list(read_records(Lines(file, "utf-8"), ",", 2))


def test_a_line_of_100_mb_is_one_fault_and_not_kept() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    read = read_endless(b"a,1\n", b"x", 100_000_000, b"\nb,2\n")

    assert [(record.line, record.fault) for record in read] == [
        (1, ""), (2, TOO_LONG), (3, ""),
    ]  # fmt: skip
    assert read[1].end == 100_000_005
    # In kB: ten of 100 MB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10_000


def test_a_quotation_mark_before_100_mb_of_lines_costs_one_line() -> None:
    lines = b"".join(b"b,%d\n" % at for at in range(MOST_BYTES))

    read = list(read_records(Lines(BytesIO(b'a,1\n"a,2\n' + lines), "utf-8"), ",", 2))

    assert [record.fault for record in read] == ["", QUOTES, *[""] * MOST_BYTES]


def test_columns_without_number() -> None:
    assert len(cells(b"," * 5000 + b"x\n")[0]) == 5001
    assert faults(b"," * MOST_BYTES + b"x\na,1\n") == [(1, TOO_LONG), (2, "")]
