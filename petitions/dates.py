"""Days that something happened on, as people type them."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Before it nobody collected signatures that a site still has.
FIRST_YEAR = 1800


def why_impossible(day: date, now: datetime) -> str | Promise:
    """Why nothing can have happened on this day, in a sentence; "" when it can."""
    if day > timezone.localdate(now):
        return _("This day is still to come.")
    if day.year < FIRST_YEAR:
        return _("This is too long ago: check the year.")
    return ""
