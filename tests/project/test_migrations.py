"""Each migration since the former release lets that release's code go on working."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import models
from django.db.migrations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterModelTable,
    DeleteModel,
    Migration,
    RemoveConstraint,
    RemoveField,
    RenameField,
    RenameModel,
    RunPython,
    RunSQL,
    SeparateDatabaseAndState,
)
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Q

from core.db.overlong_values import refuse_longer
from core.db.sql_files import RunSQLFile
from tests.project.migration_rules import complaints, judge
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
        (f"{SIGNATURE} DROP email", "uses it"),
        (f"{SIGNATURE} DROP IF EXISTS email", "uses it"),
        (f"{SIGNATURE} ADD COLUMN a int NULL, DROP COLUMN email", "uses it"),
        (f"{SIGNATURE} ADD COLUMN a int NULL UNIQUE", "NOT VALID"),
        (f"{SIGNATURE} ADD COLUMN a int NULL CHECK (a >= 0)", "NOT VALID"),
        (f"{SIGNATURE} ADD COLUMN a bigint DEFAULT 1 REFERENCES c (d)", "NOT VALID"),
        (f"{SIGNATURE} ADD COLUMN a bigserial", "anew"),
        (f"{SIGNATURE} ADD COLUMN a int GENERATED ALWAYS AS IDENTITY", "anew"),
        (f"{SIGNATURE} ADD COLUMN a int DEFAULT of_ours() NOT NULL", "anew"),
        (f"{SIGNATURE} ALTER COLUMN id SET GENERATED ALWAYS", "not while"),
        (f"{SIGNATURE} ALTER COLUMN id RESTART WITH 1", "not while"),
        (f"{SIGNATURE} DISABLE TRIGGER ALL", "not while"),
        (f"{SIGNATURE} ENABLE ROW LEVEL SECURITY", "not while"),
        (f"{SIGNATURE} SET TABLESPACE a", "not while"),
        ("ALTER TABLE petitions_topic ALTER COLUMN name TYPE varchar(5)", "type"),
        ("DROP TABLE a, petitions_topic", "one by one"),
        (
            "DROP FUNCTION f(int); CREATE FUNCTION f(a text) RETURNS int AS ''",
            "uses it",
        ),
        ("DROP TRIGGER a ON b; CREATE TRIGGER a BEFORE UPDATE ON c", "uses it"),
        ("DROP ROUTINE is_over(int)", "uses it"),
        ("DROP SCHEMA a CASCADE", "uses it"),
        ("ALTER FUNCTION a(int) SET SCHEMA b", "uses it"),
        ("ALTER INDEX a RENAME TO b", "uses it"),
        ("ALTER SEQUENCE petitions_signature_id_seq AS integer", "not while"),
        ("ALTER DOMAIN a ADD CHECK (value > 0)", "not while"),
        ("CREATE RULE a AS ON INSERT TO petitions_signature DO NOTHING", "not while"),
        ("CREATE TABLE a AS SELECT id FROM petitions_topic", "not while"),
        ("CREATE TABLE a () INHERITS (petitions_signature)", "not while"),
        ("CREATE MATERIALIZED VIEW a AS SELECT 1", "not while"),
        ("CREATE EXTENSION adminpack", "not while"),
        ("REINDEX TABLE petitions_signature", "not while"),
        ("REVOKE ALL ON petitions_signature FROM a", "not while"),
        ("SET statement_timeout = 0", "not while"),
        ("SET LOCAL search_path = a", "not while"),
        ("SELECT set_config('search_path', '', false)", "not while"),
        ("SELECT of_ours()", "not while"),
        ("CALL of_ours()", "not while"),
        ("COMMIT", "not while"),
        ("ALTER ROLE a SET lock_timeout = 0", "not while"),
        ("SELECT 1 FROM petitions_signature FOR UPDATE", "batches"),
        ("INSERT INTO petitions_topic SELECT id FROM petitions_signature", "batches"),
        ("MERGE INTO petitions_signature USING a ON true WHEN MATCHED", "batches"),
        (
            f"{SIGNATURE} ADD a int NULL; ALTER TABLE petitions_outgoingmail ADD b int",
            "a migration for each",
        ),
        (
            "CREATE TABLE a (b int REFERENCES petitions_signature, c int REFERENCES petitions_outgoingmail)",
            "a migration for each",
        ),
        (
            "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES petitions_signature; ALTER TABLE petitions_outgoingmail ADD c int",
            "a migration for each",
        ),
        (f"{SIGNATURE} DROP CONSTRAINT petitions_signature_a_1b2c_uniq", "ON CONFLICT"),
        ("ALTER TABLE petitions_topic DROP CONSTRAINT a_slug_key", "ON CONFLICT"),
        (
            f"{SIGNATURE} ADD a int; CREATE TRIGGER b AFTER INSERT ON petitions_outgoingmail",
            "a migration for each",
        ),
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

    found = complaints(both, KNOWN, atomic=False)

    assert found
    assert all("tried again" in line for line in found)


def test_of_two_that_take_long_the_first_is_not_tried_again() -> None:
    both = [f"CREATE INDEX CONCURRENTLY {a} ON petitions_signature (b)" for a in "cd"]

    first, second = complaints(both, KNOWN, atomic=False)

    assert "one by one" in first
    assert "one by one" in second


@pytest.mark.parametrize(
    ("statement", "atomic"),
    [
        (f"{SIGNATURE} ADD CONSTRAINT a CHECK (state <> '') NOT VALID", True),
        (f"{SIGNATURE} VALIDATE CONSTRAINT a", False),
        ("CREATE TABLE a (b bigint REFERENCES petitions_signature (id))", True),
        (
            f"{SIGNATURE} ADD FOREIGN KEY (b) REFERENCES petitions_outgoingmail NOT VALID",
            True,
        ),
        (
            f"{SIGNATURE} VALIDATE CONSTRAINT a; {SIGNATURE} VALIDATE CONSTRAINT b",
            False,
        ),
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
        (f"{SIGNATURE} ADD a bigint NULL CONSTRAINT b REFERENCES c (d)", True),
        (f"{SIGNATURE} ADD a timestamptz DEFAULT STATEMENT_TIMESTAMP() NOT NULL", True),
        (f"{SIGNATURE} ADD a varchar(9)[] DEFAULT '{{}}'::varchar(9)[] NOT NULL", True),
        (f"{SIGNATURE} ADD a numeric(4, 2) NULL, ADD b text DEFAULT 'a, b'", True),
        (f"{SIGNATURE} ALTER COLUMN place DROP NOT NULL", True),
        (f"{SIGNATURE} SET (fillfactor = 90)", True),
        ("ALTER TABLE petitions_topic ADD a int DEFAULT of_ours() NOT NULL", True),
        ("SET CONSTRAINTS a IMMEDIATE", True),
        ("COMMENT ON TABLE petitions_signature IS 'a'", True),
        ("CREATE EXTENSION IF NOT EXISTS pg_trgm", True),
        ("DROP FUNCTION f(int); CREATE FUNCTION f(a int) RETURNS text AS ''", True),
        ("INSERT INTO petitions_topic (name) VALUES ('a')", True),
        ("DROP TABLE a", True),
    ],
)
def test_what_does_no_harm_passes(statement: str, atomic: bool) -> None:
    assert complaints([statement], KNOWN, atomic=atomic) == []


def write_something(apps: object, editor: object) -> None:
    """What a migration's Python code does is not seen before it runs."""


