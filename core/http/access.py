"""The access line of the log: one for each request."""

from __future__ import annotations

import logging
import time
from typing import Any

access = logging.getLogger("access")

METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
)


def log_access(
    fields: dict[str, Any], *, method: str, route: str, status: int, started: float
) -> None:
    """Log the line of a request that `started` then, by time.perf_counter(): method,
    route pattern, status, milliseconds, and the `fields` that its lines carry."""
    fields |= {
        # Only known ones: a client may send any word as its method.
        "method": method if method in METHODS else "(other)",
        "route": route,
        "status": status,
        "ms": round((time.perf_counter() - started) * 1000, 1),
    }
    if access.isEnabledFor(logging.INFO):
        # As `access.info()` does, which would look for the line of code that calls it:
        # that takes a third of the time of a line, and none has it.
        line = access.makeRecord(
            access.name, logging.INFO, "", 0, "request", (), None, extra=fields
        )
        access.handle(line)
