"""The search for a supporter, and a supporter's page: all that one organisation has
stored about them. Addresses and names are posted and never part of a URL, so that no
history and no log has them; what was found is named by numbers of rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, override
from django_stubs_ext import StrOrPromise

from core.audit import entries
from core.i18n.languages import name_in_reader_language
from organizations.models import Organization
from organizations.rights import Right, organizations_with
from organizations.scoping import user_of
from petitions.addresses import NotAnAddress
from petitions.identity import key_ring
from petitions.models import Bounce, Signature, SupporterRequest
from petitions.signatures import my_data
from petitions.signatures.my_data import PLACES, Detail
from petitions.signatures.supporters import (
    LONGEST_SEARCH,
    MOST,
    PATHS,
    Supporter,
    TooManyToSearch,
    find_by_address,
    find_by_name,
    get_supporter,
)
from petitions.states import RequestKind, SignatureState

type Admin = ModelAdmin[SupporterRequest]

# Begins the kind of row, in the address of a page, that is about one spelling alone.
ONLY = "only-"
DOWNLOAD = "petitions_supporterrequest_download"
FOLDER = "admin/petitions/supporterrequest"


def url_of(supporter: Supporter, page: str = "supporter", *args: Any) -> str:
    """Return the URL of one of a supporter's pages."""
    name = f"admin:petitions_supporterrequest_{page}"
    kind = f"{ONLY}{supporter.kind}" if supporter.exact else supporter.kind
    return reverse(name, args=[kind, supporter.number, *args])


def opened_supporter(request: HttpRequest, kind: str, row: int) -> Supporter:
    """Return the supporter whose page is asked for, and record the look; raise Http404
    for one of an organisation that the user does not serve."""
    user = user_of(request)
    supporter = get_supporter(
        kind.removeprefix(ONLY), row, organizations_with(user, Right.SERVE),
        exact=kind.startswith(ONLY),
    )  # fmt: skip
    if supporter is None:
        raise Http404
    page = request.resolver_match
    is_file = page is not None and page.url_name == DOWNLOAD
    rows = supporter.subject.signatures.count()
    organization = supporter.organization.pk
    entries.look(
        Signature, [organization] * rows or [organization],
        kind="download" if is_file else "row",
    )  # fmt: skip
    return supporter


# == Searching ==


def search_supporters(model_admin: Admin, request: HttpRequest) -> HttpResponse:
    """Find whom staff typed: an address in any spelling, or a part of a name. Lead to
    the only one, or to a list of those found; say so when there are none."""
    if request.method != "POST":
        return redirect("admin:petitions_supporterrequest_found")
    user = user_of(request)
    typed = request.POST.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    organizations = organizations_with(user, Right.SERVE)
    people: list[Supporter] = []
    has_more, error = False, ""
    try:
        if not typed:
            error = gettext("Type a name, a part of it, or an e-mail address.")
        elif "@" in typed:
            people = find_by_address(typed, organizations)
        else:
            people, has_more = find_by_name(typed, organizations)
    except NotAnAddress as refusal:
        error = str(refusal.sentence)
    except TooManyToSearch:
        error = gettext(
            "There are too many signatures to look through for a name: search for the "
            "e-mail address."
        )
    record_search(people, organizations)
    if len(people) == 1:
        return redirect(url_of(people[0]))
    if people:
        query = QueryDict(mutable=True)
        for one in people:
            query.appendlist(one.kind, str(one.number))
        if has_more:
            query["more"] = "1"
        page = reverse("admin:petitions_supporterrequest_found")
        return redirect(f"{page}?{query.urlencode()}")
    return list_people(
        model_admin, request, [], typed=typed, error=error, searched=not error
    )


def record_search(
    people: list[Supporter], organizations: QuerySet[Organization]
) -> None:
    """Record that somebody was searched for, with the number of people found and never
    what was typed; what found nobody, in each organisation that was searched."""
    entries.look(
        Signature,
        [one.organization.pk for one in people],
        searched=organizations.values_list("pk", flat=True),
        kind="search",
    )


def list_found(model_admin: Admin, request: HttpRequest) -> HttpResponse:
    """List the people whom a search has found, by the numbers in the query."""
    organizations = organizations_with(user_of(request), Right.SERVE)
    people = [
        one
        for kind in PATHS
        for number in request.GET.getlist(kind)[:MOST]
        if number.isascii() and number.isdecimal() and len(number) < 19
        if (one := get_supporter(kind, int(number), organizations))
    ]
    if people:
        entries.look(Signature, [one.organization.pk for one in people], kind="list")
    return list_people(model_admin, request, people, has_more="more" in request.GET)


def list_people(
    model_admin: Admin,
    request: HttpRequest,
    people: list[Supporter],
    *,
    typed: str = "",
    error: str = "",
    searched: bool = False,
    has_more: bool = False,
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Find a supporter"),
        "opts": model_admin.opts,
        "people": [
            {
                "url": url_of(one),
                "organization": one.organization,
                "rows": list(my_data.signatures_of(one.subject)),
                "addresses": one.subject.addresses(),
            }
            for one in people
        ],
        "typed": typed,
        "error": error,
        "searched": searched,
        "has_more": has_more,
        "most": MOST,
        # An organisation is named only where there are several.
        "several": organizations_with(user_of(request), Right.SERVE).count() > 1,
        "is_address": searched and "@" in typed,
    }
    status = 422 if error else 200
    return TemplateResponse(request, f"{FOLDER}/found.html", context, status=status)


# == A supporter's page ==


