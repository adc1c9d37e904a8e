"""The most months that the site keeps names, and since when."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models

from petitions.models.petition_lifecycle import WAIT


class RetentionLimit(models.Model):
    """A value of RETENTION_MONTHS and the moment at which a worker first met it. The
    newest one is in force; what it erases, it erases `WAIT` later."""

    months = models.PositiveSmallIntegerField()
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.months} months since {self.since:%Y-%m-%d %H:%M}"

    @property
    def holds_from(self) -> datetime:
        """The time from which it erases; until then, setting RETENTION_MONTHS back
        calls it off."""
        return self.since + WAIT

    @classmethod
    def stored(cls) -> RetentionLimit | None:
        """Return the newest limit that a worker has recorded, None without one."""
        return cls.objects.order_by("pk").last()

    @classmethod
    def current(cls, now: datetime) -> RetentionLimit:
        """Return the limit that the setting asks for: the stored one, or when that
        differs, an unsaved one since `now`."""
        last = cls.stored()
        if last is not None and last.months == settings.RETENTION_MONTHS:
            return last
        return cls(months=settings.RETENTION_MONTHS, since=now)
