"""Organisations as public data."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from core.http.paging import page_of
from core.http.public_data import (
    data_answer,
    full,
    page_links,
    public_data,
)
from organizations.lookup import OrganizationMoved, get_organization
from organizations.models import Organization
from petitions.views.profile import petitions_of

PAGE_SIZE = 50


def reference(organization: Organization) -> dict[str, Any]:
    """Return the name of an organisation, and the addresses of its page, its data and
    its petitions."""
    return {
        "name": organization.name,
        "names": [
            {"language": other.language, "name": other.name}
            for other in organization.descriptions.all()
            if other.name
        ],
        "url": full(organization.get_absolute_url()),
        "data": full(reverse("data:organization", args=[organization.slug])),
        "petitions": full(
            reverse("data:petitions", query={"organization": organization.slug})
        ),
    }


@public_data
def organizations_data(request: HttpRequest) -> HttpResponse:
    """List all organisations, by name."""
    rows = Organization.objects.order_by("name", "pk").prefetch_related("descriptions")
    paginator = Paginator(rows, PAGE_SIZE)
    page = page_of(paginator, request)
    return data_answer(
        {
            **page_links(page, reverse("data:organizations"), {}),
            "organizations": [reference(organization) for organization in page],
        }
    )


@public_data
def organization(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the data of one organisation, with its figures."""
    try:
        organization = get_organization(slug)
    except OrganizationMoved as moved:
        return redirect(
            "data:organization", slug=moved.organization.slug, permanent=True
        )
    petitions = petitions_of(organization)
    return data_answer(
        {
            **reference(organization),
            "legal_name": organization.legal_name,
            "description": organization.description,
            "language": organization.language,
            "descriptions": [
                {"language": other.language, "text": other.text}
                for other in organization.descriptions.all()
                if other.text
            ],
            "website": organization.website,
            "charity_number": organization.charity_number,
            "started": petitions.count(),
            "won": petitions.won().count(),
            "supporters": petitions.supporters(),
        }
    )
