"""Helpers for the database tests: databases and commands that run on them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import psycopg
from django.db import connection

from tests.config.helpers import ROOT, environment


def url(**changes: object) -> str:
    """Return the URL of the tests' database with `changes` to its settings."""
    s = {**connection.settings_dict, **changes}
    password = quote(str(s["PASSWORD"]), safe="")
    return f"postgresql://{s['USER']}:{password}@{s['HOST']}:{s['PORT']}/{s['NAME']}"


def manage(database: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environment({"DATABASE_URL": database}),
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def database(name: str, *statements: str) -> Iterator[str]:
    """Make the database `name` by `statements`, in which {} is its name; yield its URL,
    and drop it afterwards."""
    s = connection.settings_dict
    asked = {"host": s["HOST"], "port": s["PORT"], "dbname": "postgres"}
    login = {"user": s["USER"], "password": s["PASSWORD"]}
    with psycopg.connect(**asked, **login, autocommit=True) as server:
        try:
            for statement in statements:
                server.execute(statement.format(name))
            yield url(NAME=name)
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            server.execute("DROP ROLE IF EXISTS guest_of_tests")
