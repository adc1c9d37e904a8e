"""Context processor: variables for every template."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import escape_leading_slashes

from core.http.cache_policy import policy_of
from core.http.styles import SITE_ELEMENT
from core.i18n.languages import (
    language_of,
    path_in,
)


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the site's address, and this page's address in each language."""
    return {
        "DEMO": settings.DEMO,
        "SITE_STYLE": SITE_ELEMENT,
        "SITE_URL": settings.SITE_URL,
        **page_addresses(request.path, query_of(request)),
    }


def page_addresses(path: str, query: str = "") -> dict[str, Any]:
    """Return a page's path, and the path of the same page in each language."""
    language = language_of(path)
    # A link to “//host/” would lead to another host.
    path = escape_leading_slashes(path)
    return {
        "page_path": path,
        "page_languages": [
            {
                "code": code,
                "name": name,
                "path": path_in(code, path) + query,
                "current": code == language,
            }
            for code, name in settings.LANGUAGES
        ],
    }


def query_of(request: HttpRequest) -> str:
    """Return the part of the query that tells pages apart: a page number, search
    words."""
    match = request.resolver_match
    names = policy_of(match.view_name).query if match else ()
    given = [(name, request.GET[name]) for name in names if request.GET.get(name)]
    return f"?{urlencode(given)}" if given else ""
