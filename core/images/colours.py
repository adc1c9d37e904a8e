"""Colours by number: how well one can be read on another (WCAG 2.2), and what is near
to a given one and can be read."""

from __future__ import annotations

import re
from collections.abc import Sequence

type Colour = tuple[int, int, int]

HEX = re.compile(r"#[0-9a-f]{6}")
BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
TEXT = 4.5
"""The contrast that text needs, and that lines and bars have with it."""
SHAPE = 3.0


def parse_colour(text: str) -> Colour:
    """The colour that “#0b5f6b” names."""
    if not HEX.fullmatch(text):
        raise ValueError(text)
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def written(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """`colour` with a `share` of `other` in it."""
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
    """From 1, the same, to 21, black on white."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def least(colour: Colour, grounds: Sequence[Colour]) -> float:
    """The contrast on the ground where it is worst."""
    return min(contrast(colour, ground) for ground in grounds)


def readable_on(
    colour: Colour, grounds: Sequence[Colour], wanted: float = TEXT
) -> Colour:
    """The colour, with no more black or white in it than it needs to be read on all
    of `grounds`, which are all light or all dark."""
    towards = BLACK if luminance(grounds[0]) > 0.18 else WHITE
    for percent in range(101):
        found = mixed(colour, towards, percent / 100)
        if least(found, grounds) >= wanted:
            return found
    raise ValueError(f"neither black nor white can be read on all of {grounds}")


def on(colour: Colour) -> Colour:
    """Black or white, whichever is read better on it: at least 4.58 always."""
    return max(BLACK, WHITE, key=lambda text: contrast(text, colour))
