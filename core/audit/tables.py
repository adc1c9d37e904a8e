"""Which tables are audited. Each app declares its models beside its rules of retention;
`manage.py check` demands it of each model, and `keep_triggers` makes the triggers say
the same after every `migrate`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models


@dataclass(frozen=True)
class Audited:
    """A model whose every change is on record, whoever makes it and by whatever way."""

    organization_path: str = ""
    """The lookup that leads from a row to the id of its organisation, as a model
    admin's; "" for what belongs to the whole site."""
    leave_out: tuple[str, ...] = ()
    """Columns of no interest: how far a job has come, what follows from others."""
    hide: tuple[str, ...] = ()
    """Columns of which only is recorded that they changed: secrets, and what is, or may
    be, about people who are not staff."""
    made_by_strangers: bool = False
    """Whether visitors make the rows: their changes are on record then, not their
    making."""


@dataclass(frozen=True)
class NotAudited:
    """A model that is not audited."""

    reason: str


SIGNERS = NotAudited("it holds signers' data, which no trail may keep")
DERIVED = NotAudited("it follows from other tables, or is how far a job has come")

type Choice = Audited | NotAudited

CHOICES: dict[str, Choice] = {
    "config.heartbeat": DERIVED,
    "config.alert": DERIVED,
    "config.bucket": DERIVED,
    "config.auditentry": NotAudited("it is the trail itself, and stays as it is"),
    "config.savedform": DERIVED,
    "config.switch": Audited(),
}
# The packages whose models have to choose.
OURS = ("core", "organizations", "petitions")


def declare_audited(choices: Mapping[str, Choice]) -> None:
    """Register an app's choices when it is ready."""
    CHOICES.update(choices)


def models_of_ours() -> Iterator[type[models.Model]]:
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.proxy and model._meta.app_config.name in OURS:
            yield model


def undeclared_models() -> Iterator[str]:
    """Yield each model of ours that has not chosen."""
    for model in models_of_ours():
        if model._meta.label_lower not in CHOICES:
            yield model._meta.label_lower


def wrong() -> Iterator[str]:
    """Yield what declarations name and does not exist."""
    for label, choice in CHOICES.items():
        try:
            model = apps.get_model(label)
        except LookupError:
            yield label
            continue
        if isinstance(choice, Audited):
            columns = {field.column for field in model._meta.local_concrete_fields}
            for name in {*choice.leave_out, *choice.hide} - columns:
                yield f"{label}.{name}"


def audited() -> dict[type[models.Model], Audited]:
    return {
        apps.get_model(label): choice
        for label, choice in CHOICES.items()
        if isinstance(choice, Audited)
    }


def model_of(table: str) -> type[models.Model] | None:
    """Return the model of a table that an entry names."""
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.proxy and model._meta.db_table == table:
            return model
    return None


# == The triggers ==

ROWS = "audited"
WHOLE = "audited_truncate"


def steps(model: type[models.Model], path: str) -> str:
    """Return the way to the organisation's id as `audit_organization` takes it."""
    if not path:
        return ""
    way: list[str] = []
    at = model
    names = path.split("__")
    for number, name in enumerate(names):
        field: Any = at._meta.pk if name == "pk" else at._meta.get_field(name)
        column = field.column
        way.append(f"{at._meta.db_table}.{column}" if number else column)
        if number < len(names) - 1:
            at = field.related_model
    return ",".join(way)


def arguments(model: type[models.Model], choice: Audited) -> list[str]:
    """Return the arguments of a table's trigger, which core/sql/audit.sql explains."""
    assert model._meta.pk is not None
    return [
        str(model._meta.pk.column),
        steps(model, choice.organization_path),
        ",".join(choice.leave_out),
        ",".join(choice.hide),
    ]


def wanted() -> dict[tuple[str, str], tuple[str, list[str]]]:
    """Return, by table and name, when each trigger fires and its arguments."""
    triggers: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for model, choice in audited().items():
        table = model._meta.db_table
        events = "UPDATE OR DELETE" if choice.made_by_strangers else EVERYTHING
        triggers[table, ROWS] = (events, arguments(model, choice))
        triggers[table, WHOLE] = ("TRUNCATE", [])
    return triggers


EVERYTHING = "INSERT OR UPDATE OR DELETE"
# pg_trigger.tgtype: 1 for each row, 4 INSERT, 8 DELETE, 16 UPDATE, 32 TRUNCATE.
KINDS = {29: EVERYTHING, 25: "UPDATE OR DELETE", 32: "TRUNCATE"}
THERE = """
SELECT c.relname, t.tgname, t.tgtype, t.tgnargs, encode(t.tgargs, 'hex')
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE NOT t.tgisinternal AND t.tgname IN (%s, %s)
   AND c.relnamespace = current_schema()::regnamespace
"""
TABLES = """
SELECT relname FROM pg_class
 WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
"""


def there() -> dict[tuple[str, str], tuple[str, list[str]]]:
    """Return the same of the triggers that the database has."""
    with connection.cursor() as cursor:
        cursor.execute(THERE, [ROWS, WHOLE])
        return {
            (table, name): (
                KINDS.get(kind, str(kind)),
                bytes.fromhex(given).decode().split("\0")[:number],
            )
            for table, name, kind, number, given in cursor.fetchall()
        }


def keep_triggers(**signal: Any) -> None:
    """Make the triggers what the declarations say, on every table that is there: after
    each `migrate`, so that no declaration is without its trigger. A trigger that is as
    it should be is not touched, and no table locked for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc('audit_change') IS NOT NULL")
        if cursor.fetchone() != (True,):
            return  # migrated back
        cursor.execute(TABLES)
        tables = {table for (table,) in cursor.fetchall()}
    known, want = there(), wanted()
    name = connection.ops.quote_name
    statements = [
        f"DROP TRIGGER {name(trigger)} ON {name(table)}"
        for table, trigger in known.keys() - want.keys()
    ]
    for (table, trigger), (events, given) in want.items():
        if table not in tables or known.get((table, trigger)) == (events, given):
            continue
        each = "STATEMENT" if events == "TRUNCATE" else "ROW"
        values = ", ".join("'" + value.replace("'", "''") + "'" for value in given)
        statements.append(
            f"CREATE OR REPLACE TRIGGER {name(trigger)} AFTER {events} "
            f"ON {name(table)} FOR EACH {each} EXECUTE FUNCTION audit_change({values})"
        )
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
