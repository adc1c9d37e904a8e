"""Template tags for an organisation's own look."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.utils.safestring import SafeString

from core.http import styles
from organizations import branding
from organizations.models import Organization

register = template.Library()


@register.simple_tag(takes_context=True)
def accent(context: dict[str, Any], organization: Organization) -> SafeString:
    """Add a style sheet with the organisation's colours, if it has chosen one, and
    allow it in the Content-Security-Policy of this response."""
    if not organization.accent:
        return SafeString("")
    return styles.add_style_sheet(context["request"], branding.css(organization.accent))


@register.simple_tag
def mail_look(organization: Organization | None) -> dict[str, str]:
    """Return the colours and the logo's address for a mail, since mail programs know no
    style sheets; the site's own colours without an organisation."""
    colours = branding.light_scheme(organization.accent if organization else "")
    logo = organization.mail_logo if organization else ""
    return {**colours, "logo": settings.SITE_URL + logo if logo else ""}
