"""Clean what people type and paste from word processors, notes and tables. This is the
one place that decides which characters a text keeps, and how its lines end."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# They change the direction of what follows, also outside of the field.
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Invisible characters that say nothing here: control characters such as bells and the
# marks of table cells, and places where a picture or a note was.
DROPPED = (
    "".join(map(chr, (*range(9), *range(0x0E, 0x20), 0x7F)))
    + TURNING
    + "\ufeff\ufff9\ufffa\ufffb\ufffc"
)
# Quotation marks and dashes of Windows-1252 that were decoded as ISO 8859-1.
OF_WINDOWS = {
    number: bytes([number]).decode("cp1252", "ignore") or None
    for number in range(0x80, 0xA0)
}
# Characters of the fonts Wingdings and Symbol, by the letter on their key: Word writes
# them as private-use code points, which no other font has.
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
    # Word's optional and non-breaking hyphens, and that of PDF.
    0x1F: "\u00ad",
    0x02: "\u00ad",
    0x1E: "\u2011",
    **{0xF000 + ord(code): sign for code, sign in OF_SYMBOL_FONTS.items()},
}
CHANGED = re.compile(f"[{re.escape(''.join(map(chr, MEANT)))}]")
# Stripped at both ends of a text: nobody sees them there, or means them.
ENDS = (
    "".join(c for c in map(chr, range(0x3001)) if c.isspace())
    + "\u200b\u200e\u200f\u061c\u2060\u00ad"
)
# What keyboards of some languages and word processors write between figures.
OF_FIGURES = {
    **dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63, 0xFF0D), "-"),
    **dict.fromkeys((0x2215, 0xFF0F), "/"),
    **dict.fromkeys((0x2236, 0xFF1A), ":"),
    0xFF0E: ".",
}
SEVERAL_BLANKS = re.compile(r"\s{2,}|[\n\t]")
# Letters and marks that show nothing: fillers of Hangul, the empty Braille pattern,
# invisible vowels and variation selectors.
BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
# Lone surrogates, noncharacters, the replacement character, and private-use code points
# that only a symbol font shows.
PLANES = range(0, 0x110000, 0x10000)
UNREADABLE = re.compile(
    "[\ud800-\udfff\uf020-\uf0fe\ufdd0-\ufdef\ufffd"
    + "".join(f"{chr(plane + 0xFFFE)}-{chr(plane + 0xFFFF)}" for plane in PLANES)
    + "]"
)


@dataclass(frozen=True)
class TextPosition:
    """The position of an unreadable character in a text; lines and characters count
    from 1."""

    line: int
    character: int
    code: str
    """The code point, as in “U+FFFD”."""


def clean_text(text: str) -> str:
    r"""Return a text of any number of lines as it is stored: NFC, lines that end with
    “\n”, control characters replaced by what they mean or dropped."""
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", text)
        if CHANGED.search(text):
            text = text.replace("\r\n", "\n").translate(MEANT)
    return text.strip(ENDS)


def clean_line(text: str) -> str:
    """Return a text cleaned and on one line: line breaks, tabs and runs of blanks
    become a single blank."""
    return SEVERAL_BLANKS.sub(" ", clean_text(text))


def plain_figures(text: str) -> str:
    """Return what was typed for a number, a day or an hour with the digits of any
    script as 0 to 9, dashes, full-width signs and the like as “-”, “:” and so on, and
    without invisible characters."""
    line = clean_line(text).translate(OF_FIGURES)
    seen = (sign for sign in line if unicodedata.category(sign) != "Cf")
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in seen).strip()


def unreadable(text: str) -> TextPosition | None:
    """Return the position of the first unreadable character of a cleaned text, or
    None."""
    match = UNREADABLE.search(text)
    if match is None:
        return None
    before = text[: match.start()]
    return TextPosition(
        line=before.count("\n") + 1,
        character=len(before) - before.rfind("\n"),
        code=f"U+{ord(match[0]):04X}",
    )


def is_garbled(text: str) -> bool:
    """Return whether the text holds characters that no keyboard types."""
    return CHANGED.search(text) is not None or UNREADABLE.search(text) is not None


def ignoring_case_and_blanks(text: str) -> str:
    """Return a key that is equal for lines which look the same but for case and
    blanks."""
    plain = unicodedata.normalize("NFKC", without_unseen(text)).casefold()
    return "".join(c for c in plain if unicodedata.category(c) != "Zs")


def ignoring_blanks(text: str) -> str:
    """Return a key that is equal for lines which differ only in blanks and what is not
    seen."""
    return " ".join(without_unseen(text).split())


def without_unseen(text: str) -> str:
    """Return the text on one line, without invisible characters."""
    line = BLANK.sub("", clean_line(text))
    return "".join(c for c in line if unicodedata.category(c) != "Cf")
