"""Filters that print updates, answers, corrections and the curve."""

from __future__ import annotations

from django import template
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from petitions import markup
from petitions.counts.curve import (
    Curve,
    Period,
    Step,
)
from petitions.models import Correction, News
from petitions.models.answers import AnswerWording, Reply

register = template.Library()


@register.filter
def update_html(words: News) -> SafeString:
    """Render the whole text of an update, below a title at level 1."""
    return markup.render(words.text, "markdown", words.dialect, 2)


@register.filter
def beginning(words: News) -> SafeString:
    """Render the first paragraph of an update, below a title at level 3."""
    blocks = markup.markdown_blocks(words.text, words.dialect)
    first = next((block for block in blocks if not block.startswith("#")), "")
    return markup.render(first, "markdown", words.dialect, 4)


@register.filter
def said_html(said: AnswerWording | Reply) -> SafeString:
    """Render an answer, below a heading at level 3."""
    return markup.render(said.text, said.text_format, said.dialect, 4)


@register.filter
def before_html(correction: Correction) -> SafeString:
    """Render the passage as people signed it, in the format of the petition's text."""
    petition = correction.petition
    dialect = petition.text_in(correction.shown_language).dialect
    return markup.render(correction.before, petition.text_format, dialect, 4)


@register.filter
def after_html(correction: Correction) -> SafeString:
    written = correction.petition.text_format
    return markup.render(correction.after, written, correction.dialect, 4)


@register.filter
def step_name(curve: Curve) -> str:
    """Return the heading of the table's first column: what its rows are."""
    return {
        Step.DAY: gettext("Day"),
        Step.WEEK: gettext("Week of"),
        Step.MONTH: gettext("Month"),
        Step.YEAR: gettext("Year"),
    }[curve.step]


@register.filter
def period_name(period: Period, curve: Curve) -> str:
    """Return a period in words: “3 June 2026”, “June 2026”, “2026”."""
    formats = {Step.MONTH: "YEAR_MONTH_FORMAT", Step.YEAR: "Y"}
    return date_format(period.first, formats.get(curve.step, "DATE_FORMAT"))
