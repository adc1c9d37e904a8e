"""The fonts of PDF files: Google's Noto, where the system has it. Which one has a
character, and what stands for a character that none has.

A PDF/UA file shows each character: one without a glyph would stop the whole file.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont

PLACES = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts")
"""Folders in which systems keep fonts."""
BASE = "NotoSans-Regular.ttf"
"""The font that is tried first; without it no PDF is made."""
CJK = "NotoSansCJK-Regular.ttc"
"""The font that has Chinese, Japanese and Korean."""
SPECIAL = (
    "Display",
    "Mono",
    "UI",
    "Unjoined",
    "Slanted",
    "Rashi",
    "Looped",
    "Tifinagh",
)
"""Parts of the names of fonts that show characters in a way of their own; another one
has the same characters."""
PLAIN = ("NotoSansTifinagh-Regular.ttf",)
SIGN = "\ufffd"
"""What stands for a character that no font has."""

# They turn what follows around, also outside of the text that they stand in.
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0)))) + "\u2028\u2029"
MEANT: dict[int, str | None] = {
    **dict.fromkeys(map(ord, CONTROLS), " "),
    **dict.fromkeys(map(ord, TURNING)),
}
# Characters that are invisible in each font, and join or separate their neighbours.
INVISIBLE = frozenset(
    chr(code)
    for first, last in (
        (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160),
        (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x2060, 0x206F),
        (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
        (0xE0000, 0xE0FFF),
    )
    for code in range(first, last + 1)
)  # fmt: skip
JOINER = "\u200d"
SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))


class NoFonts(Exception):
    """The fonts that each PDF needs are not installed."""


@dataclass(frozen=True)
class Font:
    path: Path
    characters: frozenset[str]


@lru_cache(maxsize=1)
def installed() -> tuple[Font, ...]:
    """Return the fonts, in the order in which they are tried; raise NoFonts when the
    first is missing."""
    paths = font_files()
    if BASE not in paths:
        raise NoFonts(f"{BASE} is in none of {', '.join(PLACES)}")
    return tuple(read_font(paths[name]) for name in sorted(paths, key=rank))


def rank(name: str) -> tuple[bool, bool, str]:
    """Return what fonts are ordered by, so that those without serifs come first."""
    return name != BASE, not name.startswith("NotoSans"), name


def font_files() -> dict[str, Path]:
    """Return where the fonts are, by name of the file."""
    paths: dict[str, Path] = {}
    for place in PLACES:
        for path in sorted(Path(place).expanduser().glob("**/Noto*-Regular.tt[fc]")):
            name = path.name
            if name in PLAIN or not any(part in name for part in SPECIAL):
                paths.setdefault(name, path)
    return paths


def read_font(path: Path) -> Font:
    """Return which characters the font in a file has; of a collection, the first."""
    with TTFont(path, fontNumber=0, lazy=True) as font:
        return Font(path, frozenset(map(chr, font.getBestCmap() or ())))


@dataclass
class Typesetter:
    """Prepares the texts of one file: makes out of each one that can be shown, and
    notes which fonts they take and how many characters none has."""

    fonts: tuple[Font, ...] = field(default_factory=installed)
    used: set[int] = field(default_factory=lambda: {0})
    replaced: int = 0

    def prepared(self, data: Any) -> Any:
        """Return `data`, which may be JSON, with each text in it prepared."""
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, dict):
            return {name: self.prepared(value) for name, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.prepared(value) for value in data]
        return data

    def text(self, text: str) -> str:
        """Return the text without what turns its neighbours around, with a sign in
        place of each character that no font has."""
        text = unicodedata.normalize("NFC", text.translate(MEANT))
        if self.fonts[0].characters.issuperset(text):
            return text
        return "".join(map(self.cluster, clusters(text)))

    def cluster(self, cluster: str) -> str:
        """Return a letter with its marks, or a sign in place of what of it no font
        has. A letter and its marks have to be of one font."""
        if self.has(cluster):
            return cluster
        kept = ""
        for character in cluster:
            if not kept.endswith(SIGN) and self.has(kept + character):
                kept += character
            elif character not in INVISIBLE:
                self.replaced += 1
                kept = kept.removesuffix(SIGN) + SIGN
        return kept

    def has(self, cluster: str) -> bool:
        """Return whether a font has all of the cluster, and note that it is used."""
        number = where(self.fonts, cluster)
        if number is not None:
            self.used.add(number)
        return number is not None

    @property
    def paths(self) -> list[Path]:
        """The files of the fonts that the texts take, bold ones after the others, in
        the order to try them."""
        plain = [self.fonts[number].path for number in sorted(self.used)]
        names = (path.with_name(path.name.replace("Regular", "Bold")) for path in plain)
        return plain + [path for path in names if path.exists()]


@lru_cache(maxsize=20_000)
def where(fonts: tuple[Font, ...], cluster: str) -> int | None:
    """Return the number of the first font that has each character of the cluster."""
    visible = [character for character in cluster if character not in INVISIBLE]
    for number, font in enumerate(fonts):
        if font.characters.issuperset(visible):
            return number
    return None


def clusters(text: str) -> Iterator[str]:
    """Yield the letters of a text, each with the marks, joiners and skin tones that
    follow it, and with the letter that a joiner binds to it."""
    cluster = ""
    for character in text:
        follows = (
            unicodedata.category(character)[0] == "M"
            or character in INVISIBLE
            or character in SKIN_TONES
            or (cluster[-1:] == JOINER and unicodedata.category(character) == "So")
        )
        if cluster and not follows:
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def direction_of(text: str) -> str:
    """Return “rtl” or “ltr”, by the first letter of the text that has a direction."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in {"L", "R", "AL"}:
            return "ltr" if kind == "L" else "rtl"
    return "ltr"
