"""The pages of signers about their signatures: see, correct, withdraw and erase them,
and stop all mail. There are no accounts: each page is behind a link that was mailed to
the owner of the mailbox."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.admin.edit_conflicts import (
    SEEN,
    arrived,
    told,
    typed_anew,
)
from core.http.origin import (
    Origin,
    origin_of,
)
from core.http.problems import problem
from core.observability.logs import log_context
from petitions.addresses import masked
from petitions.counts.receipts import receipt_of
from petitions.identity import (
    key_ring,
    same_person,
)
from petitions.models import Pack, Petition, Signature
from petitions.models.mails import MailKind, Priority
from petitions.signatures import (
    consent,
    correcting,
    links,
    my_data,
    withdrawing,
)
from petitions.signatures.forms import CorrectionForm
from petitions.signatures.my_data import DataSubject
from petitions.signatures.standing import (
    Standing,
    standing_of,
)
from petitions.signatures.tokens import TokenPurpose
from petitions.states import SignatureState
from petitions.views.confirming import correction_form
from petitions.views.links import Opened, links_asked, mail_links, opened_by
from petitions.views.posting import is_pressed, see_other, words_typed

# == One signature ==


@opened_by(TokenPurpose.OWN)
def signature(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Show “Your signature”: what is stored of it, and a form to correct it."""
    mine = shown_signature(opened)
    if mine.state == SignatureState.PENDING:
        return redirect("petitions:confirm", opened.lead_to(TokenPurpose.CONFIRM))
    form = correction_form(mine)
    foreign, status = False, 200
    if request.method == "POST" and mine.state != SignatureState.CONFIRMED:
        status = 409  # the page says what has become of it, and that nothing is saved
    elif request.method == "POST":
        form = correction_form(mine, request.POST)
        foreign = origin_of(request) is Origin.FOREIGN
        if not foreign and form.is_valid():
            try:
                # Only what was changed in this window is saved, so that a change from
                # another one stays.
                given = typed_anew(form, arrived(request))
                correcting.change_signature(mine, given, now=opened.now)
            except correcting.NameTaken:
                form.add_error(
                    "name",
                    gettext("The other person at this address has signed so."),
                )
            else:
                log_context(outcome="corrected", signature=mine.pk)
                return see_other("petitions:signature", opened.token, query="?saved=1")
        status = 403 if foreign else 422
    context = {
        **signature_context(mine, form, opened),
        "foreign": foreign,
        "saved": "saved" in request.GET and status == 200,
        "unsaved": status == 409,
        "typed": words_typed(request) if status == 409 else [],
    }
    return TemplateResponse(request, "petitions/signature.html", context, status=status)


def shown_signature(opened: Opened) -> Signature:
    """Return the signature that the link shows: its own, or, when that one is pending
    or invalid, the one that counts for the same person."""
    mine = opened.signature
    if mine.state in (SignatureState.PENDING, SignatureState.INVALID):
        counted = same_person.counted_sibling(mine)
        if counted is not None:
            return same_person.find_signature(counted.pk) or mine
    return mine


def signature_context(
    mine: Signature, form: CorrectionForm, opened: Opened
) -> dict[str, Any]:
    return {
        "petition": Petition.objects.for_reading().get(pk=mine.petition_id),
        "signature": mine,
        "standing": standing_of(mine, now=opened.now),
        "masked": masked(mine.email),
        "form": form,
        # A form that is shown again keeps the values that it was first opened with.
        "seen": form.data.get(SEEN) or told(form),
        "token": opened.token,
        "receipt": receipt_of(mine),
    }


