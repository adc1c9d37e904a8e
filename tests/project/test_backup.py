"""The nightly dump can be made, and what it holds can be had back."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pytest

from config.embedded_postgres import binaries

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment() -> dict[str, str]:
    if not (binaries() / "pg_dump").exists():
        pytest.skip("NOT TESTED HERE: no pg_dump beside this PostgreSQL")
    url = urlsplit(os.environ["DATABASE_URL"])
    return {
        "PATH": f"{binaries()}:{os.environ['PATH']}",
        "PGHOST": url.hostname or "",
        "PGPORT": str(url.port or 5432),
        "PGUSER": unquote(url.username or ""),
        "PGPASSWORD": unquote(url.password or ""),
    }


def run(*command: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_dump_can_be_restored(environment: dict[str, str], tmp_path: Path) -> None:
    server = os.environ["DATABASE_URL"]
    names = ("backup_before", "backup_after")
    old = tmp_path / "petitions-2020-01-01-0300.dump"
    old.touch()
    os.utime(old, (0, 0))
    other = tmp_path / "notes"
    other.touch()
    os.utime(other, (0, 0))
    with psycopg.connect(server, autocommit=True) as connection:
        try:
            for name in names:
                connection.execute(f"CREATE DATABASE {name}".encode())
            with psycopg.connect(server, dbname="backup_before") as before:
                before.execute("CREATE TABLE signature (name text)")
                before.execute("INSERT INTO signature VALUES ('Zoë')")
            backup = {**environment, "PGDATABASE": "backup_before"}
            script = str(ROOT / "scripts" / "backup.sh")

            run("sh", script, str(tmp_path), "now", environment=backup)

            (dump,) = tmp_path.glob("*.dump")
            assert dump != old
            assert other.exists()
            restore = ("pg_restore", "--dbname", "backup_after", str(dump))
            run(*restore, environment=environment)
            with psycopg.connect(server, dbname="backup_after") as after:
                assert after.execute("SELECT name FROM signature").fetchall() == [
                    ("Zoë",)
                ]
        finally:
            for name in names:
                connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())
