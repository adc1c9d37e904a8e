"""Functions and triggers of the database stand in the folders sql/, and nowhere else; but
for the triggers of audited tables, which core.audit.tables writes."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import translation

from core.db.refusals import Refusal, refusal_of
from core.db.sql_files import RunSQLFile
from petitions.models import Petition, Translation
from petitions.trigger_messages import SENTENCES

ROOT = Path(__file__).parents[2]
SQL = sorted(ROOT.glob("*/sql/*.sql"))
GUARDS = [path for path in SQL if not path.name.startswith("search_")]
FUNCTION = re.compile(r"CREATE (?:OR REPLACE )?FUNCTION (\w+)\(")
TRIGGER = re.compile(
    r"CREATE (?:OR REPLACE |CONSTRAINT )?TRIGGER (\w+)\s.*?\bON (\w+)", re.DOTALL
)
SENTENCE = re.compile(r"'((?:[A-Z]|'')(?:[^']|'')* (?:[^']|'')*\.)'")
# Functions of ours, not of an extension.
FUNCTIONS = """
SELECT DISTINCT proname FROM pg_proc p
 WHERE pronamespace = current_schema()::regnamespace
   AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
"""
TRIGGERS = """
SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal
   AND tgfoid <> 'audit_change'::regproc
"""


def rows(statement: str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return sorted(cursor.fetchall())


@pytest.mark.django_db
def test_the_functions_of_the_database_are_in_the_files() -> None:
    written = {name for path in SQL for name in FUNCTION.findall(path.read_text())}

    assert [name for (name,) in rows(FUNCTIONS)] == sorted(written)


@pytest.mark.django_db
def test_the_triggers_of_the_database_are_in_the_files() -> None:
    written = [found for path in SQL for found in TRIGGER.findall(path.read_text())]

    assert rows(TRIGGERS) == sorted(written)


@pytest.mark.parametrize("path", GUARDS, ids=lambda path: path.stem)
def test_what_it_guards_says_so(path: Path) -> None:
    models = {
        model._meta.db_table: model
        for model in apps.get_models()
        if not model._meta.proxy
    }
    guarded = {table for _name, table in TRIGGER.findall(path.read_text())}

    assert guarded
    for table in guarded:
        assert path.name in str(models[table].__doc__), table


def test_what_a_trigger_says_is_listed_for_translators() -> None:
    raised = {
        sentence.replace("''", "’")
        for path in SQL
        for sentence in SENTENCE.findall(re.sub("--.*", "", path.read_text()))
    }

    with translation.override("en"):
        assert set(map(str, SENTENCES)) == raised


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "The petition’s own text is in this language."),
     ("fr", "Le texte d’origine de la pétition est dans cette langue.")],
)  # fmt: skip
def test_what_a_trigger_says_is_read_as_on_every_page(
    petition: Petition, language: str, sentence: str
) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Translation(petition=petition, language=petition.language).save()

    with translation.override(language):
        assert refusal_of(refused.value) == Refusal(sentence)


def test_one_migration_runs_each_file() -> None:
    migrations = MigrationLoader(None).disk_migrations.values()
    run = Counter(
        operation.path
        for migration in migrations
        for operation in migration.operations
        if isinstance(operation, RunSQLFile)
    )

    assert run == dict.fromkeys(SQL, 1)


@pytest.mark.django_db
def test_each_file_may_run_again() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for path in SQL:
            cursor.execute(path.read_text())
        transaction.set_rollback(True)
