"""The printed letter that goes with a delivery: whom it is for, what is asked, the
numbers by source and country, and how they grew."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from core.i18n.languages import Passage, direction, reader_language
from core.pdf.rendering import Rendered, render_pdf
from petitions.counts.curve import Curve
from petitions.delivery.list_pdf import directed, pdf_language

TEMPLATE = Path(__file__).with_name("letter.typ")
ITEM = "- "
"""What an item of a list begins with in the text of the letter."""


@dataclass(frozen=True)
class PrintedLetter:
    """The content of the letter. `body` is text whose paragraphs are parted by empty
    lines, and whose lines that begin with ITEM are a list. `sources`, `countries` and
    `regions` are labels with numbers, the last two empty when there is nothing to
    compare; `number` is the sum of the sources."""

    title: Passage
    ask: Passage
    to: str
    organization: str
    imprint: str
    as_of: datetime
    body: str
    number: int
    sources: Sequence[tuple[str, int]]
    countries: Sequence[tuple[str, int]]
    regions: Sequence[tuple[str, int]]
    curve: Curve | None


def render_letter(letter: PrintedLetter) -> Rendered:
    """Return the letter as PDF, in the active language: the same bytes for the same
    letter. Raise what render() raises."""
    data = {
        "language": pdf_language(reader_language()),
        "dir": direction(reader_language()),
        "title": passage(letter.title),
        "ask": passage(letter.ask) if letter.ask else None,
        "to": directed(letter.to),
        "organization": directed(letter.organization),
        "imprint": [directed(line) for line in letter.imprint.splitlines()],
        "day": date_format(timezone.localtime(letter.as_of), "DATE_FORMAT"),
        "blocks": letter_blocks(letter.body),
        "sources": table_data(
            gettext("Supporters"),
            [*letter.sources, (gettext("Total"), letter.number)],
        ),
        "tables": [
            table_data(heading, rows)
            for heading, rows in (
                (gettext("Confirmed here, by country"), letter.countries),
                (gettext("Confirmed here, by region"), letter.regions),
            )
            if rows
        ],
        "curve": curve_data(letter.curve) if letter.curve else None,
        "page": gettext("Page %(number)s of %(all)s")
        % {"number": "{page}", "all": "{pages}"},
    }
    return render_pdf(TEMPLATE, data, created=letter.as_of)


def passage(text: Passage) -> dict[str, str]:
    return {
        "language": pdf_language(text.language),
        "dir": text.direction,
        "text": text.text,
    }


def letter_blocks(body: str) -> list[dict[str, Any]]:
    """Return the paragraphs and lists of a text: each has `kind` and `lines`."""
    return [
        {"kind": kind, "lines": [directed(line.removeprefix(ITEM)) for line in lines]}
        for paragraph in re.split(r"\n\s*\n", body.strip())
        for kind, lines in groupby(paragraph.splitlines(), kind_of_line)
    ]


def kind_of_line(line: str) -> str:
    return "list" if line.startswith(ITEM) else "text"


def table_data(heading: str, rows: Sequence[tuple[str, int]]) -> dict[str, Any]:
    return {
        "heading": heading,
        "rows": [[directed(name), intcomma(number), number] for name, number in rows],
        "most": max([1, *(number for _name, number in rows)]),
    }


def curve_data(curve: Curve) -> dict[str, Any]:
    """Return the line as points between 0 and 1 from the left and from the top, its
    ends, and what it shows in words."""
    heights = [curve.before, *(period.total for period in curve.periods)]
    top = max(1, *heights)
    last = len(curve.periods)
    values = {
        "first": day_words(curve.first),
        "last": day_words(curve.last),
        "before": intcomma(curve.before),
        "number": intcomma(curve.total),
    }
    return {
        "heading": gettext("Supporters over time"),
        "points": [
            [round(number / last, 4), round(1 - max(0, height) / top, 4)]
            for number, height in enumerate(heights)
        ],
        "words": gettext("From %(before)s on %(first)s to %(number)s on %(last)s.")
        % values,
        "ends": [
            [values["before"], values["first"]],
            [values["number"], values["last"]],
        ],
    }


def day_words(day: date) -> str:
    return date_format(day, "DATE_FORMAT")
