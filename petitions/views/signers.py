"""What signers do with what they have signed: see it, correct it, take it back, erase
it, be left alone. No account: a link that only the owner of the mailbox has."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from config.logs import note
from config.origin import Origin, origin_of
from config.problems import problem
from petitions import actions, keys, siblings
from petitions.addresses import masked
from petitions.forms import CorrectionForm
from petitions.models import Petition, Signature
from petitions.models.mails import MailKind
from petitions.states import SignatureState
from petitions.tokens import Broken, Expired, Purpose, make_token, read_token
from petitions.views.confirming import correction_form
from petitions.views.links import broken_link, links_asked
from petitions.views.posting import is_pressed, see_other


class NoLonger(Exception):
    """The link leads nowhere; `response` says why and offers another."""

    def __init__(self, response: HttpResponse) -> None:
        self.response = response


def owned(
    request: HttpRequest, purpose: Purpose, token: str, now: datetime
) -> Signature:
    """The signature that the link was made for; NoLonger when it is too old, was cut
    short or leads to something erased."""
    outcome = read_token(purpose, token, now=now)
    if isinstance(outcome, Broken):
        raise NoLonger(broken_link(request))
    if isinstance(outcome, Expired):
        page = TemplateResponse(
            request, "petitions/old_link.html", {"error": "", "typed": ""}, status=410
        )
        raise NoLonger(page)
    signature = siblings.find_signature(outcome.signature_id)
    if signature is None or signature.email_key is None:
        raise NoLonger(problem(request, 410))
    return signature


# == One signature ==


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def signature(request: HttpRequest, token: str) -> HttpResponse:
    """“Your signature”: what is stored of it, and a form to correct it."""
    now = timezone.now()
    try:
        mine = owned(request, Purpose.OWN, token, now)
    except NoLonger as link:
        return link.response
    if mine.state in (SignatureState.PENDING, SignatureState.INVALID):
        counted = siblings.counted_sibling(mine)
        if counted is None and mine.state == SignatureState.PENDING:
            confirm = make_token(Purpose.CONFIRM, mine.pk, now=now)
            return redirect("petitions:confirm", confirm)
        if counted is not None:
            mine = siblings.find_signature(counted.pk) or mine
    form = correction_form(mine)
    foreign = False
    status = 200
    if request.method == "POST" and mine.state == SignatureState.CONFIRMED:
        form = correction_form(mine, request.POST)
        foreign = origin_of(request) is Origin.FOREIGN
        if not foreign and form.is_valid():
            try:
                actions.change_signature(mine, form.cleaned_data, now=now)
            except actions.NameTaken:
                form.add_error(
                    "name",
                    gettext("The other person at this address has signed so."),
                )
            else:
                note(outcome="corrected", signature=mine.pk)
                return see_other("petitions:signature", token, query="?saved=1")
        status = 403 if foreign else 422
    context = signature_context(mine, form, token, now)
    context |= {"foreign": foreign, "saved": "saved" in request.GET and status == 200}
    return TemplateResponse(request, "petitions/signature.html", context, status=status)


def signature_context(
    mine: Signature, form: CorrectionForm, token: str, now: datetime
) -> dict[str, Any]:
    return {
        "petition": Petition.objects.for_reading().get(pk=mine.petition_id),
        "signature": mine,
        "masked": masked(mine.email),
        "form": form,
        "token": token,
        "not_me": make_token(Purpose.NOT_ME, mine.pk, now=now),
        "all": make_token(Purpose.ALL, mine.pk, now=now),
    }


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, token: str) -> HttpResponse:
    """Takes one signature from the count; its details stay until they are erased."""
    now = timezone.now()
    try:
        mine = owned(request, Purpose.OWN, token, now)
    except NoLonger as link:
        return link.response
    if mine.state == SignatureState.PENDING:
        mine = siblings.counted_sibling(mine) or mine
    if is_pressed(request):
        actions.withdraw(mine, now=now)
        note(outcome="withdrawn", signature=mine.pk)
    elif mine.state in (SignatureState.CONFIRMED, SignatureState.INVALID):
        context = {"petition": mine.petition, "signature": mine, "token": token}
        return TemplateResponse(request, "petitions/withdraw.html", context)
    return see_other("petitions:signature", token)


# == All of one person ==


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def all_signed(request: HttpRequest) -> HttpResponse:
    """Asks for an address and mails it a link; the same answer whether or not it has
    signed anything."""
    return links_asked(request, MailKind.ALL, "all_signed")


@require_safe
def signed(request: HttpRequest, token: str) -> HttpResponse:
    """All that the owner of a mailbox has signed here, and whether we may write."""
    now = timezone.now()
    try:
        mine = owned(request, Purpose.ALL, token, now)
    except NoLonger as link:
        return link.response
    rows = [
        (row, make_token(Purpose.OWN, row.pk, now=now))
        for row in actions.signed_by(mine.email)
    ]
    for row, _own in rows:
        row.petition.reading = row.text_language
    context = {
        "rows": rows,
        "masked": masked(mine.email),
        "token": token,
        "never": make_token(Purpose.NEVER, mine.pk, now=now),
    }
    return TemplateResponse(request, "petitions/signed.html", context)


@require_safe
def download(request: HttpRequest, token: str) -> HttpResponse:
    """Everything that is stored about one person, as JSON."""
    try:
        mine = owned(request, Purpose.ALL, token, timezone.now())
    except NoLonger as link:
        return link.response
    response = JsonResponse(
        actions.everything_about(mine.email), json_dumps_params={"indent": 1}
    )
    response.headers["Content-Disposition"] = 'attachment; filename="signatures.json"'
    return response


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def erase_all(request: HttpRequest, token: str) -> HttpResponse:
    """Takes back and erases all of one person's signatures."""
    now = timezone.now()
    try:
        mine = owned(request, Purpose.ALL, token, now)
    except NoLonger as link:
        return link.response
    if is_pressed(request):
        actions.erase_all(mine.email, now=now)
        note(outcome="erased all", signature=mine.pk)
        return see_other("petitions:erased")
    rows = actions.signed_by(mine.email)
    context = {
        "counted": sum(row.state == SignatureState.CONFIRMED for row in rows),
        "masked": masked(mine.email),
        "token": token,
    }
    return TemplateResponse(request, "petitions/erase_all.html", context)


