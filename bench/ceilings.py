"""Ceilings: how fast PostgreSQL runs the statements of the hot path alone, sent by
pgbench."""

from __future__ import annotations

import ipaddress
import re
import subprocess
from collections.abc import Callable
from typing import Any
from uuid import UUID

from psycopg import sql

from bench.load import CONNECTIONS
from bench.site import SLUG, Bench
from core.db.database import without_comments
from devsite.embedded_postgres import binaries


def ceilings(bench: Bench, seconds: int) -> dict[str, int]:
    """Return transactions per second for signing and confirming; none without
    pgbench."""
    from django.utils import timezone

    from petitions.abuse import rate_limits
    from petitions.signatures import (
        confirming,
        signing,
    )

    pgbench = binaries() / "pgbench"
    if not pgbench.exists():
        return {}
    database = bench.biggest
    now = timezone.now()
    rules = rate_limits.RATE_LIMITS.get()
    network = ipaddress.ip_network("11.250.250.0/24")
    given = signing.SignerInput(
        name="Maya Tremblay",
        email="maya@d1.example.org",
        language="en",
        delivery="number",
        wants_updates=True,
        network=network,
    )
    find = statements(lambda: signing.load_snapshot(SLUG, "en"))
    sign = statements(lambda: signing.sign(bench.petition, given, now=now, rules=rules))
    first = database.loaded.pending[
        min(database.used, len(database.loaded.pending) - 1)
    ]
    confirm = statements(lambda: confirming.confirm(0, now=now))[:1]
    folder = database.folder

    def run(name: str, text: str, *more: str) -> int:
        script = folder / f"{name}.sql"
        script.write_text(text)
        done = subprocess.run(
            [str(pgbench), "-n", "-f", str(script), "-c", str(CONNECTIONS), "-j", "2",
             "-T", str(seconds), "-M", "prepared", *more, database.url],
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        match = re.search(r"tps = ([\d.]+)", done.stdout)
        if match is None:
            raise SystemExit(done.stderr)
        return round(float(match[1]))

    step = f"\\set n :n + {CONNECTIONS}\n\\set id {first} + :n + :client_id\n"
    return {
        "sign": run("sign", "".join(find + sign)),
        "confirm": run("confirm", step + "".join(confirm), "-D", "n=0"),
    }


def statements(act: Callable[[], object]) -> list[str]:
    """Return the statements that `act` sends, as pgbench takes them: with the values
    that the site sends, except for ids and for keys, which are new each time. What
    `act` does is rolled back."""
    from django.db import connection, transaction

    texts: list[str] = []

    def note(execute: Any, text: str, values: Any, many: bool, context: Any) -> Any:
        if isinstance(values, dict):
            texts.append(filled(text, values))
        return execute(text, values, many, context)

    with transaction.atomic():
        with connection.execute_wrapper(note):
            act()
        transaction.set_rollback(True)
    return texts


def filled(text: str, values: dict[str, Any]) -> str:
    """Return one statement with its values in place, ended as pgbench wants it."""

    def value(match: re.Match[str]) -> str:
        return literal(match[1], values[match[1]])

    # pgbench knows no comments within a statement.
    return re.sub(r"%\((\w+)\)s", value, without_comments(text)) + ";\n"


def literal(name: str, value: Any) -> str:
    """Return a value as SQL; for ids and keys, what pgbench makes anew each time."""
    if name == "id":
        return ":id"
    if isinstance(value, UUID):
        return "gen_random_uuid()"
    if name == "keys" and value != "{}":
        new = ["gen_random_uuid()"] * len(value.split(","))
        return f"ARRAY[{', '.join(new)}]"
    return sql.Literal(value).as_string()
