"""Who speaks on pages that are about nobody in particular."""

from __future__ import annotations

from typing import Any

from django.db import Error
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core.db.cached_value import CachedValue
from core.http.problems import marked
from organizations.models import Organization

# Problems about which the database was asked anyway.
ASKED = (403, 404, 410)


def load_only_organization() -> Organization | None:
    """The organisation whose site this is; None when there are several, or none yet."""
    found = list(Organization.objects.all()[:2])
    return found[0] if len(found) == 1 else None


ONLY = CachedValue(load_only_organization)


def only() -> Organization | None:
    """The same; None as well while the database is away from the start on."""
    try:
        return ONLY.get()
    except Error:
        return None


def speaker(request: HttpRequest) -> dict[str, Any]:
    """For templates; read when one prints it, so pages that have an organisation of
    their own do not. Of other problems than ASKED it is not read at all: the database
    may be what is missing."""
    if marked(request) not in (None, *ASKED):
        return {"speaker": ONLY.known()}
    return {"speaker": SimpleLazyObject(only)}
