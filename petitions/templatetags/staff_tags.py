"""The tasks for staff on the first page of the admin."""

from __future__ import annotations

from django import template

from core.http.paging import BoundedPaginator
from organizations.models import EDITING_ROLES, User
from organizations.permissions import memberships
from petitions.models import Removal, Signature

register = template.Library()


@register.simple_tag
def quarantined(user: User) -> BoundedPaginator:
    """Return the quarantined signatures that wait for a decision, under petitions that
    `user` edits: their `count`, at most 1,000, and whether it `has_more`."""
    rows = Signature.objects.quarantined()
    if not user.is_superuser:
        edited = [
            organization
            for organization, role in memberships(user).items()
            if role in EDITING_ROLES
        ]
        rows = rows.filter(petition__organization__in=edited)
    return BoundedPaginator(rows.order_by("pk"), BoundedPaginator.most)


@register.simple_tag
def removals(user: User) -> list[Removal]:
    """Return the decisions to erase quarantined signatures that can still be called
    off, under petitions that `user` edits."""
    return Removal.objects.edited_by(user).waiting()
