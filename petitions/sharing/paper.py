"""How much stands on paper, so that a poster is one page and a sheet another: of A4 as
of Letter, whatever letters the browser has that prints them."""

from __future__ import annotations

from math import ceil

from petitions.markup import listed
from petitions.models import Petition
from petitions.sharing.embeds import cells

# Lines of a sheet, on which somebody signs each: most, and at least.
MOST, LEAST = 12, 4
# Millimetres: of one of them, and what is left below that many on Letter.
LINE, LEFT = 11.5, 12


def size_of(petition: Petition) -> str:
    """How its words are set: large (""), smaller ("long") or small ("longest")."""
    words = petition.words
    much = cells(words.title) + cells(words.ask) / 3 + cells(whom(petition)) / 4
    if much > 190:
        return "longest"
    return "long" if much > 100 else ""


def whom(petition: Petition) -> str:
    """Those petitioned, with their offices."""
    return petition.translated_name or listed(
        [target.label_with_office for target in petition.targets.all()]
    )


def sheet_lines(petition: Petition) -> int:
    """How many lines there is room for below its words; most for a usual sheet, which
    has one line of the title, one of the ask, and two of those petitioned."""
    words, who, name = petition.words, whom(petition), petition.organization.name
    # How many letters are in a line beside the code, by the letters of paper.css.
    small = size_of(petition) == "longest"
    title, title_high = (54, 6.0) if small else (42, 7.5)
    ask, whom_in_line, high = (72, 64, 5.5) if small else (62, 55, 6.5)
    more = (
        title_high * (rows(words.title, title) - 1)
        + high * (rows(words.ask or words.summary, ask) - 1)
        + high * (rows(who, whom_in_line) - 2)
        # Below the lines both are named again: who receives what, and who asks.
        + 5 * (rows(f"{who}{name * 3}", 90) - 1)
    )
    return max(LEAST, MOST - ceil(max(0, more - LEFT) / LINE))


def rows(text: str, letters: int) -> int:
    """How many rows of so many letters it fills at most, its own breaks counted."""
    return sum(ceil(cells(line) / letters) or 1 for line in text.split("\n"))
