"""What a cached page is kept by (core/http/cache_policy.py): its path, and the
parameters that count in their normal forms. What leads to the same page is one address,
and what leads nowhere is none."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, QueryDict

from core.i18n.languages import language_of

type Normal = Callable[[str], str]
"""Takes the value of a parameter, returns its normal form: one for all values that lead
to the same page, "" for those that lead to the page without the parameter."""
type Query = tuple[tuple[str, str], ...]


def query_that_counts(request: HttpRequest, normals: Mapping[str, Normal]) -> Query:
    """The parameters that lead to another page, in their normal form: a link from a
    social network carries others, and each of those must not cost a rendering."""
    if not normals or not request.META.get("QUERY_STRING"):
        return ()
    given = request.GET
    return tuple(
        (name, value)
        for name, normal in normals.items()
        if name in given and (value := normal(given[name]))
    )


def bare_request(request: HttpRequest, query: Query) -> HttpRequest:
    """A request for the same page by nobody in particular."""
    bare = HttpRequest()
    bare.method = "GET"
    bare.path = bare.path_info = request.path
    bare.encoding = settings.DEFAULT_CHARSET
    bare.GET = QueryDict(urlencode(query))
    bare.META = {
        "HTTP_HOST": urlsplit(settings.SITE_URL).netloc,
        "QUERY_STRING": bare.GET.urlencode(),
        "wsgi.url_scheme": urlsplit(settings.SITE_URL).scheme,
    }
    bare.resolver_match = request.resolver_match
    bare.LANGUAGE_CODE = language_of(request.path)
    return bare


# == Normal forms ==


def as_given(value: str) -> str:
    """For what gets an answer of its own that is not kept: an error, or not found."""
    return value


def page_number(value: str) -> str:
    """“2” for “02”, nothing for the first page; what is no number stays, to be told."""
    if not (value.isascii() and value.isdecimal()):
        return value
    number = value.lstrip("0") or "0"
    return "" if number == "1" else number


def only_known(known: Container[str]) -> Callable[[str], str]:
    """The value when it is one of these, otherwise none."""
    return lambda value: value if value in known else ""
