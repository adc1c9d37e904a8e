"""The office's room: what the person petitioned sees of a delivery, behind a link that
staff gave to their office, and the form in which the office answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.http.origin import Origin, origin_of
from core.http.problems import problem
from core.observability.logs import log_context
from petitions.delivery import files, office
from petitions.delivery.forms import OfficeAnswerForm
from petitions.models import OfficeLink, PackFile
from petitions.signatures.tokens import LIFETIME, Broken, TokenPurpose, read_token
from petitions.states import State
from petitions.views.links import mended_link
from petitions.views.posting import has_body, is_form, is_pressed, see_other

type RoomView = Callable[[HttpRequest, OfficeLink, str, datetime], HttpResponseBase]
type TokenView = Callable[..., HttpResponseBase]


def room(view: RoomView) -> TokenView:
    """Decorate a view that an office's link opens; answer one that has ended, or was
    revoked, with where to ask for another."""

    @csrf_exempt
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def answer(request: HttpRequest, token: str, **given: Any) -> HttpResponseBase:
        link = office.find_link(token)
        if link is None:
            return link_gone(request, TokenPurpose.OFFICE, token)
        now = timezone.now()
        if not link.is_open(now) or link.pack.petition.state == State.WITHDRAWN:
            return closed(request, link)
        link.pack.petition.reading = get_language() or ""
        return view(request, link, token, now, **given)

    return answer


def link_gone(request: HttpRequest, purpose: TokenPurpose, token: str) -> HttpResponse:
    """Answer a link that leads to nothing: a damaged one leads to what it meant."""
    damaged = isinstance(read_token(purpose, token, now=timezone.now()), Broken)
    mended = mended_link(request, purpose, token) if damaged else None
    return mended or closed(request)


def closed(request: HttpRequest, link: OfficeLink | None = None) -> HttpResponse:
    """Answer a link that opens nothing: 410 when it did once, 404 otherwise. An answer
    that was sent is shown, to be copied."""
    context = {
        "petition": link.pack.petition if link else None,
        "typed": request.POST.get("text", ""),
        "too_often": False,
    }
    status = 410 if link else 404
    return TemplateResponse(
        request, "petitions/office_closed.html", context, status=status
    )


def too_often(request: HttpRequest, wait: timedelta) -> HttpResponse:
    """Answer that the link was used too often; what was typed is shown, to be
    copied."""
    context = {
        "petition": None,
        "typed": request.POST.get("text", ""),
        "too_often": True,
    }
    page = "petitions/office_closed.html"
    answer = TemplateResponse(request, page, context, status=429)
    return retry_after(answer, wait)


def retry_after(answer: HttpResponse, wait: timedelta) -> HttpResponse:
    answer.headers["Retry-After"] = str(max(1, int(wait.total_seconds())))
    return answer


@room
def show_delivery(
    request: HttpRequest, link: OfficeLink, token: str, now: datetime
) -> HttpResponseBase:
    """Show the delivery: numbers, letter, files, nobody's name; on POST, take an
    answer."""
    form = OfficeAnswerForm(link, initial={"language": link.pack.petition.language})
    foreign, status, wait = False, 200, timedelta(0)
    if request.method == "POST":
        if has_body(request) and not is_form(request):
            return problem(request, 415)
        form = OfficeAnswerForm(link, request.POST)
        foreign = origin_of(request) is Origin.FOREIGN
        status = 403 if foreign else 422
        if not foreign and form.is_valid():
            wait = office.store_answer(link, form.cleaned_data, now=now)
            if not wait:
                log_context(outcome="office answered")
                return see_other("petitions:office", token, query="?sent=1")
            form.add_error(
                "text",
                gettext(
                    "Several answers have come within an hour. Please send yours "
                    "again later."
                ),
            )
            status = 429
    # A page that refuses an answer shows all the rest, too.
    if request.method != "HEAD" and (
        limited := office.record_use(link, office.OPENED, now=now)
    ):
        return too_often(request, limited)
    pack, answers = link.pack, list(link.answers.legible())
    context = {
        "link": link,
        "token": token,
        "pack": pack,
        "petition": pack.petition,
        "letter": office.letter(pack, get_language() or ""),
        "countries": files.by_country(pack, get_language() or ""),
        "regions": files.by_region(pack, get_language() or ""),
        "files": pack.files.all() if office.has_files(pack) else [],
        "answers": answers,
        "form": form,
        "foreign": foreign,
        "sent": "sent" in request.GET and status == 200 and bool(answers),
        "mailed_since": now - LIFETIME,
    }
    page = TemplateResponse(request, "petitions/office.html", context, status=status)
    return retry_after(page, wait) if wait else page


@room
def show_names(
    request: HttpRequest, link: OfficeLink, token: str, now: datetime
) -> HttpResponseBase:
    """Show a page of the names, and search them. By button alone: programs that look
    at links get no names, and what is searched for stands in no address."""
    if not is_pressed(request):
        return redirect("petitions:office", token)
    sought = " ".join(request.POST.get("q", "")[:200].replace("\0", "").split())
    agreements = {str(one.number): one for one in link.pack.agreements()}
    agreement = agreements.get(request.POST.get("agreement", ""))
    typed = request.POST.get("after", "")
    is_number = typed.isascii() and typed.isdecimal() and len(typed) < 19
    page = office.names_page(
        link.pack,
        sought=sought,
        after=int(typed) if is_number and "search" not in request.POST else 0,
        language=get_language() or "",
        agreed=agreement.consent if agreement else None,
    )
    if wait := office.record_use(link, office.LOOKED, now=now, rows=len(page.lines)):
        return too_often(request, wait)
    context = {
        "token": token,
        "pack": link.pack,
        "petition": link.pack.petition,
        "page": page,
        "agreement": agreement,
        "sought": sought,
        "has_files": office.has_files(link.pack),
    }
    return TemplateResponse(request, "petitions/office_names.html", context)


@room
def download_file(
    request: HttpRequest, link: OfficeLink, token: str, now: datetime, number: int = 0
) -> HttpResponseBase:
    """Send a file of the delivery; all of them as a ZIP file for number 0."""
    pack = link.pack
    if not is_pressed(request) or not office.has_files(pack):
        return redirect("petitions:office", token)
    file = PackFile.objects.filter(pack=pack, pk=number).first()
    if number and file is None:
        return problem(request, 404)
    rows = office.names_of_file(pack, file)
    if wait := office.record_use(link, office.DOWNLOADED, now=now, rows=rows):
        return too_often(request, wait)
    name = file.name if file else f"{pack.petition.slug}-{pack.pk}.zip"
    content = files.whole_content(file) if file else files.as_zip(pack)
    disposition = content_disposition_header(True, name) or ""
    return StreamingHttpResponse(
        content,
        content_type="application/octet-stream",
        headers={"Content-Disposition": disposition},
    )


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_answer(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show an answer to whoever reads the office's mail, with a button to confirm that
    it is the office's."""
    now = timezone.now()
    answer = office.find_answer(token, now=now)
    if answer is None:
        return link_gone(request, TokenPurpose.OFFICE_ANSWER, token)
    if is_pressed(request):
        office.confirm_answer(answer, now=now)
        log_context(outcome="office answer confirmed")
        return see_other("petitions:office_answer", token)
    petition = answer.link.pack.petition
    petition.reading = get_language() or ""
    context = {"answer": answer, "petition": petition, "token": token}
    status = 403 if request.method == "POST" else 200
    template = "petitions/office_answer.html"
    return TemplateResponse(request, template, context, status=status)
