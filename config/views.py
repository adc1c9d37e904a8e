"""Small files that every site has."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe

ROBOTS = """User-agent: *
Disallow: /admin/
Disallow: /confirm/
Disallow: /not-me/
"""


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse(ROBOTS, content_type="text/plain; charset=utf-8")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    return redirect(static("img/icon.svg"))


@require_safe
def without_language(request: HttpRequest, path: str) -> HttpResponse:
    """Data has one address, whatever the language of the page that names it."""
    query = request.META.get("QUERY_STRING", "")
    return redirect(f"/{path}{'?' if query else ''}{query}", permanent=True)
