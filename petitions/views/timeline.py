"""The pages behind that of a petition: its updates, all reasons, the count over
time."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from core.http.paging import BoundedPaginator, page_of
from petitions.counts import checkpoints
from petitions.counts.curve import POINTS
from petitions.models import Checkpoint, Petition, Update
from petitions.region_totals import region_table
from petitions.timeline import curve_of, reasons_of
from petitions.views.lookup import of_petition, to_its_notice

UPDATES_PER_PAGE = 10
REASONS_PER_PAGE = 20


@require_safe
@of_petition(to_its_notice)
def updates(request: HttpRequest, petition: Petition) -> HttpResponse:
    """List all updates, newest first; `?text=` asks for a language."""
    read_in(request, petition, petition.languages)
    news = petition.updates.published(timezone.now())
    context = {
        "petition": petition,
        "page": page_of(Paginator(news, UPDATES_PER_PAGE), request),
        "query": f"text={petition.reading}&" if petition.reading else "",
    }
    return TemplateResponse(request, "petitions/updates.html", context)


@require_safe
@of_petition(to_its_notice)
def update(request: HttpRequest, petition: Petition, number: int) -> HttpResponse:
    now = timezone.now()
    update = petition.updates.published(now).filter(number=number).first()
    if update is None:
        raise Http404
    read_in(request, petition, [*update.languages, *petition.languages])
    context = update_context(update, is_open=petition.is_open(now))
    return TemplateResponse(request, "petitions/update.html", context)


def update_context(
    update: Update, *, is_open: bool, preview: bool = False
) -> dict[str, Any]:
    """Return the context of the page of an update."""
    return {
        "petition": update.petition,
        "update": update,
        "words": update.words,
        "is_open": is_open,
        "preview": preview,
        "signed": signed_when_published(update),
    }


def signed_when_published(update: Update) -> Checkpoint | None:
    """Return what was signed of the petition's count when the update appeared: whoever
    keeps the update can compare later."""
    if update.published_at is None:
        return None
    return checkpoints.signed_at(update.petition_id, update.published_at)


def read_in(request: HttpRequest, petition: Petition, languages: list[str]) -> None:
    """Set the language in which the petition is read to the one that `?text=` asks for;
    raise Http404 when it is not one of `languages`."""
    if text := request.GET.get("text", ""):
        if text not in languages:
            raise Http404
        petition.reading = text


@require_safe
@of_petition(to_its_notice)
def reasons(request: HttpRequest, petition: Petition) -> HttpResponse:
    """List the comments that signers agreed to publish."""
    page = page_of(BoundedPaginator(reasons_of(petition), REASONS_PER_PAGE), request)
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
    """Show the curve of the count, its table, and the numbers by region."""
    curve = curve_of(petition, timezone.now(), POINTS)
    regions = region_table(petition, get_language() or "")
    context = {"petition": petition, "curve": curve, "regions": regions}
    return TemplateResponse(request, "petitions/history.html", context)
