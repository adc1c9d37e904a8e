"""New code is taken up under load, without a request that fails."""

from __future__ import annotations

import os
import signal

import pytest

from tests.faults.conftest import Parts
from tests.site import until

pytestmark = pytest.mark.faults

RELOADS = int(os.environ.get("RELOADS", "1"))


def test_reload_under_load(parts: Parts) -> None:
    first = parts.gunicorn
    with parts.load() as load:
        until(lambda: len(load.confirmed) > 5, 30)
        for _ in range(RELOADS):
            old = set(parts.site.processes("gunicorn")) - {first}
            os.kill(first, signal.SIGHUP)
            until(lambda old=old: renewed(parts, old), 20)  # type: ignore[misc]
            load.goes_on()

    figures = load.prove("reload of gunicorn", f"{RELOADS} × HUP")
    assert parts.gunicorn == first
    assert set(figures.answers) == {200, 303}
    assert figures.broken == 0


def renewed(parts: Parts, old: set[int]) -> bool:
    """Whether all processes but the first are others than before."""
    now = set(parts.site.processes("gunicorn"))
    return not now & old and len(now) > 2
