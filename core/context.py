"""Context processor: variables for every template."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpRequest

from core.http.cache_policy import PERSONAL, policy_of
from core.http.problems import marked
from core.http.styles import SITE_ELEMENT
from core.i18n.languages import (
    language_of_path,
    path_in,
)
from core.switches import NONE, SWITCHES, switches_of


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the site's address, this page's address in each language, the query that
    its links carry on, and the switches that are on; on a page which says that the
    database is away, as they were known before."""
    away = marked(request) == 503
    return {
        "DEMO": settings.DEMO,
        "SITE_STYLE": SITE_ELEMENT,
        "SITE_URL": settings.SITE_URL,
        "switches": SWITCHES.known() or NONE if away else switches_of(request),
        **page_addresses(request.path, query_of(request)),
        "carried": carried_query(request),
    }


def page_addresses(path: str, query: str = "") -> dict[str, Any]:
    """Return a page's path, and the path of the same page in each language."""
    language = language_of_path(path)
    return {
        "page_path": path_for_link(path),
        "page_languages": [
            {
                "code": code,
                "name": name,
                "path": path_for_link(path_in(code, path)) + query,
                "current": code == language,
            }
            for code, name in settings.LANGUAGES
        ],
    }


def path_for_link(path: str) -> str:
    """Return a path that leads to this site wherever it is linked: “//host/” would lead
    to another one, and so would what browsers take for it: they drop tabs and line
    ends, and read a backslash as a slash."""
    plain = re.sub(r"[\x00-\x20\\]", lambda sign: quote(sign[0]), path)
    return re.sub("^//", "/%2F", plain)


def query_of(request: HttpRequest, *, proofs: bool = True) -> str:
    """Return the part of the query that tells pages apart: a page number, search words
    and, with `proofs`, what links carry on."""
    match = request.resolver_match
    policy = policy_of(match.view_name) if match else PERSONAL
    names = [name for name in policy.query if proofs or name not in policy.proofs]
    return given_query(request, names)


def carried_query(request: HttpRequest) -> str:
    """Return the part of the query that links to other pages with numbers carry on."""
    match = request.resolver_match
    return given_query(request, policy_of(match.view_name).proofs if match else ())


def given_query(request: HttpRequest, names: Iterable[str]) -> str:
    given = [(name, request.GET[name]) for name in names if request.GET.get(name)]
    return f"?{urlencode(given)}" if given else ""
