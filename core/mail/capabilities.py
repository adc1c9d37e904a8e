"""The mail server's capability that pages need to know, as the worker has learnt it:
addresses with non-ASCII letters before the @ (SMTPUTF8, RFC 6531)."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from django.conf import settings
from django.utils import timezone

from core.db.cached_value import CachedValue
from core.mail.transport import open_transport
from core.models import Heartbeat

# Names of two heartbeats, one of which is there.
TAKES = "mail to any letters"
TAKES_NOT = "mail to a-z only"
AGAIN_AFTER = 3600.0  # seconds

_lock = threading.Lock()
_learnt: tuple[bool, float] | None = None


def learn(is_international: bool) -> None:
    """Store what the server announced, if it is new or was stored an hour ago."""
    global _learnt
    with _lock:
        now = time.monotonic()
        if (
            _learnt is not None
            and _learnt[0] == is_international
            and now - _learnt[1] < AGAIN_AFTER
        ):
            return
        _learnt = (is_international, now)
    name = TAKES if is_international else TAKES_NOT
    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": timezone.now()})
    # What held before must not: its time may lie ahead, if the clock did.
    Heartbeat.objects.filter(name__in={TAKES, TAKES_NOT} - {name}).delete()


def ask() -> None:
    """Connect and store what the server announces; for when no mail has to be sent."""
    with suppress(OSError), open_transport() as transport:
        learn(transport.is_international)


def ask_server() -> bool:
    beats = Heartbeat.objects.filter(name__in=(TAKES, TAKES_NOT)).order_by("-beat_at")
    newest = beats.first()
    return newest is None or newest.name == TAKES


IS_INTERNATIONAL = CachedValue(ask_server)


def forget_answer() -> None:
    """Forget what was learnt and cached in this process."""
    global _learnt
    _learnt = None
    IS_INTERNATIONAL.forget()


def can_reach(address: str) -> bool:
    """Return whether mail to `address` can leave this site, as far as is known."""
    if address.rpartition("@")[0].isascii():
        return True
    return "folder" in settings.MAILERS["default"]["OPTIONS"] or IS_INTERNATIONAL.get()
