"""What people type, and what word processors, notes and tables put into it: the one
place that says which characters a text keeps, and how its lines end."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Turn the direction of what follows, also outside of the field.
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Control characters that nobody sees, and that say nothing here: bells, marks of table
# cells, places where a picture or a note was.
DROPPED = (
    "".join(map(chr, (*range(9), *range(0x0E, 0x20), 0x7F)))
    + TURNING
    + "\ufeff\ufff9\ufffa\ufffb\ufffc"
)
# Bytes of Windows that were taken for ISO 8859-1: its quotation marks and dashes.
OF_WINDOWS = {
    number: bytes([number]).decode("cp1252", "ignore") or None
    for number in range(0x80, 0xA0)
}
# Signs of Wingdings and Symbol, by the letter on whose key they are: Word numbers them
# in a range that no other font has.
OF_SYMBOL_FONTS = {
    "·": "•", "§": "▪", "Ø": "➢", "ü": "✓", "û": "✗", "þ": "☑", "ý": "☒", "v": "❖",
    "q": "❑", "o": "☐", "¨": "☐", "n": "■", "l": "●", "u": "◆", "à": "→", "ß": "←",
    "è": "➔", "®": "→", "J": "☺", "L": "☹", "«": "★", "(": "☎", "*": "✉",
    "-": "−", "°": "°", "±": "±", "´": "×", "£": "≤", "³": "≥", "¹": "≠",
}  # fmt: skip
MEANT: dict[int, str | None] = {
    **dict.fromkeys(map(ord, DROPPED)),
    **OF_WINDOWS,
    # Shift+Enter and page breaks of word processors, and line ends of other systems.
    **dict.fromkeys((0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029), "\n"),
    # Word's optional and fixed hyphen, and that of PDF.
    0x1F: "\u00ad",
    0x02: "\u00ad",
    0x1E: "\u2011",
    **{0xF000 + ord(code): sign for code, sign in OF_SYMBOL_FONTS.items()},
}
CHANGED = re.compile(f"[{re.escape(''.join(map(chr, MEANT)))}]")
# Not seen at either end, and not meant there.
ENDS = (
    "".join(c for c in map(chr, range(0x3001)) if c.isspace())
    + "\u200b\u200e\u200f\u061c\u2060\u00ad"
)
SEVERAL_BLANKS = re.compile(r"\s{2,}|[\n\t]")
# Halves of characters, code points that never will be characters, the sign for bytes
# that were no text, and what only a symbol font shows.
PLANES = range(0, 0x110000, 0x10000)
UNREADABLE = re.compile(
    "[\ud800-\udfff\uf020-\uf0fe\ufdd0-\ufdef\ufffd"
    + "".join(f"{chr(plane + 0xFFFE)}-{chr(plane + 0xFFFF)}" for plane in PLANES)
    + "]"
)


@dataclass(frozen=True)
class Place:
    """Where something in a text cannot be read, counted from 1."""

    line: int
    character: int
    code: str
    """“U+FFFD”."""


def clean_text(text: str) -> str:
    """Text of any number of lines, as it is stored: composed, lines ended by “\\n”,
    control characters as what they mean."""
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", text)
        if CHANGED.search(text):
            text = text.replace("\r\n", "\n").translate(MEANT)
    return text.strip(ENDS)


def clean_line(text: str) -> str:
    """Text on one line: what ends or indents lines is a blank, and so are several."""
    return SEVERAL_BLANKS.sub(" ", clean_text(text))


def unreadable(text: str) -> Place | None:
    """The first place in a cleaned text that stands for nothing; None when all can be
    read."""
    found = UNREADABLE.search(text)
    if found is None:
        return None
    before = text[: found.start()]
    return Place(
        line=before.count("\n") + 1,
        character=len(before) - before.rfind("\n"),
        code=f"U+{ord(found[0]):04X}",
    )


def is_garbled(text: str) -> bool:
    """Whether it holds what no keyboard types."""
    return CHANGED.search(text) is not None or UNREADABLE.search(text) is not None


def ignoring_case_and_blanks(text: str) -> str:
    """The same for lines that look the same: without case, blanks and what is not
    seen."""
    plain = unicodedata.normalize("NFKC", clean_line(text)).casefold()
    return "".join(c for c in plain if unicodedata.category(c) not in {"Cf", "Zs"})


def ignoring_blanks(text: str) -> str:
    """The same for lines that differ in nothing but blanks and what is not seen."""
    line = unicodedata.normalize("NFC", clean_line(text))
    return " ".join("".join(c for c in line if unicodedata.category(c) != "Cf").split())
