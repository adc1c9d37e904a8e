"""The links in mails: views that one opens, the repair of damaged ones, and requests
for new ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import get_language, gettext, override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.http.origin import (
    Origin,
    origin_of,
)
from core.http.problems import mended_path, problem
from core.i18n.languages import language_of_path
from core.mail.addresses import LONGEST_TYPED
from core.security.client_network import network_of
from petitions.abuse.rate_limits import (
    MAILS_NOW,
    passes_ceiling,
)
from petitions.addresses import NotAnAddress, clean_address
from petitions.identity import same_person
from petitions.models import Signature
from petitions.models.mails import MailKind, Priority
from petitions.signatures import (
    links,
)
from petitions.signatures.tokens import (
    LEADS_TO,
    Broken,
    Expired,
    TokenPurpose,
    Valid,
    make_token,
    mend_token,
    read_token,
)
from petitions.views.posting import CEILING_RETRY_AFTER, see_other

# The page that each kind of link in a mail leads to.
PAGES = {
    TokenPurpose.CONFIRM: "petitions:confirm",
    TokenPurpose.NOT_ME: "petitions:not_me",
    TokenPurpose.OWN: "petitions:signature",
    TokenPurpose.ALL: "petitions:signed",
    TokenPurpose.NEVER: "petitions:never_again",
    TokenPurpose.UNSUBSCRIBE: "petitions:unsubscribe",
    TokenPurpose.ONE_PRESS: "petitions:one_press",
    TokenPurpose.OFFICE: "petitions:office",
    TokenPurpose.OFFICE_ANSWER: "petitions:office_answer",
}
FOLDERS = {
    "confirm": TokenPurpose.CONFIRM,
    "not-me": TokenPurpose.NOT_ME,
    "signature": TokenPurpose.OWN,
    "signed": TokenPurpose.ALL,
    "never-again": TokenPurpose.NEVER,
    "unsubscribe": TokenPurpose.UNSUBSCRIBE,
    "one-press": TokenPurpose.ONE_PRESS,
    "office": TokenPurpose.OFFICE,
    "office-answer": TokenPurpose.OFFICE_ANSWER,
}


# == Letting in ==


@dataclass(frozen=True)
class Opened:
    """A working link that was opened, with the signature that it was mailed for."""

    purpose: TokenPurpose
    token: str
    made: datetime
    signature: Signature
    now: datetime

    def lead_to(self, purpose: TokenPurpose, signature: Signature | None = None) -> str:
        """Return a token for a link on the opened page. Its purpose must be one that
        this link may lead to, and it expires when this link does."""
        assert purpose in LEADS_TO[self.purpose], (self.purpose, purpose)
        number = (signature or self.signature).pk
        return make_token(purpose, number, now=self.made)


type OpenedView = Callable[[HttpRequest, Opened], HttpResponse]
type TokenView = Callable[[HttpRequest, str], HttpResponse]
type OldLink = Callable[[HttpRequest, Opened], HttpResponse]
type Gone = Callable[[HttpRequest, int], HttpResponse]


def gone(request: HttpRequest, signature_id: int) -> HttpResponse:
    return problem(request, 410)


def old_link(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Answer a link that has expired, or that its owner ended, with a form to ask for
    another one."""
    context = {"error": "", "typed": ""}
    return TemplateResponse(request, "petitions/old_link.html", context, status=410)


def opened_by(
    purpose: TokenPurpose,
    *,
    old: OldLink | None = old_link,
    gone: Gone = gone,
    methods: tuple[str, ...] = ("GET", "HEAD", "POST"),
    posted: bool = False,
) -> Callable[[OpenedView], TokenView]:
    """Decorate a view that only a link of this `purpose` opens.

    `old` answers an expired or ended link, None lets it in like any other; `gone`
    answers when the signature was erased. With `posted`, anything but a POST is
    redirected to the page of the link."""

    def opens(view: OpenedView) -> TokenView:
        @csrf_exempt
        @require_http_methods(methods)
        @wraps(view)
        def answer(request: HttpRequest, token: str) -> HttpResponse:
            if posted and request.method != "POST":
                return redirect(PAGES[purpose], token)
            now = timezone.now()
            outcome = read_link(request, purpose, token, now)
            if isinstance(outcome, HttpResponse):
                return outcome
            signature = same_person.find_signature(outcome.number)
            if signature is None:
                return gone(request, outcome.number)
            opened = Opened(purpose, token, outcome.made, signature, now)
            if old is not None and (isinstance(outcome, Expired) or is_ended(opened)):
                return old(request, opened)
            return view(request, opened)

        return answer

    return opens


