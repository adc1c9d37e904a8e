"""Letters for pictures: which can be drawn, and how many fit. One font has all of them:
Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian, Georgian, Ethiopic, Devanagari,
Bengali, Gurmukhi, Tamil, Thai and Canadian syllabics
(petitions/sharing/fonts/README.md)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont, features

FONT = Path(__file__).parent / "fonts" / "PetitionsSans-Bold.ttf"
# Shapes Arabic and Indic words, and turns what is read from the right. Without
# libfribidi on the machine it is not there, and such words are left out.
SHAPES = features.check("raqm")
VERSION = f"{FONT.stat().st_size} {SHAPES}"

SIZES = range(72, 35, -4)
LINES = 4
# From one line to the next, of the letters' size; and the height of all of them.
LEADING = 1.24
ROOM = 272
# A line that does not fit has smaller letters, down to these.
SMALLEST_LINE = 22
ELLIPSIS = "…"
# A code point that never will be a character: what it looks like, all unknown ones do.
UNKNOWN = "\U0010ffff"
# From here on letters have to be shaped or turned.
SIMPLE_BELOW = 0x0590

type Font = ImageFont.FreeTypeFont


@lru_cache(maxsize=32)
def font(size: int) -> Font:
    return ImageFont.truetype(FONT, size)


# == Which can be drawn ==


@lru_cache(maxsize=4000)
def is_known(character: str) -> bool:
    """Whether the font has it."""
    if not SHAPES and ord(character) >= SIMPLE_BELOW:
        return ord(character) in range(0x1E00, 0x2070)
    plain = _plain_font()
    return bytes(plain.getmask(character)) != bytes(plain.getmask(UNKNOWN))


@lru_cache(maxsize=1)
def _plain_font() -> Font:
    return ImageFont.truetype(FONT, 24, layout_engine=ImageFont.Layout.BASIC)


def drawable(text: str) -> str:
    """The text without pictographs and what else nobody misses; '' when a letter or
    digit of it cannot be drawn, because a word with a hole is worse than none."""
    kept = []
    for character in unicodedata.normalize("NFC", " ".join(text.split())):
        category = unicodedata.category(character)
        # Format characters have no look of their own, but join and part letters.
        if category in {"Zs", "Cf"} or is_known(character):
            kept.append(character)
        elif category[0] in "LN":
            return ""
    return " ".join("".join(kept).split())


def direction_of(text: str) -> str | None:
    """“rtl” when the first letter that has a direction is read from the right."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in {"R", "AL"}:
            return usable("rtl")
        if kind == "L":
            break
    return usable("ltr")


def usable(direction: str) -> str | None:
    """The direction, where letters can be turned; Pillow takes none elsewhere."""
    return direction if SHAPES else None


# == How many fit ==


def fitting(text: str, size: int, width: float) -> Font:
    """The largest font up to `size` in which the text is one line of this width; the
    smallest there is when none is."""
    sizes = range(size, SMALLEST_LINE - 1, -1)
    fits = (font(n) for n in sizes if font(n).getlength(text) <= width)
    return next(fits, font(SMALLEST_LINE))


def fitted(text: str, width: float) -> tuple[Font, list[str]]:
    """The largest font in which the text has room, and its lines; the last one ends
    with an ellipsis when even the smallest is too large."""
    for size in SIZES:
        lines = wrapped(text, font(size), width)
        if len(lines) <= LINES and len(lines) * size * LEADING <= ROOM:
            return font(size), balanced(text, font(size), width, len(lines))
    smallest = font(SIZES[-1])
    lines = wrapped(text, smallest, width)
    rest = " ".join(lines[LINES - 1 :])
    return smallest, [*lines[: LINES - 1], shortened(rest, smallest, width)]


def balanced(text: str, font: Font, width: float, number: int) -> list[str]:
    """As many lines, as alike as words allow: none of a single word at the end."""
    narrow, wide = max(map(font.getlength, text.split(" "))), width
    if narrow > width:
        return wrapped(text, font, width)
    for _step in range(6):
        middle = (narrow + wide) / 2
        if len(wrapped(text, font, middle)) <= number:
            wide = middle
        else:
            narrow = middle
    return wrapped(text, font, wide)


def wrapped(text: str, font: Font, width: float) -> list[str]:
    """Lines of whole words; a word that is longer than a line is parted."""
    space = font.getlength(" ")
    lines: list[str] = []
    line, length = "", 0.0
    for word in text.split(" "):
        # Each word is measured once: nothing else here takes time.
        own = font.getlength(word)
        if line and length + space + own <= width:
            line, length = f"{line} {word}", length + space + own
            continue
        if line:
            lines.append(line)
        line, length = word, own
        if own > width:
            *full, line = parted(word, font, width)
            lines += full
            length = font.getlength(line)
    return [*lines, line]


def parted(word: str, font: Font, width: float) -> list[str]:
    """The word in pieces that fit, marks with the letter that they stand on."""
    pieces, piece = [], ""
    for cluster in clusters(word):
        if piece and font.getlength(piece + cluster) > width:
            pieces.append(piece)
            piece = ""
        piece += cluster
    return [*pieces, piece]


def clusters(word: str) -> list[str]:
    """Letters, each with the marks and joiners that follow it."""
    found: list[str] = []
    for character in word:
        joins = unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"
        if found and joins:
            found[-1] += character
        else:
            found.append(character)
    return found


def shortened(text: str, font: Font, width: float) -> str:
    """The text, or as much of it as fits with an ellipsis behind it."""
    if font.getlength(text) <= width:
        return text
    parts = clusters(text)
    low, high = 0, len(parts)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength("".join(parts[:middle]).rstrip() + ELLIPSIS) <= width:
            low = middle
        else:
            high = middle - 1
    return "".join(parts[:low]).rstrip() + ELLIPSIS
