"""What every template may need."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from config.languages import language_of, path_in
from config.styles import SITE_ELEMENT


def site(request: HttpRequest) -> dict[str, Any]:
    """The site's address, and this page's address in each language."""
    return {
        "DEMO": settings.DEMO,
        "SITE_STYLE": SITE_ELEMENT,
        "SITE_URL": settings.SITE_URL,
        **addresses(request.path),
    }


def addresses(path: str) -> dict[str, Any]:
    """A page's address, and the same in each language."""
    language = language_of(path)
    return {
        "page_path": path,
        "page_languages": [
            {
                "code": code,
                "name": name,
                "path": path_in(code, path),
                "current": code == language,
            }
            for code, name in settings.LANGUAGES
        ],
    }
