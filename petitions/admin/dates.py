"""Dates that staff type: when a petition opens and closes, when something is public."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import Min
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from petitions.dates import day_of, why_impossible
from petitions.models import CountEntry, Petition, SignatureImport

# Nobody plans further ahead: a later year is mistyped.
FAR_AHEAD = timedelta(days=3660)


class DayAndHour(AdminSplitDateTime):
    """A date and time widget that takes a date without a time as `hour` on that day."""

    def __init__(self, hour: time, attrs: Any = None) -> None:
        super().__init__(attrs)
        self.hour = hour

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        day, hour = super().value_from_datadict(data, files, name)
        typed = bool(day and day.strip()) and not (hour and hour.strip())
        return [day, self.hour.strftime("%H:%M:%S") if typed else hour]


def beginning_of_day() -> DayAndHour:
    return DayAndHour(time(0))


def end_of_day() -> DayAndHour:
    return DayAndHour(time(23, 59, 59))


class DatesForm(forms.ModelForm[Petition]):
    """A form that refuses dates which would open or end the petition as soon as it is
    saved: that is for buttons, which say so first."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        now = timezone.now()
        self.refuse("opens_at", self.wrong_opening, now)
        self.refuse("closes_at", self.wrong_closing, now)
        self.refuse("started_on", self.wrong_start, now)
        return cleaned

    def refuse(
        self, name: str, why: Callable[[Any, datetime], Any], now: datetime
    ) -> None:
        """Add what is wrong with a date to its field, unless the date is unchanged."""
        if name not in self.cleaned_data or name not in self.changed_data:
            return
        if sentence := why(self.cleaned_data[name], now):
            self.add_error(name, sentence)

    def wrong_opening(self, opens_at: datetime | None, now: datetime) -> Any:
        """Return why the petition cannot open then, in a sentence; None if it can."""
        if self.instance.is_scheduled(now):
            if opens_at is None:
                return _("Say when it opens, or make it a draft again.")
            if opens_at <= now:
                return _(
                    "This has passed. To open the petition now, use “Open it now”."
                )
        closes_at = self.cleaned_data.get("closes_at", self.instance.closes_at)
        # A closing date that is changed as well has its own sentence.
        alone = "closes_at" not in self.changed_data
        if alone and opens_at and closes_at and closes_at <= opens_at:
            return _("Open the petition before it closes.")
        return far_ahead(opens_at, now)

    def wrong_closing(self, closes_at: datetime | None, now: datetime) -> Any:
        """Return why the petition cannot close then, in a sentence; None if it can."""
        if closes_at is None:
            return None
        opens_at = self.cleaned_data.get("opens_at", self.instance.opens_at)
        if opens_at and now < opens_at >= closes_at:
            return _("Close the petition after it opens.")
        if closes_at <= now:
            return _("This has passed. To end a petition now, use “Close”.")
        return far_ahead(closes_at, now)

    def wrong_start(self, day: date | None, now: datetime) -> Any:
        """Return why it cannot have begun elsewhere on that day, in a sentence; None if
        it can. What has opened or ended, or was counted, had begun."""
        if day is None:
            return None
        if impossible := why_impossible(day, now):
            return impossible
        opens_at, ended_on = self.instance.opens_at, self.instance.end_day
        opened_on = day_of(opens_at) if opens_at and opens_at <= now else None
        entries = CountEntry.objects.filter(petition=self.instance.pk)
        imports = SignatureImport.objects.filter(petition=self.instance.pk)
        counted_on = [
            rows.aggregate(day=Min("counted_at"))["day"]
            for rows in (entries, imports.exclude(begun_at=None))
        ]
        begun_by = min(filter(None, [opened_on, ended_on, *counted_on]), default=day)
        if day <= begun_by:
            return None
        return _("It had begun by %(day)s: choose that day, or an earlier one.") % {
            "day": date_format(begun_by)
        }


def far_ahead(moment: datetime | None, now: datetime) -> Any:
    """Return a sentence if the date is more than ten years ahead; None if it is not."""
    if moment is not None and moment > now + FAR_AHEAD:
        return _("This is more than ten years ahead: check the year.")
    return None
