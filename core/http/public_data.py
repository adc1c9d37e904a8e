"""Answers for programs: JSON that anybody may read from anywhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt

from core.http.problems import data_problem

type View = Callable[..., HttpResponse]

METHODS = "GET, HEAD, OPTIONS"
# What a browser asks before a script sends a header of its own, If-None-Match say.
PREFLIGHT = {
    "Allow": METHODS,
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}


def public_data(view: View) -> View:
    """A view that only reads; any other method gets its 405 as data, too."""

    @wraps(view)
    def reads(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers=PREFLIGHT)
        if request.method not in {"GET", "HEAD"}:
            response = data_problem(405, f"Send one of {METHODS}.")
            response.headers["Allow"] = METHODS
            return response
        return view(request, *args, **kwargs)

    # Nothing changes here, so a POST needs no token to be told so.
    return csrf_exempt(reads)


def data_answer(data: dict[str, Any]) -> JsonResponse:
    """The data, with letters of any script as they are."""
    return JsonResponse(data, json_dumps_params={"ensure_ascii": False})


def full(path: str) -> str:
    """The address of `path` on this site, whatever host was asked."""
    return f"{settings.SITE_URL}{path}"


def page_links(page: Page[Any], path: str, query: dict[str, str]) -> dict[str, Any]:
    """How many there are in all, and where the next and the previous page is."""

    def at(number: int) -> str:
        return full(f"{path}?{urlencode({**query, 'page': str(number)})}")

    return {
        "count": page.paginator.count,
        "next": at(page.next_page_number()) if page.has_next() else None,
        "previous": at(page.previous_page_number()) if page.has_previous() else None,
    }