# == Never write again ==


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def never_again(request: HttpRequest, token: str) -> HttpResponse:
    """Stops every mail to a mailbox, or lets them begin again. The link in the last
    mail stays good for that, however old it is."""
    now = timezone.now()
    outcome = read_token(Purpose.NEVER, token, now=now)
    if isinstance(outcome, Broken):
        return broken_link(request)
    mine = siblings.find_signature(outcome.signature_id)
    if mine is None or mine.email_key is None:
        return problem(request, 410)
    if request.POST.get("List-Unsubscribe") == "One-Click":
        # The mail program's own button (RFC 8058): from its server, without cookies or
        # origin, and it follows no redirect. Only the mail holds this address.
        actions.suppress(mine.email, now=now)
        note(outcome="never again", signature=mine.pk)
        return HttpResponse("Unsubscribed.\n", content_type="text/plain")
    if is_pressed(request):
        if request.POST.get("write") == "again":
            actions.lift_suppression(mine.email)
            note(outcome="may write again", signature=mine.pk)
        else:
            actions.suppress(mine.email, now=now)
            note(outcome="never again", signature=mine.pk)
        return see_other("petitions:never_again", token)
    context = {
        "masked": masked(mine.email),
        "suppressed": bool(keys.suppressed([mine.email])),
        "token": token,
    }
    return TemplateResponse(request, "petitions/never_again.html", context)
