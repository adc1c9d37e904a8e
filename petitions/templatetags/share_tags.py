"""Passing a petition on."""

from __future__ import annotations

from typing import Any

from babel.core import get_global
from django import template
from django.conf import settings
from django.utils.translation import ngettext

from petitions.models import Petition
from petitions.sharing import cards
from petitions.sharing.links import Sharing

register = template.Library()


# Where social networks know another place than CLDR thinks the likeliest.
LOCALES = {"ar": "ar_AR", "en": "en_US", "fr": "fr_CA"}


@register.simple_tag
def share_card(petition: Petition) -> dict[str, Any]:
    """What Open Graph and Twitter cards say of the picture, and in which language."""
    card = cards.card_of(petition)
    outcome = cards.outcome(petition)
    others = [code for code in petition.languages if code != petition.words.language]
    return {
        "url": cards.address(petition, card.digest),
        "width": cards.WIDTH,
        "height": cards.HEIGHT,
        "alt": " – ".join(filter(None, [card.title, outcome, card.supporters])),
        "locale": locale(petition.words.language),
        "others": [locale(code) for code in others],
    }


def locale(code: str) -> str:
    """A language and the place it is most spoken in: “ru_RU”."""
    language = code.partition("-")[0]
    likely = get_global("likely_subtags").get(code.replace("-", "_"), "")
    place = likely.rpartition("_")[2]
    return LOCALES.get(language) or f"{language}_{place}".rstrip("_")


@register.filter
def for_readers(petition: Petition) -> Sharing:
    """The links with which somebody passes it on who has not signed here and now."""
    return Sharing(petition)


@register.filter
def text_query(petition: Petition) -> str:
    """For the pages beside it: the language of a text that no interface has."""
    return f"?text={petition.reading}" if petition.address_language else ""


@register.filter
def sheets_kept(petition: Petition) -> str:
    """How long paper sheets are kept: no longer than what is entered on the site."""
    months = min(petition.months_kept, settings.RETENTION_MONTHS)
    return ngettext(
        "The sheets are destroyed %(months)s month after the petition closes.",
        "The sheets are destroyed %(months)s months after the petition closes.",
        months,
    ) % {"months": months}
