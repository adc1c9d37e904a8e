"""Cope with a database that is away for a moment, or whose rows others have locked; set
limits of time for one connection or transaction."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
from psycopg_pool import PoolTimeout

from core.db.cached_value import CachedValue
from core.db.schema import is_behind

# SQLSTATEs, or the classes they begin with, that mean "not now": connection lost,
# server shutting down or starting, too many connections, a disk that is full or fails,
# read-only after a failover, a session ended because it did nothing in a transaction,
# deadlock, lock timeout.
AWAY_STATES = ("08", "53", "57", "58", "25006", "25P03", "40", "55P03")
# The state when a session that only reads, a replica's or one set so, is to write.
READ_ONLY = "25006"
# Lock timeout, deadlock, serialisation failure: another transaction was in the way.
HELD_BACK = ("55P03", "40P01", "40001")


def is_away(error: BaseException) -> bool:
    """Return whether the same statement may succeed a moment later, or once `migrate`
    has run. Connections that only read are discarded: they may go on doing so when the
    server takes writes again."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, Error):
        return False
    state = state_of(error)
    if state is None:
        return isinstance(error, OperationalError)
    if state == READ_ONLY:
        discard_connections()
    # By its state alone: Django raises InternalError when a server takes no writes.
    return state.startswith(AWAY_STATES) or is_behind(error)


def open_pool(seconds: float = 3.0) -> None:
    """Open the pool and wait for its first connection, at most `seconds`. Visitors wait
    for one half a second, which a busy machine may exceed when a process starts. A
    database that is away is no reason not to start."""
    if pool := getattr(connection, "pool", None):
        pool.open()
        # Not `wait()`: that closes the pool for good when it is in vain.
        with suppress(PoolTimeout):
            pool.putconn(pool.getconn(timeout=seconds))


def drain_pool() -> None:
    """Replace all connections of the pool; those in use, when they come back."""
    if pool := getattr(connection, "pool", None):
        pool.drain()


# `get` drains the pool, but at most once a second: each form that fails asks for it.
DRAINED = CachedValue(drain_pool, seconds=1)


def discard_connections() -> None:
    """Let go of this thread's connection and of those in the pool: new ones find the
    server as it is now. Inside an open transaction nothing is done."""
    if not connection.in_atomic_block:
        DRAINED.get()
        connection.close()


def state_of(error: BaseException) -> str | None:
    """Return the SQLSTATE of `error`, PostgreSQL's code of five characters; None when
    it did not answer."""
    state: str | None = getattr(error.__cause__, "sqlstate", None)
    return state


def is_held_back(error: BaseException) -> bool:
    """Return whether another transaction made a statement fail (lock timeout, deadlock,
    serialisation failure): nothing was written, and it may be tried again."""
    return isinstance(error, OperationalError) and state_of(error) in HELD_BACK


@contextmanager
def outside_pool(alias: str, limits: str) -> Iterator[None]:
    """Use a connection outside the pool with other `limits` ("-c lock_timeout=2s"), for
    work that is no request. Inside an open transaction nothing changes."""
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
    """Run an idempotent `write` outside any transaction; if its connection turns out to
    be dead, run it once more on a new one."""
    try:
        return write()
    except (OperationalError, InterfaceError, InternalError) as error:
        if connection.in_atomic_block or not is_away(error):
            raise
        connection.close()
        # A server that restarted left every pooled connection dead: let the pool drop
        # all of them now, instead of one for each request to come.
        if pool := getattr(connection, "pool", None):
            pool.check()
        return write()


# The states of `HELD_BACK`, or a foreign key to a row that was erased in the meantime.
IN_THE_WAY = (*HELD_BACK, "23503")
TRIES = 3


def repeatable[**P, T](act: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function that may safely run twice: when another transaction was in
    the way, it is tried again, at most twice. Inside an open transaction retrying is
    left to whoever began it."""

    @wraps(act)
    def done(*args: P.args, **kwargs: P.kwargs) -> T:
        for _try in range(TRIES - 1):
            try:
                return act(*args, **kwargs)
            except (OperationalError, IntegrityError) as error:
                if connection.in_atomic_block or state_of(error) not in IN_THE_WAY:
                    raise
            # Random, so that two that collided do not collide again.
            time.sleep(random.uniform(0, 0.1))  # noqa: S311
        return act(*args, **kwargs)

    return done


@contextmanager
def statement_timeout(duration: str) -> Iterator[None]:
    """Let statements of the open transaction take up to `duration` ("2min"; "0" for no
    limit), longer than a visitor would wait. After an error the rollback restores the
    usual limit."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        (usual,) = cursor.fetchone()
        cursor.execute(SET_TIMEOUT, [duration])
        yield
        cursor.execute(SET_TIMEOUT, [usual])


def without_comments(statement: str) -> str:
    """Return the statement without its comments and indentation. psycopg caches the
    parsed form of statements of at most 4,096 characters, and parses a longer one each
    time it is sent."""
    return re.sub(r"^ +", "", re.sub(r" *--.*\n", "", statement), flags=re.MULTILINE)


SET_TIMEOUT = "SELECT set_config('statement_timeout', %s, true)"