def is_ended(opened: Opened) -> bool:
    """Return whether the owner of the mailbox ended this link, with all older ones."""
    ended = opened.signature.links_ended_at
    return (
        opened.purpose in (TokenPurpose.OWN, TokenPurpose.ALL)
        and ended is not None
        and opened.made < ended
    )


def read_link(
    request: HttpRequest, purpose: TokenPurpose, token: str, now: datetime
) -> Valid | Expired | HttpResponse:
    """Return what a token says; for a damaged one, the response to it."""
    outcome = read_token(purpose, token, now=now)
    if isinstance(outcome, Broken):
        return mended(request, purpose, token)
    return outcome


# == What mail programs make of links ==


def mended(request: HttpRequest, purpose: TokenPurpose, damaged: str) -> HttpResponse:
    """Redirect a GET to the page that a damaged link meant: mail programs append the
    text behind an address, break it, or double it. Otherwise answer 404 with the way to
    a new link."""
    if mended := mended_link(request, purpose, damaged):
        return mended
    if purpose in (TokenPurpose.OFFICE, TokenPurpose.OFFICE_ANSWER):
        page = "petitions/office_closed.html"
        nothing = {"petition": None, "typed": "", "too_often": False}
        return TemplateResponse(request, page, nothing, status=404)
    context = {
        "manage": purpose in (TokenPurpose.OWN, TokenPurpose.ALL),
        "typed": "",
        "error": "",
    }
    return TemplateResponse(request, "petitions/broken_link.html", context, status=404)


def mended_link(
    request: HttpRequest, purpose: TokenPurpose, damaged: str
) -> HttpResponse | None:
    """Redirect a GET to the page that a damaged link meant; return None when there is
    no such page."""
    token = mend_token(purpose, damaged)
    if token and request.method in ("GET", "HEAD"):
        return redirect(PAGES[purpose], token)
    return None


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def damaged(request: HttpRequest, folder: str, rest: str) -> HttpResponse:
    """Answer all other paths that begin like those of links, in upper or lower case."""
    # Without any token, /FR/signed/ means the page that asks for the address.
    page = "" if rest else mended_path(request.path)
    if page and request.method in ("GET", "HEAD"):
        return redirect(page)
    language, _slash, name = folder.lower().rpartition("/")
    with override(language_of_path(f"/{language}/") if language else get_language()):
        answer = mended(request, FOLDERS[name], rest)
        return answer.render() if isinstance(answer, TemplateResponse) else answer


# == New ones ==


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def new_link(request: HttpRequest) -> HttpResponse:
    """Mail new confirmation links to an address that is typed; the answer is the same
    for an unknown one."""
    return links_asked(request, MailKind.CONFIRM, "new_link")


def links_asked(request: HttpRequest, kind: MailKind, name: str) -> HttpResponse:
    """Ask for an address, and record the request to mail links of a `kind` there. The
    answer is the same whether or not the address has signed anything. `name` is that of
    the URL and of the template."""
    error, typed, status = "", "", 200
    if request.method == "POST":
        typed, now = request.POST.get("email", "")[:LONGEST_TYPED], timezone.now()
        try:
            address = clean_address(typed)
        except NotAnAddress as refusal:
            error, status = str(refusal.sentence), 422
        else:
            if origin_of(request) is Origin.FOREIGN:
                error = gettext(
                    "The form was sent from another site, so nothing was done. What "
                    "was typed is still here: if it was you, press the button below "
                    "again."
                )
                status = 403
            elif passes_ceiling(network_of(request), now, MAILS_NOW):
                links.ask_links(address, kind, now=now)
                return see_other(f"petitions:{name}", query="?sent=1")
            else:
                error = gettext(
                    "Too many requests are coming from your network. Nothing was "
                    "sent: try again in a few minutes, or from another connection."
                )
                status = 429
    context = {"sent": "sent" in request.GET, "error": error, "typed": typed}
    response = TemplateResponse(
        request, f"petitions/{name}.html", context, status=status
    )
    if status == 429:
        response.headers["Retry-After"] = str(CEILING_RETRY_AFTER)
    return response


def mail_links(opened: Opened, *, priority: Priority = Priority.LATER) -> HttpResponse:
    """Mail the link that leads to everything signed with this address, which may show
    and do more than the link that was opened."""
    links.mail_links(opened.signature, now=opened.now, priority=priority)
    return see_other("petitions:all_signed", query="?sent=1")
