"""Tags and filters for sharing a petition."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.utils.translation import ngettext

from core.text.numbers import Counted
from organizations.models import Organization
from petitions.models import Petition, Update
from petitions.sharing import previews
from petitions.sharing.links import Sharing
from petitions.sharing.previews import Preview
from petitions.templatetags.text_tags import canonical

register = template.Library()


# The tags below write the link preview of a page into its head.


@register.inclusion_tag("petitions/_preview.html")
def petition_preview(
    petition: Petition, path: str = "", *, heading: str = "", number: int = 1
) -> dict[str, Any]:
    """Preview a petition's own page, or the page behind it that has this `path`."""
    path = f"{path}{text_query(petition)}" if path else canonical(petition)
    return preview_data(
        previews.preview_of_petition(petition, path, heading=heading, number=number)
    )


@register.inclusion_tag("petitions/_preview.html")
def update_preview(update: Update) -> dict[str, Any]:
    return preview_data(previews.preview_of_update(update, canonical(update)))


@register.inclusion_tag("petitions/_preview.html")
def organization_preview(
    organization: Organization, path: str, *, supporters: int, number: int = 1
) -> dict[str, Any]:
    return preview_data(
        previews.preview_of_organization(
            organization, path, supporters=supporters, number=number
        )
    )


@register.inclusion_tag("petitions/_preview.html")
def site_preview(
    only: Organization | None, path: str, *, title: str, description: str,
    number: int = 1,
) -> dict[str, Any]:  # fmt: skip
    return preview_data(
        previews.preview_of_site(
            only, path, title=title, description=description, number=number
        )
    )


def preview_data(preview: Preview) -> dict[str, Any]:
    return {"shared": preview, "SITE_URL": settings.SITE_URL}


@register.filter
def for_readers(petition: Petition) -> Sharing:
    """Return the links to share a petition for readers who have not just signed it."""
    return Sharing(petition)


@register.filter
def text_query(petition: Petition) -> str:
    """Return the query that keeps the language of the text on pages around the
    petition; "" for a language of the interface."""
    return f"?text={petition.reading}" if petition.address_language else ""


@register.filter
def sheets_kept(petition: Petition) -> str:
    """Return how long paper sheets are kept: no longer than what is entered on the
    site."""
    months = min(petition.months_kept, settings.RETENTION_MONTHS)
    return ngettext(
        "The sheets are destroyed %(months)s month after the petition closes.",
        "The sheets are destroyed %(months)s months after the petition closes.",
        months,
    ) % {"months": Counted(months)}
