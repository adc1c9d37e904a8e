"""The profile of an organisation: who it is, what it has started and won.

Petitions are reached through the organisation, so that this app knows nothing of the
one that depends on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.paging import page_of
from organizations.access import Moved, get_organization
from organizations.models import Organization

if TYPE_CHECKING:
    from petitions.models.petitions import PetitionQuerySet

ORGANIZATIONS_PER_PAGE = 50
PETITIONS_PER_PAGE = 20
SHOWN_UPDATES = 3


def petitions_of(organization: Organization) -> PetitionQuerySet:
    """All that were ever public; what the total adds up."""
    return organization.petitions.ever_public(timezone.now())


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    organizations = Paginator(Organization.objects.all(), ORGANIZATIONS_PER_PAGE)
    context = {"page": page_of(organizations, request)}
    return TemplateResponse(request, "organizations/index.html", context)


@require_safe
def profile(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        organization = get_organization(slug)
    except Moved as moved:
        return redirect(moved.organization, permanent=True)
    petitions = petitions_of(organization)
    paginator = Paginator(petitions.in_profile_order(), PETITIONS_PER_PAGE)
    page = page_of(paginator, request)
    context = {
        "organization": organization,
        "described": organization.described,
        "page": page,
        "petitions": page.object_list.complete(),  # type: ignore[attr-defined]
        "started": paginator.count,
        "won": petitions.won().count(),
        "supporters": petitions.supporters(),
        "updates": petitions.latest_updates(timezone.now())[:SHOWN_UPDATES]
        if page.number == 1
        else [],
        "withdrawn": organization.petitions.withdrawn()[:20]
        if page.number == 1
        else [],
    }
    return TemplateResponse(request, "organizations/profile.html", context)
