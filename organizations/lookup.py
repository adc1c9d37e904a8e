"""Organisations by their address, be it a former one."""

from __future__ import annotations

from django.http import Http404

from organizations.models import FormerOrganizationSlug, Organization


class OrganizationMoved(Exception):
    """The address is a former one; `organization` has the new one."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization


def get_organization(slug: str) -> Organization:
    """Return the organisation at this address. Raise OrganizationMoved when it has
    another address now, Http404 when there never was one here."""
    rows = Organization.objects.prefetch_related("descriptions")
    organization = rows.filter(slug=slug).first()
    if organization is not None:
        return organization
    former = (
        FormerOrganizationSlug.objects.select_related("organization")
        .filter(slug=slug)
        .first()
    )
    if former is not None:
        raise OrganizationMoved(former.organization)
    raise Http404
