"""Moving the site's clock on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.utils import timezone

# Zones differ by whole quarters of an hour: at their ends a day turns somewhere. A test
# takes less than this, unless it drives a browser or kills processes.
QUARTER, TAKES = 900, 10


def rest_of_day(now: float) -> float:
    """Return the seconds until a test can begin that ends on the same day, in every
    zone, when it is `now` (seconds since 1970): 0, but shortly before a day turns."""
    left = QUARTER - now % QUARTER
    return left if left < TAKES else 0


@contextmanager
def time_passes(by: timedelta) -> Iterator[None]:
    """Let `timezone.now()` return a later time within the block."""
    real = timezone.now
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: real() + by)
        yield
