"""Helpers for the tests of several packages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


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
