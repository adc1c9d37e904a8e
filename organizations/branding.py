"""An organisation's colour on its pages and in its mails.

Staff choose one colour. It fills buttons and the stripe above the page as it is, with
black or white on it. Links, lines and bars are drawn in the nearest colour that can be
read: darker on white, lighter on the dark scheme. So a yellow organisation has yellow
buttons, and links in an ink with a touch of yellow.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache, lru_cache

from core.http import styles
from core.images import colours
from core.images.colours import (
    TEXT,
    Colour,
)

# The share of the background in a tint, and of black or white in the colour under a
# pointer.
TINT = 0.9
STRONGER = 0.25
# Contrast on the dark scheme: more than text needs, because less would look dull.
VIVID = 6.0
# Yellows and pastels turn muddy before they can be read on white; ink with a touch of
# them does not.
PALE = 2.0
INKY = 0.82


@dataclass(frozen=True)
class Scheme:
    """The colours that an organisation's pages use, in the light or the dark scheme."""

    brand: Colour
    on_brand: Colour
    brand_edge: Colour
    accent: Colour
    accent_strong: Colour
    accent_soft: Colour

    @property
    def written(self) -> dict[str, str]:
        return {name: colours.hexadecimal(value) for name, value in vars(self).items()}

    @property
    def css(self) -> str:
        """The colours as CSS custom properties, named as in static/css/tokens.css."""
        return "".join(
            f"--{name.replace('_', '-')}:{value};"
            for name, value in self.written.items()
        )


@cache
def grounds(dark: bool) -> list[Colour]:
    """Return the backgrounds that text in the accent stands on, from the design
    tokens."""
    tokens = styles.colour_tokens(dark=dark)
    return [colours.parse_colour(tokens[name]) for name in ("paper", "raised")]


@lru_cache(maxsize=500)
def scheme(accent: str, *, dark: bool) -> Scheme:
    """Derive the light or dark scheme from a chosen colour such as “#0b5f6b”."""
    chosen = colours.parse_colour(accent)
    paper = grounds(dark)[0]
    soft = colours.mixed(chosen, paper, TINT)
    read = colours.readable_on(chosen, [*grounds(dark), soft], VIVID if dark else TEXT)
    if not dark and colours.contrast(chosen, paper) < PALE:
        read = colours.mixed(chosen, colours.BLACK, INKY)
    # On the dark background a dark colour would be lost.
    brand = read if dark else chosen
    on_brand = colours.on(brand)
    stands_out = colours.contrast(brand, paper) >= colours.SHAPE
    return Scheme(
        brand=brand,
        on_brand=on_brand,
        brand_edge=brand if stands_out else on_brand,
        accent=read,
        accent_strong=colours.mixed(read, colours.on(paper), STRONGER),
        accent_soft=soft,
    )


def light_scheme(accent: str) -> dict[str, str]:
    """Return the light scheme of an organisation, by name of the colour; the site's own
    colours when it has chosen none."""
    if accent:
        return scheme(accent, dark=False).written
    tokens = styles.colour_tokens(dark=False)
    return {
        field.name: tokens[field.name.replace("_", "-")] for field in fields(Scheme)
    }


@lru_cache(maxsize=500)
def css(accent: str) -> str:
    """Return the style sheet that replaces the site's colours with an
    organisation's."""
    light, dark = scheme(accent, dark=False), scheme(accent, dark=True)
    return (
        f":root{{{light.css}}}@media (prefers-color-scheme:dark){{:root{{{dark.css}}}}}"
    )
