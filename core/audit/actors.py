"""Who acts: named to the database in each transaction, for its triggers to write down.

Connections come from a pool, so a name must not outlive its transaction: it is set with
the transaction's first statement. A statement that writes outside of one gets one."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from psycopg.pq import TransactionStatus

TELL = "SELECT set_config('app.actor', %s, true), set_config('app.reason', %s, true)"
# What may write: a statement begins so, or has it within a WITH.
WRITES = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|WITH\b.*\b(INSERT|UPDATE|DELETE)\b)",
    re.I | re.S,
)


class Acting:
    """Somebody who acts in this thread: the number of an account, or the name of a
    process (“command: expire”)."""

    def __init__(self, actor: str) -> None:
        self.actor, self.reason = actor, ""

    # A wrapper of Django's for each statement of a connection.
    def __call__(
        self,
        execute: Callable[..., Any],
        sql: Any,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> Any:
        database = context["connection"]
        if current() is not self:
            return execute(sql, params, many, context)
        if database.in_atomic_block:
            if status() is TransactionStatus.IDLE:
                self.tell()
            return execute(sql, params, many, context)
        if not isinstance(sql, str) or not WRITES.match(sql):
            return execute(sql, params, many, context)
        with transaction.atomic():
            self.tell()
            return execute(sql, params, many, context)

    def tell(self) -> None:
        """Name them to the transaction that is open, or begins with this."""
        # Past Django's cursor, whose every statement leads here.
        connection.connection.execute(TELL, [self.actor, self.reason])


NOBODY = Acting("")
_known = threading.local()


def current() -> Acting:
    """Return who acts in this thread; NOBODY where nobody said so."""
    acting: Acting = getattr(_known, "acting", NOBODY)
    return acting


def status() -> TransactionStatus | None:
    """Return the state of this thread's connection; None without one."""
    if connection.connection is None or connection.connection.closed:
        return None
    transaction: TransactionStatus = connection.connection.info.transaction_status
    return transaction


def is_in_transaction() -> bool:
    return connection.in_atomic_block and status() is TransactionStatus.INTRANS


@contextmanager
def acting(actor: str) -> Iterator[None]:
    """Let everything that this thread writes be on record as done by `actor`."""
    before = current()
    _known.acting = this = Acting(actor)
    try:
        with connection.execute_wrapper(this):
            if is_in_transaction():
                this.tell()
            yield
    finally:
        _known.acting = before
        if is_in_transaction():
            before.tell()


def because(reason: str) -> None:
    """Record `reason` with what this thread writes from here on, in this request or
    command; in the open transaction, where nobody was named."""
    this = current()
    if this is not NOBODY:
        this.reason = reason
    if is_in_transaction():
        connection.connection.execute(TELL, [this.actor, reason])


def name_session(actor: str) -> None:
    """Name a worker's loop for as long as its connection lives, which is its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.actor', %s, false)", [actor])
