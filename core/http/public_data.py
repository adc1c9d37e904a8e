"""Helpers for the public JSON API, which anybody may read from anywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt

from core.http.problems import data_problem

type View = Callable[..., HttpResponse]

METHODS = "GET, HEAD, OPTIONS"
# The answer to the preflight request that a browser makes before a script may send a
# header such as If-None-Match.
PREFLIGHT = {
    "Allow": METHODS,
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}


def public_data(view: View) -> View:
    """Decorate a view that only reads: answer OPTIONS, and 405 as JSON to any other
    method."""

    @wraps(view)
    def reads(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers=PREFLIGHT)
        if request.method not in {"GET", "HEAD"}:
            response = data_problem(405, f"Send one of {METHODS}.")
            response.headers["Allow"] = METHODS
            return response
        return view(request, *args, **kwargs)

    # The view changes nothing, and its 405 should reach also a POST without a token.
    return csrf_exempt(reads)


def data_answer(data: dict[str, Any]) -> JsonResponse:
    """Return the data as JSON, without escaping letters beyond ASCII."""
    return JsonResponse(data, json_dumps_params={"ensure_ascii": False})


def full(path: str) -> str:
    """Return the absolute URL of `path` on this site, whatever host the request
    named."""
    return f"{settings.SITE_URL}{path}"


def iso_local(when: date) -> str:
    """Return a day, or a moment in the site's time zone: its first ten characters are
    then the day that the pages print."""
    if not isinstance(when, datetime):
        return when.isoformat()
    local = timezone.localtime(when)
    # Before there were zones, clocks differed by seconds, which RFC 3339 cannot write.
    is_sun_time = bool(local.utcoffset() % timedelta(minutes=1))  # type: ignore[operator]
    return (when.astimezone(UTC) if is_sun_time else local).isoformat()


def page_links(page: Page[Any], path: str, query: dict[str, str]) -> dict[str, Any]:
    """Return the number of items in all, and the URLs of the next and the previous
    page."""

    def at(number: int) -> str:
        return full(f"{path}?{urlencode({**query, 'page': str(number)})}")

    return {
        "count": page.paginator.count,
        "next": at(page.next_page_number()) if page.has_next() else None,
        "previous": at(page.previous_page_number()) if page.has_previous() else None,
    }
