"""Middlewares: what happens around every request."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils import translation
from whitenoise.middleware import WhiteNoiseMiddleware

from core.db.database import is_away
from core.http.access import log_access
from core.http.gate import PROBES
from core.http.problems import problem
from core.http.untrusted_input import limit_of
from core.i18n.languages import (
    ADMIN,
    language_of_path,
)
from core.observability.logs import request_fields
from core.observability.outcomes import OUTCOMES
from core.switches import stopped_by

type GetResponse = Callable[[HttpRequest], HttpResponseBase]

# How much of a body beyond its limit is read, so that the visitor's browser shows the
# response instead of a broken connection.
DRAIN_LIMIT = 64 * 2**20


def access_log(get_response: GetResponse) -> GetResponse:
    """Log one line for each request: method, route pattern, status, milliseconds, and
    what views add by `log_context`. No response carries the line's request id: cached
    copies would repeat it, and responses that have to be equal would differ."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        # Whatever charset a client names: some are no text encodings (hex, rot13), and
        # decoding with them fails where nobody expects it.
        request.encoding = "utf-8"
        started = time.perf_counter()
        with request_fields() as fields:
            response = get_response(request)
            match = request.resolver_match
            log_access(
                fields,
                method=request.method or "",
                route=f"/{match.route}" if match else "(no route)",
                status=response.status_code,
                started=started,
            )
            # Bots that try the URLs of other software get a 404 or 405, and would hide
            # how many of our own forms fail.
            if request.method == "POST" and response.status_code not in {404, 405}:
                # A form that a switch stopped is refused on purpose: no failure.
                answered = 403 if stopped_by(request) else response.status_code
                OUTCOMES.count(answered, time.time())
        return response

    return middleware


def asked_by_address(get_response: GetResponse) -> GetResponse:
    """Accept any Host header for PROBES, as if the site's name had been given: load
    balancers, Prometheus and administrators ask for them by IP address."""
    name = urlsplit(settings.SITE_URL).netloc

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path in PROBES:
            request.META["HTTP_HOST"] = name
        return get_response(request)

    return middleware


# The content type of a form with files.
FILES = "multipart/form-data"


def body_limit(get_response: GetResponse) -> GetResponse:
    """Answer 413 to a body larger than a visitor needs or staff may upload, and 408 to
    one that does not arrive."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        if length > limit_of(request.path):
            drain(request, min(length, DRAIN_LIMIT))
            with translation.override(language_of_path(request.path)):
                return problem(request, 413, has_files=request.content_type == FILES)
        if 0 < length <= settings.PUBLIC_BODY_LIMIT:
            # Read here and not in a view, where a body that does not arrive in time
            # (config/wsgi.py) would be a server error.
            try:
                _ = request.body
            except UnreadablePostError:
                with translation.override(language_of_path(request.path)):
                    return problem(request, 408)
        return get_response(request)

    return middleware


# Browser features that no page of this site may use. (Our own scripts write to the
# clipboard and share: these are not listed.)
PERMISSIONS = ", ".join(
    f"{power}=()"
    for power in (
        "accelerometer", "camera", "display-capture", "geolocation", "gyroscope",
        "magnetometer", "microphone", "midi", "payment", "usb",
    )
)  # fmt: skip


def isolation(get_response: GetResponse) -> GetResponse:
    """Set headers that keep other origins from embedding our responses, and our pages
    from using features of the browser. Cache policies exempt single responses
    (core/http/cache_policy.py)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Embedder-Policy", "require-corp")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        return response

    return middleware


def drain(request: HttpRequest, length: int) -> None:
    """Read up to `length` bytes of the body and discard them."""
    while length > 0:
        try:
            chunk = request.read(min(length, 2**16))
        except UnreadablePostError:
            return
        if not chunk:
            return
        length -= len(chunk)


def language_from_path(get_response: GetResponse) -> GetResponse:
    """Activate the language in the path, for this request only. Django's own middleware
    also considers cookies and headers, and a shared cache must not vary on those."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.LANGUAGE_CODE = language_of_path(request.path)
        with translation.override(request.LANGUAGE_CODE):
            response = get_response(request)
        response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
        return response

    return middleware


def admin_by_its_name(get_response: GetResponse) -> GetResponse:
    """Answer 404 unless /admin/ is spelt exactly so in the request: a proxy that keeps
    strangers away from it may not see that /%61dmin/ is the same."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        asked = request.META.get("RAW_URI", request.path)  # as gunicorn received it
        if request.path.startswith(ADMIN) and not asked.startswith(ADMIN):
            return problem(request, 404)
        return get_response(request)

    return middleware


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Serves static files; one that has disappeared since the start is a 404 instead of
    a server error."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            response: HttpResponseBase = super().__call__(request)
        except FileNotFoundError:
            with translation.override(language_of_path(request.path)):
                return problem(request, 404)
        return response


class DatabaseAwayMiddleware:
    """Answers 503 while the database is away, and 408 to a body that breaks off."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        if isinstance(exception, UnreadablePostError):
            return problem(request, 408)
        return problem(request, 503) if is_away(exception) else None
