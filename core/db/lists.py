"""Query with lists of any length. Django gives each value of an `__in` a parameter of
its own, and PostgreSQL takes at most 65,535; here a long list becomes one array, and so
one parameter."""

from __future__ import annotations

from typing import Any

from django.db.models import Field, ForeignObject, lookups
from django.db.models.fields import related_lookups

# Shorter lists stay as Django writes them.
LONG = 1_000


class OneArray(lookups.In):
    """The `__in` lookup, written as `= ANY (array)` when the list is long."""

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
    """The same lookup for foreign keys."""


def let_lists_be_long() -> None:
    """Register both lookups for every field; called once, when the app is ready."""
    Field.register_lookup(OneArray)
    ForeignObject.register_lookup(RelatedArray)
