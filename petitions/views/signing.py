"""From the form to the counted signature. None of these reads a session or a cookie;
each POST is judged by where it comes from instead of by a token."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.core.signing import BadSignature, Signer
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirectBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from config.clients import Network, network_of
from config.database import is_away, retry_once
from config.languages import is_of_interface, is_text_language, reader_language
from config.logs import note
from config.origin import Origin, origin_of
from config.problems import RETRY_AFTER, problem
from petitions import actions, signing
from petitions.access import Moved, Withdrawn, current_slug, get_petition
from petitions.addresses import (
    NotAnAddress,
    clean_address,
    domain_of,
    masked,
    suggested_domain,
)
from petitions.channels import via_of
from petitions.forms import CorrectionForm, Seen, SignForm, language_shown
from petitions.limits import RULES, Attempts, passes_ceiling, weak_signs
from petitions.models import Petition, Signature
from petitions.models.mails import MailKind
from petitions.names import folded_name
from petitions.signing import Confirmation, SignerInput
from petitions.states import SignatureState, State
from petitions.tokens import Broken, Expired, Purpose, Valid, make_token, read_token
from petitions.views.reading import page_context

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")

# Where a mailbox of these domains is read in the browser.
WEBMAIL = {
    "gmail.com": ("Gmail", "https://mail.google.com/"),
    "outlook.com": ("Outlook", "https://outlook.live.com/mail/"),
    "hotmail.com": ("Outlook", "https://outlook.live.com/mail/"),
    "yahoo.com": ("Yahoo", "https://mail.yahoo.com/"),
    "yahoo.ca": ("Yahoo", "https://mail.yahoo.com/"),
    "icloud.com": ("iCloud", "https://www.icloud.com/mail/"),
}

# Why a form is shown again, for the log.
REFUSALS = {403: "foreign", 409: "reworded", 422: "invalid"}

# Seconds in which a network that reached its ceiling may send some more.
CEILING_RETRY_AFTER = 60

inbox_signer = Signer(salt="petitions.check-inbox")


class SeeOther(HttpResponseRedirectBase):
    """303: go there with a GET."""

    status_code = 303


def see_other(url_name: str, *args: Any, query: str = "") -> HttpResponse:
    return SeeOther(reverse(url_name, args=args) + query)


# == Signing ==


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: HttpRequest, slug: str) -> HttpResponse:
    """Takes a signature, to be confirmed by mail; the answer is the same for every
    address, known or not."""
    if request.method != "POST":
        return redirect("petitions:petition", slug)
    if has_body(request) and not is_form(request):
        return problem(request, 415)
    now = timezone.now()
    network = network_of(request)
    try:
        rules = RULES.get()
        read = language_read(request)
        found = find_form(slug, read, rules.ceilings(network), now)
        note(petition=found.petition_id)
        if found.over_ceiling:
            return too_many(request, slug)
        if found.state == State.PAUSED:
            return paused(request, slug)
        if not found.is_open(now):
            return not_open(request, found, now)
        form = SignForm(request.POST, petition=found)
        origin = origin_of(request)
        if origin is Origin.FOREIGN:
            return show_form(request, slug, form, now, status=403)
        if not form.is_valid():
            return show_form(request, slug, form, now, status=422)
        seen = form.seen(found.delivery)
        if seen.words_key not in {"", found.words_key}:
            return show_form(request, slug, form, now, status=409)
        given = signer_input(form, seen, found, origin, network, via_of(request))
        signed = retry_once(
            lambda: signing.sign(found.petition_id, given, now=now, rules=rules)
        )
    except (OperationalError, InterfaceError) as error:
        if not is_away(error):
            raise
        return paused(request, slug)
    if signed is None:
        return too_many(request, slug)
    note(outcome="stored", signature=signed)
    query = inbox_query(given.email) + text_query(found.text_language, "&")
    return see_other("petitions:check_inbox", found.slug, query=query)


def language_read(request: HttpRequest) -> str:
    """The language of the words that the form stood below; one that does not say stood
    on the page in the visitor's language."""
    return language_shown(request.POST.get("version", "")) or reader_language()


def text_query(language: str, sign: str = "?") -> str:
    """Carries on to the next page what was read, when its path does not say it."""
    return "" if is_of_interface(language) else f"{sign}text={language}"


