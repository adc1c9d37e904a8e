"""Which encoding the text of a file has."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import chardet
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

# What staff choose from; nothing else is ever used to decode a file. The names are
# Python's.
ENCODINGS: list[tuple[str, StrOrPromise]] = [
    ("utf-8", "UTF-8"),
    ("utf-16-le", "UTF-16"),
    ("utf-16-be", "UTF-16 (big-endian)"),
    ("utf-32-le", "UTF-32"),
    ("utf-32-be", "UTF-32 (big-endian)"),
    ("cp1252", _("Western European (Windows-1252)")),
    ("iso8859-15", _("Western European (ISO 8859-15)")),
    ("mac-roman", _("Western European (Mac)")),
    ("cp850", _("Western European (DOS, code page 850)")),
    ("cp437", _("Western European (DOS, code page 437)")),
    ("cp1250", _("Central European (Windows-1250)")),
    ("iso8859-2", _("Central European (ISO 8859-2)")),
    ("cp852", _("Central European (DOS, code page 852)")),
    ("cp1257", _("Baltic (Windows-1257)")),
    ("cp1254", _("Turkish (Windows-1254)")),
    ("cp1258", _("Vietnamese (Windows-1258)")),
    ("cp1251", _("Cyrillic (Windows-1251)")),
    ("koi8-r", _("Cyrillic (KOI8-R)")),
    ("koi8-u", _("Cyrillic (KOI8-U)")),
    ("iso8859-5", _("Cyrillic (ISO 8859-5)")),
    ("cp866", _("Cyrillic (DOS, code page 866)")),
    ("cp1253", _("Greek (Windows-1253)")),
    ("iso8859-7", _("Greek (ISO 8859-7)")),
    ("cp1255", _("Hebrew (Windows-1255)")),
    ("cp1256", _("Arabic (Windows-1256)")),
    ("iso8859-6", _("Arabic (ISO 8859-6)")),
    ("cp874", _("Thai (Windows-874)")),
    ("cp932", _("Japanese (Shift JIS)")),
    ("euc_jp", _("Japanese (EUC-JP)")),
    ("gb18030", _("Chinese, simplified (GB 18030)")),
    ("big5hkscs", _("Chinese, traditional (Big5)")),
    ("cp949", _("Korean (EUC-KR, code page 949)")),
]
LABELS = dict(ENCODINGS)
# How many bytes a character has at least, so that line ends stand at multiples of it.
UNITS = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    # Before UTF-16, whose mark this one begins with.
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# Names by which chardet calls one that includes another, where the larger is offered.
LARGER = {
    "iso8859-1": "cp1252", "ascii": "utf-8", "iso8859-8": "cp1255",
    "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis_620": "cp874",
    "shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs",
    "cp950": "big5hkscs", "euc_kr": "cp949", "shift_jis_2004": "cp932",
    "euc_jis_2004": "euc_jp", "iso8859-13": "cp1257",
}  # fmt: skip
PIECE = 1 << 20
# How much chardet is shown.
SHOWN = 100_000
# A bar may also be the second byte of a Chinese character.
CELL_END = re.compile(rb'[,;\t"\r\n]|(?<![\x80-\xff])\|')


@dataclass(frozen=True)
class DetectedEncoding:
    """An encoding, and how it is known."""

    encoding: str
    is_certain: bool = True
    strays: int = 0
    """Of UTF-8: how many lines, of those looked at, are in another encoding."""


def find_encoding(file: BinaryIO) -> DetectedEncoding:
    """Return the encoding of a whole file: by its mark, as UTF-8 throughout, by the NUL
    bytes of UTF-16, or as chardet guesses."""
    file.seek(0)
    start = file.read(PIECE)
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return DetectedEncoding(encoding)
    if encoding := by_nulls(start):
        return DetectedEncoding(encoding, is_certain=False)
    file.seek(0)
    is_utf8, lines = looked_at(file)
    if is_utf8:
        return DetectedEncoding("utf-8")
    strays = sum(not is_in_utf8(line) for line in lines)
    if len(lines) - strays > 9 * strays:
        return DetectedEncoding("utf-8", is_certain=False, strays=strays)
    return DetectedEncoding(guessed(b"".join(lines)), is_certain=False)


def by_nulls(start: bytes) -> str:
    """Return which of UTF-16 and UTF-32 a text without a mark is in, by the NUL bytes
    of its Latin letters, digits and delimiters; "" when it is in neither."""
    shares = [start[at::4].count(0) * 4 / max(len(start), 1) for at in range(4)]
    if sum(shares) < 0.2:
        return ""
    if min(shares[1:]) > 0.8 and shares[0] < 0.1:
        return "utf-32-le"
    if min(shares[:3]) > 0.8 and shares[3] < 0.1:
        return "utf-32-be"
    even, odd = shares[0] + shares[2], shares[1] + shares[3]
    if odd > 10 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 10 * odd else ""


def looked_at(file: BinaryIO) -> tuple[bool, list[bytes]]:
    """Return whether the file is in UTF-8 throughout, and lines with other letters than
    those of ASCII."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, lines, length, rest = True, [], 0, b""
    for piece in pieces_of_file(file):
        if is_utf8:
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                is_utf8 = False
        if length < SHOWN:
            *whole, rest = (rest + piece).splitlines(keepends=True)
            for line in whole:
                if not line.isascii() and length < SHOWN:
                    lines.append(line[:SHOWN])
                    length += len(lines[-1])
            rest = rest[:SHOWN]
    if not rest.isascii():
        lines.append(rest[:SHOWN])
    if is_utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    return is_utf8, lines


def pieces_of_file(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


def is_in_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def guessed(sample: bytes) -> str:
    """Return the encoding that chardet guesses by the cells with other letters than
    those of ASCII: among plain ones it finds Windows-1252 nearly everywhere. It is
    that, too, where the letters are the same in it, as it is the most common."""
    cells = [cell for cell in CELL_END.split(sample) if not cell.isascii()]
    detected = chardet.detect(b"\n".join(cells), compat_names=False)["encoding"]
    name = codecs.lookup(detected or "cp1252").name
    name = LARGER.get(name, name)
    if name not in LABELS:
        return "cp1252"
    as_usual = sample.decode("cp1252", "replace")
    return "cp1252" if sample.decode(name, "replace") == as_usual else name
