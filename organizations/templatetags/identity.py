"""An organisation's own look on its pages."""

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
    """Its colours, when it has chosen one: a style sheet that the policy of this one
    answer allows."""
    if not organization.accent:
        return SafeString("")
    return styles.add_style_sheet(context["request"], branding.css(organization.accent))


@register.simple_tag
def look(organization: Organization | None) -> dict[str, str]:
    """What a mail looks like, whose program knows no style sheets: colours of whoever
    writes, the site's own without an organisation, and the address of its logo."""
    found = branding.written(organization.accent if organization else "")
    logo = organization.mail_logo if organization else ""
    return {**found, "logo": settings.SITE_URL + logo if logo else ""}
