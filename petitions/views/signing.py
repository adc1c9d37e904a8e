"""From the form to the pending signature. None of these views reads a session or a
cookie; a POST is checked by its origin instead of by a CSRF token."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from django.core.signing import BadSignature, Signer
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from core.db.database import (
    is_away,
    retry_once,
)
from core.http.origin import (
    Origin,
    origin_of,
)
from core.http.problems import (
    RETRY_AFTER,
    mark_problem,
    problem,
)
from core.i18n.languages import (
    is_of_interface,
    reader_language,
)
from core.observability.logs import log_context
from core.security.client_network import (
    Network,
    network_of,
)
from petitions import signable
from petitions.abuse.rate_limits import (
    RATE_LIMITS,
    weak_signs,
)
from petitions.addresses import (
    domain_of,
    masked,
    odd_ending,
    suggested_domain,
)
from petitions.channels import via_of
from petitions.models import Petition
from petitions.names import folded_name
from petitions.signature_fields import LABELS
from petitions.signatures import signing
from petitions.signatures.forms import (
    Seen,
    SignForm,
    language_shown,
)
from petitions.signatures.signing import SignerInput
from petitions.states import State
from petitions.views.lookup import its_notice, of_petition, read_on, to_its_notice
from petitions.views.petition_page import page_context
from petitions.views.posting import (
    CEILING_RETRY_AFTER,
    has_body,
    is_form,
    see_other,
    words_typed,
)
from petitions.views.typed import just_typed, typed_query
from petitions.visibility import (
    PetitionWithdrawn,
    current_slug,
    get_moved_petition,
    get_petition,
)

# The web addresses of common mailboxes, by mail domain.
WEBMAIL = {
    "gmail.com": ("Gmail", "https://mail.google.com/"),
    "outlook.com": ("Outlook", "https://outlook.live.com/mail/"),
    "hotmail.com": ("Outlook", "https://outlook.live.com/mail/"),
    "yahoo.com": ("Yahoo", "https://mail.yahoo.com/"),
    "yahoo.ca": ("Yahoo", "https://mail.yahoo.com/"),
    "icloud.com": ("iCloud", "https://www.icloud.com/mail/"),
}

# Why a form is shown again, by status, for the log.
REFUSALS = {403: "foreign", 409: "reworded", 422: "invalid"}

# The fields that a form to be sent again carries along.
KEPT = {*SignForm.base_fields, SignForm.TRAP, SignForm.SURE}

inbox_signer = Signer(salt="petitions.check-inbox")


# == Signing ==


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: HttpRequest, slug: str) -> HttpResponse:
    """Store a pending signature, to be confirmed by mail; the answer is the same for
    every address, known or not."""
    if request.method != "POST":
        return redirect("petitions:petition", slug)
    if has_body(request) and not is_form(request):
        return problem(request, 415)
    now = timezone.now()
    network = network_of(request)
    try:
        rules = RATE_LIMITS.get()
        if rules.is_turned_away(network):
            return too_many(request, slug)
        snapshot = find_snapshot(slug, language_read(request))
        log_context(petition=snapshot.petition_id)
        if not signable.is_open(snapshot, now):
            return not_open(request, snapshot, now)
        form = SignForm(request.POST, petition=snapshot)
        origin = origin_of(request)
        if origin is Origin.FOREIGN:
            return show_form(request, slug, form, now, status=403)
        if not form.is_valid():
            return show_form(request, slug, form, now, status=422)
        seen = form.seen(snapshot.delivery)
        if seen.words_key not in {"", snapshot.words_key}:
            return show_form(request, slug, form, now, status=409)
        given = signer_input(form, seen, snapshot, origin, network, via_of(request))
        signed = retry_once(
            lambda: signing.sign(
                snapshot.petition_id,
                given,
                now=now,
                rules=rules,
                organization_id=snapshot.organization_id,
            )
        )
    except Error as error:
        if not is_away(error):
            raise
        return paused(request, slug)
    if signed is None:
        return too_many(request, slug)
    log_context(outcome="stored", signature=signed)
    query = inbox_query(given.email) + text_language_query(snapshot.text_language, "&")
    query += typed_query(form, snapshot.petition_id, now)
    return see_other("petitions:check_inbox", snapshot.slug, query=query)


def language_read(request: HttpRequest) -> str:
    """Return the language of the text that the form stood below; without one in the
    form, that of the visitor's interface."""
    return language_shown(request.POST.get("version", "")) or reader_language()


def text_language_query(language: str, sign: str = "?") -> str:
    """Return the query that keeps the language of the text on the next page; "" for a
    language of the interface, which the path names."""
    return "" if is_of_interface(language) else f"{sign}text={language}"


def find_snapshot(slug: str, language: str) -> signing.PetitionSnapshot:
    """Return the snapshot of the petition that has, or once had, this slug; raise
    Http404 when there is none, or only a draft."""
    snapshot = retry_once(lambda: signing.load_snapshot(slug, language))
    if snapshot is None and (current := current_slug(slug)):
        snapshot = signing.load_snapshot(current, language)
    if snapshot is None or snapshot.state == State.DRAFT:
        raise Http404
    return snapshot


