"""Probes: measurements of the running site, read by /readyz, /metrics and the loop that
sends alerts. Apps add their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from core.models import Heartbeat
from core.worker.loops import WORKER_LOOPS

# Seconds without a heartbeat after which a loop has stopped; it beats every few
# seconds.
STOPPED_AFTER = 60
STARTED_AT = timezone.now()


@dataclass(frozen=True)
class Reading:
    """A measured value, and what is wrong, in words ('' if nothing is). With
    `stops_forms`, visitors cannot send forms as long as there is a trouble."""

    name: str
    value: float
    help: str
    trouble: str = ""
    stops_forms: bool = False


type Probe = Callable[[datetime], list[Reading]]

PROBES: list[Probe] = []


def probe(function: Probe) -> Probe:
    """Register a probe: a function that takes the time and returns readings."""
    PROBES.append(function)
    return function


def read_all(now: datetime) -> list[Reading]:
    return [reading for function in PROBES for reading in function(now)]


@probe
def worker(now: datetime) -> list[Reading]:
    """Report the age of the worker's oldest heartbeat; a loop that never ran counts
    from the start of this process."""
    beats = dict(Heartbeat.objects.values_list("name", "beat_at"))
    ages = {
        loop.name: (now - beats.get(loop.name, min(STARTED_AT, now))).total_seconds()
        for loop in WORKER_LOOPS
    }
    # One from the future, of a clock that was ahead, says nothing either.
    late = sorted(name for name, age in ages.items() if abs(age) > STOPPED_AFTER)
    oldest = max(map(abs, ages.values()), default=0.0)
    return [
        Reading(
            "worker_heartbeat_age_seconds",
            oldest,
            "Age of the oldest heartbeat of the worker's loops",
            f"The worker does not work: no sign of {', '.join(late)} for "
            f"{oldest:.0f} s. Restart `manage.py work` and read its log."
            if late
            else "",
        )
    ]
