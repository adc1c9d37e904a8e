"""Every form of the admin, opened and saved as it was: nothing is written, not even
into the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import DatabaseError, connection, models, transaction
from django.test import Client
from django.urls import reverse

from core.models import AuditEntry
from core.text.fields import field_for, has_lines
from organizations.models import User
from petitions.models import (
    AddressRule,
    AnswerWithdrawal,
    Asking,
    EnteredCount,
    Export,
    Invalidation,
    KeyCollision,
    Mailing,
    OfficeAnswer,
    OrdinaryDomain,
    Pack,
    Signature,
    SignatureImport,
    UnsubscribeList,
)
from tests.project.conftest import World, sent

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

FORMS = [model for model in admin.site._registry if not model._meta.proxy]
# Nobody writes these in a form.
READ_ONLY = (
    AnswerWithdrawal, Asking, AuditEntry, EnteredCount, Export, Invalidation,
    KeyCollision, Mailing,
    OfficeAnswer, Pack, Signature, SignatureImport, UnsubscribeList,
)  # fmt: skip
# Their columns hold no words.
NO_WORDS = (User, AddressRule, OrdinaryDomain)
# Tables in which a save leaves its own traces.
TRACES = {"config_savedform", "django_session"}

# What older releases and imports have stored: blanks at ends, several in a row, signs
# that are made of two.
OF_LINES = [
    "  First line \n\n\n second  line\t\n ",
    "First line\nsecond line",
    "Cafe\u0301",
]
OF_ONE = [" Two  words ", "Two words", "Cafe\u0301"]


def plant(row: models.Model, choice: int) -> int:
    """Store odd blanks in each text of a row that takes them; return how many those
    were."""
    planted = 0
    for column in row._meta.concrete_fields:
        if field_for(column) is None or not column.editable or column.primary_key:
            continue
        if column.unique or isinstance(column, models.SlugField):
            continue
        words = (OF_LINES if has_lines(column) else OF_ONE)[choice]
        try:
            with transaction.atomic():
                rows = type(row)._default_manager.filter(pk=row.pk)
                rows.update(**{column.name: words})
                connection.check_constraints()
            planted += 1
        except DatabaseError:
            pass  # The database keeps it clean itself, or nobody may change it now.
    return planted


def everything() -> dict[str, list[str]]:
    """Return all that is stored, except for the traces of a save."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            if model._meta.managed and not model._meta.proxy and table not in TRACES:
                cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t ORDER BY 1')
                found[table] = [text for (text,) in cursor.fetchall()]
    return found


def as_browsers_send(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with the line ends that the standard has for forms."""
    return {
        name: value.replace("\n", "\r\n") if isinstance(value, str) else value
        for name, value in fields.items()
    }


def saved_unchanged(client: Client, model: Any) -> tuple[int, list[str]]:
    """Save each form of a model unchanged; return how many were saved, and what was
    wrong."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    number, wrong = 0, []
    for row in model._default_manager.order_by("pk"):
        path = reverse(name, args=[row.pk])
        page = client.get(path)
        if b'name="_save"' not in page.content:
            continue
        number += 1
        before = everything()
        response = client.post(path, as_browsers_send(sent(page)))
        if response.status_code != 302:
            form = response.context["adminform"].form
            wrong.append(f"{path}: refused: {form.errors.as_text()}")
            continue
        after = everything()
        wrong += [
            f"{path}: wrote {table}: {[*{*after[table]} ^ {*before[table]}]}"
            for table in after
            if after[table] != before[table]
        ]
    return number, wrong


@pytest.mark.parametrize("choice", range(len(OF_ONE)))
@pytest.mark.parametrize("model", FORMS, ids=lambda model: model._meta.model_name)
def test_a_form_that_is_saved_as_it_was_changes_nothing(
    as_user: Login, ada: User, world: World, model: Any, choice: int
) -> None:
    planted = sum(
        plant(row, choice)
        for each in apps.get_models()
        if each._meta.app_label in ("petitions", "organizations")
        if each._meta.managed and not each._meta.proxy and each not in NO_WORDS
        for row in each._default_manager.all()
    )
    assert planted > 10

    number, wrong = saved_unchanged(as_user(ada), model)

    assert wrong == []
    assert number or model in READ_ONLY
