"""Helpers for the tests of several packages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, models

from core.models import AuditAction, AuditEntry


def text_of(response: Any) -> str:
    """Return the page's text as it is read: without tags, white space folded."""
    import html

    body = re.sub(
        r"<(script|style|head)\b.*?</\1>", "", response.content.decode(), flags=re.S
    )
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


@contextmanager
def takes_no_writes() -> Iterator[None]:
    """Let the tests' database be as on a server that has become a replica: each new
    connection only reads. For tests outside a transaction."""
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    connection.close()
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
            cursor.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        connection.close()


def notes(row: models.Model | None = None) -> list[str]:
    """Return what the audit trail says in words that staff did, about one row or any,
    the newest first."""
    found = AuditEntry.objects.filter(action=AuditAction.NOTE)
    if row is not None:
        found = found.filter(table=row._meta.db_table, row=str(row.pk))
    return list(found.values_list("now__said", flat=True))


def read_to_end(response: Any) -> None:
    """Read a file that is sent in pieces. One that nobody reads is closed whenever
    Python collects it, which may be within another statement of its connection: that
    statement waits for ever."""
    for _piece in response if response.streaming else ():
        pass


WAITS_FOR_US = """
SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted
                  AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))
"""


def somebody_waits() -> bool:
    """Return whether another transaction waits for a lock that this one holds."""
    with connection.cursor() as cursor:
        cursor.execute(WAITS_FOR_US)
        return bool(cursor.fetchone()[0])


def headers_of(response: Any) -> dict[str, str]:
    """Return the headers of an answer to a form, without what was typed: it goes along
    in the address of the next page, encrypted anew each time."""
    headers = dict(response.headers)
    if "Location" in headers:
        headers["Location"] = re.sub(r"(&form=)[\w=-]+", r"\1", headers["Location"])
    return headers
