"""Serve uploaded pictures. Their names are hashes of their content, so that they never
change."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import condition, require_safe


def etag(request: HttpRequest, folder: str, name: str) -> str:
    return f'"{name}"'


@require_safe
@condition(etag_func=etag)
def media(request: HttpRequest, folder: str, name: str) -> FileResponse:
    """Serve MEDIA_ROOT/<folder>/<name> with the content type of its ending."""
    path = Path(settings.MEDIA_ROOT) / folder / name
    try:
        response = FileResponse(
            path.open("rb"), content_type=f"image/{path.suffix[1:]}"
        )
    except OSError:
        raise Http404 from None
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
