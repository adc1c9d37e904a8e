"""The elements that embed a petition in other sites, and the height that they need."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from unicodedata import east_asian_width

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.http.public_data import full
from petitions.models import Petition
from petitions.privacy_notice import erased_after, receives

# The widths in pixels between which a frame is given the height that it needs: the
# narrowest column that an article has, and the widest that a frame becomes.
NARROWEST, WIDEST = 280, 480
# Widths that are left for somebody who reads letters of twice the usual size, and how
# many times the estimate is needed there: hardly a word fits beside another, until the
# words themselves are broken.
TIGHT = {100: 1.85, 120: 1.6, 140: 1.45}
# The size of letters that heights are estimated for, in pixels: most browsers' own.
USUAL = 16
# A frame is not higher than this, whatever is in it.
HIGHEST = 2400
# The width that border and padding take (static/css/components/embed.css).
AROUND = 34


# Letters of scripts that are wider than Latin ones: from Greek to Armenian, Tamil,
# Malayalam and Sinhala, Georgian, Ethiopic, Cherokee, Canadian syllabics, Tifinagh.
BROAD = re.compile(
    "[\u0370-\u058f\u0b80-\u0bff\u0d00-\u0dff\u10a0-\u10ff\u1200-\u167f\u2d30-\u2d7f]"
)


def cells(text: str) -> float:
    """Return how wide a text is, in letters of average width."""
    return sum(
        1.9 if east_asian_width(letter) in "WF" or letter in "MW@—"
        else (1.2 if BROAD.match(letter) else 1) * (1.35 if letter.isupper() else 1)
        for letter in text
    )  # fmt: skip


def estimated_lines(text: str, size: int, width: int) -> int:
    """Estimate how many lines a text in letters of `size` pixels fills at most, in a
    frame of this width: the reader's browser cannot be asked. A word that does not fit
    begins a line, and one that is longer than a line is broken."""
    room = (width - AROUND) / (0.54 * size)
    full, used = 0, 0.0
    for word in text.split(" "):
        wide = cells(word)
        if used + wide > room and used:
            full, used = full + 1, 0.0
        broken, used = divmod(used + wide + 1, room)
        full += int(broken)
    return full + bool(used)


def card_height(petition: Petition, width: int) -> int:
    """Estimate the height in pixels of the card in a frame of this width."""
    narrow = width < WIDEST
    return (
        (260 if narrow else 220)  # the number, the next goal and the button
        + 21 * estimated_lines(petition.organization.display_name + " " * 4, 17, width)
        + 21 * estimated_lines(petition.addressees + " " * 12, 15, width)
        + 23 * estimated_lines(petition.words.title, 21, width)
    )


def form_height(petition: Petition, width: int) -> int:
    """Estimate the height in pixels of the form, not yet unfolded, in a frame of this
    width."""
    narrow = width < WIDEST
    height = card_height(petition, width) + (485 if narrow else 415)
    for asked in petition.asked:
        height += 95 if not asked.hint else 150 if narrow else 130
    organization = petition.organization
    if organization.can_ask_updates:
        name = organization.sender_name
        imprint = f"{name}{organization.postal_line}{organization.contact_email}"
        height += 110 if narrow else 65
        height += 27 * estimated_lines(name + " " * 70, 17, width)
        height += 23 * estimated_lines(imprint + " " * 45, 15, width)
    small = f"{receives(petition)} {erased_after(petition)}"
    return height + 23 * estimated_lines(small + " " * 20, 15, width)


@dataclass(frozen=True)
class Frame:
    """Something that can be embedded in a page of another site."""

    name: str
    height: Callable[[Petition, int], int]

    def room(self, petition: Petition, width: int = NARROWEST) -> int:
        """Return the height in pixels that it needs in a frame of this width."""
        return min(self.height(petition, width), HIGHEST)

    def path(self, petition: Petition) -> str:
        """Return its path, with the language that the petition is read in."""
        query = {"text": petition.reading} if petition.address_language else None
        return reverse(f"petitions:{self.name}", args=[petition.slug], query=query)

    def element(
        self, petition: Petition, width: int, height: int, style: str = ""
    ) -> SafeString:
        """Return the iframe element, `width` by `height` pixels."""
        return format_html(
            '<iframe src="{}" title="{}" width="{}" height="{}" '
            'style="border:0;max-width:100%{}" loading="lazy"></iframe>',
            full(self.path(petition)),
            petition.words.title,
            width,
            height,
            style,
        )

    def html(self, petition: Petition) -> SafeString:
        """Return the element for a column of any width: the narrower it is, and the
        larger the letters that a reader's browser is set to, the higher the frame. A
        page that ignores or removes the style gets the height for the narrowest column
        and letters of the usual size."""
        heights = [(w, self.height(petition, w)) for w in (NARROWEST, WIDEST)]
        heights[:0] = [
            (w, round(more * self.height(petition, w))) for w, more in TIGHT.items()
        ]
        # A text takes ever more lines the narrower it becomes, so that the heights in
        # between lie below the straight lines through these. In `em` of `medium`, the
        # reader's own size, because width in letters is what counts.
        slopes = SafeString(
            ",".join(
                f"calc({em(high + steep * width)} - {100 * steep:.1f}cqw)"
                for (width, high), (wider, low) in pairwise(heights)
                for steep in [(high - low) / (wider - width)]
            )
        )
        style = format_html(";height:max({},{})", em(heights[-1][1]), slopes)
        return format_html(
            '<div style="container-type:inline-size;font-size:medium;width:{};'
            'max-width:100%">{}</div>',
            em(WIDEST),
            self.element(
                petition, WIDEST, self.room(petition), f";width:{em(WIDEST)}{style}"
            ),
        )


def em(pixels: float) -> str:
    """Return a length in multiples of the size of letters."""
    return f"{pixels / USUAL:.1f}em"


CARD = Frame("card", card_height)
FORM = Frame("card_form", form_height)
