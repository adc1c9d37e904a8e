"""Pages behind the one of a petition: its updates, all reasons, the count over time."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.paging import page_of
from petitions.curve import POINTS
from petitions.models import Petition
from petitions.paging import ShortPaginator
from petitions.story import curve_of, reasons_of
from petitions.views.finding import of_petition, to_its_notice

UPDATES_PER_PAGE = 10
REASONS_PER_PAGE = 20


@require_safe
@of_petition(to_its_notice)
def updates(request: HttpRequest, petition: Petition) -> HttpResponse:
    """All news, the latest first."""
    news = petition.updates.published(timezone.now())
    published = Paginator(news, UPDATES_PER_PAGE)
    context = {"petition": petition, "page": page_of(published, request)}
    return TemplateResponse(request, "petitions/updates.html", context)


@require_safe
@of_petition(to_its_notice)
def update(request: HttpRequest, petition: Petition, number: int) -> HttpResponse:
    now = timezone.now()
    found = petition.updates.published(now).filter(number=number).first()
    if found is None:
        raise Http404
    context = {
        "petition": petition,
        "update": found,
        "is_open": petition.is_open(now),
    }
    return TemplateResponse(request, "petitions/update.html", context)


@require_safe
@of_petition(to_its_notice)
def reasons(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Why people sign, as far as they wish it to be read."""
    page = page_of(ShortPaginator(reasons_of(petition), REASONS_PER_PAGE), request)
    context = {
        "petition": petition,
        "page": page,
        "reasons": page.object_list,
        "is_open": petition.is_open(timezone.now()),
    }
    return TemplateResponse(request, "petitions/reasons.html", context)


@require_safe
@of_petition(to_its_notice)
def history(request: HttpRequest, petition: Petition) -> HttpResponse:
    """The curve of the count, and its table."""
    curve = curve_of(petition, timezone.now(), POINTS)
    context = {"petition": petition, "curve": curve}
    return TemplateResponse(request, "petitions/history.html", context)
