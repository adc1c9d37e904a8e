"""Tags and filters that print petitions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from core.i18n.languages import reader_language
from petitions import markup
from petitions.dates import closing_words
from petitions.models import Correction, Petition, Target, Words
from petitions.privacy_notice import erased_after, receives, receives_of_sheets
from petitions.signatures.forms import country_names
from petitions.states import State

register = template.Library()
register.filter(receives)
register.filter(receives_of_sheets)
register.filter(erased_after)


@register.filter
def supporters_line(number: int) -> str:
    """Return “15,261 supporters”, “1 supporter”, or “Be the first to sign”."""
    if number == 0:
        return gettext("Be the first to sign")
    return ngettext("%(number)s supporter", "%(number)s supporters", number) % {
        "number": intcomma(number)
    }


@register.filter
def closing(closes_at: datetime) -> str:
    """Return until when it is open: “5 December 2026”, or with its hour and time
    zone."""
    return closing_words(closes_at)


@register.filter
def standing(petition: Petition) -> str:
    """Return the number of supporters in words; where nobody can sign, without an
    invitation to sign."""
    signable = not petition.has_ended and petition.state != State.PAUSED
    if signable or petition.supporters:
        return supporters_line(petition.supporters)
    return gettext("No supporters")


@register.filter
def as_html(words: Words) -> SafeString:
    """Render the whole text; the page has the title at level 1."""
    return markup.render(words.text, words.text_format, words.dialect, 2)


@register.filter
def correction_html(correction: Correction) -> SafeString:
    """Render the note of a correction."""
    return markup.render(correction.text, "markdown", correction.dialect, 4)


@register.simple_tag
def excerpt(words: Words) -> dict[str, Any]:
    """Render the text, shortened when it is long, below a title at level 3; tell
    whether it was `shortened`."""
    text, shortened = markup.excerpt(words.text, words.text_format, words.dialect)
    return {
        "html": markup.render(text, words.text_format, words.dialect, 4),
        "shortened": shortened,
    }


@register.filter
def joined(targets: list[Target]) -> str:
    """Return everybody petitioned with their offices: “A, minister, and B,
    minister”."""
    labels = [target.label_with_office for target in targets]
    return markup.listed(labels or [Target.unsettled_label()])


@register.filter
def country_name(code: str) -> str:
    """Return the country's name in the reader's language; the code if it is unknown."""
    return country_names(reader_language()).get(code, code)
