"""Dates and times as people type and read them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from babel import Locale
from babel.dates import get_timezone_name
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext_lazy as _

# No site still has signatures that were collected earlier.
FIRST_YEAR = 1800


def why_impossible(day: date, now: datetime) -> str | Promise:
    """Return a sentence that says why nothing can have happened on this day; "" when it
    can."""
    if day > timezone.localdate(now):
        return _("This day is still to come.")
    if day.year < FIRST_YEAR:
        return _("This is too long ago: check the year.")
    return ""


def last_day(closes_at: datetime) -> date:
    """Return the last day that a petition is open on: the day before, when it closes at
    midnight."""
    return timezone.localdate(closes_at - timedelta(microseconds=1))


def closes_with_its_day(closes_at: datetime) -> bool:
    """Return whether it closes at midnight, or in the last minute before."""
    local = timezone.localtime(closes_at)
    return (local.hour, local.minute) in {(0, 0), (23, 59)}


def closing_words(closes_at: datetime) -> str:
    """Say in the reader's language until when a petition is open: the day, and when it
    closes earlier than that day ends, also the hour and time zone."""
    if closes_with_its_day(closes_at):
        return date_format(last_day(closes_at))
    return hour_words(closes_at)


def hour_words(moment: datetime) -> str:
    """Format day, hour and time zone: “5 December 2026, 18:00 (Eastern Standard
    Time)”."""
    local = timezone.localtime(moment)
    locale = Locale.parse(to_locale(get_language() or "en"))
    zone = get_timezone_name(local, width="long", locale=locale)
    return f"{date_format(local, 'DATETIME_FORMAT')} ({zone})"
