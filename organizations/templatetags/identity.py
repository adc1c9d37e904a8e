"""An organisation's own look on its pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from config import styles
from organizations import identity
from organizations.models import Organization

register = template.Library()


@register.simple_tag(takes_context=True)
def accent(context: dict[str, Any], organization: Organization) -> SafeString:
    """Its colours, when it has chosen one: a style sheet that the policy of this one
    answer allows."""
    if not organization.accent:
        return SafeString("")
    return styles.note(context["request"], identity.css(organization.accent))
