"""Printing the list of a delivery pack: a PDF for each piece of names.csv, which has
the names of one batch. It is made from that piece, so that both lists are the same.

`attempt_printing` is for the letter, too."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.utils.translation import override

from core.pdf.fonts import NoFonts
from core.pdf.rendering import NotRendered, Rendered
from core.text.spreadsheets import BOM, from_text
from petitions.delivery import files
from petitions.delivery.list_pdf import WIDTHS, Heading, ListLine, render_part
from petitions.models import Pack, PackPiece

logger = logging.getLogger(__name__)


class TryAgain(Exception):
    """A file could not be printed, for the first time."""


# The file, and its pack, that could not be printed in the round before. It is tried
# twice: what printed it may have been killed for want of the machine's memory, or
# frozen with it.
_failed: set[tuple[int, str]] = set()


@dataclass(frozen=True)
class Printed:
    """The PDF of a part, counted from 1; None where it could not be made."""

    part: int
    parts: int
    pdf: Rendered | None

    @property
    def name(self) -> str:
        """The name of its file."""
        if self.parts == 1:
            return "names.pdf"
        return f"names-{self.part:0{max(3, len(str(self.parts)))}}.pdf"


def print_next(pack: Pack) -> Printed | None:
    """Print the next part of a list that is whole; return None when there is no more.
    It takes seconds, and changes nothing. Raise TryAgain when that fails for the first
    time."""
    pieces = PackPiece.objects.filter(file__pack=pack, file__name=files.NAMES)
    part, parts = pack.printed + 1, pieces.count()
    if part > parts:
        return None
    language = files.language_of_pack(pack)
    lines = lines_of_piece(pack, bytes(pieces.get(position=part).content).decode())
    assert pack.as_of is not None
    with override(language):
        heading = Heading(
            title=pack.petition.passage_in(pack.petition.language, "title"),
            to=pack.target.label_with_office,
            organization=pack.petition.organization.display_name,
            as_of=pack.as_of,
            part=part,
            parts=parts,
        )
        printed = Printed(part, parts, None)
        pdf = attempt_printing(pack, printed.name, lambda: render_part(lines, heading))
    return replace(printed, pdf=pdf)


def attempt_printing(
    pack: Pack, name: str, rendering: Callable[[], Rendered]
) -> Rendered | None:
    """Return what `rendering` makes of the pack's file `name`; None when that cannot be
    printed: what it says is in a file of text, too, and a delivery does not stop. Raise
    TryAgain when it fails for the first time."""
    try:
        return rendering()
    except (NoFonts, NotRendered) as error:
        if isinstance(error, NotRendered) and (pack.pk, name) not in _failed:
            logger.warning("%s of delivery pack %s failed once", name, pack.pk)
            _failed.clear()
            _failed.add((pack.pk, name))
            raise TryAgain from error
        logger.exception("%s of delivery pack %s was not printed", name, pack.pk)
        return None


def keep_printed(pack: Pack, printed: Printed) -> None:
    """Add what was printed to the pack's files, and to its progress without saving
    it."""
    pack.printed = printed.part
    if printed.pdf is None:
        pack.unprinted += 1
        return
    pack.replaced += printed.pdf.replaced
    files.add_piece(pack, printed.name, printed.pdf.content)


def lines_of_piece(pack: Pack, piece: str) -> list[ListLine]:
    """Return the lines of a piece of names.csv, as they are printed."""
    rows = list(csv.reader(io.StringIO(piece.removeprefix(BOM), newline="")))
    if piece.startswith(BOM):
        del rows[0]
    return [
        ListLine(
            int(number),
            {
                name: from_text(cell)
                for name, cell in zip(pack.columns, cells, strict=True)
                if name in WIDTHS
            },
        )
        for number, *cells in rows
    ]
