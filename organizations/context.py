"""Context processor for the organisation that speaks on pages about no other."""

from __future__ import annotations

from typing import Any

from django.db import Error
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core.db.cached_value import CachedValue
from core.http.problems import marked
from organizations.models import Organization

# Statuses of error pages for which the database has been queried anyway.
ASKED = (403, 404, 410)


def load_only_organization() -> Organization | None:
    """Return the only organisation of the site; None when there are several, or none
    yet."""
    organizations = list(Organization.objects.prefetch_related("descriptions")[:2])
    return organizations[0] if len(organizations) == 1 else None


ONLY = CachedValue(load_only_organization)


def only() -> Organization | None:
    """Return the cached only organisation; None also while the database has been
    unreachable since the process started."""
    try:
        return ONLY.get()
    except Error:
        return None


def speaker(request: HttpRequest) -> dict[str, Any]:
    """Give templates the site's organisation as `speaker`. It is lazy, so pages about
    an organisation of their own never query it. Error pages other than ASKED take what
    is cached: the database may be what is missing."""
    if marked(request) not in (None, *ASKED):
        return {"speaker": ONLY.known()}
    return {"speaker": SimpleLazyObject(only)}
