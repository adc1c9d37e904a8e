"""Judge where a POST comes from by its headers instead of a CSRF token: a token needs a
cookie, and a cookie would keep the page with the form out of shared caches."""

from __future__ import annotations

import enum
from urllib.parse import urlsplit

from django.http import HttpRequest

DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(enum.Enum):
    """The site that a request comes from: this one, no known one, another."""

    OWN = "own"
    UNKNOWN = "unknown"
    """No evidence: old phones, in-app browsers, plain HTTP. A weak sign of abuse."""
    FOREIGN = "foreign"


def origin_of(request: HttpRequest) -> Origin:
    """Return whether a page of this site (OWN), of another site (FOREIGN), or none that
    is known (UNKNOWN) sent the request."""
    site = request.headers.get("Sec-Fetch-Site", "")
    if site in {"same-origin", "none"}:
        return Origin.OWN
    if site in {"same-site", "cross-site"}:
        return Origin.FOREIGN
    origin = request.headers.get("Origin", "")
    if origin in {"", "null"}:
        return Origin.UNKNOWN
    try:
        sender = urlsplit(origin)
        port = sender.port or DEFAULT_PORTS.get(sender.scheme)
        own = urlsplit(f"//{request.get_host()}")
        own_port = own.port or DEFAULT_PORTS.get(sender.scheme)
    except ValueError:
        return Origin.FOREIGN
    if (sender.hostname, port) == (own.hostname, own_port):
        return Origin.OWN
    return Origin.FOREIGN