def read_on(request: HttpRequest, found: Petition) -> Petition:
    """The petition in the language that it was read in on the page before."""
    language = request.GET.get("text", "")
    found.reading = language if language in found.languages else ""
    return found


def is_form(request: HttpRequest) -> bool:
    """Whether the body is a form in the one charset that our pages have."""
    charset = (request.content_params or {}).get("charset", "utf-8")
    return request.content_type in FORM_TYPES and charset.lower() in {"utf-8", "utf8"}


def has_body(request: HttpRequest) -> bool:
    return request.META.get("CONTENT_LENGTH", "") not in {"", "0"}


def find_form(
    slug: str, language: str, ceilings: Attempts, now: datetime
) -> signing.Form:
    """The form of the petition that has, or once had, this address."""

    def find(slug: str) -> signing.Form | None:
        return signing.find_form(slug, language, now=now, ceilings=ceilings)

    found = retry_once(lambda: find(slug))
    if found is None and (current := current_slug(slug)):
        found = find(current)
    if found is None or found.state == State.DRAFT:
        raise Http404
    return found


def signer_input(
    form: SignForm,
    seen: Seen,
    found: signing.Form,
    origin: Origin,
    network: Network | None,
    via: str,
) -> SignerInput:
    """A valid form as the hot path takes it."""
    given = form.cleaned_data
    return SignerInput(
        name=given["name"],
        email=given["email"],
        place=given.get("place", ""),
        postal_code=given.get("postal_code", ""),
        country=given.get("country", ""),
        comment=given["comment"],
        show_name=given["show_name"],
        updates=given["updates"] if found.asks_updates else None,
        language=reader_language(),
        text_language=found.text_language,
        text_version=seen.corrections,
        consent_version=seen.consent_version,
        delivery=seen.delivery,
        network=network,
        weak_signs=weak_signs(given["name"], has_origin=origin is Origin.OWN),
        is_trapped=form.is_trapped,
        via=via,
        person=folded_name(given["name"]) if found.shared_addresses else "",
    )


def show_form(
    request: HttpRequest, slug: str, form: SignForm, now: datetime, status: int
) -> HttpResponse:
    """The petition's page again, with what was typed and what is wrong with it."""
    try:
        found = get_petition(slug, now)
    except Moved as moved:
        found = get_petition(moved.petition.slug, now)
    note(outcome=REFUSALS[status])
    if (read := language_read(request)) in found.languages:
        found.reading = read
    context = page_context(
        found,
        form,
        via=via_of(request),
        foreign=status == 403,
        reworded=status == 409,
    )
    return TemplateResponse(request, "petitions/petition.html", context, status=status)


def not_open(request: HttpRequest, found: signing.Form, now: datetime) -> HttpResponse:
    """A petition that has ended, or has not begun: its page says so."""
    note(outcome="not open")
    if found.opens_at is None or found.opens_at > now:
        raise Http404
    return see_other("petitions:petition", found.slug)


def paused(request: HttpRequest, slug: str) -> HttpResponse:
    """Not now: what was typed stays in a form that can be sent again."""
    note(outcome="paused")
    return try_again(request, slug, 503, RETRY_AFTER)


def too_many(request: HttpRequest, slug: str) -> HttpResponse:
    """The visitor's network has had its share; it refills all the time."""
    note(outcome="too many")
    return try_again(request, slug, 429, CEILING_RETRY_AFTER)


def try_again(
    request: HttpRequest, slug: str, status: int, seconds: int
) -> HttpResponse:
    """A form with all that was typed, to be sent again after `seconds`."""
    labels = {"name": gettext("Full name"), "email": gettext("E-mail address")}
    labels |= {"comment": gettext("Why are you signing? (optional)")}
    kept = [
        (name, labels.get(name, ""), value)
        for name, value in request.POST.items()
        if name in SignForm.base_fields and len(value) <= 2000
    ]
    if via := via_of(request):
        kept.append(("via", "", via))
    context = {"slug": slug, "kept": kept, "too_many": status == 429}
    response = TemplateResponse(
        request, "petitions/paused.html", context, status=status
    )
    response.headers["Retry-After"] = str(seconds)
    return response


