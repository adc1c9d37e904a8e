"""Switches for the whole site: stop signing, stop mail, read-only, and a banner.

Each process reads them again when its last look is `SECONDS` old and somebody asks;
while the database is away it keeps what it read last. `core.http.gate` holds forms to
them, `core.worker.loops` the loops, `core.http.cache_policy` the pages that a process
keeps; `core.operation` turns them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import Error
from django.http import HttpRequest
from django.utils.translation import get_language

from core.db.cached_value import CachedValue
from core.models import Switch, SwitchName

# A switch is in force everywhere within 5 s: this, and what a request takes.
SECONDS = 2.0
# A form does not go by an older look, though another thread is just having one.
LONGEST = 4.0


@dataclass(frozen=True)
class On:
    """A switch that is on."""

    texts: Mapping[str, str]
    """What visitors read, by language of the interface; "" or missing for our words."""
    since: datetime
    by: int | None

    @property
    def language(self) -> str:
        """The language of `text`: the reader's, or else the first that has one."""
        reader = get_language() or ""
        written = [code for code, text in self.texts.items() if text]
        return reader if reader in written or not written else written[0]

    @property
    def text(self) -> str:
        return self.texts.get(self.language, "")


@dataclass(frozen=True)
class Switches:
    """The switches that are on; equal as long as nobody has changed one."""

    stop_signing: On | None = None
    stop_mail: On | None = None
    read_only: On | None = None
    banner: On | None = None

    @property
    def takes_signatures(self) -> bool:
        return not (self.stop_signing or self.read_only)

    @property
    def sends_mail(self) -> bool:
        """Whether mail to supporters, and mail that visitors cause, is sent."""
        return not (self.stop_mail or self.read_only)

    def of(self, name: str) -> On | None:
        """Return the switch with this name, if it is on."""
        switch: On | None = getattr(self, name.replace("-", "_"))
        return switch


NONE = Switches()


def load() -> Switches:
    """Read the switches; while the database cannot say, return what was read last."""
    try:
        rows = list(Switch.objects.all())
    except Error:
        return SWITCHES.known() or NONE
    return Switches(
        **{
            row.name.replace("-", "_"): On(row.texts, row.since, row.by)
            for row in rows
            if row.name in SwitchName.values
        }
    )


SWITCHES = CachedValue(load, seconds=SECONDS)

# Where a request carries the switches: whatever is done for it goes by the same ones.
KEY = "site.switches"
STOPPED = "site.stopped"


def switches_of(request: HttpRequest) -> Switches:
    """Return the switches that hold for this request."""
    switches = request.META.get(KEY)
    if not isinstance(switches, Switches):
        switches = request.META[KEY] = SWITCHES.get()
    return switches


def stopped_by(request: HttpRequest) -> str:
    """Return the name of the switch that refused this request's form, "" if none
    did."""
    return str(request.META.get(STOPPED, ""))
