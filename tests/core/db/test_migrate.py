"""`manage.py migrate` while others work."""

from __future__ import annotations

import io
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection
from django.db.migrations import Migration, RunSQL
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState
from django.test import override_settings

from core.management.commands import migrate

pytestmark = pytest.mark.django_db(transaction=True)

FILE = """
from django.db import migrations

class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("config", {last!r})]
    operations = [migrations.RunSQL({sql!r})]
"""
TABLE = "config_heartbeat"

type Plant = Callable[..., None]


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """Adds a migration of `sql` to this site's; afterwards nothing of it is left."""
    package = tmp_path / "planted_migrations"
    own = Path(migrate.__file__).parents[2] / "migrations"
    shutil.copytree(own, package)
    shutil.copytree(own.parent / "sql", tmp_path / "sql")  # which migrations run

    def add(sql: str, *, atomic: bool = True) -> None:
        last = max(file.stem for file in own.glob("0*.py"))
        text = FILE.format(sql=sql, atomic=atomic, last=last)
        (package / "9999_planted.py").write_text(text)

    sys.path.insert(0, str(tmp_path))
    with override_settings(MIGRATION_MODULES={"config": package.name}):
        yield add
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        del sys.modules[name]
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX IF EXISTS planted")
        cursor.execute(f"ALTER TABLE {TABLE} DROP COLUMN IF EXISTS planted")
        cursor.execute("DELETE FROM django_migrations WHERE name = '9999_planted'")


class Slow(RunSQL):
    """Notes whether a transaction is open while Django builds models for it."""

    open_while_building: ClassVar[list[bool]] = []

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        self.open_while_building.append(connection.in_atomic_block)


def migrated(*statements: str) -> None:
    class Planted(Migration):
        operations = [Slow(statement) for statement in statements]

    planted = Planted("9999_planted", "config")
    migrate.Executor(connection).apply_migration(ProjectState(), planted)


def test_no_lock_is_held_while_models_are_built() -> None:
    Slow.open_while_building.clear()
    try:
        migrated(
            "-- A comment, 100 %.\nCREATE TABLE planted_table (a text DEFAULT '%s;')",
            "-- Another.\nINSERT INTO planted_table VALUES (DEFAULT)",
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT a FROM planted_table")
            assert cursor.fetchall() == [("%s;",)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS planted_table")
            cursor.execute("DELETE FROM django_migrations WHERE name = '9999_planted'")

    assert Slow.open_while_building == [False, False]


def test_of_a_migration_that_fails_nothing_stays() -> None:
    with pytest.raises(ProgrammingError):
        migrated("CREATE TABLE planted_table ()", "SELECT nothing FROM nowhere")

    assert "planted_table" not in connection.introspection.table_names()
    recorded = MigrationRecorder(connection).applied_migrations()
    assert ("config", "9999_planted") not in recorded


def connected() -> psycopg.Connection:
    return psycopg.connect(
        **{
            key: value
            for key, value in connection.get_connection_params().items()
            if key in {"dbname", "user", "password", "host", "port"}
        }
    )


def hold(seconds: float, held: threading.Event) -> None:
    with connected() as database:
        database.execute(f"SELECT 1 FROM {TABLE}")
        held.set()
        time.sleep(seconds)


def test_time_limits_are_its_own(plant: Plant) -> None:
    plant(
        "DO $$ BEGIN ASSERT current_setting('statement_timeout') = '0'; END $$;"
        "DO $$ BEGIN ASSERT current_setting('lock_timeout') = '2s'; END $$"
    )

    call_command("migrate", verbosity=0)

    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("15s",)


def test_a_table_that_somebody_holds_is_waited_for(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "PAUSE", 0.2)
    plant(f"ALTER TABLE {TABLE} ADD COLUMN planted integer NULL")
    held, said = threading.Event(), io.StringIO()
    holder = threading.Thread(target=hold, args=(4, held))
    holder.start()
    assert held.wait(10)

    call_command("migrate", verbosity=0, stdout=said)

    holder.join()
    assert "trying again" in said.getvalue()
    assert "in a transaction for" in said.getvalue()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT planted FROM {TABLE}")


def test_in_the_end_it_says_who_holds_it(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "PATIENCE", 0.0)
    plant(f"ALTER TABLE {TABLE} ADD COLUMN planted integer NULL")
    held = threading.Event()
    holder = threading.Thread(target=hold, args=(4, held))
    holder.start()
    assert held.wait(10)

    with pytest.raises(CommandError, match=r"held back by process \d+ .*what was appl"):
        call_command("migrate", verbosity=0, stdout=io.StringIO())

    holder.join()


def test_an_index_that_was_not_finished_is_made_anew(plant: Plant) -> None:
    with connected() as database:
        database.autocommit = True
        rows = f"INSERT INTO {TABLE} VALUES ('a', now()), ('b', now())"
        database.execute(rows)
        with pytest.raises(psycopg.errors.UniqueViolation):
            database.execute(
                f"CREATE UNIQUE INDEX CONCURRENTLY planted ON {TABLE} ((1))"
            )
    plant(f"CREATE INDEX CONCURRENTLY planted ON {TABLE} (beat_at)", atomic=False)

    call_command("migrate", verbosity=0)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'planted'::regclass"
        )
        assert cursor.fetchone() == (True,)


def test_one_runs_at_a_time(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "PATIENCE", 0.0)
    with connected() as database:
        database.execute("SELECT pg_advisory_lock(%s)", [migrate.LOCK])

        with pytest.raises(CommandError, match="another migrate runs"):
            call_command("migrate", verbosity=0, stdout=io.StringIO())
