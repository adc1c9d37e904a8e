"""Behind the link in the mail: who signs, and the button that makes it count."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from config.database import retry_once
from config.languages import is_text_language
from config.logs import note
from config.origin import Origin, origin_of
from config.problems import problem
from petitions import actions, confirming, siblings
from petitions.access import Moved, Withdrawn, get_petition
from petitions.addresses import masked
from petitions.confirming import Confirmation
from petitions.forms import CorrectionForm
from petitions.models import Signature
from petitions.states import SignatureState
from petitions.tokens import Broken, Expired, Purpose, Valid, make_token, read_token
from petitions.views.links import broken_link, expired_link
from petitions.views.posting import is_pressed, see_other
from petitions.views.signing import text_query


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link in the mail: who signs, and a button. Only the POST
    acts, because mail scanners open links."""
    now = timezone.now()
    match read_token(Purpose.CONFIRM, token, now=now):
        case Broken():
            return broken_link(request)
        case Expired(signature_id):
            return expired_link(request, token, signature_id)
        case Valid(signature_id):
            pass
    if is_pressed(request):
        outcome, slug = retry_once(lambda: confirming.confirm(signature_id, now=now))
        return confirmed(request, signature_id, outcome, slug, now)
    return confirm_page(request, token, signature_id, now)


def confirm_page(
    request: HttpRequest,
    token: str,
    signature_id: int,
    now: datetime,
    form: CorrectionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Name, place, comment and choices as they were typed, to confirm or correct."""
    signature = siblings.find_signature(signature_id)
    if signature is None:
        return problem(request, 410)
    counted: Signature | None = signature
    if signature.state == SignatureState.PENDING:
        counted = siblings.counted_sibling(signature)
    elif signature.state == SignatureState.INVALID:
        counted = siblings.counted_sibling(signature) or signature
    context = {
        "petition": signature.petition,
        "text_query": text_query(signature.text_language or signature.language),
        "signature": signature,
        "counted": counted,
        "full": not counted and siblings.is_full(signature),
        "masked": masked(signature.email),
        "token": token,
        "not_me": make_token(Purpose.NOT_ME, signature_id, now=now),
        "own": make_token(Purpose.OWN, signature_id, now=now),
        "form": form or correction_form(signature),
        "foreign": request.method == "POST" and form is None,
    }
    if context["foreign"]:
        status = 403
    return TemplateResponse(request, "petitions/confirm.html", context, status=status)


def correction_form(signature: Signature, data: Any = None) -> CorrectionForm:
    """The form for what was typed, filled with it."""
    initial = {name: getattr(signature, name) for name in actions.CORRECTABLE}
    if signature.updates is not None:
        initial["updates"] = "yes" if signature.updates else "no"
    return CorrectionForm(data, petition=signature.petition, initial=initial)


def confirmed(
    request: HttpRequest,
    signature_id: int,
    outcome: Confirmation,
    slug: str,
    now: datetime,
) -> HttpResponse:
    """What follows from pressing the button."""
    note(outcome=outcome.value, signature=signature_id)
    match outcome:
        case Confirmation.COUNTED:
            language = request.GET.get("text", "")
            query = text_query(language) if is_text_language(language) else ""
            return see_other("petitions:thank_you", slug, query=query)
        case Confirmation.TOO_LATE:
            if signature := siblings.find_signature(signature_id):
                siblings.erase_pending(signature)
            context = {"petition": get_petition_or_none(slug, now)}
            return TemplateResponse(
                request, "petitions/too_late.html", context, status=410
            )
        case Confirmation.WITHDRAWN:
            return see_other("petitions:petition", slug)
        case Confirmation.INVALIDATED:
            own = make_token(Purpose.OWN, signature_id, now=now)
            return see_other("petitions:signature", own)
        case Confirmation.FULL:
            # The page behind the link says it, to whoever opens it again, too.
            token = make_token(Purpose.CONFIRM, signature_id, now=now)
            return see_other("petitions:confirm", token)
        case Confirmation.GONE:
            return problem(request, 410)


def get_petition_or_none(slug: str, now: datetime) -> Any:
    try:
        return get_petition(slug, now)
    except (Http404, Moved, Withdrawn):
        return None


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, token: str) -> HttpResponse:
    """“Not Maya? Sign in your own name”: corrects what was typed and confirms it."""
    now = timezone.now()
    outcome = read_token(Purpose.CONFIRM, token, now=now)
    if request.method != "POST" or not isinstance(outcome, Valid):
        return redirect("petitions:confirm", token)
    signature = siblings.find_signature(outcome.signature_id)
    if signature is None:
        return problem(request, 410)
    form = correction_form(signature, request.POST)
    foreign = origin_of(request) is Origin.FOREIGN
    if foreign or not form.is_valid():
        status = 403 if foreign else 422
        return confirm_page(request, token, signature.pk, now, form, status)
    result, slug = retry_once(
        lambda: actions.confirm_corrected(signature, form.cleaned_data, now=now)
    )
    return confirmed(request, signature.pk, result, slug, now)
