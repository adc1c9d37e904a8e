"""Heartbeats, alerts and rate-limit buckets: the site's own records about its
processes."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """The last sign of life of a worker's loop, or of another job or fact that has a
    name."""

    name = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """Something that is wrong: since when, and when somebody was last told."""

    name = models.CharField(max_length=40, primary_key=True)
    raised_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Bucket(models.Model):
    """The state of one rate limit (GCRA) for one source, see core.security.buckets. It
    is unlogged: losing it in a crash only means that everybody starts with a full
    bucket."""

    key = models.UUIDField(
        primary_key=True,
        help_text="Keyed hash of limit and source: core.security.buckets",
    )
    tat = models.DateTimeField(
        db_index=True,
        help_text="Theoretical arrival time: the bucket is full again then.",
    )

    def __str__(self) -> str:
        return str(self.key)
