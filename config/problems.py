"""Error pages: what happened and what to do, in human words."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

# Seconds after which trying again makes sense.
RETRY_AFTER = 10


def problem(request: HttpRequest, status: int) -> HttpResponse:
    """The page templates/<status>.html with that status."""
    response = HttpResponse(
        render_to_string(f"{status}.html", {"status": status}, request), status=status
    )
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(request, 403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return problem(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return problem(request, 403)
