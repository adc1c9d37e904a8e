"""Operating the site: turning its switches (core.switches), on record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core.models import Switch, SwitchName
from core.security import events
from core.switches import SWITCHES

# The most characters of a text.
MOST = 300


def turn_on(
    name: SwitchName, texts: Mapping[str, str], *, now: datetime, by: int | None
) -> None:
    """Turn a switch on, or change its texts, and note it in the log. One that was on
    already keeps its time."""
    written = {code: text.strip() for code, text in texts.items() if text.strip()}
    Switch.objects.update_or_create(
        name=name,
        defaults={"texts": written, "by": by},
        create_defaults={"texts": written, "by": by, "since": now},
    )
    SWITCHES.forget()
    events.record(f"switched on: {name}", by=by)


def turn_off(name: SwitchName, *, by: int | None) -> None:
    """Turn a switch off, and note it in the log."""
    Switch.objects.filter(name=name).delete()
    SWITCHES.forget()
    events.record(f"switched off: {name}", by=by)
