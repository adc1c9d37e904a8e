"""What waits for staff, on the first page of the admin."""

from __future__ import annotations

from typing import Any

from django import template

from organizations.access import memberships
from organizations.models import EDITING_ROLES, User
from petitions.models import Signature

register = template.Library()

MOST_COUNTED = 1000


@register.simple_tag
def set_aside(user: User) -> dict[str, Any]:
    """How many signatures under petitions that `user` edits wait until staff have
    looked: `number`, at most 1,000, and whether there are `more`."""
    rows = Signature.objects.set_aside()
    if not user.is_superuser:
        edited = [
            organization
            for organization, role in memberships(user).items()
            if role in EDITING_ROLES
        ]
        rows = rows.filter(petition__organization__in=edited)
    number = rows[: MOST_COUNTED + 1].count()
    return {"number": min(number, MOST_COUNTED), "more": number > MOST_COUNTED}
