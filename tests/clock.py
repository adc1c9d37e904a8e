"""Moving the site's clock on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.utils import timezone


@contextmanager
def time_passes(by: timedelta) -> Iterator[None]:
    """Let `timezone.now()` return a later time within the block."""
    real = timezone.now
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: real() + by)
        yield
