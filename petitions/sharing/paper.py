"""How much fits on paper, so that a poster and a sheet are one page each, on A4 and on
Letter, with whatever fonts the browser prints."""

from __future__ import annotations

from math import ceil

from petitions.markup import listed
from petitions.models import Petition
from petitions.sharing.embeds import cells
from petitions.sharing.previews import opening

# Lines to sign on a sheet: the most, and the fewest.
MOST, LEAST = 12, 4
# Millimetres: the height of one line, and what is left on Letter below the most lines.
LINE, LEFT = 11.5, 12


def size_of(petition: Petition) -> str:
    """Return how the petition's words are set: large (""), smaller ("long") or small
    ("longest")."""
    title, told = cells(petition.words.title), cells(what_is_signed(petition))
    much = title + told / 3 + cells(whom(petition)) / 4
    if much > 190:
        return "longest"
    return "long" if much > 100 else ""


def what_is_signed(petition: Petition) -> str:
    """Return what stands below the title, so that nobody signs a title alone: the ask,
    or the summary, or how the text begins."""
    words = petition.words
    return words.ask or words.summary or opening(petition)


def whom(petition: Petition) -> str:
    """Return those petitioned, with their offices."""
    return petition.translated_name or listed(
        [target.label_with_office for target in petition.targets.all()]
    )


def sheet_lines(petition: Petition) -> int:
    """Return how many lines to sign fit below the petition's words; `MOST` on a usual
    sheet, where the title and the ask take one line each, and those petitioned two."""
    words, who, name = (
        petition.words,
        whom(petition),
        petition.organization.display_name,
    )
    # How many letters fit in a line beside the QR code, and its height in millimetres,
    # by the font sizes in paper.css.
    small = size_of(petition) == "longest"
    title, title_high = (54, 6.0) if small else (42, 7.5)
    ask, whom_in_line, high = (72, 64, 5.5) if small else (62, 55, 6.5)
    more = (
        title_high * (estimated_rows(words.title, title) - 1)
        + high * (estimated_rows(what_is_signed(petition), ask) - 1)
        + high * (estimated_rows(who, whom_in_line) - 2)
        # Those petitioned and the organisation are named again below the lines: who
        # receives what, and who asks.
        + 5 * (estimated_rows(f"{who}{name * 3}", 90) - 1)
    )
    return max(LEAST, MOST - ceil(max(0, more - LEFT) / LINE))


def estimated_rows(text: str, letters: int) -> int:
    """Return how many rows of so many letters a text fills at most, including its own
    line breaks."""
    return sum(ceil(cells(line) / letters) or 1 for line in text.split("\n"))
