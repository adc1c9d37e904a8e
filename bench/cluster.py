"""The PostgreSQL server of a run, configured as for a site with millions of
signatures."""

from __future__ import annotations

import os
import secrets
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from devsite.embedded_postgres import (
    Cluster,
    as_server_user,
    binaries,
)

SHOWN = ("server_version", "shared_buffers", "wal_compression", "max_wal_size", "fsync",
         "synchronous_commit")  # fmt: skip


class BenchCluster(Cluster):
    """A server with a quarter of the memory as shared buffers, full pages compressed in
    the write-ahead log, and room in that for a load of millions between checkpoints."""

    def __init__(self, folder: Path) -> None:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        super().__init__(
            folder / "postgres",
            secrets.token_hex(),
            folder / "postgres.log",
            settings=(
                f"shared_buffers={memory // 4 // 2**20}MB",
                "max_wal_size=8GB",
                "maintenance_work_mem=512MB",
            ),
        )

    def begin(self) -> None:
        """Create and start the server."""
        self.create()
        self.settings += (f"wal_compression={self._compression()}",)
        self.start()

    def _compression(self) -> str:
        """Return "lz4", or "pglz" if this PostgreSQL was built without it."""
        asked = as_server_user(
            binaries() / "postgres", "-D", self.data, "-c", "wal_compression=lz4",
            "-C", "wal_compression",
        )  # fmt: skip
        done = subprocess.run(asked, capture_output=True, cwd="/", check=False)
        if done.returncode == 0:
            return "lz4"
        print("  no lz4 here (POSTGRES_BIN=… names another): wal_compression=pglz")
        return "pglz"

    def copy_database(self, source: str, name: str) -> None:
        """Create the database `name` as a copy of `source`, which nobody may be
        connected to."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(source)
        )
        with psycopg.connect(self.url("postgres"), autocommit=True) as database:
            database.execute(statement)

    def settings_in_use(self) -> str:
        with psycopg.connect(self.url("postgres")) as database:
            values = []
            for name in SHOWN:
                row = database.execute(f"SHOW {name}").fetchone()
                values.append(f"{name}={row[0]}" if row else name)
        return ", ".join(values).removeprefix("server_version=")
