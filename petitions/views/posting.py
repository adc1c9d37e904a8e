"""What the public POSTs share: what they take, what they refuse, where they lead."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirectBase
from django.urls import reverse

from core.http.origin import (
    Origin,
    origin_of,
)

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")

# Seconds in which a network that reached its ceiling may send some more.
CEILING_RETRY_AFTER = 60


def is_pressed(request: HttpRequest) -> bool:
    """Whether a button of ours was pressed, and not one of another site."""
    return request.method == "POST" and origin_of(request) is not Origin.FOREIGN


def is_form(request: HttpRequest) -> bool:
    """Whether the body is a form in the one charset that our pages have."""
    charset = (request.content_params or {}).get("charset", "utf-8")
    return request.content_type in FORM_TYPES and charset.lower() in {"utf-8", "utf8"}


def has_body(request: HttpRequest) -> bool:
    return request.META.get("CONTENT_LENGTH", "") not in {"", "0"}


class SeeOther(HttpResponseRedirectBase):
    """303: go there with a GET."""

    status_code = 303


def see_other(url_name: str, *args: Any, query: str = "") -> HttpResponse:
    return SeeOther(reverse(url_name, args=args) + query)