def supporter(
    model_admin: Admin, request: HttpRequest, kind: str, row: int
) -> HttpResponse:
    """Show all that the organisation has stored about one person, and what can be done
    with it."""
    one = opened_supporter(request, kind, row)
    addresses = one.subject.addresses()
    context = {
        **supporter_context(model_admin, request, one),
        "title": gettext("A supporter"),
        "sections": sections(one),
        "suppressed": key_ring.suppressed(addresses),
        "spellings": spellings_of(one) if len(addresses) > 1 else [],
        "bounced": key_ring.silenced(Bounce.objects.all(), addresses),
        "acts": [
            (url_of(one, act.value), act.label)
            for act in RequestKind
            if act is not RequestKind.CORRECT
            # Nobody whom only an import knows has a signature.
            and (addresses or act is not RequestKind.WITHDRAW)
        ],
    }
    return TemplateResponse(request, f"{FOLDER}/supporter.html", context)


def supporter_context(
    model_admin: Admin, request: HttpRequest, one: Supporter
) -> dict[str, Any]:
    return {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "subtitle": str(one.organization),
        "organization": one.organization,
        "supporter_url": url_of(one),
        "addresses": one.subject.addresses(),
        "names": names_of_person(one),
    }


def spellings_of(one: Supporter) -> list[tuple[str, str]]:
    """Return each spelling of the address that was used, with the URL of a page about
    it alone."""
    spellings: dict[str, str] = {}
    for kind, rows in (
        ("signature", one.subject.signatures),
        ("answer", one.subject.consents),
        ("message", one.subject.reports),
    ):
        for number, email in rows.order_by("-pk").values_list("pk", "email"):
            alone = Supporter(kind, number, email, one.organization, exact=True)
            spellings.setdefault(email, url_of(alone))
    return sorted(spellings.items())


def names_of_person(one: Supporter) -> list[str]:
    """Return the names that the person signed with."""
    rows = one.subject.signatures.exclude(name="").order_by()
    return sorted(rows.values_list("name", flat=True).distinct())


def sections(one: Supporter, *, for_staff: bool = True) -> list[dict[str, Any]]:
    """Return what is stored, place by place, in words; `for_staff` with what only they
    see, and the way to correct a signature."""
    return [
        {
            "key": place.key,
            "heading": place.heading,
            "rows": [
                {
                    "details": list(in_words(place.details(row))),
                    "notes": list(notes(row)) if for_staff else [],
                    "correct_url": correct_url(one, row) if for_staff else "",
                }
                for row in place.rows(one.subject)
            ],
        }
        for place in PLACES
    ]


def correct_url(one: Supporter, row: Any) -> str:
    """Return where a signature is corrected; "" for one that cannot be, or another
    row."""
    correctable = (SignatureState.PENDING, SignatureState.CONFIRMED)
    if isinstance(row, Signature) and row.state in correctable:
        return url_of(one, "correct", row.pk)
    return ""


def notes(row: Any) -> Iterator[tuple[StrOrPromise, str]]:
    """Yield what staff have decided about a signature."""
    if not isinstance(row, Signature):
        return
    yield gettext("Number"), str(row.pk)
    if row.quarantine_reason:
        yield gettext("Set aside"), row.get_quarantine_reason_display()
    if row.name_withheld:
        yield gettext("Name on the page"), gettext("Not shown")
    if row.comment_approved or row.comment_rejected:
        decided = gettext("Approved") if row.comment_approved else gettext("Not shown")
        yield gettext("Decision about the comment"), decided


def in_words(details: Iterator[Detail]) -> Iterator[tuple[StrOrPromise, str]]:
    """Yield labels and values as people read them, without what is empty."""
    for detail in details:
        value = detail.value
        if value is None or value == "":
            continue
        if isinstance(value, bool):
            words = gettext("Yes") if value else gettext("No")
        elif isinstance(value, datetime):
            words = date_format(timezone.localtime(value), "DATETIME_FORMAT")
        elif detail.key in ("language", "text_language"):
            words = name_in_reader_language(value)
        else:
            words = str(detail.words or value)
        yield detail.label, words


# == The copy for the person ==


def show_copy(
    model_admin: Admin, request: HttpRequest, kind: str, row: int
) -> HttpResponse:
    """Show the copy of all that is stored, as a letter to print, in the language that
    the person signed in."""
    one = opened_supporter(request, kind, row)
    language = language_of_person(one)
    with override(language):
        lists = sections(one, for_staff=False)
    context = {
        **supporter_context(model_admin, request, one),
        "title": gettext("Copy of what is stored"),
        "language": language,
        "sections": lists,
        "today": timezone.localdate(),
        "download_url": url_of(one, "download"),
        "privacy_url": privacy_url(language),
    }
    return TemplateResponse(request, f"{FOLDER}/copy.html", context)


def privacy_url(language: str) -> str:
    with override(language):
        return settings.SITE_URL + reverse("petitions:privacy")


def language_of_person(one: Supporter) -> str:
    """Return the language of the interface that the person used last."""
    newest = one.subject.signatures.order_by("-pk").values_list("language", flat=True)
    language = newest.first() or settings.LANGUAGE_CODE
    return language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def download_copy(
    model_admin: Admin, request: HttpRequest, kind: str, row: int
) -> HttpResponse:
    """Return the copy as JSON, in the form in which supporters download it
    themselves."""
    one = opened_supporter(request, kind, row)
    response = JsonResponse(
        my_data.everything_about(one.subject), json_dumps_params={"indent": 1}
    )
    response.headers["Content-Disposition"] = 'attachment; filename="supporter.json"'
    return response
