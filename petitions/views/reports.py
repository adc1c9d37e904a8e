"""Messages from visitors, that something is wrong with a petition or with the site."""

from __future__ import annotations

from datetime import datetime

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.db.database import is_away
from core.http.origin import (
    Origin,
    origin_of,
)
from core.http.problems import RETRY_AFTER, mark_problem, problem
from core.observability.logs import log_context
from core.security.client_network import network_of
from petitions import reports
from petitions.abuse.rate_limits import (
    MESSAGES,
    passes_ceiling,
)
from petitions.models import Petition
from petitions.signatures.forms import ReportForm
from petitions.views.lookup import of_petition, to_its_notice
from petitions.views.posting import (
    CEILING_RETRY_AFTER,
    has_body,
    is_form,
    see_other,
)

# Seconds until a message that was not stored may be sent again, by status.
RETRY = {429: CEILING_RETRY_AFTER, 503: RETRY_AFTER}


def report_of_withdrawn(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Take the message of somebody who had the form open when the petition was
    withdrawn; show everybody else its notice."""
    if request.method == "POST" or "sent" in request.GET:
        return form_or_thanks(request, petition)
    return to_its_notice(request, petition)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@of_petition(report_of_withdrawn)
def report(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Let a visitor report that something is wrong with a petition; its organisation is
    told."""
    return form_or_thanks(request, petition)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """Let a visitor write to those who run the site."""
    return form_or_thanks(request, None)


def form_or_thanks(request: HttpRequest, petition: Petition | None) -> HttpResponse:
    """Show the form, again with what was typed when it was refused; after a message was
    accepted, show thanks, the same to everybody."""
    name = "report" if petition else "contact"
    where = [petition.slug] if petition else []
    form = ReportForm(
        petition=petition, initial={"reason": request.GET.get("reason", "")}
    )
    foreign = False
    status = 200
    if request.method == "POST":
        if has_body(request) and not is_form(request):
            return problem(request, 415)
        now = timezone.now()
        form = ReportForm(request.POST, petition=petition)
        if origin_of(request) is Origin.FOREIGN:
            foreign, status = True, 403
        elif not form.is_valid():
            status = 422
        elif not (status := refused(request, petition, form, now)):
            log_context(outcome="reported")
            return see_other(f"petitions:{name}", *where, query="?sent=1")
    context = {
        "petition": petition,
        "form": form,
        "foreign": foreign,
        "too_many": status == 429,
        "away": status == 503,
        "sent": "sent" in request.GET and request.method != "POST",
    }
    response = TemplateResponse(
        request, f"petitions/{name}.html", context, status=status
    )
    if status in RETRY:
        response.headers["Retry-After"] = str(RETRY[status])
    return response


def refused(
    request: HttpRequest, petition: Petition | None, form: ReportForm, now: datetime
) -> int:
    """Store the message of a valid form. Return the status of the page that asks to
    send it again later, or 0 when it is stored."""
    try:
        if not passes_ceiling(network_of(request), now, MESSAGES):
            return 429
        reports.report(petition, form, now=now)
    except Error as error:
        if not is_away(error):
            raise
        mark_problem(request, 503)
        return 503
    return 0
