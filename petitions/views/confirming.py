"""The pages behind the links in a confirmation mail: confirm, correct, send a new link,
and “I did not ask for this”."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from core.db.database import retry_once
from core.http.origin import (
    Origin,
    origin_of,
)
from core.http.problems import problem
from core.i18n.languages import is_text_language
from core.observability.logs import log_context
from petitions.addresses import masked
from petitions.identity import same_person
from petitions.models import Signature
from petitions.signature_fields import CORRECTABLE
from petitions.signatures import (
    confirming,
    consent,
    correcting,
    links,
    my_data,
)
from petitions.signatures.confirming import Confirmation
from petitions.signatures.forms import CorrectionForm
from petitions.signatures.standing import (
    Standing,
    standing_of,
)
from petitions.signatures.tokens import (
    LIFETIME,
    TokenPurpose,
    Valid,
)
from petitions.states import SignatureState, State
from petitions.views.links import Opened, mail_links, opened_by, read_link
from petitions.views.posting import is_pressed, see_other, words_typed
from petitions.views.signing import inbox_query, text_language_query
from petitions.views.thanks import thanks_query
from petitions.visibility import PetitionMoved, PetitionWithdrawn, get_petition


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show who signs, with a button, behind the link in the mail. Only the POST
    confirms, because mail scanners open links."""
    if is_pressed(request):
        now = timezone.now()
        outcome = read_link(request, TokenPurpose.CONFIRM, token, now)
        if isinstance(outcome, Valid):
            number = outcome.number
            result, slug = retry_once(lambda: confirming.confirm(number, now=now))
            return confirmed(request, number, token, result, slug, now)
    return look_at_form(request, token)


