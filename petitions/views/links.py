"""Links in mails that do not work any more, new ones, and “I did not ask for this”."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from config.addresses import LONGEST_TYPED
from config.clients import network_of
from config.logs import note
from config.origin import Origin, origin_of
from config.problems import problem
from petitions import actions, siblings
from petitions.addresses import NotAnAddress, clean_address, masked
from petitions.limits import MAILS_NOW, passes_ceiling
from petitions.models import Signature
from petitions.models.mails import MailKind
from petitions.states import SignatureState
from petitions.tokens import Broken, Purpose, read_token
from petitions.views.posting import CEILING_RETRY_AFTER, is_pressed, see_other
from petitions.views.signing import inbox_query


def broken_link(request: HttpRequest) -> HttpResponse:
    """Cut short on the way, or never ours: a new one needs the address."""
    return TemplateResponse(request, "petitions/broken_link.html", {}, status=404)


def expired_link(request: HttpRequest, token: str, signature_id: int) -> HttpResponse:
    """Too old: a new one can be sent to the address that we still have."""
    signature = siblings.find_signature(signature_id)
    if signature is None:
        return problem(request, 410)
    context = {
        "token": token,
        "petition": signature.petition,
        "signature": signature,
        "counted": signature.state
        in (SignatureState.CONFIRMED, SignatureState.WITHDRAWN)
        or siblings.counted_sibling(signature),
    }
    return TemplateResponse(request, "petitions/expired_link.html", context, status=410)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def resend(request: HttpRequest, token: str) -> HttpResponse:
    """A new link for the signature of an expired one."""
    now = timezone.now()
    outcome = read_token(Purpose.CONFIRM, token, now=now)
    if not is_pressed(request) or isinstance(outcome, Broken):
        return redirect("petitions:confirm", token)
    signature = siblings.find_signature(outcome.signature_id)
    if signature is None:
        return problem(request, 410)
    actions.send_again(signature, now=now)
    query = inbox_query(signature.email)
    return see_other("petitions:check_inbox", signature.petition.slug, query=query)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def new_link(request: HttpRequest) -> HttpResponse:
    """New links for whoever asks by address; the same answer for an unknown one."""
    return links_asked(request, MailKind.CONFIRM, "new_link")


def links_asked(request: HttpRequest, kind: MailKind, name: str) -> HttpResponse:
    """Takes an address to mail links of a `kind` to, with the same answer whether or
    not it has signed anything; `name` is that of the address and of the template."""
    error, typed, status = "", "", 200
    if request.method == "POST":
        typed, now = request.POST.get("email", "")[:LONGEST_TYPED], timezone.now()
        try:
            address = clean_address(typed)
        except NotAnAddress as refusal:
            error, status = str(refusal.sentence), 422
        else:
            if origin_of(request) is Origin.FOREIGN:
                status = 403
            elif passes_ceiling(network_of(request), now, MAILS_NOW):
                actions.ask_links(address, kind, now=now)
                return see_other(f"petitions:{name}", query="?sent=1")
            else:
                error = gettext(
                    "Very many requests come from your network. Nothing was sent: try "
                    "again in a few minutes, or from another connection."
                )
                status = 429
    context = {"sent": "sent" in request.GET, "error": error, "typed": typed}
    response = TemplateResponse(
        request, f"petitions/{name}.html", context, status=status
    )
    if status == 429:
        response.headers["Retry-After"] = str(CEILING_RETRY_AFTER)
    return response


# == “I did not ask for this” ==


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """Erases an address that somebody else typed, or whose owner thinks better."""
    now = timezone.now()
    outcome = read_token(Purpose.NOT_ME, token, now=now)
    if isinstance(outcome, Broken):
        return broken_link(request)
    signature = siblings.find_signature(outcome.signature_id)
    if signature is None and Signature.objects.filter(pk=outcome.signature_id).exists():
        # Whose it was is erased already; it still counts.
        return problem(request, 410)
    if signature is None:
        return see_other("petitions:erased")
    if is_pressed(request):
        actions.erase_signature(signature, now=now)
        note(outcome="erased", signature=outcome.signature_id)
        return see_other("petitions:erased")
    context = {
        "petition": signature.petition,
        "masked": masked(signature.email),
        "counted": signature.state == SignatureState.CONFIRMED
        or siblings.counted_sibling(signature),
        "name": signature.name if signature.petition.shared_addresses else "",
        "token": token,
    }
    return TemplateResponse(request, "petitions/not_me.html", context)


@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "petitions/erased.html", {})
