"""Text in pictures: which letters can be drawn, and how many fit. One font has all of
them: Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian, Georgian, Ethiopic, Devanagari,
Bengali, Gurmukhi, Tamil, Thai and Canadian syllabics
(petitions/sharing/fonts/README.md)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont, features

FONT = Path(__file__).parent / "fonts" / "PetitionsSans-Bold.ttf"
# Whether Pillow can shape Arabic and Indic words, and order those read from the right.
# It cannot without libfribidi on the machine; such words are then left out.
SHAPES = features.check("raqm")
VERSION = f"{FONT.stat().st_size} {SHAPES}"

SIZES = range(72, 35, -4)
LINES = 4
# The distance from one line to the next, as a multiple of the font size; and the height
# in pixels of all lines.
LEADING = 1.24
ROOM = 272
# The smallest font size for a single line that would not fit otherwise.
SMALLEST_LINE = 22
ELLIPSIS = "…"
# A code point that will never be a character: any that the font lacks looks like it.
UNKNOWN = "\U0010ffff"
# From this code point on, letters have to be shaped or reordered.
SIMPLE_BELOW = 0x0590

type Font = ImageFont.FreeTypeFont


@lru_cache(maxsize=32)
def font(size: int) -> Font:
    return ImageFont.truetype(FONT, size)


# == Which can be drawn ==


@lru_cache(maxsize=4000)
def is_known(character: str) -> bool:
    """Return whether the font has the character and it can be drawn on this machine."""
    if not SHAPES and ord(character) >= SIMPLE_BELOW:
        return ord(character) in range(0x1E00, 0x2070)
    plain = _plain_font()
    return bytes(plain.getmask(character)) != bytes(plain.getmask(UNKNOWN))


@lru_cache(maxsize=1)
def _plain_font() -> Font:
    return ImageFont.truetype(FONT, 24, layout_engine=ImageFont.Layout.BASIC)


def drawable(text: str) -> str:
    """Return the text without pictographs and other signs that nobody misses; "" when a
    letter or digit cannot be drawn, because a word with a hole is worse than none."""
    kept = []
    for character in unicodedata.normalize("NFC", " ".join(text.split())):
        category = unicodedata.category(character)
        # Format characters are invisible, but join and separate letters.
        if category in {"Zs", "Cf"} or is_known(character):
            kept.append(character)
        elif category[0] in "LN":
            return ""
    return " ".join("".join(kept).split())


def drawn_direction(text: str) -> str | None:
    """Return the direction of the text, “rtl” or “ltr”, by its first letter that has
    one; None where Pillow cannot draw directions."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in {"R", "AL"}:
            return usable("rtl")
        if kind == "L":
            break
    return usable("ltr")


def usable(direction: str) -> str | None:
    """Return the direction, or None where Pillow cannot draw directions and takes
    none."""
    return direction if SHAPES else None


# == How many fit ==


def fitting(text: str, size: int, width: float) -> Font:
    """Return the largest font up to `size` in which the text is one line of this width;
    if there is none, the smallest."""
    sizes = range(size, SMALLEST_LINE - 1, -1)
    fits = (font(n) for n in sizes if font(n).getlength(text) <= width)
    return next(fits, font(SMALLEST_LINE))


def fitted(text: str, width: float) -> tuple[Font, list[str]]:
    """Return the largest font in which the text fits, and its lines. If even the
    smallest is too large, the last line ends with an ellipsis."""
    for size in SIZES:
        lines = wrap_lines(text, font(size), width)
        if len(lines) <= LINES and len(lines) * size * LEADING <= ROOM:
            return font(size), balanced(text, font(size), width, len(lines))
    smallest = font(SIZES[-1])
    lines = wrap_lines(text, smallest, width)
    rest = " ".join(lines[LINES - 1 :])
    return smallest, [*lines[: LINES - 1], shortened_to_width(rest, smallest, width)]


def balanced(text: str, font: Font, width: float, number: int) -> list[str]:
    """Break the text into at most `number` lines of similar length, so that no single
    word is left at the end."""
    narrow, wide = max(map(font.getlength, text.split(" "))), width
    if narrow > width:
        return wrap_lines(text, font, width)
    for _step in range(6):
        middle = (narrow + wide) / 2
        if len(wrap_lines(text, font, middle)) <= number:
            wide = middle
        else:
            narrow = middle
    return wrap_lines(text, font, wide)


def wrap_lines(text: str, font: Font, width: float) -> list[str]:
    """Break the text into lines of whole words; a word longer than a line is split."""
    space = font.getlength(" ")
    lines: list[str] = []
    line, length = "", 0.0
    for word in text.split(" "):
        # Each word is measured only once: measuring is what takes time here.
        own = font.getlength(word)
        if line and length + space + own <= width:
            line, length = f"{line} {word}", length + space + own
            continue
        if line:
            lines.append(line)
        line, length = word, own
        if own > width:
            *full, line = split_word(word, font, width)
            lines += full
            length = font.getlength(line)
    return [*lines, line]


def split_word(word: str, font: Font, width: float) -> list[str]:
    """Split a word into pieces that fit, and keep marks with the letter that they
    belong to."""
    pieces, piece = [], ""
    for cluster in letters_of(word):
        if piece and font.getlength(piece + cluster) > width:
            pieces.append(piece)
            piece = ""
        piece += cluster
    return [*pieces, piece]


def letters_of(word: str) -> list[str]:
    """Split a word into letters, each with the marks and joiners that follow it."""
    letters: list[str] = []
    for character in word:
        joins = unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"
        if letters and joins:
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def shortened_to_width(text: str, font: Font, width: float) -> str:
    """Return the text, or as much of it as fits followed by an ellipsis."""
    if font.getlength(text) <= width:
        return text
    parts = letters_of(text)
    low, high = 0, len(parts)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength("".join(parts[:middle]).rstrip() + ELLIPSIS) <= width:
            low = middle
        else:
            high = middle - 1
    return "".join(parts[:low]).rstrip() + ELLIPSIS