def expired_link(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Answer an expired link with an offer to mail a new one to the stored address."""
    signature = opened.signature
    context = {
        "token": opened.token,
        "petition": signature.petition,
        "signature": signature,
        "standing": standing_of(signature, now=opened.now),
    }
    return TemplateResponse(request, "petitions/expired_link.html", context, status=410)


@opened_by(TokenPurpose.CONFIRM, old=expired_link)
def look_at_form(request: HttpRequest, opened: Opened) -> HttpResponse:
    return confirm_page(request, opened)


def confirm_page(
    request: HttpRequest,
    opened: Opened,
    form: CorrectionForm | None = None,
    *,
    status: int = 200,
    unsaved: bool = False,
) -> HttpResponse:
    """Show the name, place, comment and choices as they were typed, to confirm or
    correct; or only where the signature stands, once it cannot be confirmed any more.

    `form` is a correction that was refused, `unsaved` tells that one came too late to
    be stored, whose words are shown."""
    signature = opened.signature
    standing = standing_of(signature, now=opened.now)
    counted = signature
    if standing is Standing.COUNTS and signature.state != SignatureState.CONFIRMED:
        counted = same_person.counted_sibling(signature) or signature
    context = {
        "petition": signature.petition,
        "text_query": text_language_query(
            signature.text_language or signature.language
        ),
        "thanks_query": thanks_query(signature.petition.slug)
        + text_language_query(signature.text_language or signature.language, "&"),
        "signature": signature,
        "standing": standing,
        "since": counted.confirmed_at,
        "masked": masked(signature.email),
        "token": opened.token,
        "until": works_until(opened),
        "not_me": opened.lead_to(TokenPurpose.NOT_ME),
        "form": form or correction_form(signature),
        "foreign": request.method == "POST" and form is None and not unsaved,
        "unsaved": unsaved,
        "typed": words_typed(request) if unsaved else [],
    }
    if context["foreign"]:
        status = 403
    if standing is Standing.TOO_LATE:
        status = 410
    return TemplateResponse(request, "petitions/confirm.html", context, status=status)


def works_until(opened: Opened) -> datetime:
    """Return until when the link can confirm: its own lifetime, or less when the
    petition ends earlier; to the minute, as it is printed."""
    own = opened.made + LIFETIME
    end = confirming.accepted_until(opened.signature, now=opened.now)
    return min(own, end or own).replace(second=0, microsecond=0)


def correction_form(signature: Signature, data: Any = None) -> CorrectionForm:
    """Return the form to correct a signature, filled with what is stored of it, and
    bound to `data` if that is given."""
    initial = {name: getattr(signature, column) for column, name in CORRECTABLE.items()}
    if signature.wants_updates is not None:
        initial["updates"] = "yes" if signature.wants_updates else "no"
    return CorrectionForm(data, petition=signature.petition, initial=initial)


def confirmed(
    request: HttpRequest,
    signature_id: int,
    token: str,
    outcome: Confirmation,
    slug: str,
    now: datetime,
) -> HttpResponse:
    """Log the outcome of a confirmation and answer with the page that follows from
    it."""
    log_context(outcome=outcome.value, signature=signature_id)
    match outcome:
        case Confirmation.COUNTED:
            language = request.GET.get("text", "")
            query = (
                text_language_query(language, "&") if is_text_language(language) else ""
            )
            return see_other(
                "petitions:thank_you", slug, query=thanks_query(slug) + query
            )
        case Confirmation.TOO_LATE:
            signature = same_person.find_signature(signature_id)
            # If staff ended the petition by mistake, they may reopen it, and the
            # signature can be confirmed then: it is kept for that. The same holds when
            # the worker is down and has not closed the petition on its day yet.
            waits = signature and not signature.petition.has_ended_for_good(now)
            if signature and not waits:
                same_person.erase_pending(signature)
            petition = get_petition_or_none(slug, now)
            context = {
                "petition": petition,
                # There is none to be seen once it is a draft again.
                "withdrawn": petition and petition.state == State.WITHDRAWN,
                "waits": waits,
            }
            return TemplateResponse(
                request, "petitions/too_late.html", context, status=410
            )
        case Confirmation.WITHDRAWN | Confirmation.INVALIDATED | Confirmation.FULL:
            # The page behind the link explains it, also when the link is opened again.
            return see_other("petitions:confirm", token)
        case Confirmation.GONE:
            return problem(request, 410)


def get_petition_or_none(slug: str, now: datetime) -> Any:
    """Return the petition, also one that was withdrawn; None when it has moved or is
    not public."""
    try:
        return get_petition(slug, now)
    except PetitionWithdrawn as left:
        return left.petition
    except (Http404, PetitionMoved):
        return None


def to_its_page(request: HttpRequest, opened: Opened) -> HttpResponse:
    return redirect("petitions:confirm", opened.token)


@opened_by(TokenPurpose.CONFIRM, old=to_its_page, posted=True)
def correct(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Store a correction of what was typed (“Not Maya? Sign in your own name”) and
    confirm the signature."""
    signature = opened.signature
    standing = standing_of(signature, now=opened.now)
    if not (
        standing in (Standing.WAITS, Standing.FULL)
        # At a shared address another name is another person, who may still sign
        # although the first one counts.
        or (
            signature.state == SignatureState.PENDING
            and signature.petition.shared_addresses
            and standing is Standing.COUNTS
        )
    ):
        # It was confirmed meanwhile, or the petition has ended: say so, and that
        # nothing of this form was stored.
        return confirm_page(request, opened, unsaved=True, status=409)
    form = correction_form(signature, request.POST)
    foreign = origin_of(request) is Origin.FOREIGN
    if foreign or not form.is_valid():
        status = 403 if foreign else 422
        return confirm_page(request, opened, form, status=status)
    result, slug = retry_once(
        lambda: correcting.confirm_corrected(
            signature, form.cleaned_data, now=opened.now
        )
    )
    return confirmed(request, signature.pk, opened.token, result, slug, opened.now)


@opened_by(TokenPurpose.CONFIRM, old=None, posted=True)
def resend(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Mail a new link: to confirm a signature that is still pending, or to manage one
    that was confirmed."""
    if not is_pressed(request):
        return to_its_page(request, opened)
    signature = opened.signature
    if signature.state != SignatureState.PENDING or same_person.counted_sibling(
        signature
    ):
        return mail_links(opened)
    links.send_again(signature, now=opened.now)
    query = inbox_query(signature.email)
    return see_other("petitions:check_inbox", signature.petition.slug, query=query)


# == “I did not ask for this” ==


def already_gone(request: HttpRequest, signature_id: int) -> HttpResponse:
    """Answer a link whose signature has no personal data any more: 410 while its row
    still counts, else the page that says that it was erased."""
    if Signature.objects.filter(pk=signature_id).exists():
        return problem(request, 410)
    return see_other("petitions:erased")


@opened_by(TokenPurpose.NOT_ME, old=None, gone=already_gone)
def not_me(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Erase what somebody else entered with this address, after a button was pressed. A
    confirmed signature is only erased behind a link that is mailed for it, because
    people forward the mail that holds this one."""
    signature = opened.signature
    was_confirmed = (
        signature.state != SignatureState.PENDING
        or same_person.counted_sibling(signature) is not None
    )
    if is_pressed(request):
        if was_confirmed:
            return mail_links(opened)
        if request.POST.get("write") == "never":
            # Once the address is erased, no link can do that any more.
            consent.suppress(signature.email, now=opened.now)
        my_data.erase_entered(signature, now=opened.now)
        log_context(outcome="erased", signature=signature.pk)
        return see_other("petitions:erased")
    context = {
        "petition": signature.petition,
        "masked": masked(signature.email),
        "was_confirmed": was_confirmed,
        "standing": standing_of(signature, now=opened.now),
        "name": signature.name if signature.petition.shared_addresses else "",
        "token": opened.token,
    }
    return TemplateResponse(request, "petitions/not_me.html", context)


@require_safe
def erased(request: HttpRequest, *, everywhere: bool = False) -> HttpResponse:
    """Say that what one address had entered is gone: under the petition that it was
    about, or under all."""
    context = {"everywhere": everywhere}
    return TemplateResponse(request, "petitions/erased.html", context)
