"""The printed list of those who signed, for whom they petition: a part of some
thousand names is a PDF of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from core.i18n.languages import Passage, direction, reader_language
from core.pdf.fonts import direction_of
from core.pdf.rendering import Rendered, render_pdf
from petitions.models import StatedConsent
from petitions.signature_fields import COUNTRY, HANDED_OVER, PLACE, REGION

TEMPLATE = Path(__file__).with_name("list.typ")
WIDTHS = {
    "name": 5,
    "place": PLACE.print_width,
    REGION: 3,
    "country": COUNTRY.print_width,
}
"""The columns, and how wide each is compared with the others."""


@dataclass(frozen=True)
class ListLine:
    """The printed line of a signature: its number in the list, and what its owner
    agreed to hand over, by the names of the columns. The country is in words."""

    number: int
    cells: Mapping[str, str]

    def cell(self, column: str) -> str:
        """Return what stands in a column, or ""."""
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Heading:
    """The heading of a part of the list. `as_of` is when the signatures were
    counted; the parts are numbered from 1. `region` names what the part is of, "" for
    the next of all names; `agreed` is what those agreed to who signed elsewhere."""

    title: Passage
    to: str
    organization: str
    as_of: datetime
    part: int = 1
    parts: int = 1
    region: str = ""
    agreed: StatedConsent | None = None


def render_part(lines: Sequence[ListLine], heading: Heading) -> Rendered:
    """Return the PDF of a part, in the active language: the same bytes for the same
    part. Columns that are empty in all of its lines are left out. There is at least
    one line.

    It is as wide as A4 and as high as Letter, so that it is printed on both without
    being made smaller. Raise what render() raises.
    """
    columns = [name for name in WIDTHS if any(line.cell(name) for line in lines)]
    head = {"name": gettext("Name"), REGION: gettext("Region")}
    head |= {field.name: str(field.heading) for field in HANDED_OVER}
    data = {
        "language": pdf_language(reader_language()),
        "dir": direction(reader_language()),
        "title": {
            "language": pdf_language(heading.title.language),
            "dir": heading.title.direction,
            "text": heading.title.text,
        },
        "facts": [
            [label, directed(value)] for label, value in heading_facts(lines, heading)
        ],
        "widths": [WIDTHS[name] for name in columns],
        "head": [gettext("Number"), *(head[name] for name in columns)],
        "lines": [
            [intcomma(line.number), *(directed(line.cell(n)) for n in columns)]
            for line in lines
        ],
        "page": gettext("Page %(number)s of %(all)s")
        % {"number": "{page}", "all": "{pages}"},
    }
    return render_pdf(TEMPLATE, data, created=heading.as_of)


def heading_facts(lines: Sequence[ListLine], heading: Heading) -> list[tuple[str, str]]:
    """Return labels and values: to whom, from whom, which part, and when."""
    numbers = {"first": intcomma(lines[0].number), "last": intcomma(lines[-1].number)}
    parts = {"part": intcomma(heading.part), "parts": intcomma(heading.parts)}
    day = timezone.localtime(heading.as_of)
    facts = [
        (gettext("To"), heading.to),
        (gettext("From"), heading.organization),
        (gettext("Signatures"), gettext("%(first)s to %(last)s") % numbers),
        (gettext("As of"), date_format(day, "DATE_FORMAT")),
    ]
    if heading.region:
        facts[2] = (gettext("Signatures"), intcomma(len(lines)))
        facts.insert(2, (gettext("Region"), heading.region))
    if heading.agreed:
        facts[2:2] = agreed_facts(heading.agreed)
    if heading.parts > 1:
        facts.insert(2, (gettext("Part"), gettext("%(part)s of %(parts)s") % parts))
    return facts


def agreed_facts(agreed: StatedConsent) -> list[tuple[str, str]]:
    """Return where and when those who signed elsewhere agreed that their names are
    handed over, and in which words."""
    days = {
        "from": date_format(agreed.begun_on, "DATE_FORMAT"),
        "until": date_format(agreed.ended_on, "DATE_FORMAT"),
    }
    where = " ".join(filter(None, [agreed.place, agreed.url]))
    words = {"words": agreed.words_in_line}
    return [
        (gettext("Signed elsewhere"), where),
        (gettext("When"), gettext("%(from)s to %(until)s") % days),
        (gettext("They agreed in these words"), gettext("“%(words)s”") % words),
    ]


def directed(text: str) -> list[str]:
    """Return the text and its own direction, whatever it stands among."""
    return [text, direction_of(text)]


def pdf_language(language: str) -> str:
    """Return the code of a language without its script, as a PDF names it."""
    return language.partition("-")[0]
