"""Retry forms of staff that met a lock timeout or a deadlock."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.db import OperationalError, connection
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.db.database import is_held_back
from core.images import uploads

TRIES = 3
BUSY = _(
    "Somebody else is changing the same just now, so nothing was saved. What you typed "
    "is here: save it again in a moment."
)


def patient(view: Any) -> Any:
    """Decorate a view of the admin: process uploaded pictures before any row is locked,
    and retry a form when another transaction was in the way. When no try succeeds,
    `is_busy` is set and the form is shown as it was typed, with the message BUSY."""

    @wraps(view)
    def tried(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        for name, upload in request.FILES.items():
            uploads.prepare_upload(upload, name)
        for _attempt in range(TRIES):
            rewind(request)
            try:
                return view(request, *args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or not is_held_back(error):
                    raise
        request.is_busy = True  # type: ignore[attr-defined]
        rewind(request)
        return view(request, *args, **kwargs)

    return tried


def rewind(request: HttpRequest) -> None:
    for name in request.FILES:
        for upload in request.FILES.getlist(name):
            upload.seek(0)


def is_busy(request: HttpRequest) -> bool:
    """Return whether all tries of the form met a lock."""
    return getattr(request, "is_busy", False)
