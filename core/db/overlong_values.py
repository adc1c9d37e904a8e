"""What is stored already and longer than a new rule allows: for migrations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core.management import CommandError
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# So many rows are named.
NAMED = 20

type Limits = Mapping[str, Mapping[str, int]]
"""The most of an expression, by table: {"a_table": {"length(text)": 9}}."""


def refuse_longer(limits: Limits) -> Callable[[Any, BaseDatabaseSchemaEditor], None]:
    """A step of a migration that ends it, with a sentence that names the rows, when
    some are longer. To be run before the rule is there: as soon as it is, even those of
    its rows that are too long already could not be changed in any other column, and a
    petition could not end."""

    def look(apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
        found = list(longer(limits, editor))
        if found:
            more = f"\n  and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
            named = "".join(f"\n  {each}" for each in found[:NAMED])
            raise CommandError(
                f"Some rows hold more than they may:{named}{more}\nShorten them, then "
                "run migrate again; docs/operations.md, “Updates”, says how. Nothing "
                "was changed, and the site goes on as it is."
            )

    return look


def longer(limits: Limits, editor: BaseDatabaseSchemaEditor) -> Iterator[str]:
    """A line for each row that is."""
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
