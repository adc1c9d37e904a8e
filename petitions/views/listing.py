"""Lists of petitions: the home page, all petitions, and those on a topic."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.context import query_of
from core.http.paging import (
    BoundedPaginator,
    page_of,
)
from organizations.models import Organization
from petitions.counts.track_record import track_record
from petitions.models import Petition, Topic
from petitions.search.listing import (
    PAGE_SIZE,
    SORTS,
    STATES,
    Filters,
    behind,
    browsed,
    found_page,
    marker,
)
from petitions.search.searching import SearchScope
from petitions.states import Source
from petitions.views.profile import profile_page
from petitions.views.thanks import with_own_signature

WEEK = timedelta(days=7)
SHOWN_OF_A_KIND = 6
SHOWN_FEATURED = 3
SHOWN_ORGANIZATIONS = 24


@require_safe
@with_own_signature
def home(request: HttpRequest) -> HttpResponse:
    """Show a selection of petitions, topics and organisations; on a site of one
    organisation, its profile."""
    named = Organization.objects.in_reader_order()
    organizations = list(named[:SHOWN_ORGANIZATIONS])
    if len(organizations) == 1:
        return profile_page(request, organizations[0], home=True)
    if asked := query_of(request, proofs=False):
        # A query belongs to the profile that was here while the site had one
        # organisation: it is redirected to the list. That also keeps this page, which
        # adds up a week, from being rendered anew for each query that somebody makes
        # up.
        return redirect(f"{reverse('petitions:index')}{asked}")
    now = timezone.now()
    open_ones = Petition.objects.open(now)
    week = timezone.localdate(now) - WEEK
    keys = {
        "featured": open_ones.featured()[:SHOWN_FEATURED],
        "this_week": open_ones.most_signed_since(week)[:SHOWN_OF_A_KIND],
        "newest": open_ones.newest_first()[: 3 * SHOWN_OF_A_KIND],
        "won": Petition.objects.ever_public(now).won_lately()[:SHOWN_OF_A_KIND],
    }
    public = Petition.objects.ever_public(now)
    confirmed = public.supporters_by_source()[Source.CONFIRMED]
    context = {
        **each_once(keys),
        "record": track_record(public, confirmed),
        "topics": Topic.objects.in_use(now).in_reader_order(),
        "organizations": organizations,
    }
    return TemplateResponse(request, "petitions/home.html", context)


def each_once(sections: dict[str, Any]) -> dict[str, list[Petition]]:
    """Return the petitions of each section; one that an earlier section shows is not
    repeated."""
    keys = {
        name: list(rows.values_list("pk", flat=True)) for name, rows in sections.items()
    }
    rows = Petition.objects.for_reading().in_bulk(
        {k for ks in keys.values() for k in ks}
    )
    shown: set[int] = set()
    firsts = {}
    for name, numbers in keys.items():
        new = [number for number in numbers if number in rows and number not in shown]
        new = new[:SHOWN_OF_A_KIND]
        shown.update(new)
        firsts[name] = [rows[number] for number in new]
    return firsts


@require_safe
@with_own_signature
def index(request: HttpRequest) -> HttpResponse:
    """List all petitions, or those that the filters and the search leave."""
    return listing(request, Filters.of(request))


@require_safe
@with_own_signature
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    """List the petitions on a topic."""
    topic = get_object_or_404(Topic, slug=slug)
    return listing(request, Filters.of(request, topic), on_topic_page=True)


def listing(
    request: HttpRequest, filters: Filters, *, on_topic_page: bool = False
) -> HttpResponse:
    """Show the petitions that the filters leave: searched when there are words, else
    browsed."""
    now = timezone.now()
    context: dict[str, Any] = {
        "filters": filters,
        "states": STATES,
        "sorts": SORTS,
        "topics": [] if on_topic_page else Topic.objects.in_use(now).in_reader_order(),
        "query": filters.query(on_topic_page=on_topic_page),
        "on_topic_page": on_topic_page,
        "found": None,
        "page": None,
        "number": 1,
        "after": "",
        "newest": [],
    }
    if filters.words:
        topic = filters.topic.pk if filters.topic else None
        scope = SearchScope(now, filters.states, topic=topic)
        results, page, petitions = found_page(filters, request, scope)
        context |= {
            "found": results,
            "page": page,
            "number": page.number,
            "petitions": petitions,
        }
        if not petitions:
            newest = Petition.objects.open(now).newest_first()[:3]
            context["newest"] = newest.complete()
    else:
        context |= browsing(request, filters, now)
    return TemplateResponse(request, "petitions/index.html", context)


def browsing(request: HttpRequest, filters: Filters, now: datetime) -> dict[str, Any]:
    """Return the context of a list without search words. The first pages are found by
    number, those far behind by where the page before them ended (`after`)."""
    rows = browsed(filters, now)
    if filters.after:
        petitions = behind(rows, filters)
        more = len(petitions) > PAGE_SIZE
        petitions = petitions[:PAGE_SIZE]
        page = None
    else:
        page = page_of(BoundedPaginator(rows, PAGE_SIZE), request)
        petitions = page.object_list.complete()  # type: ignore[attr-defined]
        paginator = page.paginator
        more = not page.has_next() and paginator.has_more  # type: ignore[attr-defined]
    after = marker(petitions[-1], filters.sort) if more and petitions else ""
    number = page.number if page else 1
    return {"page": page, "number": number, "petitions": petitions, "after": after}
