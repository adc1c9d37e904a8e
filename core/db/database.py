"""Living with a database that may be away for a moment."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

from django.db import (
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
    connections,
)

from core.db.schema import is_behind

# PostgreSQL's classes of "not now": connection lost, server shutting down or
# starting, too many connections, a disk that is full or fails, read-only after a
# failover, deadlock, lock timeout.
AWAY_STATES = ("08", "53", "57", "58", "25006", "40", "55P03")
# Of these: lock timeout, deadlock, two transactions that exclude each other.
HELD_BACK = ("55P03", "40P01", "40001")


def is_away(error: BaseException) -> bool:
    """Whether the same statement may succeed a moment later, or once `migrate` has
    run."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, Error):
        return False
    state = state_of(error)
    if state is None:
        return isinstance(error, OperationalError)
    # By its state alone: Django calls one that takes no writes an internal error.
    return state.startswith(AWAY_STATES) or is_behind(error)


def state_of(error: BaseException) -> str | None:
    """PostgreSQL's code for what went wrong; None when it did not answer."""
    state: str | None = getattr(error.__cause__, "sqlstate", None)
    return state


def is_held_back(error: BaseException) -> bool:
    """Whether somebody else held what a statement needed, or two waited for each
    other: nothing was written, and it may be done again."""
    return isinstance(error, OperationalError) and state_of(error) in HELD_BACK


@contextmanager
def direct(alias: str, limits: str) -> Iterator[None]:
    """A connection outside of the pool, with other `limits` ("-c lock_timeout=2s"), for
    what is no request; in a transaction that goes on, nothing changes."""
    database = connections[alias]
    if database.in_atomic_block:
        yield
        return
    usual = database.settings_dict["OPTIONS"]
    database.close()
    own = {name: value for name, value in usual.items() if name != "pool"}
    own["options"] = f"{usual.get('options', '')} {limits}"
    database.settings_dict["OPTIONS"] = own
    try:
        yield
    finally:
        database.close()
        database.settings_dict["OPTIONS"] = usual


def retry_once[T](write: Callable[[], T]) -> T:
    """Run an idempotent `write` outside any transaction; when its connection turns
    out to be dead, run it once more on one that is not."""
    try:
        return write()
    except (OperationalError, InterfaceError, InternalError) as error:
        if connection.in_atomic_block or not is_away(error):
            raise
        connection.close()
        # A server that restarted left every pooled connection dead: the pool drops
        # them all now, instead of one for each request to come.
        if pool := getattr(connection, "pool", None):
            pool.check()
        return write()


# The same, or a row that was erased meanwhile.
IN_THE_WAY = (*HELD_BACK, "23503")
TRIES = 3


def repeatable[**P, T](act: Callable[P, T]) -> Callable[P, T]:
    """For acts that may be done twice: when another transaction was in the way, one is
    begun anew, twice at most. Within a transaction that is up to whoever began it."""

    @wraps(act)
    def done(*args: P.args, **kwargs: P.kwargs) -> T:
        for _try in range(TRIES - 1):
            try:
                return act(*args, **kwargs)
            except (OperationalError, IntegrityError) as error:
                if connection.in_atomic_block or state_of(error) not in IN_THE_WAY:
                    raise
            # Not in step with the other one.
            time.sleep(random.uniform(0, 0.1))  # noqa: S311
        return act(*args, **kwargs)

    return done


@contextmanager
def statement_timeout(duration: str) -> Iterator[None]:
    """Statements of the open transaction may take so long ("2min"; "0": any time),
    longer than a visitor would wait. After an error its rollback ends this, too."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        (usual,) = cursor.fetchone()
        cursor.execute(SET_TIMEOUT, [duration])
        yield
        cursor.execute(SET_TIMEOUT, [usual])


def without_comments(statement: str) -> str:
    """The statement without its comments. psycopg keeps what it made of a statement of
    at most 4,096 characters, and takes a longer one to pieces each time it is sent."""
    return re.sub(r" *--.*\n", "", statement)


SET_TIMEOUT = "SELECT set_config('statement_timeout', %s, true)"
