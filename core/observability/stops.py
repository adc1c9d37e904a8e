"""Probe for what was stopped on purpose (core.switches): so that nobody forgets it."""

from __future__ import annotations

from datetime import datetime

from core.models import SwitchName
from core.observability.probes import (
    Reading,
    probe,
)
from core.switches import SWITCHES

STOPS = {
    SwitchName.STOP_SIGNING: "Signing is stopped",
    SwitchName.STOP_MAIL: "Mail to supporters is stopped",
    SwitchName.READ_ONLY: "The site is read-only",
}


@probe
def stops(now: datetime) -> list[Reading]:
    """Report each switch that stops something as 1 and as a trouble. It stops no form
    in the sense of `Reading`: a load balancer has nowhere better to send it."""
    switches = SWITCHES.get()
    readings = []
    for name, sentence in STOPS.items():
        on = switches.of(name)
        trouble = ""
        if on is not None:
            account = f" by account {on.by}" if on.by is not None else ""
            trouble = (
                f"{sentence} on purpose since {on.since:%Y-%m-%d %H:%M} UTC{account}. "
                f"To end that: `manage.py switch {name} off`."
            )
        readings.append(
            Reading(
                name.replace("-", "_"), float(on is not None), f"1: {sentence}", trouble
            )
        )
    return readings
