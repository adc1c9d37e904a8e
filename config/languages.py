"""The language of a page stands in its path: /fr/… is French, no prefix is English."""

from __future__ import annotations

from django.conf import settings


def language_of(path: str) -> str:
    """The language code that `path` asks for."""
    prefix = path.split("/", 2)[1] if path.startswith("/") else ""
    if prefix != settings.LANGUAGE_CODE and prefix in dict(settings.LANGUAGES):
        return prefix
    return str(settings.LANGUAGE_CODE)


def path_in(language: str, path: str) -> str:
    """The path of the same page in `language`."""
    current = language_of(path)
    if current != settings.LANGUAGE_CODE:
        path = path[len(current) + 1 :] or "/"
    return path if language == settings.LANGUAGE_CODE else f"/{language}{path}"
