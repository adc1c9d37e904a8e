"""Canonical forms of the parameters in the addresses of pages about petitions
(core/http/cache_keys.py). Values that anybody can make up must not each become a page
in the cache."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings

from core.db.cached_value import CachedValue
from petitions.channels import Channel, clean_tag
from petitions.models import Petition, TaggedLink, Translation


def load_text_languages() -> frozenset[str]:
    """Return the languages that petitions have texts in."""
    languages: set[str] = set()
    for model in (Petition, Translation):
        languages.update(
            model._default_manager.order_by()
            .values_list("language", flat=True)
            .distinct()
        )
    return frozenset(languages)


LANGUAGES = CachedValue(load_text_languages)


def language_in_use(value: str) -> str:
    """Return the language if some petition has a text in it, else "". When this
    petition has none, the page shows it in its own language."""
    return value if value in LANGUAGES.get() else ""


def channel_tag(value: str) -> str:
    """Return the tag in canonical form if it is one of ours, or of a link that staff
    made, else "": no other is counted by name."""
    known = clean_tag(value)
    if not known or known in Channel:
        return known
    return known if TaggedLink.objects.filter(tag=known).exists() else ""


def page_address(value: str) -> str:
    """Return the address of a page of this site without query and fragment; the address
    of any other site as it is."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return value
    if parts.netloc != urlsplit(settings.SITE_URL).netloc:
        return value
    return f"{settings.SITE_URL}{parts.path}"


def less_than(usual: int) -> Callable[[str], str]:
    """Return a function that gives a number of pixels in canonical form if it is
    positive and less than `usual`, else ""."""

    def normal(value: str) -> str:
        if value.isascii() and value.isdecimal() and len(value) < 6:
            number = int(value)
            return str(number) if 0 < number < usual else ""
        return ""

    return normal
