"""The hot tables change while people sign: as a migration does it, also while somebody
holds the table back."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from tests.faults.conftest import Parts
from tests.site import until

pytestmark = pytest.mark.faults

ROUNDS = int(os.environ.get("MIGRATION_ROUNDS", "1"))
TABLES = ("petitions_signature", "petitions_outgoingmail", "petitions_petition")
# Seconds that whoever signs waits behind a migration which waits itself.
PATIENCE = 0.5


@pytest.fixture
def tidy(parts: Parts) -> Iterator[None]:
    yield
    for table in TABLES:
        parts.site.sql(f"ALTER TABLE {table} DROP COLUMN IF EXISTS fault_test")


def change(parts: Parts, statement: str) -> int:
    """Run it as a careful migration: it gives up soon and tries again. Returns how
    often it was held back."""
    with psycopg.connect(parts.cluster.url(), autocommit=True) as database:
        database.execute(f"SET lock_timeout = '{PATIENCE}s'")
        for held in range(30):
            try:
                database.execute(statement)
            except psycopg.errors.LockNotAvailable:
                time.sleep(PATIENCE)
            else:
                return held
    raise AssertionError(f"held back for good: {statement}")


def hold(parts: Parts, table: str, seconds: float, held: threading.Event) -> None:
    """A long report, that every change of the table has to wait for."""
    with psycopg.connect(parts.cluster.url()) as database:
        database.execute(f"SELECT 1 FROM {table} LIMIT 1")
        held.set()
        time.sleep(seconds)


@pytest.mark.usefixtures("tidy")
def test_migration_under_load(parts: Parts) -> None:
    held = 0
    with parts.load() as load:
        until(lambda: len(load.confirmed) > 5, 30)
        for _ in range(ROUNDS):
            begun = threading.Event()
            report = threading.Thread(target=hold, args=(parts, TABLES[0], 1.2, begun))
            report.start()
            assert begun.wait(20)
            for table in TABLES:
                held += change(
                    parts, f"ALTER TABLE {table} ADD COLUMN fault_test text DEFAULT ''"
                )
                load.goes_on()
            report.join()
            # Waits for whoever writes, and nobody waits for it.
            parts.site.sql(
                "CREATE INDEX CONCURRENTLY fault_test ON petitions_signature (fault_test)"
            )
            load.goes_on()
            # What a deployment runs, with everything applied.
            done = parts.site.manage("migrate", "--no-input")
            assert done.returncode == 0, done.stderr
            for table in TABLES:
                change(parts, f"ALTER TABLE {table} DROP COLUMN fault_test")
            load.goes_on()

    figures = load.prove(
        "migration", f"{ROUNDS * 7} changes of tables", f"held back {held} times"
    )
    assert held > 0
    assert set(figures.answers) == {200, 303}
    assert figures.broken == 0
