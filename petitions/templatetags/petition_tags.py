"""How petitions are printed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from core.i18n.languages import reader_language
from petitions import texts
from petitions.dates import closing_words
from petitions.models import Correction, Petition, Target, Words
from petitions.signatures.forms import countries
from petitions.states import Delivery, State

register = template.Library()


@register.filter
def supporters_line(number: int) -> str:
    """“15,261 supporters”, “1 supporter”, “Be the first to sign”."""
    if number == 0:
        return gettext("Be the first to sign")
    return ngettext("%(number)s supporter", "%(number)s supporters", number) % {
        "number": intcomma(number)
    }


@register.filter
def closing(closes_at: datetime) -> str:
    """Until when it is open: “5 December 2026”, or with its hour and time zone."""
    return closing_words(closes_at)


@register.filter
def standing(petition: Petition) -> str:
    """The same of a petition; it invites nobody where nobody can sign."""
    signable = not petition.has_ended and petition.state != State.PAUSED
    if signable or petition.supporters:
        return supporters_line(petition.supporters)
    return gettext("No supporters")


@register.filter
def as_html(words: Words) -> SafeString:
    """The whole text; the page has the title at level 1."""
    return texts.render(words.text, words.text_format, words.dialect, 2)


@register.filter
def correction_html(correction: Correction) -> SafeString:
    """Its note."""
    return texts.render(correction.text, "markdown", correction.dialect, 4)


@register.simple_tag
def excerpt(words: Words) -> dict[str, Any]:
    """The text as the profile prints it, below a title at level 3."""
    text, shortened = texts.excerpt(words.text, words.text_format, words.dialect)
    return {
        "html": texts.render(text, words.text_format, words.dialect, 4),
        "shortened": shortened,
    }


@register.filter
def joined(targets: list[Target]) -> str:
    """Everybody petitioned with their offices: “A, minister, and B, minister”."""
    labels = [target.label_with_office for target in targets]
    return texts.listed(labels or [Target.unsettled_label()])


@register.filter
def country_name(code: str) -> str:
    """The country's name in the reader's language; the code when there is none."""
    return dict(countries(reader_language())).get(code, code)


@register.filter
def receives(petition: Petition) -> str:
    """What the person petitioned receives, as printed beside the button."""
    return receiving(petition, Delivery(petition.delivery))


@register.filter
def receives_of_sheets(petition: Petition) -> str:
    """The same of what is signed on paper, where there is no room for a comment."""
    delivery = Delivery(petition.delivery)
    return receiving(
        petition, Delivery.NAMES if delivery == Delivery.COMMENTS else delivery
    )


def receiving(petition: Petition, delivery: Delivery) -> str:
    """What the person petitioned receives by this `delivery`."""
    named = petition.petitions_somebody
    number = len(petition.targets.all())
    words = {"who": petition.addressees, "what": handed_over(petition, delivery)}
    if delivery == Delivery.NUMBER:
        if not named:
            return gettext(
                "Whoever is petitioned receives the number of supporters, not your "
                "name."
            )
        sentence = ngettext(
            "%(who)s receives the number of supporters, not your name.",
            "%(who)s receive the number of supporters, not your name.",
            number,
        )
    elif named:
        sentence = ngettext(
            "%(who)s receives %(what)s, nothing else.",
            "%(who)s receive %(what)s, nothing else.",
            number,
        )
    else:
        sentence = gettext("Whoever is petitioned receives %(what)s, nothing else.")
    return sentence % words


@register.filter
def erased_after(petition: Petition) -> str:
    """How long names and addresses are kept, as printed beside the button."""
    months = min(petition.months_kept, settings.RETENTION_MONTHS)
    return ngettext(
        "Your details are erased %(months)s month after the petition closes.",
        "Your details are erased %(months)s months after the petition closes.",
        months,
    ) % {"months": months}


def handed_over(petition: Petition, delivery: Delivery) -> str:
    """What of a signature is handed over besides its being one; only what is asked."""
    place = petition.asks_place or petition.asks_postal_code or petition.asks_country
    if delivery == Delivery.COMMENTS:
        return (
            gettext("your name, place and comment")
            if place
            else gettext("your name and comment")
        )
    return gettext("your name and place") if place else gettext("your name")