def signer_input(
    form: SignForm,
    seen: Seen,
    snapshot: signing.PetitionSnapshot,
    origin: Origin,
    network: Network | None,
    via: str,
) -> SignerInput:
    """Return what a valid form says as the input that `signing.sign` takes."""
    given = form.cleaned_data
    return SignerInput(
        name=given["name"],
        email=given["email"],
        answers={field.name: given[field.name] for field in snapshot.asked},
        comment=given["comment"],
        show_name=given["show_name"],
        wants_updates=given["updates"] if snapshot.asks_updates else None,
        language=reader_language(),
        text_language=snapshot.text_language,
        text_version=seen.corrections,
        consent_version=seen.consent_version,
        delivery=seen.delivery,
        network=network,
        weak_signs=weak_signs(
            given["name"], given.get("place", ""), has_origin=origin is Origin.OWN
        ),
        is_trapped=form.is_trapped,
        via=via,
        person=folded_name(given["name"]) if snapshot.shared_addresses else "",
    )


def show_form(
    request: HttpRequest, slug: str, form: SignForm, now: datetime, status: int
) -> HttpResponse:
    """Show the petition's page again, with what was typed and what is wrong with it."""
    try:
        petition = get_moved_petition(slug, now)
    except PetitionWithdrawn as left:
        # It was withdrawn since its snapshot was loaded.
        return its_notice(request, left.petition, late=True)
    log_context(outcome=REFUSALS[status])
    if (read := language_read(request)) in petition.languages:
        petition.reading = read
    context = page_context(
        petition,
        form,
        via=via_of(request),
        foreign=status == 403,
        reworded=status == 409,
    )
    return TemplateResponse(request, "petitions/petition.html", context, status=status)


def not_open(
    request: HttpRequest, snapshot: signing.PetitionSnapshot, now: datetime
) -> HttpResponse:
    """Answer a form for a petition that is not open; nothing is stored. One that has
    ended shows its page and what was typed, one that staff paused keeps that in a form
    to send again, and one that has not begun raises Http404."""
    log_context(outcome="not open")
    if not signable.has_begun(snapshot, now):
        raise Http404
    if not signable.has_ended(snapshot, now):
        return try_again(request, snapshot.slug, 409)
    try:
        petition = get_petition(snapshot.slug, now)
    except PetitionWithdrawn as left:
        return its_notice(request, left.petition, late=True)
    if snapshot.text_language in petition.languages:
        petition.reading = snapshot.text_language
    context = page_context(
        petition, SignForm(petition=petition), late=True, typed=words_typed(request)
    )
    return TemplateResponse(request, "petitions/petition.html", context, status=409)


def paused(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer while the database is away: what was typed stays in a form to send
    again."""
    log_context(outcome="paused")
    return try_again(request, slug, 503, RETRY_AFTER)


def too_many(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer a network that has reached its rate limit, which refills continuously."""
    log_context(outcome="too many")
    return try_again(request, slug, 429, CEILING_RETRY_AFTER)


def try_again(
    request: HttpRequest, slug: str, status: int, seconds: int = 0
) -> HttpResponse:
    """Show a form with all that was typed, to send again after `seconds` (the
    Retry-After header), or once signing goes on."""
    kept = [
        (name, LABELS.get(name, ""), value)
        for name, value in request.POST.items()
        if name in KEPT
    ]
    if via := via_of(request):
        kept.append(("via", "", via))
    context = {
        "slug": slug,
        "kept": kept,
        "too_many": status == 429,
        "by_staff": status == 409,
    }
    mark_problem(request, status)
    response = TemplateResponse(
        request, "petitions/paused.html", context, status=status
    )
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    return response


def inbox_query(email: str) -> str:
    """Return the query that tells the next page the first letter and the domain of the
    address; it is signed, so that nobody can make this site print something else."""
    shown = f"{email[:1]}@{domain_of(email)}"
    return f"?to={quote(inbox_signer.sign(shown))}"


@require_safe
@of_petition(to_its_notice)
def check_inbox(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Show the next step, to open the mail; the page is the same for every address. To
    whoever has just sent the form it shows the address whole and, with `?again=1`, the
    form as it was filled in."""
    try:
        address = inbox_signer.unsign(request.GET.get("to", ""))
    except BadSignature:
        address = ""
    domain = domain_of(address)
    petition = read_on(request, petition)
    now = timezone.now()
    is_open = petition.is_open(now)
    typed = just_typed(request, petition.pk, now)
    if typed and is_open and "again" in request.GET:
        form = SignForm(typed, petition=petition)
        context = page_context(petition, form, again=True)
        return TemplateResponse(request, "petitions/petition.html", context)
    context = {
        "petition": petition,
        "is_open": is_open,
        "shown": typed.get("email") or (masked(address) if address else ""),
        "form_link": link_to_form(request, petition, is_filled_in=bool(typed)),
        "is_filled_in": bool(typed),
        "suggestion": suggested_domain(domain),
        "odd_ending": odd_ending(domain) if address else "",
        "webmail": WEBMAIL.get(domain),
    }
    return TemplateResponse(request, "petitions/check_inbox.html", context)


def link_to_form(
    request: HttpRequest, petition: Petition, *, is_filled_in: bool
) -> str:
    """Return the link by which an address is corrected: to the form as it was filled
    in, or to an empty one for whoever is not known to have filled it in."""
    if not is_filled_in:
        return f"{petition.get_absolute_url()}#id_email"
    query = request.GET.copy()
    query["again"] = "1"
    return f"?{query.urlencode()}#id_email"
