"""Pages of a list, by ?page= in the address."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest


def page_of(paginator: Paginator[Any], request: HttpRequest) -> Page[Any]:
    """The page that ?page= names, the first one without it; Http404 when there is no
    such page."""
    number = request.GET.get("page") or "1"
    if not (number.isascii() and number.isdecimal() and len(number) < 8):
        raise Http404
    if int(number) not in paginator.page_range:
        raise Http404
    return paginator.page(int(number))
