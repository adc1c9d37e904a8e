"""Each migration since the former release lets that release's code go on working."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from core.db.sql_files import RunSQLFile
from tests.project.migration_rules import complaints, has_python
from tests.project.releases import ROOT, former, git

KNOWN = {"petitions_signature", "petitions_outgoingmail", "petitions_topic"}
SIGNATURE = 'ALTER TABLE "petitions_signature"'
# As Django drops a default that the database is not to keep.
BARE = f'{SIGNATURE} ALTER COLUMN "a" DROP DEFAULT'


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        (f"{SIGNATURE} ADD CONSTRAINT a CHECK (state <> '')", "NOT VALID"),
        (f"{SIGNATURE} ADD CONSTRAINT a FOREIGN KEY (b) REFERENCES c (d)", "NOT VALID"),
        (f"{SIGNATURE} ADD CONSTRAINT a UNIQUE (b)", "NOT VALID"),
        (f"{SIGNATURE} VALIDATE CONSTRAINT a", "atomic = False"),
        (f'{SIGNATURE} DROP COLUMN "email" CASCADE', "uses it"),
        (f'{SIGNATURE} RENAME COLUMN "email" TO "mail"', "uses it"),
        (f'{SIGNATURE} RENAME TO "petitions_name"', "uses it"),
        ('DROP TABLE "petitions_topic" CASCADE', "uses it"),
        ("DROP FUNCTION is_over_a_ceiling(uuid[], bigint[], timestamptz)", "uses it"),
        ("ALTER FUNCTION search_query(text) RENAME TO sought", "uses it"),
        ("DROP TRIGGER signature_frozen ON petitions_signature", "uses it"),
        (f'{SIGNATURE} ADD COLUMN "a" integer NOT NULL', "db_default"),
        (f"{SIGNATURE} ADD a int DEFAULT 1 NOT NULL; {BARE}", "db_default"),
        ('ALTER TABLE "petitions_topic" ADD COLUMN "a" integer NOT NULL', "db_default"),
        (f'{SIGNATURE} ALTER COLUMN "place" SET NOT NULL', "empty"),
        (f'{SIGNATURE} ALTER COLUMN "place" DROP DEFAULT', "relies"),
        (f'{SIGNATURE} ALTER COLUMN "place" TYPE varchar(10)', "anew"),
        (f'{SIGNATURE} ADD COLUMN "a" uuid DEFAULT gen_random_uuid() NOT NULL', "anew"),
        (f"{SIGNATURE} ADD COLUMN a int GENERATED ALWAYS AS (id + 1) STORED", "anew"),
        ("CREATE INDEX a ON petitions_signature (b)", "CONCURRENTLY"),
        ('CREATE UNIQUE INDEX "a" ON "petitions_outgoingmail" ("b")', "CONCURRENTLY"),
        ("CREATE INDEX CONCURRENTLY a ON petitions_signature (b)", "atomic = False"),
        ("DROP INDEX a", "CONCURRENTLY"),
        ("UPDATE petitions_signature SET place = ''", "batches"),
        ("DELETE FROM petitions_outgoingmail WHERE state = 'sent'", "batches"),
        ("LOCK TABLE petitions_signature IN SHARE MODE", "not while"),
        ("DO $$ BEGIN UPDATE petitions_signature SET place = ''; END $$", "not while"),
    ],
)
def test_what_harms_is_refused(statement: str, complaint: str) -> None:
    found = complaints([statement], KNOWN, atomic=True)

    assert [complaint in line for line in found] == [True], found


def test_what_cannot_be_tried_again_is_refused() -> None:
    both = [
        "CREATE INDEX CONCURRENTLY a ON petitions_signature (b)",
        f"{SIGNATURE} ADD COLUMN c integer NULL",
    ]

    (found,) = complaints(both, KNOWN, atomic=False)

    assert "tried again" in found


def test_python_is_no_company_for_a_lock() -> None:
    (found,) = complaints(
        [f"{SIGNATURE} ADD COLUMN c integer NULL"], KNOWN, atomic=True, python=True
    )

    assert "while Python works" in found


@pytest.mark.parametrize(
    ("statement", "atomic"),
    [
        (f"{SIGNATURE} ADD CONSTRAINT a CHECK (state <> '') NOT VALID", True),
        (f"{SIGNATURE} VALIDATE CONSTRAINT a", False),
        (f"{SIGNATURE} DROP CONSTRAINT a", True),
        (f'{SIGNATURE} ADD COLUMN "a" integer NULL', True),
        (f"{SIGNATURE} ADD COLUMN \"a\" text DEFAULT '' NOT NULL", True),
        ("CREATE INDEX CONCURRENTLY a ON petitions_signature (b)", False),
        ("CREATE INDEX a ON petitions_topic (b)", True),
        ("ALTER TABLE petitions_topic ADD CONSTRAINT a CHECK (b > 0)", True),
        ('CREATE TABLE "new" ("a" integer NOT NULL)', True),
        ('CREATE INDEX "a" ON "new" ("a")', True),
        ('ALTER TABLE "new" ADD COLUMN "b" integer NOT NULL', True),
        ("CREATE OR REPLACE FUNCTION a() RETURNS int AS $$ UPDATE b; $$", True),
        ("DROP TRIGGER a ON b; CREATE TRIGGER a BEFORE UPDATE ON b", True),
        ("UPDATE petitions_topic SET name = ''", True),
    ],
)
def test_what_does_no_harm_passes(statement: str, atomic: bool) -> None:
    assert complaints([statement], KNOWN, atomic=atomic) == []


@pytest.mark.django_db(transaction=True)
def test_migrations_since_the_former_release_expand_only() -> None:
    listed = git("ls-tree", "-r", "--name-only", former()).stdout.decode().split()
    before = {
        (Path(file).parts[0], Path(file).stem)
        for file in listed
        if Path(file).parent.name == "migrations"
    }
    loader = MigrationLoader(None, replace_migrations=False)
    plan: dict[tuple[str, str], None] = {}
    for leaf in loader.graph.leaf_nodes():
        plan |= dict.fromkeys(loader.graph.forwards_plan(leaf))
    ours = {"config", "organizations", "petitions"}
    new = [key for key in plan if key[0] in ours and key not in before]
    state = loader.project_state([key for key in plan if key not in new])
    known = {
        str(model._meta.db_table)
        for model in state.apps.get_models(include_auto_created=True)
    }
    found = []
    for key in new:
        migration = loader.graph.nodes[key]
        with connection.schema_editor(collect_sql=True, atomic=False) as editor:
            # Collects the SQL, as far as it is known before the migration runs.
            state = migration.apply(state, editor, collect_sql=True)
        found += [
            f"{key[1]}: {complaint}"
            for complaint in complaints(
                editor.collected_sql,
                known,
                atomic=migration.atomic,
                python=has_python(migration.operations),
            )
        ]

    assert found == []


def test_a_changed_file_of_sql_is_run_by_a_new_migration() -> None:
    """What an installed site has already run, it does not run again."""
    commit = former()
    listed = git("ls-tree", "-r", "--name-only", commit).stdout.decode().split()
    new = [
        migration
        for migration in MigrationLoader(None).disk_migrations.values()
        if migration.app_label == "petitions"
        and f"petitions/migrations/{migration.name}.py" not in listed
    ]
    run_again = {
        operation.path
        for migration in new
        for operation in migration.operations
        if isinstance(operation, RunSQLFile)
    }
    changed = {
        path
        for path in (ROOT / "petitions/sql").glob("*.sql")
        if git("show", f"{commit}:petitions/sql/{path.name}").stdout
        != path.read_bytes()
    }

    assert changed <= run_again
