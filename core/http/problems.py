"""Error pages: what happened and what to do, in plain words; for programs, as problem
details (RFC 9457, application/problem+json)."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from core.http.sent_forms import sent_form
from core.http.styles import allow_noted
from core.observability.logs import log_context
from core.security import events

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
    a path that ends with .json. `has_files` says that a form with files was sent. With
    a 503 what was typed is kept, to be sent again."""
    if request.path.endswith(".json"):
        response: HttpResponse = data_problem(status)
    else:
        mark_problem(request, status)
        context = {
            "status": status,
            "has_files": has_files,
            "form": sent_form(request) if status == 503 else None,
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
    return problem(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return problem(request, 500)