@pytest.mark.parametrize(
    ("operation", "complaint"),
    [
        (RemoveField("signature", "place"), "uses it"),
        (RenameField("signature", "place", "town"), "uses it"),
        (RenameModel("Signature", "Name"), "uses it"),
        (AlterModelTable("signature", "names"), "uses it"),
        (DeleteModel("LinkRequest"), "uses it"),
        (AddField("signature", "a", models.IntegerField()), "db_default"),
        (AddField("signature", "a", models.IntegerField(default=1)), "db_default"),
        (AddField("topic", "a", models.TextField(default="")), "db_default"),
        (AddField("signature", "a", models.IntegerField(null=True, unique=True)), "UN"),
        (AddField("signature", "a", models.UUIDField(db_default=RandomUUID())), "anew"),
        (AlterField("signature", "place", models.CharField(max_length=9)), "type"),
        (AlterField("signature", "weak_signs", models.TextField()), "type"),
        (AlterField("topicname", "text", models.CharField(max_length=9)), "type"),
        (
            AlterField(
                "signature",
                "text_language",
                models.CharField(max_length=10, db_default="en"),
            ),
            "the default of petitions_signature.text_language",
        ),
        (AlterField("signature", "email_key", models.UUIDField()), "empty"),
        (RemoveConstraint("mailtally", "mail_tally_once"), "ON CONFLICT"),
        (AddIndex("signature", models.Index("place", name="a")), "CONCURRENTLY"),
        (
            AddConstraint(
                "signature", models.CheckConstraint(condition=Q(id__gt=0), name="a")
            ),
            "NOT VALID",
        ),
        (
            AddConstraint(
                "signature", models.UniqueConstraint(fields=["name"], name="a")
            ),
            "NOT VALID",
        ),
        (RunPython(write_something), "in batches"),
        (
            SeparateDatabaseAndState(database_operations=[RunPython(write_something)]),
            "in batches",
        ),
        (RunSQL("ALTER TABLE petitions_topic DROP slug"), "uses it"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.describe(),
)
@pytest.mark.django_db(transaction=True)
def test_operations_that_harm_are_refused(operation: Operation, complaint: str) -> None:
    found = judged(operation)

    assert any(complaint in line for line in found), found


@pytest.mark.parametrize(
    "operation",
    [
        AlterField("signature", "place", models.CharField(max_length=500)),
        AlterField("topicname", "text", models.CharField(max_length=500)),
        AddField("signature", "a", models.TextField(db_default="")),
        AddField(
            "signature",
            "a",
            models.ForeignKey("Topic", models.PROTECT, null=True, db_index=False),
        ),
        AddConstraintNotValid(
            "signature",
            models.CheckConstraint(condition=~Q(name=""), name="a"),
        ),
        RunPython(refuse_longer({"petitions_signature": {"length(name)": 200}})),
    ],
    ids=lambda operation: operation.describe(),
)
@pytest.mark.django_db(transaction=True)
def test_operations_that_do_no_harm_pass(operation: Operation) -> None:
    assert judged(operation) == []


@pytest.mark.django_db(transaction=True)
def test_python_is_no_company_for_a_lock() -> None:
    (found,) = judged(
        AddField("signature", "a", models.IntegerField(null=True)),
        RunPython(write_something),
    )

    assert "while Python works" in found


def judged(*operations: Operation) -> list[str]:
    """Return what is wrong with these operations after all present migrations."""
    state = ProjectState.from_apps(apps)
    known = {str(model._meta.db_table) for model in state.apps.get_models()}
    planted = type("Planted", (Migration,), {"operations": operations})
    return judge(planted("0099_planted", "petitions"), state, known)


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
        found += [f"{key[1]}: {each}" for each in judge(migration, state, known)]
        state = migration.mutate_state(state)

    assert found == []


def test_no_migration_is_due_when_the_interface_gets_a_language() -> None:
    """A column that listed the languages would be another one then."""
    interface = {code for code, _name in settings.LANGUAGES}
    listing = []
    for model in apps.get_models():
        for column in model._meta.local_concrete_fields:
            choices = column.deconstruct()[3].get("choices") or ()
            if not callable(choices) and interface <= {code for code, _ in choices}:
                listing.append(str(column))

    assert listing == []


def test_released_migrations_stay() -> None:
    """An installed site does not run them again, and a new one gets the same schema.
    What they may lose is a file of SQL, which a newer migration runs then."""
    commit = former()
    listed = git("ls-tree", "-r", "--name-only", commit).stdout.decode().split()
    released = [
        file
        for file in listed
        if Path(file).parent.name == "migrations" and Path(file).name != "__init__.py"
    ]
    changed = [
        file
        for file in released
        if not (ROOT / file).exists()
        or steps((ROOT / file).read_text())
        != steps(git("show", f"{commit}:{file}").stdout.decode())
    ]

    assert released
    assert changed == []


def steps(source: str) -> str:
    """Return what a migration does, apart from the files of SQL that it runs."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.List):
            node.elts = [
                each for each in node.elts if "RunSQLFile(" not in ast.unparse(each)
            ]
        if isinstance(node, ast.ListComp) and "RunSQLFile(" in ast.unparse(node.elt):
            node.generators[0].iter = ast.Tuple([])
    return "\n".join(
        ast.unparse(node)
        for node in tree.body
        if not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr)
        and not ast.unparse(node).startswith("SQL =")
    )


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ("operations = [RunSQLFile(SQL / 'a.sql'), RunPython(f)]", False),
        ("operations = [RunSQL('b')]  # why", True),
        ("operations = [RunSQLFile(SQL / f) for f in ('a', 'b')]", False),
        ("operations = [RunSQL('c')]", False),
        ("operations = [RunSQL('b')]\natomic = False", False),
    ],
)
def test_what_a_released_migration_may_lose(changed: str, same: bool) -> None:
    before = "SQL = here\noperations = [RunSQL('b'), RunSQLFile(SQL / 'a.sql')]"

    assert (steps(before) == steps(changed)) is same


def test_a_changed_file_of_sql_is_run_by_a_new_migration() -> None:
    """What an installed site has already run, it does not run again."""
    commit = former()
    listed = git("ls-tree", "-r", "--name-only", commit).stdout.decode().split()
    new = [
        migration
        for migration in MigrationLoader(None).disk_migrations.values()
        if f"{migration.app_label}/migrations/{migration.name}.py" not in listed
    ]
    run_again = {
        operation.path
        for migration in new
        for operation in migration.operations
        if isinstance(operation, RunSQLFile)
    }
    changed = {
        path
        for path in ROOT.glob("*/sql/*.sql")
        if git("show", f"{commit}:{path.relative_to(ROOT)}").stdout != path.read_bytes()
    }

    assert changed <= run_again
