"""Normal forms of the parameters that the pages about petitions have in their addresses
(core/http/cache_keys.py). What anybody can make up without end must not be a page
each."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings

from core.db.cached_value import CachedValue
from petitions.channels import Channel, clean_tag
from petitions.models import Petition, TaggedLink, Translation


def load_text_languages() -> frozenset[str]:
    """The languages that petitions have texts in."""
    found: set[str] = set()
    for model in (Petition, Translation):
        found.update(
            model._default_manager.order_by()
            .values_list("language", flat=True)
            .distinct()
        )
    return frozenset(found)


LANGUAGES = CachedValue(load_text_languages)


def language_in_use(value: str) -> str:
    """A language that some petition has a text in. A frame elsewhere shows the petition
    in its own language when it is none of that petition's."""
    return value if value in LANGUAGES.get() else ""


def tag(value: str) -> str:
    """A tag of ours or of a link that staff made; nothing else is counted by name."""
    known = clean_tag(value)
    if not known or known in Channel:
        return known
    return known if TaggedLink.objects.filter(tag=known).exists() else ""


def page_address(value: str) -> str:
    """The address of a page of this site, without what may stand behind its path."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return value
    if parts.netloc != urlsplit(settings.SITE_URL).netloc:
        return value
    return f"{settings.SITE_URL}{parts.path}"


def less_than(usual: int) -> Callable[[str], str]:
    """So many pixels when they are fewer than usual; “0” and the like say nothing."""

    def normal(value: str) -> str:
        if value.isascii() and value.isdecimal() and len(value) < 6:
            number = int(value)
            return str(number) if 0 < number < usual else ""
        return ""

    return normal
