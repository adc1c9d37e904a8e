"""Structured data (JSON-LD) that tells search engines about a petition and the site."""

from __future__ import annotations

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from core.http import json_ld
from core.http.public_data import full, iso_local
from core.i18n.languages import reader_language
from organizations.templatetags.organization_data import organization_reference
from petitions.models import Petition
from petitions.templatetags.text_tags import canonical

register = template.Library()


@register.simple_tag
def petition_ld(petition: Petition) -> SafeString:
    """Describe a petition. schema.org has no type for one, so that it is an article
    which so many people endorse."""
    words = petition.words
    # None for one that came here after it had ended: the day it came is not its own.
    started = petition.started
    return json_ld.json_ld_element(
        {
            "@type": "Article",
            "headline": words.title,
            "abstract": words.summary,
            "inLanguage": words.language,
            "url": full(canonical(petition)),
            "datePublished": iso_local(started) if started else "",
            "author": organization_reference(petition.organization),
            "image": full(petition.image.url) if petition.image else "",
            "interactionStatistic": {
                "@type": "InteractionCounter",
                "interactionType": "https://schema.org/EndorseAction",
                "userInteractionCount": petition.supporters,
            },
        }
    )


@register.simple_tag
def site_ld() -> SafeString:
    """Describe the site, and how to search it."""
    return json_ld.json_ld_element(
        {
            "@type": "WebSite",
            "name": gettext("Petitions"),
            "inLanguage": reader_language(),
            "url": full(reverse("home")),
            "potentialAction": {
                "@type": "SearchAction",
                "target": full(reverse("petitions:index")) + "?q={words}",
                "query-input": "required name=words",
            },
        }
    )
