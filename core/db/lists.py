"""Lists of any length in a query. Django gives each value of an `__in` a parameter of
its own, and PostgreSQL takes 65,535; a long list is one array, which is one."""

from __future__ import annotations

from typing import Any

from django.db.models import Field, ForeignObject, lookups
from django.db.models.fields import related_lookups

# Shorter ones are left as they are.
LONG = 1_000


class OneArray(lookups.In):
    """`IN (…)` that becomes `= ANY (array)` when it is long."""

    is_long = False

    def process_rhs(self, compiler: Any, connection: Any) -> Any:
        sql, parameters = super().process_rhs(compiler, connection)
        self.is_long = self.rhs_is_direct_value() and len(parameters) > LONG
        if not self.is_long:
            return sql, parameters
        return "(%s)", ([*parameters],)

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        if self.is_long:
            return f"= ANY {rhs}"
        return super().get_rhs_op(connection, rhs)


class RelatedArray(OneArray, related_lookups.RelatedIn):
    """The same by a foreign key."""


def let_lists_be_long() -> None:
    """For the app, when it is ready: every `__in` from then on."""
    Field.register_lookup(OneArray)
    ForeignObject.register_lookup(RelatedArray)
