"""Cache keys of pages (core/http/cache_policy.py): the path, and the query parameters
that count, each in its normal form. URLs that lead to the same page share one key, and
parameters that lead nowhere are no part of it."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, QueryDict

from core.i18n.languages import language_of_path

type Normal = Callable[[str], str]
"""Takes the value of a parameter, returns its normal form: one for all values that lead
to the same page, "" for those that lead to the page without the parameter."""
type Query = tuple[tuple[str, str], ...]


def query_that_counts(request: HttpRequest, normals: Mapping[str, Normal]) -> Query:
    """Return the normal form of the query parameters that change the page. Links from a
    social network carry others, none of which may cost a rendering."""
    if not normals or not request.META.get("QUERY_STRING"):
        return ()
    given = request.GET
    return tuple(
        (name, value)
        for name, normal in normals.items()
        if name in given and (value := normal(given[name]))
    )


def bare_request(request: HttpRequest, query: Query) -> HttpRequest:
    """Return an anonymous request for the same page: path and normalised query, and
    nothing else that the visitor sent."""
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
    bare.LANGUAGE_CODE = language_of_path(request.path)
    return bare


# == Normal forms ==


def as_given(value: str) -> str:
    """Keep the value: for parameters of which any other value gets an error or a
    redirect, which is not cached."""
    return value


def page_number(value: str) -> str:
    """Return “2” for “02” and "" for the first page; what is no number stays, to be
    refused."""
    if not (value.isascii() and value.isdecimal()):
        return value
    number = value.lstrip("0") or "0"
    return "" if number == "1" else number


def only_known(known: Container[str]) -> Callable[[str], str]:
    """Return a normal form that keeps the `known` values and drops all others."""
    return lambda value: value if value in known else ""
