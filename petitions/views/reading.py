"""The public pages: home, list, petition, and the same as data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from config import retention
from config.languages import is_of_interface, path_in
from config.paging import page_of
from organizations.models import Organization
from petitions import counting
from petitions.access import Moved, Withdrawn, get_petition
from petitions.forms import SignForm, make_version
from petitions.models import Petition, Signature

PAGE_SIZE = 20
SHOWN_REASONS = 4
SHOWN_NAMES = 10
# So many of the latest are looked at; few of them say why.
LATEST = 60
MAX_WORDS = 100


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    petitions = Petition.objects.open(now).newest_first()[:6]
    organizations = Organization.objects.all()[:24]
    context = {"petitions": petitions.complete(), "organizations": organizations}
    return TemplateResponse(request, "petitions/home.html", context)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All petitions, newest first, or those that match the search."""
    now = timezone.now()
    words = " ".join(request.GET.get("q", "").replace("\0", "").split())[:MAX_WORDS]
    petitions = Petition.objects.ever_public(now).search(words)
    page = page_of(Paginator(petitions.newest_first(), PAGE_SIZE), request)
    context = {
        "page": page,
        "petitions": page.object_list.complete(),  # type: ignore[attr-defined]
        "words": words,
    }
    return TemplateResponse(request, "petitions/index.html", context)


@require_safe
def petition(request: HttpRequest, slug: str) -> HttpResponse:
    """One petition, with its form while it is open."""
    now = timezone.now()
    try:
        found = get_petition(slug, now)
    except Moved as moved:
        return redirect(moved.petition, permanent=True)
    except Withdrawn as withdrawn:
        context = {"petition": withdrawn.petition}
        return TemplateResponse(
            request, "petitions/withdrawn.html", context, status=410
        )
    context = page_context(found, SignForm(petition=found))
    return TemplateResponse(request, "petitions/petition.html", context)


@require_safe
def text(request: HttpRequest, slug: str, language: str) -> HttpResponse:
    """The same page with the text in a language that the interface does not have."""
    if is_of_interface(language):
        path = path_in(language, reverse("petitions:petition", args=[slug]))
        return redirect(path, permanent=True)
    now = timezone.now()
    try:
        found = get_petition(slug, now)
    except Moved as moved:
        moved.petition.reading = language
        return redirect(moved.petition, permanent=True)
    except Withdrawn as withdrawn:
        return redirect(withdrawn.petition)
    if language not in found.languages:
        raise Http404
    found.reading = language
    context = page_context(found, SignForm(petition=found))
    response = TemplateResponse(request, "petitions/petition.html", context)
    response.headers["Content-Language"] = language
    return response


def page_context(
    found: Petition, form: SignForm, *, preview: bool = False, **more: Any
) -> dict[str, Any]:
    """What the page of a petition prints; `form` may hold what somebody typed."""
    corrections = list(found.corrections.all())
    shown = Signature.objects.shown().filter(petition=found).order_by("-confirmed_at")
    return {
        "petition": found,
        "words": found.words,
        "targets": list(found.targets.all()),
        "corrections": corrections,
        "form": form,
        "is_open": found.is_open(timezone.now()),
        "version": make_version(len(corrections), found.delivery, found.words.key),
        **split(shown[:LATEST]),
        "foreign": False,
        "reworded": False,
        "preview": preview,
        **more,
    }


def split(shown: Iterable[Signature]) -> dict[str, list[Signature]]:
    """The latest who say why, and the latest others."""
    reasons: list[Signature] = []
    names: list[Signature] = []
    for signature in shown:
        if (
            signature.comment
            and signature.comment_approved
            and len(reasons) < SHOWN_REASONS
        ):
            reasons.append(signature)
        elif len(names) < SHOWN_NAMES:
            names.append(signature)
    return {"reasons": reasons, "names": names}


@require_safe
def data(request: HttpRequest, slug: str) -> HttpResponse:
    """All public data of a petition."""
    now = timezone.now()
    try:
        found = get_petition(slug, now)
    except (Moved, Withdrawn):
        raise Http404 from None
    return JsonResponse(
        {
            "title": found.title,
            "url": settings.SITE_URL + found.get_absolute_url(),
            "language": found.language,
            "languages": found.languages,
            "organization": found.organization.name,
            "state": found.state,
            "started": timezone.localdate(found.started).isoformat(),
            "closes": found.closes_at.isoformat() if found.closes_at else None,
            "ended": found.ended_at.isoformat() if found.ended_at else None,
            "outcome": found.outcome,
            "targets": [
                {
                    "name": None if target.is_unsettled else target.name,
                    "office": target.office,
                    "organisation": target.organisation,
                }
                for target in found.targets.all()
            ],
            "ask": found.ask,
            "summary": found.summary,
            "text": found.text,
            "text_format": found.text_format,
            "corrections": [
                {"made": correction.made_at.isoformat(), "text": correction.text}
                for correction in found.corrections.all()
            ],
            **found.counts,
            "by_day": [
                {"day": day.isoformat(), "supporters": number}
                for day, number in counting.days(found)
            ],
        }
    )


@require_safe
def count(request: HttpRequest, slug: str) -> HttpResponse:
    """Supporters in all, and where they were counted."""
    try:
        found = get_petition(slug, timezone.now())
    except (Moved, Withdrawn):
        raise Http404 from None
    return JsonResponse(found.counts)


@require_safe
def how_we_count(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "petitions/how_we_count.html", {})


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept, why, and until when: the rules that the worker carries out."""
    context = {"rules": retention.RULES}
    return TemplateResponse(request, "petitions/privacy.html", context)
