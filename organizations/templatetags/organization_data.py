"""Structured data (JSON-LD) that search engines read about an organisation."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from core.http import json_ld
from core.http.public_data import full
from core.text import links
from organizations.models import Organization

register = template.Library()
# Turn the addresses in plain text into links.
register.filter("linked", links.linked)


def organization_reference(organization: Organization) -> dict[str, Any]:
    return {
        "@type": "Organization",
        "name": organization.display_name,
        "url": full(organization.get_absolute_url()),
    }


@register.simple_tag
def organization_ld(organization: Organization) -> SafeString:
    return json_ld.json_ld_element(
        {
            **organization_reference(organization),
            "legalName": organization.display_legal_name,
            "sameAs": organization.display_website,
            "email": organization.contact_email,
            "logo": full(organization.logo.url) if organization.logo else "",
        }
    )
