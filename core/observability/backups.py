"""Probe for backups of the database: scripts/backup.sh records each dump."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.models import Heartbeat
from core.observability.probes import (
    Reading,
    probe,
)

NAME = "backup"
LATE_AFTER = timedelta(hours=30)


@probe
def backup(now: datetime) -> list[Reading]:
    """Report the age of the newest dump; nothing for a site that has never made one."""
    last = Heartbeat.objects.filter(name=NAME).first()
    if last is None:
        return []
    age = now - last.beat_at
    return [
        Reading(
            "backup_age_seconds",
            age.total_seconds(),
            "Time since the database was last dumped",
            f"No dump of the database was made for {age.total_seconds() / 3600:.0f} "
            "hours. Look at the log of scripts/backup.sh."
            if age > LATE_AFTER
            else "",
        )
    ]
