"""Turn the database's refusals into sentences for whoever typed the value.

Forms check the same rules first. What they overlook, or what somebody else has made
true in between, is reported here: beside the field, with all that was typed kept, and
never as a server error.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DatabaseError, connection
from django.db.models import BaseConstraint, CheckConstraint, Model, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

logger = logging.getLogger(__name__)

# By SQLSTATE, for constraints without a sentence of their own.
SENTENCES = {
    "22001": _("This is too long to be stored."),
    "22003": _("This number is too large to be stored."),
    "22008": _("This date is too far away to be stored."),
    "23502": _("This is needed."),
    "23503": _("What this refers to is not there any more, or is still needed."),
    "23505": _("There is one like this already."),
    "23514": _("This cannot be stored as it is."),
    "23001": _("This is still needed elsewhere."),
}
UNKNOWN = _(
    "The database refuses this. Nothing was saved; what you typed is still here."
)
# PostgreSQL names the check of a positive-integer column itself.
NOT_NEGATIVE = _("Write a number that is not below zero.")


@dataclass(frozen=True)
class Refusal:
    """Why a row was refused: `sentence`, about the columns `fields` of `table`. These
    two are empty where the database does not name them."""

    sentence: str
    table: str = ""
    fields: tuple[str, ...] = ()


def refusal_of(error: DatabaseError) -> Refusal:
    """Return what `error` says about a value that somebody typed. Queries the database,
    so that the failed transaction must be over."""
    diagnosis: Any = getattr(error.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", None) or ""
    table = getattr(diagnosis, "table_name", None) or ""
    state = getattr(diagnosis, "sqlstate", None) or ""
    column = getattr(diagnosis, "column_name", None)
    if state == "23514" and not name:
        # A trigger's own words, whose translations petitions.trigger_messages collects,
        # with ’ as on every page: in SQL a quoted ' stands for it.
        return Refusal(gettext(diagnosis.message_primary.replace("'", "’")))
    logger.warning("Refused by the database", extra={"rule": name or state})
    model_constraint = constraints().get(name)
    if model_constraint is not None:
        model, constraint = model_constraint
        sentence = str(constraint.get_violation_error_message())
        if has_sentence(constraint):
            return Refusal(sentence, model._meta.db_table, fields_of(model, constraint))
    columns = [column] if column else columns_of_constraint(table, name)
    explanation = SENTENCES.get(state, UNKNOWN)
    if state == "23514" and re.fullmatch(rf"{table}_\w+_check\d*", name):
        explanation = NOT_NEGATIVE
    return Refusal(str(explanation), table, tuple(field_names(table, columns)))


@cache
def constraints() -> dict[str, tuple[type[Model], BaseConstraint]]:
    """Return the constraints that models declare, by name."""
    return {
        constraint.name: (model, constraint)
        for model in apps.get_models()
        for constraint in model._meta.constraints
    }


def has_sentence(constraint: BaseConstraint) -> bool:
    """Return whether the constraint has a message for people."""
    default = BaseConstraint.default_violation_error_message
    return constraint.violation_error_message != default


def fields_of(model: type[Model], constraint: BaseConstraint) -> tuple[str, ...]:
    """Return the names of the model's fields that the constraint is about."""
    if isinstance(constraint, CheckConstraint):
        names = Q(constraint.condition).referenced_base_fields
    else:
        names = {*getattr(constraint, "fields", ())}
    return tuple(f.name for f in model._meta.concrete_fields if f.name in names)


def columns_of_constraint(table: str, constraint: str) -> list[str]:
    """Return the columns of a constraint that no model declares."""
    if not table or not constraint:
        return []
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table)
    declared: Any = dict(constraints).get(constraint) or {}
    return list(declared.get("columns") or [])


def field_names(table: str, columns: Iterable[str]) -> list[str]:
    """Return the names of the model fields for these columns of `table`."""
    for model in apps.get_models():
        if model._meta.db_table == table:
            names = {f.column: f.name for f in model._meta.concrete_fields}
            return [names[column] for column in columns if column in names]
    return []


def broken_constraints(row: Model, known_wrong: set[str]) -> dict[str, list[Any]]:
    """Return the errors for the declared constraints that `row` breaks, by field: lists
    of pairs of all the constraint's fields and the error. Constraints about a field in
    `known_wrong` are skipped: the row does not hold what was typed. So are those
    without a message: they are about what the site itself writes on saving."""
    errors: dict[str, list[Any]] = {}
    for model, declared in row.get_constraints():
        for constraint in filter(has_sentence, declared):
            try:
                constraint.validate(model, row, exclude=known_wrong)
            except ValidationError as error:
                fields = fields_of(model, constraint) or (NON_FIELD_ERRORS,)
                errors.setdefault(fields[-1], []).append((fields, error))
    return errors
