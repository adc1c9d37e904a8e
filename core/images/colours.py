"""Calculate with colours: the contrast of one on another (WCAG 2.2), and the nearest
colour that can be read."""

from __future__ import annotations

import re
from collections.abc import Sequence

type Colour = tuple[int, int, int]

HEX = re.compile(r"#[0-9a-f]{6}")
BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
TEXT = 4.5
"""The contrast that text needs; for lines and bars SHAPE is enough."""
SHAPE = 3.0


def parse_colour(text: str) -> Colour:
    """Return the colour of a code such as “#0b5f6b”; ValueError for any other text."""
    if not HEX.fullmatch(text):
        raise ValueError(text)
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def hexadecimal(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """Return `colour` with a `share` (0 to 1) of `other` mixed into it."""
    red, green, blue = (
        round(own + (its - own) * share) for own, its in zip(colour, other, strict=True)
    )
    return red, green, blue


def luminance(colour: Colour) -> float:
    def linear(part: int) -> float:
        value = part / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio: from 1 (equal) to 21 (black on white)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def least_contrast(colour: Colour, grounds: Sequence[Colour]) -> float:
    """Return the contrast with the background where it is worst."""
    return min(contrast(colour, ground) for ground in grounds)


def readable_on(
    colour: Colour, grounds: Sequence[Colour], wanted: float = TEXT
) -> Colour:
    """Return the colour with as little black or white mixed in as makes it readable on
    all of `grounds`, which are all light or all dark."""
    towards = BLACK if luminance(grounds[0]) > 0.18 else WHITE
    for percent in range(101):
        candidate = mixed(colour, towards, percent / 100)
        if least_contrast(candidate, grounds) >= wanted:
            return candidate
    raise ValueError(f"neither black nor white can be read on all of {grounds}")


def on(colour: Colour) -> Colour:
    """Return black or white, whichever has more contrast on `colour`: always at least
    4.58."""
    return max(BLACK, WHITE, key=lambda text: contrast(text, colour))
