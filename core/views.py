"""Small views that every site has: robots.txt, security.txt, the favicon, redirects."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import iri_to_uri
from django.views.decorators.http import require_safe

from core.i18n.languages import (
    ADMIN,
    path_in,
)

TEXT = "text/plain; charset=utf-8"
# Not for crawlers. Other pages that should not be indexed say so themselves.
CLOSED = ("/confirm/", "/not-me/", "/signature/")
# How long security.txt is valid (its Expires field); renewed every day.
SECURITY_DAYS = 180


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    public = [path_in(code, p) for code, _name in settings.LANGUAGES for p in CLOSED]
    closed = [ADMIN, *public]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    lines += ["", f"Sitemap: {settings.SITE_URL}{reverse('sitemap')}"]
    return HttpResponse("\n".join(lines) + "\n", content_type=TEXT)


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Serve security.txt: where to report a vulnerability of this site (RFC 9116)."""
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    expires = today + timedelta(days=SECURITY_DAYS)
    languages = ", ".join(code for code, _name in settings.LANGUAGES)
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires.isoformat().replace('+00:00', 'Z')}",
        f"Preferred-Languages: {languages}",
        f"Canonical: {settings.SITE_URL}{request.path}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type=TEXT)


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    return redirect(static("img/icon.svg"))


@require_safe
def without_language(request: HttpRequest, path: str) -> HttpResponse:
    """Redirect to data's only address, whatever language prefix a link puts before
    it."""
    return redirect(f"/{path}", permanent=True)


@require_safe
def admin_in_language(request: HttpRequest, language: str, path: str) -> HttpResponse:
    """Redirect links of earlier mails, which had the language before /admin/."""
    target = quote(path_in(language.lower(), f"{ADMIN}{path}"))
    query = iri_to_uri(request.META.get("QUERY_STRING", ""))
    return redirect(f"{target}?{query}" if query else target, permanent=True)
