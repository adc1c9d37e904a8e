"""Find stored values that are longer than a new constraint allows: for migrations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core.management import CommandError
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# The maximum of rows that the error lists.
NAMED = 20

type Limits = Mapping[str, Mapping[str, int]]
"""The maximum of each SQL expression, by table: {"a_table": {"length(text)": 9}}."""


def refuse_longer(limits: Limits) -> Callable[[Any, BaseDatabaseSchemaEditor], None]:
    """Return a migration step that ends the migration, with a sentence that lists the
    rows, when some exceed `limits`. Run it before the constraint is added: once that is
    there, a row that is too long already could not be changed in any other column, and
    a petition could not end."""

    def look(apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
        overlong = list(longer(limits, editor))
        if overlong:
            more = (
                f"\n  and {len(overlong) - NAMED:,} more"
                if len(overlong) > NAMED
                else ""
            )
            named = "".join(f"\n  {each}" for each in overlong[:NAMED])
            raise CommandError(
                f"Some rows hold more than they may:{named}{more}\nShorten them, then "
                "run migrate again; docs/operations.md, “Updates”, says how. Nothing "
                "was changed, and the site goes on as it is."
            )

    return look


def longer(limits: Limits, editor: BaseDatabaseSchemaEditor) -> Iterator[str]:
    """Yield a line for each row that exceeds a limit."""
    for table, rules in limits.items():
        for expression, most in rules.items():
            with editor.connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT id, {expression} FROM {table}"  # noqa: S608
                    f" WHERE {expression} > %s ORDER BY id",
                    [most],
                )
                for number, has in cursor.fetchall():
                    yield (
                        f"{table}, id {number}: {expression} is {has:,}, and may be "
                        f"{most:,}"
                    )
