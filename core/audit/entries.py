"""Entries of the audit trail: written where no trigger sees what was done, and read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, models, transaction
from psycopg.types.json import Jsonb

from core.audit import tables
from core.models import AuditAction, AuditEntry, AuditEntryQuerySet

WRITE = "SELECT audit_write(%s, %s, %s, %s, %s, NULL, %s)"


def write(
    action: AuditAction,
    model: type[models.Model],
    *,
    row: object = "",
    parent: int | None = None,
    organization: int | None = None,
    now: dict[str, Any],
) -> None:
    """Write an entry about what no trigger sees, in the name of whoever acts."""
    table = model._meta.concrete_model._meta.db_table  # type: ignore[union-attr]
    given: list[Any] = [
        str(action), table, str(row), parent, organization, Jsonb(now)
    ]  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(WRITE, given)


def note(row: models.Model, said: str, **values: Any) -> None:
    """Write down in words what was done about a row of an audited table."""
    choice = tables.CHOICES[row._meta.label_lower]
    path = choice.organization_path if isinstance(choice, tables.Audited) else ""
    value: Any = row if path else None
    for name in path.split("__"):
        value = getattr(value, name, None)
    now = {"said": said, **values}
    write(AuditAction.NOTE, type(row), row=row.pk, organization=value, now=now)


def look(
    model: type[models.Model],
    organizations: Iterable[int | None],
    *,
    searched: Iterable[int | None] = (None,),
    **values: Any,
) -> None:
    """Write down that somebody looks at personal data, once for each organisation whose
    rows are shown: what kind of page and how many rows, never what was searched for.
    A page that shows nothing is on record, too, in the organisations `searched`."""
    number: dict[int | None, int] = {}
    for organization in organizations:
        number[organization] = number.get(organization, 0) + 1
    for organization, rows in (number or dict.fromkeys(searched, 0)).items():
        now = {**values, "rows": rows}
        write(AuditAction.LOOK, model, organization=organization, now=now)


# == Reading ==


def tables_of_parts(
    model: type[models.Model], among: Iterable[type[models.Model]] | None = None
) -> Iterator[str]:
    """Yield the tables, of the models `among` or of all, whose rows are parts of the
    model's: the first step to their organisation leads there."""
    for part in tables.models_of_ours() if among is None else among:
        choice = tables.CHOICES.get(part._meta.label_lower)
        path = choice.organization_path if isinstance(choice, tables.Audited) else ""
        first = path.partition("__")[0]
        for field in part._meta.local_concrete_fields:
            leads = not path or first in (field.name, field.column)
            if leads and field.related_model is model:
                yield part._meta.db_table


def of_row(
    model: type[models.Model],
    row: object,
    among: Iterable[type[models.Model]] | None = None,
) -> AuditEntryQuerySet:
    """Return what was done to a row and to its parts, newest first."""
    concrete: Any = model._meta.concrete_model
    return AuditEntry.objects.of_row(
        concrete._meta.db_table, str(row), tables_of_parts(concrete, among)
    )


def names_of_actors(entries: Iterable[AuditEntry]) -> dict[int, str]:
    """Return the names of those who act in the entries, by account."""
    accounts = {entry.account for entry in entries if entry.account is not None}
    users = get_user_model()._default_manager.in_bulk(accounts)
    return {number: str(users.get(number, number)) for number in accounts}
