"""Passing a petition on."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.utils.translation import ngettext

from petitions.models import Petition
from petitions.sharing import Sharing

register = template.Library()


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

