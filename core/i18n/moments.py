"""Moments as people read them, wherever they are."""

from __future__ import annotations

from datetime import datetime

from babel import Locale
from babel.dates import get_timezone_name
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, to_locale


def hour_words(moment: datetime) -> str:
    """Format day, hour and time zone: “5 December 2026, 18:00 (Eastern Standard
    Time)”."""
    local = timezone.localtime(moment)
    locale = Locale.parse(to_locale(get_language() or "en"))
    zone = get_timezone_name(local, width="long", locale=locale)
    return f"{date_format(local, 'DATETIME_FORMAT')} ({zone})"


def in_zone(heading: str) -> str:
    """Return the heading of a column of hours with the time zone that they are of, by
    its name in the time zone database: “When (America/Toronto)”."""
    return f"{heading} ({timezone.get_current_timezone_name()})"


def machine_words(moment: datetime) -> str:
    """Format a moment for the `datetime` of a <time> element, which has milliseconds at
    most: “2026-12-05T18:00:00-05:00”."""
    return timezone.localtime(moment).isoformat(timespec="seconds")
