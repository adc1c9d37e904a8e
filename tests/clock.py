"""The clock of the site, moved on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.utils import timezone


@contextmanager
def time_passes(by: timedelta) -> Iterator[None]:
    """What asks `timezone.now()` within is told a later time."""
    real = timezone.now
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: real() + by)
        yield
