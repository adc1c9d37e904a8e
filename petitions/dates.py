"""Dates and times as people type and read them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.i18n.moments import hour_words

# No site still has signatures that were collected earlier.
FIRST_YEAR = 1800


def why_impossible(day: date, now: datetime) -> str | Promise:
    """Return a sentence that says why nothing can have happened on this day; "" when it
    can."""
    return why_impossible_by(day, timezone.localdate(now))


def why_impossible_by(day: date, today: date) -> str | Promise:
    """Return the same for a reader whose day is `today`."""
    if day > today:
        return _("This day is still to come.")
    if day.year < FIRST_YEAR:
        return _("This is too long ago: check the year.")
    return ""


def day_of(when: date) -> date:
    """Return a day as it is, and the day in the site's time zone of a moment."""
    return timezone.localdate(when) if isinstance(when, datetime) else when


def last_day(closes_at: datetime) -> date:
    """Return the last day that a petition is open on: the day before, when it closes at
    midnight or within the minute behind it."""
    minute = closes_at.replace(second=0, microsecond=0)
    return timezone.localdate(minute - timedelta(microseconds=1))


def closes_with_its_day(closes_at: datetime) -> bool:
    """Return whether it closes in the minute before midnight, or the one behind it."""
    local = timezone.localtime(closes_at)
    return (local.hour, local.minute) in {(0, 0), (23, 59)}


def closing_words(closes_at: datetime) -> str:
    """Say in the reader's language until when a petition is open: the day, and when it
    closes earlier than that day ends, also the hour and time zone."""
    if closes_with_its_day(closes_at):
        return date_format(last_day(closes_at))
    return hour_words(closes_at)
