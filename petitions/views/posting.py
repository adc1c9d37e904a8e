"""Shared by the public POST views: checks of a request, and the redirect after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirectBase
from django.urls import reverse

from core.http.origin import (
    Origin,
    origin_of,
)
from petitions.signature_fields import HEADINGS

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")

# Retry-After in seconds for a network that reached its rate limit: by then it may send
# a few more.
CEILING_RETRY_AFTER = 60


def is_pressed(request: HttpRequest) -> bool:
    """Return whether this is a POST by a button of ours, and not from another site."""
    return request.method == "POST" and origin_of(request) is not Origin.FOREIGN


def is_form(request: HttpRequest) -> bool:
    """Return whether the body is a form in UTF-8, the charset of our pages."""
    charset = (request.content_params or {}).get("charset", "utf-8")
    return request.content_type in FORM_TYPES and charset.lower() in {"utf-8", "utf8"}


def has_body(request: HttpRequest) -> bool:
    return request.META.get("CONTENT_LENGTH", "") not in {"", "0"}


def words_typed(request: HttpRequest) -> list[tuple[StrOrPromise, str]]:
    """Return what was typed into a form that comes too late, with a heading each, in
    the order of the form."""
    return [
        (heading, value)
        for name, heading in HEADINGS.items()
        if (value := request.POST.get(name, "").strip())
    ]


class SeeOther(HttpResponseRedirectBase):
    """A 303 redirect: follow it with a GET."""

    status_code = 303


def see_other(url_name: str, *args: Any, query: str = "") -> HttpResponse:
    return SeeOther(reverse(url_name, args=args) + query)