@opened_by(TokenPurpose.OWN)
def withdraw(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Withdraw a signature from the count; its details are kept until they are
    erased."""
    mine = shown_signature(opened)
    if is_pressed(request):
        withdrawing.withdraw(mine, now=opened.now)
        log_context(outcome="withdrawn", signature=mine.pk)
    elif mine.state in (SignatureState.CONFIRMED, SignatureState.INVALID):
        context = {
            "petition": mine.petition,
            "signature": mine,
            "standing": standing_of(mine, now=opened.now),
            "delivered": Pack.objects.listing([mine]),
            "token": opened.token,
        }
        return TemplateResponse(request, "petitions/withdraw.html", context)
    return see_other("petitions:signature", opened.token)


def erased_before(
    request: HttpRequest, signature_id: int, page: str = "petitions:erased"
) -> HttpResponse:
    """Answer a button that was pressed twice as the first time; any other request, and
    one about a row that still counts, with 410."""
    if not is_pressed(request) or Signature.objects.filter(pk=signature_id).exists():
        return problem(request, 410)
    return see_other(page)


@opened_by(TokenPurpose.OWN, gone=erased_before)
def erase(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Withdraw a signature and erase what is stored of it."""
    mine = shown_signature(opened)
    if is_pressed(request):
        my_data.erase_signature(mine, now=opened.now)
        log_context(outcome="erased", signature=mine.pk)
        return see_other("petitions:erased")
    context = {
        "petition": mine.petition,
        "standing": standing_of(mine, now=opened.now),
        "masked": masked(mine.email),
        "name": mine.name if mine.petition.shared_addresses else "",
        "delivered": Pack.objects.listing([mine]),
        "token": opened.token,
    }
    return TemplateResponse(request, "petitions/erase.html", context)


# == All of one address ==


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def all_signed(request: HttpRequest) -> HttpResponse:
    """Ask for an address and mail it a link; the answer is the same whether or not it
    has signed anything."""
    return links_asked(request, MailKind.ALL, "all_signed")


@opened_by(TokenPurpose.ALL)
def signed(request: HttpRequest, opened: Opened) -> HttpResponse:
    """List all that was signed with one address, with a link to each signature and one
    to stop all mail; on POST, let stopped mail begin again."""
    address = opened.signature.email
    if is_pressed(request):
        if request.POST.get("write") == "again":
            consent.lift_suppression(address)
            log_context(outcome="may write again", signature=opened.signature.pk)
        return see_other("petitions:signed", opened.token)
    signatures = my_data.signatures_of_address(address).prefetch_related(
        "petition__targets"
    )
    rows = without_repeats(list(signatures))
    counted = list(same_person.counted_under_all(address))
    for row in rows:
        row.petition.reading = row.text_language
    context = {
        "rows": [
            (
                row,
                standing_of(row, now=opened.now, counted=counted),
                opened.lead_to(TokenPurpose.OWN, row),
            )
            for row in rows
        ],
        "masked": masked(address),
        "token": opened.token,
        "never": opened.lead_to(TokenPurpose.NEVER),
        "ended": "ended" in request.GET,
        "suppressed": bool(key_ring.suppressed([address])),
    }
    return TemplateResponse(request, "petitions/signed.html", context)


def without_repeats(rows: list[Signature]) -> list[Signature]:
    """Return the signatures without those still pending although the same person is
    counted already."""
    counted = {
        (row.petition_id, row.person)
        for row in rows
        if row.state == SignatureState.CONFIRMED
    }
    return [
        row
        for row in rows
        if row.state != SignatureState.PENDING
        or (row.petition_id, row.person) not in counted
    ]


@opened_by(TokenPurpose.ALL, methods=("GET", "HEAD"))
def download(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Return everything that is stored about one address, as JSON."""
    response = JsonResponse(
        my_data.everything_about(DataSubject.owner(opened.signature.email)),
        json_dumps_params={"indent": 1},
    )
    response.headers["Content-Disposition"] = 'attachment; filename="signatures.json"'
    return response


@opened_by(TokenPurpose.ALL, gone=partial(erased_before, page="petitions:erased_all"))
def erase_all(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Withdraw and erase all that was signed with one address."""
    address = opened.signature.email
    if is_pressed(request):
        my_data.erase_all(DataSubject.owner(address), now=opened.now)
        log_context(outcome="erased all", signature=opened.signature.pk)
        return see_other("petitions:erased_all")
    rows = list(my_data.signatures_of_address(address))
    counted = list(same_person.counted_under_all(address))
    context = {
        "counted": sum(
            standing_of(row, now=opened.now, counted=counted) is Standing.COUNTS
            for row in without_repeats(rows)
        ),
        "delivered": Pack.objects.listing(rows),
        "masked": masked(address),
        "token": opened.token,
    }
    return TemplateResponse(request, "petitions/erase_all.html", context)


@opened_by(TokenPurpose.ALL, posted=True)
def end_links(request: HttpRequest, opened: Opened) -> HttpResponse:
    """End the links that were mailed to this address before this one."""
    if not is_pressed(request):
        return redirect("petitions:signed", opened.token)
    links.end_links(opened.signature.email, made_before=opened.made)
    log_context(outcome="ended links", signature=opened.signature.pk)
    return see_other("petitions:signed", opened.token, query="?ended=1")


# == Never write again ==


def no_address_left(request: HttpRequest, signature_id: int) -> HttpResponse:
    """Answer a link whose signature was erased, and the address with it."""
    context = {"gone": True}
    return TemplateResponse(request, "petitions/never_again.html", context, status=410)


@opened_by(TokenPurpose.NEVER, old=None, gone=no_address_left)
def never_again(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Stop all mail to an address; the link in the last mail works for that however old
    it is. Mails are forwarded: whoever wants mail to begin again is mailed another
    link, to the page that does it."""
    mine = opened.signature
    if request.POST.get("List-Unsubscribe") == "One-Click":
        # One-click unsubscription (RFC 8058): the mail provider posts from its own
        # server, without cookies or Origin, and follows no redirect. It needs no
        # further check, because only the mail holds this address.
        consent.suppress(mine.email, now=opened.now)
        log_context(outcome="never again", signature=mine.pk)
        return HttpResponse("Unsubscribed.\n", content_type="text/plain")
    if is_pressed(request):
        if request.POST.get("write") == "again":
            return mail_links(opened, priority=Priority.FIRST)
        consent.suppress(mine.email, now=opened.now)
        log_context(outcome="never again", signature=mine.pk)
        return see_other("petitions:never_again", opened.token)
    context = {
        "gone": False,
        "masked": masked(mine.email),
        "suppressed": bool(key_ring.suppressed([mine.email])),
        "token": opened.token,
    }
    return TemplateResponse(request, "petitions/never_again.html", context)