def inbox_query(email: str) -> str:
    """What the next page shows of the address: its first letter and its domain,
    signed, so that nobody can make this site print something else."""
    shown = f"{email[:1]}@{domain_of(email)}"
    return f"?to={quote(inbox_signer.sign(shown))}"


@require_safe
def check_inbox(request: HttpRequest, slug: str) -> HttpResponse:
    """One more step: the same page for every address."""
    now = timezone.now()
    try:
        found = get_petition(slug, now)
    except Moved as moved:
        return redirect("petitions:check_inbox", moved.petition.slug)
    except Withdrawn:
        raise Http404 from None
    try:
        address = inbox_signer.unsign(request.GET.get("to", ""))
    except BadSignature:
        address = ""
    domain = domain_of(address)
    context = {
        "petition": read_on(request, found),
        "masked": masked(address) if address else "",
        "suggestion": suggested_domain(domain),
        "webmail": WEBMAIL.get(domain),
    }
    return TemplateResponse(request, "petitions/check_inbox.html", context)


# == Confirming ==


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
    if request.method == "POST" and origin_of(request) is not Origin.FOREIGN:
        outcome, slug = retry_once(lambda: signing.confirm(signature_id, now=now))
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
    signature = signing.find_signature(signature_id)
    if signature is None:
        return problem(request, 410)
    counted: Signature | None = signature
    if signature.state == SignatureState.PENDING:
        counted = signing.counted_sibling(signature)
    elif signature.state == SignatureState.INVALID:
        counted = signing.counted_sibling(signature) or signature
    context = {
        "petition": signature.petition,
        "text_query": text_query(signature.text_language or signature.language),
        "signature": signature,
        "counted": counted,
        "full": not counted and signing.is_full(signature),
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
            if signature := signing.find_signature(signature_id):
                signing.erase_pending(signature)
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
    signature = signing.find_signature(outcome.signature_id)
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


# == Links that do not work any more ==


def broken_link(request: HttpRequest) -> HttpResponse:
    """Cut short on the way, or never ours: a new one needs the address."""
    return TemplateResponse(request, "petitions/broken_link.html", {}, status=404)


def expired_link(request: HttpRequest, token: str, signature_id: int) -> HttpResponse:
    """Too old: a new one can be sent to the address that we still have."""
    signature = signing.find_signature(signature_id)
    if signature is None:
        return problem(request, 410)
    context = {
        "token": token,
        "petition": signature.petition,
        "signature": signature,
        "counted": signature.state
        in (SignatureState.CONFIRMED, SignatureState.WITHDRAWN)
        or signing.counted_sibling(signature),
    }
    return TemplateResponse(request, "petitions/expired_link.html", context, status=410)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def resend(request: HttpRequest, token: str) -> HttpResponse:
    """A new link for the signature of an expired one."""
    now = timezone.now()
    outcome = read_token(Purpose.CONFIRM, token, now=now)
    foreign = origin_of(request) is Origin.FOREIGN
    if request.method != "POST" or foreign or isinstance(outcome, Broken):
        return redirect("petitions:confirm", token)
    signature = signing.find_signature(outcome.signature_id)
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
        typed, now = request.POST.get("email", "")[:300], timezone.now()
        try:
            address = clean_address(typed)
        except NotAnAddress:
            error = gettext("Enter an e-mail address such as name@example.org")
            status = 422
        else:
            if origin_of(request) is Origin.FOREIGN:
                status = 403
            elif passes_ceiling(network_of(request), now):
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
    signature = signing.find_signature(outcome.signature_id)
    if signature is None and Signature.objects.filter(pk=outcome.signature_id).exists():
        # Whose it was is erased already; it still counts.
        return problem(request, 410)
    if signature is None:
        return see_other("petitions:erased")
    if request.method == "POST" and origin_of(request) is not Origin.FOREIGN:
        actions.erase_signature(signature, now=now)
        note(outcome="erased", signature=outcome.signature_id)
        return see_other("petitions:erased")
    context = {
        "petition": signature.petition,
        "masked": masked(signature.email),
        "counted": signature.state == SignatureState.CONFIRMED
        or signing.counted_sibling(signature),
        "name": signature.name if signature.petition.shared_addresses else "",
        "token": token,
    }
    return TemplateResponse(request, "petitions/not_me.html", context)


@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "petitions/erased.html", {})
