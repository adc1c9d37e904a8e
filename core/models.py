"""Signs of life of the site's own processes."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """When a loop of the worker was last seen working."""

    name = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """Something is wrong, since when, and when somebody was last told."""

    name = models.CharField(max_length=40, primary_key=True)
    raised_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Bucket(models.Model):
    """What one source has left of one limit (core.security.buckets); full again at
    `full_at`. The table is unlogged: losing it in a crash only means beginning anew."""

    key = models.UUIDField(
        primary_key=True,
        help_text="Keyed hash of limit and source: core.security.buckets",
    )
    full_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.key)
