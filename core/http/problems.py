"""Error pages: what happened and what to do, in plain words; for programs, as problem
details (RFC 9457, application/problem+json)."""

from __future__ import annotations

import re
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.encoding import iri_to_uri
from django.utils.translation import override

from core.http.sent_forms import sent_form
from core.http.styles import allow_noted
from core.i18n.languages import ADMIN, language_of_path
from core.observability.logs import log_context
from core.security import events
from core.switches import stopped_by

# What a path of ours consists of, up to the first character of another kind.
PLAIN_PATH = re.compile(r"/?((?:[\w-]+/)*[\w.-]*)")
# No slip: browsers take a backslash for a slash, and leave out tabs and line ends.
NO_SLIP = re.compile(r"[\\\t\r\n]")
DOUBLED = re.compile(r"//+")
# The language without a prefix, as if it had one.
NO_PREFIX = re.compile(rf"^/{settings.LANGUAGE_CODE}/")
# How the addresses of data end, which programs ask for.
DATA = (".json", ".csv")
# Parts of addresses that are no secrets.
GUESSABLE = {"slug", "language", "number"}
# Seconds after which trying again makes sense.
RETRY_AFTER = 10
# Where Python's own description names a cause that need not be the one.
DETAILS = {503: "What this needs is away for a moment. Try again later."}


def mark_problem(request: HttpRequest, status: int) -> None:
    """Note the status of an error page before it is rendered: when the database is what
    is missing, rendering must not query it."""
    request.META["site.problem"] = status


def marked(request: HttpRequest) -> int | None:
    """Return the status of the error page that is being rendered, if it is one."""
    return request.META.get("site.problem")


def problem(
    request: HttpRequest, status: int, *, has_files: bool = False
) -> HttpResponse:
    """Return the page templates/<status>.html with that status, or problem details for
    the path of public data. `has_files` says that a form with files was sent. What was
    typed is kept, to be sent again, with a 503, and with a 404 of one of our forms: the
    petition that it was for may be gone, or a draft again. Of a form of the admin
    nothing could be shown but its button, which would lead to the same 404."""
    if request.path.endswith(DATA):
        response: HttpResponse = data_problem(status)
    else:
        mark_problem(request, status)
        is_public_form = request.resolver_match and not request.path.startswith(ADMIN)
        keeps = status == 503 or (status == 404 and is_public_form)
        context = {
            "status": status,
            "has_files": has_files,
            "form": sent_form(request) if keeps else None,
            "stopped": stopped_by(request),
        }
        page = render_to_string(f"{status}.html", context, request)
        response = HttpResponse(page, status=status)
        allow_noted(request, response)
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def data_problem(status: int, detail: str = "") -> JsonResponse:
    """Return problem details as JSON; `detail` is for the developer of the client."""
    http = HTTPStatus(status)
    shape = {
        "type": "about:blank",
        "title": http.phrase,
        "status": status,
        "detail": detail or DETAILS.get(status) or http.description or http.phrase,
    }
    return JsonResponse(shape, status=status, content_type="application/problem+json")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    log_context(outcome=type(exception).__name__)
    return problem(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    # The user is not loaded for this: the database may be what is missing.
    user = getattr(request, "_cached_user", None)
    events.record("permission refused", account=getattr(user, "pk", None))
    return problem(request, 403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404; redirect when there is a page in front of what was glued to its
    address on the way."""
    path = mended_path(request.path) if request.method in {"GET", "HEAD"} else ""
    if not path:
        return problem(request, 404)
    query = iri_to_uri(request.META.get("QUERY_STRING", ""))
    response = redirect(f"{path}?{query}" if query else path)
    response.headers["Cache-Control"] = "no-store"
    return response


def mended_path(path: str) -> str:
    """Return the path of a page in front of what chats, mails and texts glue to it (a
    bracket, a full stop, “&fbclid=…”), without doubled slashes, in small letters where
    only these lead to a page, and without the prefix of the language that has none; ""
    if no other page is there. Pages behind tokens, which are not to be guessed at, are
    left out."""
    if NO_SLIP.search(path) or path.endswith(DATA):
        return ""
    front = "/" + PLAIN_PATH.match(DOUBLED.sub("/", path))[1].rstrip("._-")  # type: ignore[index]
    if not front.endswith("/") and "." not in front.rpartition("/")[2]:
        front += "/"
    for other in (front, front.lower(), NO_PREFIX.sub("/", front.lower())):
        try:
            # As one asks for that page: its language is in its path.
            with override(language_of_path(other)):
                match = resolve(other)
        except Resolver404:
            continue
        if other != path and set(match.kwargs) <= GUESSABLE:
            return other
    return ""


def server_error(request: HttpRequest) -> HttpResponse:
    return problem(request, 500)
