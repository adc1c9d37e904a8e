"""Living with a database that may be away for a moment."""

from __future__ import annotations

from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection

# PostgreSQL's classes of "not now": connection lost, server shutting down or
# starting, too many connections, read-only after a failover, deadlock, lock timeout.
AWAY_STATES = ("08", "53", "57", "25006", "40", "55P03")


def is_away(error: BaseException) -> bool:
    """Whether the same statement may succeed a moment later."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or str(state).startswith(AWAY_STATES)


def retry_once[T](write: Callable[[], T]) -> T:
    """Run an idempotent `write` outside any transaction; when its connection turns
    out to be dead, run it once more on one that is not."""
    try:
        return write()
    except (OperationalError, InterfaceError) as error:
        if connection.in_atomic_block or not is_away(error):
            raise
        connection.close()
        # A server that restarted left every pooled connection dead: the pool drops
        # them all now, instead of one for each request to come.
        if pool := getattr(connection, "pool", None):
            pool.check()
        return write()
