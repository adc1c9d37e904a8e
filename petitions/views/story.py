"""Pages behind the one of a petition: its updates, all reasons, the count over time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.paging import page_of
from petitions.access import Moved, Withdrawn, get_petition
from petitions.curve import POINTS
from petitions.models import Petition, Update
from petitions.paging import ShortPaginator
from petitions.story import curve_of, reasons_of

UPDATES_PER_PAGE = 10
REASONS_PER_PAGE = 20

type View = Callable[..., HttpResponse]


def of_petition(name: str) -> Callable[[View], View]:
    """Gives the page `name` the petition that its address names, and the time; from a
    former address to the present one, from a withdrawn petition to what is left."""

    def decorate(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, slug: str, **more: Any) -> HttpResponse:
            now = timezone.now()
            try:
                petition = get_petition(slug, now)
            except Moved as moved:
                path = reverse(name, kwargs={"slug": moved.petition.slug, **more})
                return redirect(path, permanent=True)
            except Withdrawn as withdrawn:
                return redirect(withdrawn.petition)
            return view(request, petition, now, **more)

        return require_safe(page)

    return decorate


@of_petition("petitions:updates")
def updates(request: HttpRequest, petition: Petition, now: datetime) -> HttpResponse:
    """All news, the latest first; in the language of a text that `?text=` asks for."""
    read_in(request, petition, petition.languages)
    published = Paginator(petition.updates.published(now), UPDATES_PER_PAGE)
    context = {
        "petition": petition,
        "page": page_of(published, request),
        "query": f"text={petition.reading}&" if petition.reading else "",
    }
    return TemplateResponse(request, "petitions/updates.html", context)


@of_petition("petitions:update")
def update(
    request: HttpRequest, petition: Petition, now: datetime, number: int
) -> HttpResponse:
    found = petition.updates.published(now).filter(number=number).first()
    if found is None:
        raise Http404
    read_in(request, petition, [*found.languages, *petition.languages])
    context = update_context(found, is_open=petition.is_open(now))
    return TemplateResponse(request, "petitions/update.html", context)


def update_context(
    update: Update, *, is_open: bool, preview: bool = False
) -> dict[str, Any]:
    """What the page of an update prints."""
    return {
        "petition": update.petition,
        "update": update,
        "words": update.words,
        "is_open": is_open,
        "preview": preview,
    }


def read_in(request: HttpRequest, petition: Petition, languages: list[str]) -> None:
    """The language that `?text=` asks for; Http404 when it is not one of these."""
    if text := request.GET.get("text", ""):
        if text not in languages:
            raise Http404
        petition.reading = text


@of_petition("petitions:reasons")
def reasons(request: HttpRequest, petition: Petition, now: datetime) -> HttpResponse:
    """Why people sign, as far as they wish it to be read."""
    page = page_of(ShortPaginator(reasons_of(petition), REASONS_PER_PAGE), request)
    context = {
        "petition": petition,
        "page": page,
        "reasons": page.object_list,
        "is_open": petition.is_open(now),
    }
    return TemplateResponse(request, "petitions/reasons.html", context)


@of_petition("petitions:history")
def history(request: HttpRequest, petition: Petition, now: datetime) -> HttpResponse:
    """The curve of the count, and its table."""
    context = {"petition": petition, "curve": curve_of(petition, now, POINTS)}
    return TemplateResponse(request, "petitions/history.html", context)
