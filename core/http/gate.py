"""The gate of all forms: while the site is read-only, or signing is stopped, a form is
answered 503 with what was typed, before any view sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from core.http.problems import problem
from core.models import SwitchName
from core.observability.logs import log_context
from core.switches import KEY, LONGEST, STOPPED, SWITCHES

# Asked by machines, at the site's name or by its IP address, and answered 405 to a
# form whatever is stopped.
PROBES = frozenset({"/livez", "/readyz", "/metrics"})
# Methods that change nothing.
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# URL names of the forms that sign; apps add theirs.
SIGNS: set[str] = set()
# URL names of forms that work although the site is read-only: who logs in there can
# end that.
WORKS_ALWAYS = {"admin:login", "admin:logout"}
# Seconds after which sending a stopped form again makes sense.
RETRY_AFTER = 120


class GateMiddleware:
    """Refuses forms by method, so that no view can be forgotten. It comes before the
    session and the CSRF token are looked at."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        if request.method in SAFE or request.path in PROBES:
            return None
        switches = request.META[KEY] = SWITCHES.get(longest=LONGEST)
        match = request.resolver_match
        name = match.view_name if match else ""
        if switches.read_only and name not in WORKS_ALWAYS:
            return stopped(request, SwitchName.READ_ONLY)
        if switches.stop_signing and name in SIGNS:
            return stopped(request, SwitchName.STOP_SIGNING)
        return None


def stopped(request: HttpRequest, name: SwitchName) -> HttpResponse:
    """Answer a form that the switch `name` does not let pass."""
    log_context(outcome=name)
    request.META[STOPPED] = name
    response = problem(request, 503)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response
