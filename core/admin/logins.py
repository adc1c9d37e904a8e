"""Logging in and staying logged in. Checking a password costs half a second of a
processor, on purpose, so that it is queued."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import ngettext

from core.text.numbers import Counted

HELD_UP = "site.held_up"
BUSY = timedelta(seconds=5)


class CheckQueue:
    """A queue for checking passwords, one at a time in each process: whoever guesses by
    the thousand keeps one processor busy, and the site's pages have the others. At most
    `waiting` requests wait, for `seconds` at most."""

    def __init__(self, waiting: int, seconds: float) -> None:
        self.seconds = seconds
        self.places = threading.BoundedSemaphore(1 + waiting)
        self.checking = threading.BoundedSemaphore(1)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Yield True when it is this request's turn; False when too many wait, or for
        too long."""
        if not self.places.acquire(blocking=False):
            yield False
            return
        try:
            if not self.checking.acquire(timeout=self.seconds):
                yield False
                return
            try:
                yield True
            finally:
                self.checking.release()
        finally:
            self.places.release()


# Less than half of the threads can wait here; the others serve pages.
LINE = CheckQueue(waiting=max(1, settings.THREADS // 2 - 1), seconds=8)


class HeldUp(PermissionDenied):
    """Raised when a password was not checked, because too many are tried or waiting:
    how long to wait before the next. As a PermissionDenied it keeps Django from asking
    other backends."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("held up")
        self.wait = wait

    def sentence(self) -> str:
        minutes = math.ceil(self.wait.total_seconds() / 60)
        return ngettext(
            "Too many passwords were tried. Wait one minute.",
            "Too many passwords were tried. Wait %(number)s minutes.",
            minutes,
        ) % {"number": Counted(minutes)}


def held_up(request: HttpRequest) -> HeldUp | None:
    """Return why the login in this request was held up, if it was."""
    held = request.META.get(HELD_UP)
    return held if isinstance(held, HeldUp) else None


# == How long a login lasts ==

LONGEST = timedelta(hours=24)
"""Longer than any working day."""
RENEWED = timedelta(minutes=5)
"""The least time between two writes of a session, each of which postpones its
expiry."""
BEGAN, RENEWED_AT = "began", "renewed_at"


def begin_session(
    sender: object, request: HttpRequest | None, user: object, **kwargs: Any
) -> None:
    """Note when a session began. Connected to a login, which stores it anyway."""
    if request is not None:
        seconds = int(timezone.now().timestamp())
        request.session[BEGAN] = request.session[RENEWED_AT] = seconds


def extend_session(request: HttpRequest, now: datetime) -> bool:
    """Extend the session of this request, as somebody is active; log out when the login
    is older than LONGEST. Return whether it was extended just now."""
    if not request.user.is_authenticated:
        return False
    session, seconds = request.session, int(now.timestamp())
    began = session.setdefault(BEGAN, seconds)
    if seconds - began > LONGEST.total_seconds():
        logout(request)
    elif seconds - session.get(RENEWED_AT, 0) > RENEWED.total_seconds():
        session[RENEWED_AT] = seconds
        return True
    return False


class LoginForm(AdminAuthenticationForm):
    """The login form; says how long to wait when the password was not even checked."""

    def get_invalid_login_error(self) -> ValidationError:
        held = held_up(self.request) if self.request is not None else None
        if held is not None:
            return ValidationError(held.sentence(), code="held_up")
        return super().get_invalid_login_error()
