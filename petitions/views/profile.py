"""The profile of an organisation: who it is, what it has started and won; and the list
of all organisations."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.context import carried_query, page_addresses
from core.http.paging import page_of
from organizations.lookup import OrganizationMoved, get_organization
from organizations.models import Organization
from petitions.counts.track_record import track_record
from petitions.models import Petition
from petitions.models.listings import Figures, PetitionQuerySet
from petitions.search.listing import page_of_profile
from petitions.states import Source
from petitions.views.thanks import with_own_signature

ORGANIZATIONS_PER_PAGE = 50
SHOWN_UPDATES = 3


def petitions_of(organization: Organization) -> PetitionQuerySet:
    """Return the petitions of an organisation that were ever public; its figures add
    these up."""
    of_it = Petition.objects.filter(organization=organization)
    return of_it.ever_public(timezone.now())


def figures_of(organizations: list[Organization]) -> dict[int, Figures]:
    """Return how many petitions each organisation has started and won, and with how
    many supporters, by its primary key."""
    theirs = Petition.objects.filter(organization__in=organizations)
    return theirs.ever_public(timezone.now()).figures_by_organization()


@require_safe
def organizations_list(request: HttpRequest) -> HttpResponse:
    """List the organisations by name, with their figures."""
    rows = Organization.objects.in_reader_order()
    page = page_of(Paginator(rows, ORGANIZATIONS_PER_PAGE), request)
    shown = list(page)
    figures = figures_of(shown)
    context = {
        "page": page,
        "organizations": [(row, figures.get(row.pk)) for row in shown],
    }
    return TemplateResponse(request, "organizations/index.html", context)


@require_safe
@with_own_signature
def profile(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        organization = get_organization(slug)
    except OrganizationMoved as moved:
        return redirect(moved.organization, permanent=True)
    return profile_page(request, organization)


def profile_page(
    request: HttpRequest, organization: Organization, *, home: bool = False
) -> HttpResponse:
    """Show the profile; `home` when it stands in for the home page, on a site of one
    organisation."""
    petitions = petitions_of(organization)
    counts = petitions.supporters_by_source()
    results, page, shown = page_of_profile(petitions, request, organization)
    context = {
        "organization": organization,
        "home": home,
        "found": results,
        "described": organization.described,
        "page": page,
        "petitions": shown,
        "words": results.words if results else "",
        "query": f"{urlencode({'q': results.words})}&" if results else "",
        "started": petitions.count() if results else page.paginator.count,
        "record": track_record(petitions, counts[Source.CONFIRMED]),
        "supporters": sum(counts.values()),
        "counts": counts,
        "updates": petitions.latest_updates(timezone.now())[:SHOWN_UPDATES]
        if page.number == 1 and not results
        else [],
        "withdrawn": Petition.objects.filter(organization=organization).withdrawn()[:20]
        if page.number == 1 and not results
        else [],
    }
    if home:
        # The address of the profile stays the canonical one.
        context |= page_addresses(
            organization.get_absolute_url(), carried_query(request)
        )
    return TemplateResponse(request, "organizations/profile.html", context)
