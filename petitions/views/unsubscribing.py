"""The link at the end of each mail of a mailing: no more of them."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.observability.logs import log_context
from petitions.addresses import masked
from petitions.mail import results
from petitions.models import Consent
from petitions.signatures import consent
from petitions.signatures.tokens import TokenPurpose
from petitions.views.links import read_link
from petitions.views.posting import is_pressed


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show a button that ends the mailings of one organisation to one address; on POST,
    end them. The link works however old it is, needs no cookie and never redirects."""
    now = timezone.now()
    outcome = read_link(request, TokenPurpose.UNSUBSCRIBE, token, now)
    if isinstance(outcome, HttpResponse):
        return outcome
    given = Consent.objects.select_related("organization").filter(pk=outcome.number)
    answer = given.first()
    if answer is None:  # erased with all answers to the organisation; or a test mail
        page = "petitions/unsubscribe.html"
        return TemplateResponse(request, page, {"answer": None}, status=410)
    # One-click unsubscription (RFC 8058): the mail provider posts from its own server.
    # It needs no further check, because only the mail holds this address.
    one_click = request.POST.get("List-Unsubscribe") == "One-Click"
    if one_click or is_pressed(request):
        end_mailings(answer, outcome.made, now)
    if one_click:
        return HttpResponse("Unsubscribed.\n", content_type="text/plain")
    context = {
        "answer": answer,
        "name": answer.organization.display_name,
        "masked": masked(answer.email),
        "may_write": consent.newest_answer(answer).wants_updates,
        "token": token,
    }
    return TemplateResponse(request, "petitions/unsubscribe.html", context)


def end_mailings(answer: Consent, mailed: datetime, now: datetime) -> None:
    """End the mailings, and count that in the results of the one with this link."""
    if consent.end_updates(answer, now=now):
        results.unsubscribed(answer, mailed=mailed, now=now)
    log_context(outcome="unsubscribed")
