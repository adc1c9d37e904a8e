"""The tasks for staff on the first page of the admin."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone

from core.http.paging import BoundedPaginator
from organizations.models import User
from organizations.rights import Right, may, may_somewhere, within
from petitions import ways_back
from petitions.models import Removal, Signature, SupporterRequest, Webhook

register = template.Library()


@register.simple_tag
def quarantined(user: User) -> BoundedPaginator:
    """Return the quarantined signatures that wait for a decision, under petitions that
    `user` moderates: their `count`, at most 1,000, and whether it `has_more`."""
    waiting = Signature.objects.quarantined()
    rows = within(waiting, "petition__organization_id", user, Right.MODERATE)
    return BoundedPaginator(rows.order_by("pk"), BoundedPaginator.most)


@register.simple_tag
def removals(user: User) -> list[Removal]:
    """Return the decisions to erase quarantined signatures that can still be called
    off, under petitions that `user` moderates."""
    return Removal.objects.moderated_by(user).waiting()


@register.filter
def administers(user: User) -> bool:
    """Return whether `user` looks after the whole site."""
    return may(user, Right.ADMINISTER, None)


@register.simple_tag
def serves(user: User) -> bool:
    """Return whether `user` may search for supporters."""
    return may_somewhere(user, Right.SERVE)


@register.simple_tag
def open_requests(user: User) -> dict[str, Any]:
    """Return the supporters' requests that `user` may answer: their number, that of the
    overdue ones, and the day by which the first is to be answered."""
    requests = SupporterRequest.objects.open()
    rows = list(within(requests, "organization_id", user, Right.SERVE))
    today = timezone.localdate()
    return {
        "number": len(rows),
        "overdue": sum(row.is_overdue(today) for row in rows),
        "first": rows[0].due_on if rows else None,
    }


@register.simple_tag
def troubled_webhooks(user: User) -> list[Webhook]:
    """Return the newsletter tools of `user` that are not told what they should be."""
    rows = Webhook.objects.in_trouble().distinct()
    return list(within(rows, "organization_id", user, Right.CONNECT))


@register.simple_tag
def way_back(act: str, since: datetime | None = None) -> str:
    """Say until when an act of staff that was done at `since`, or is done now, can be
    taken back."""
    now = timezone.now()
    return ways_back.sentence(act, since or now, now)
