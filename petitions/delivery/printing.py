"""Printing the list of a delivery pack: a PDF for each piece of names.csv, which has
the names of one batch, or for each region and so many names. It is made from those
pieces, so that both lists are the same.

`attempt_printing` is for the letter, too."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import ceil

from django.utils.translation import gettext, override

from core.pdf.fonts import NoFonts
from core.pdf.rendering import NotRendered, Rendered
from core.text.spreadsheets import BOM, from_text
from petitions.delivery import files
from petitions.delivery.list_pdf import Heading, ListLine, render_part
from petitions.models import Pack, PackPiece
from petitions.regions import FEWEST, all_regions, region_name, subdivision_name
from petitions.signature_fields import REGION
from petitions.signatures.forms import country_names
from petitions.states import ListParts

PART = 2_500
"""The number of names that a batch writes, and that a printed part has at most."""

logger = logging.getLogger(__name__)


class TryAgain(Exception):
    """A file could not be printed, for the first time."""


# The file, and its pack, that could not be printed in the round before. It is tried
# twice: what printed it may have been killed for want of the machine's memory, or
# frozen with it.
_failed: set[tuple[int, str]] = set()


@dataclass(frozen=True)
class Printed:
    """The PDF of a part, counted from 1; None where it could not be made. `last` is the
    number of its last line in the list."""

    part: int
    parts: int
    last: int
    pdf: Rendered | None
    region: str = ""
    list: str = "names"
    before: int = 0
    """The parts of another list that were printed before."""

    @property
    def name(self) -> str:
        """The name of its file."""
        if self.parts == 1:
            return f"{self.list}.pdf"
        number = f"{self.part:0{max(3, len(str(self.parts)))}}"
        return f"{'-'.join(filter(None, [self.list, number, self.region]))}.pdf"


@dataclass(frozen=True)
class RegionPart:
    """A part of the printed list: the next names of these regions. `name` is theirs in
    the names of files."""

    name: str
    regions: frozenset[str]
    label: str
    first: bool = False
    """Whether no part before it is of the same regions."""


def print_next(pack: Pack) -> Printed | None:
    """Print the next part of a list that is whole; return None when there is no more.
    It takes seconds, and changes nothing. Raise TryAgain when that fails for the first
    time."""
    part, language = pack.printed + 1, files.language_of_pack(pack)
    pieces = PackPiece.objects.filter(file__pack=pack, file__name=files.NAMES)
    assert pack.as_of is not None
    with override(language):
        regions = parts_by_region(pack, language) if is_by_region(pack) else []
        parts = len(regions) or pieces.count()
        if part > parts:
            return print_elsewhere(pack, part - parts, before=parts)
        of = regions[part - 1] if regions else None
        if of is None:
            piece = pieces.get(position=part)
            lines = lines_of_piece(pack.columns, bytes(piece.content))
        else:
            after = 0 if of.first else pack.printed_to
            lines = list(islice(lines_of_regions(pack, of.regions, after), PART))
        heading = Heading(
            title=pack.petition.passage_in(pack.petition.language, "title"),
            to=pack.target.label_with_office,
            organization=pack.petition.organization.display_name,
            as_of=pack.as_of,
            part=part,
            parts=parts,
            region=of.label if of else "",
        )
        printed = Printed(
            part, parts, lines[-1].number, None, region=of.name if of else ""
        )
        pdf = attempt_printing(pack, printed.name, lambda: render_part(lines, heading))
    return replace(printed, pdf=pdf)


def print_elsewhere(pack: Pack, part: int, *, before: int) -> Printed | None:
    """Print a part of the list of those who signed elsewhere, all of one agreement;
    return None when there is no more. The language has to be the active one."""
    pieces = PackPiece.objects.filter(file__pack=pack, file__name=files.ELSEWHERE)
    piece, parts = pieces.filter(position=part).first(), pieces.count()
    if piece is None:
        return None
    assert pack.as_of is not None
    columns = [*files.ELSEWHERE_COLUMNS, "agreement"]
    lines = lines_of_piece(columns, bytes(piece.content))
    number = int(lines[0].cell("agreement"))
    heading = Heading(
        title=pack.petition.passage_in(pack.petition.language, "title"),
        to=pack.target.label_with_office,
        organization=pack.petition.organization.display_name,
        as_of=pack.as_of,
        part=part,
        parts=parts,
        agreed=next(one.consent for one in pack.agreements() if one.number == number),
    )
    printed = Printed(
        part, parts, lines[-1].number, None, list="elsewhere", before=before
    )
    pdf = attempt_printing(pack, printed.name, lambda: render_part(lines, heading))
    return replace(printed, pdf=pdf)


def is_by_region(pack: Pack) -> bool:
    """Return whether the parts are of regions: not where some names were listed by a
    release that did not know them."""
    known = sum(pack.names_by_region.values()) == pack.names
    return pack.parts == ListParts.REGION and known


def parts_by_region(pack: Pack, language: str) -> list[RegionPart]:
    """Return the parts of the list by region, that of most names first; those of few
    names are together in the last. The language has to be the active one."""
    numbers = pack.names_by_region
    often = [code for code in numbers if code and numbers[code] >= FEWEST]
    often.sort(key=lambda code: (-numbers[code], code))
    parts = [
        RegionPart(code, frozenset([code]), region_name(code, language))
        for code in often
    ]
    if rest := frozenset(numbers).difference(often):
        label = gettext("Other regions, or not said")
        parts.append(RegionPart("other", rest, label))
    return [
        replace(part, first=not before)
        for part in parts
        for before in range(ceil(sum(numbers[code] for code in part.regions) / PART))
    ]


def lines_of_regions(
    pack: Pack, regions: frozenset[str], after: int
) -> Iterator[ListLine]:
    """Yield the lines of the list that are of these regions, after the line with the
    number `after`."""
    language = files.language_of_pack(pack)
    # No two regions, and no two countries, have one name.
    regions_by_name = {subdivision_name(code, language): code for code in all_regions()}
    countries = {name: code for code, name in country_names(language).items()}
    pieces = PackPiece.objects.filter(file__pack=pack, file__name=files.NAMES)
    # Each piece but the last has as many lines as a part.
    for piece in pieces.filter(position__gt=after // PART).iterator(chunk_size=1):
        for line in lines_of_piece(pack.columns, bytes(piece.content)):
            country, region = line.cell("country"), line.cell(REGION)
            code = regions_by_name.get(region) or countries.get(country, country)
            if line.number > after and code in regions:
                yield line


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
    pack.printed, pack.printed_to = printed.before + printed.part, printed.last
    if printed.pdf is None:
        pack.unprinted += 1
        return
    pack.replaced += printed.pdf.replaced
    files.add_piece(pack, printed.name, printed.pdf.content)


def lines_of_piece(columns: Sequence[str], content: bytes) -> list[ListLine]:
    """Return the lines of a piece of a list in CSV, by its columns."""
    piece = content.decode()
    rows = list(csv.reader(io.StringIO(piece.removeprefix(BOM), newline="")))
    if piece.startswith(BOM):
        del rows[0]
    return [
        ListLine(
            int(number),
            {name: from_text(cell) for name, cell in zip(columns, cells, strict=True)},
        )
        for number, *cells in rows
    ]
