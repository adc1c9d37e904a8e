"""Every form of the admin, with whatever breaks a rule of the database: a sentence
beside the field, and what was typed is kept.

The inputs come from the forms' own fields, and whether one breaks a rule, the database
is asked. A new rule about fields of a form that no input reaches turns this red, until
an input does or the list at the end says why none can.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.db import DatabaseError, connection, models, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.db.refusals import (
    fields_of,
    has_sentence,
)
from core.models import AuditEntry
from organizations.models import User
from petitions.models import (
    AnswerWithdrawal,
    Asking,
    EnteredCount,
    Export,
    Invalidation,
    KeyCollision,
    Mailing,
    OfficeAnswer,
    Pack,
    Petition,
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
    AnswerWithdrawal,
    Asking,
    AuditEntry,
    Signature,
    EnteredCount,
    Export,
    Invalidation,
    KeyCollision,
    Mailing,
    OfficeAnswer,
    Pack,
    SignatureImport,
    UnsubscribeList,
)

# A draft, one that is public, and one that people have signed.
FEW = {Petition: 3}

LARGE = "99999999999999999999"


@dataclass
class Reached:
    """The constraints that some input broke, by name; and what forms did wrong with
    it."""

    rules: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    sent: int = 0
    tried: dict[type[models.Model], set[str]] = field(default_factory=dict)
    """The fields of each model into which odd values were typed."""


# == What is typed ==


def odd_values(found: forms.Field) -> Iterator[str]:
    """Yield values for a form field that cannot be stored, are too long or large, or
    are none."""
    match found:
        case forms.BooleanField() | forms.FileField():
            return
        case forms.DateField() | forms.SplitDateTimeField() | forms.DateTimeField():
            yield from ("0001-01-01", "9999-12-31", "2001-01-01")
        case forms.IntegerField():
            yield from ("-1", "0", "999", "32768", LARGE)
        case forms.ChoiceField() | forms.ModelChoiceField():
            yield from ("", LARGE, "a\0b")
        case forms.URLField() | forms.EmailField():
            yield from ("javascript:alert(1)", "ftp://a.test/", "a@b,c@d", "x" * 300)
        case _:
            most = getattr(found, "max_length", None) or 300
            if most > 600:
                yield from ("\u200b", "a\x01b", "a\0b", "x" * (most + 1))
            else:
                yield from ("", "\u200b", "a\x01b\u2028", "x" * (most + 1), "ﷺ" * most,
                            "Two words/a.b@c,d")  # fmt: skip


def fill(found: forms.Field) -> str:
    """Return something that a required field takes."""
    match found:
        case forms.DateField():
            return str(timezone.localdate())
        case forms.IntegerField():
            return "1"
        case forms.EmailField():
            return "somebody@example.org"
        case forms.ChoiceField() | forms.ModelChoiceField():
            choices: Any = found.choices
            return next(str(value) for value, _label in choices if str(value))
        case _:
            return "Words"


# == What a rule is called ==


def rule_broken(row: models.Model, column: str, value: Any) -> str:
    """Return the name of the constraint, or a trigger's own words, that refuses the
    value when it is written past all forms; "" when it can be stored."""
    table = row._meta.db_table
    statement = f'UPDATE {table} SET "{column}" = %s WHERE {row._meta.pk.column} = %s'
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement, [value, row.pk])
            connection.check_constraints()
            transaction.set_rollback(True)
    except DatabaseError as error:
        diagnosis: Any = getattr(error.__cause__, "diag", None)
        if diagnosis is None or not str(diagnosis.sqlstate).startswith("23"):
            return ""
        return str(diagnosis.constraint_name or diagnosis.message_primary)
    return ""


def column_of(row: models.Model, name: str) -> str:
    names = {f.name: f.column for f in row._meta.concrete_fields}
    return names.get(name) or ""


# == Sending it ==


@dataclass
class Page:
    """A form of the admin, opened: what a browser would send of it."""

    client: Client
    path: str
    reached: Reached

    def __post_init__(self) -> None:
        page = self.client.get(self.path)
        assert page.status_code == 200, (self.path, page.status_code)
        self.form = page.context["adminform"].form
        self.formsets = [i.formset for i in page.context["inline_admin_formsets"]]
        self.opened = sent(page)
        self.required = {
            self.form.add_prefix(name): fill(found)
            for name, found in self.form.fields.items()
            if found.required and not self.opened.get(self.form.add_prefix(name))
            and not isinstance(found, forms.FileField)
        }  # fmt: skip

    def send(self, name: str, found: forms.Field, value: Any, **also: Any) -> bool:
        """Send the form with one odd value, and roll back; return whether it was
        refused. Anything but a save or a proper refusal (`look`) is noted as a
        fault."""
        split = isinstance(found, forms.SplitDateTimeField)
        key = f"{name}_0" if split else name
        typed = {**self.opened, **self.required, **also, key: value}
        if split:
            typed[f"{name}_1"] = "12:00:00" if value else ""
        self.reached.sent += 1
        with transaction.atomic():
            response = self.client.post(self.path, typed)
            transaction.set_rollback(True)
        what = f"{self.path} {key}={str(value)[:40]!r}"
        if response.status_code == 302:
            return False
        if response.status_code != 200:
            self.reached.faults.append(f"{what}: {response.status_code}")
            return False
        self.look(response, what, key, value)
        return True

    def look(self, response: Any, what: str, key: str, value: str) -> None:
        """Note as a fault any refusal without a sentence beside its field, or without
        what was typed."""
        errors = list(errors_of(response))
        if not errors:
            self.reached.faults.append(f"{what}: no sentence")
        for beside, sentence in errors:
            if re.search(r"%\(|constraint|violates|^\W*$", sentence, re.IGNORECASE):
                self.reached.faults.append(f"{what}: {sentence!r}")
            if not beside:
                self.reached.faults.append(f"{what}: beside nothing: {sentence!r}")
        for form in all_forms(response):
            for name in form.fields:
                if key.removesuffix("_0") == form.add_prefix(name):
                    kept = form[name].value()
                    kept = kept[0] if isinstance(kept, list) and kept else kept
                    if str(kept) != value:
                        self.reached.faults.append(f"{what}: not kept: {kept!r:.40}")


def all_forms(response: Any) -> Iterator[Any]:
    yield response.context["adminform"].form
    for inline in response.context["inline_admin_formsets"]:
        yield from inline.formset.forms


def errors_of(response: Any) -> Iterator[tuple[bool, str]]:
    """Yield each error, with whether it stands beside a field or above rows."""
    for form in all_forms(response):
        for name, sentences in form.errors.items():
            # A sentence about a row of an inline stands in the row.
            beside = name != "__all__" or form.prefix is not None
            yield from ((beside, str(sentence)) for sentence in sentences)
    for inline in response.context["inline_admin_formsets"]:
        yield from ((True, str(each)) for each in inline.formset.non_form_errors())


# == The forms ==


def change_pages(
    model: Any, client: Client, reached: Reached
) -> Iterator[tuple[Page, Any, bool]]:
    """Yield the form of some rows, with the row and whether it is the first."""
    if not model._meta.proxy:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        for place, row in enumerate(
            model._default_manager.order_by("pk")[: FEW.get(model, 1)]
        ):
            path = reverse(name, args=[row.pk])
            if b'name="_save"' in client.get(path).content:
                yield Page(client, path, reached), row, place == 0


def break_fields(
    page: Page, row: Any, form: Any, *, words: bool = True, **also: Any
) -> None:
    """Send each odd value in each field of one form."""
    for name, found in form.fields.items():
        if found.disabled or isinstance(found.widget, forms.HiddenInput):
            continue
        of_words = isinstance(found, forms.CharField | forms.ChoiceField)
        if name == "DELETE" or (not words and of_words):
            continue
        column = column_of(row, name)
        values = list(odd_values(found))
        if values:
            page.reached.tried.setdefault(type(row), set()).add(name)
        for value in values:
            broken = rule_broken(row, column, value) if column else ""
            page.send(form.add_prefix(name), found, value, **also)
            # It has to be saved as the field reads it, or refused in a sentence.
            page.reached.rules |= {broken} - {""}


def new_row(formset: Any) -> tuple[Any, dict[str, Any]]:
    """Return the form of a row that is added below the others, and the data that it
    needs."""
    number = formset.total_form_count()
    form = formset.form(prefix=f"{formset.prefix}-{number}")
    typed: dict[str, Any] = {
        form.add_prefix(name): fill(found)
        for name, found in form.fields.items()
        if found.required
    }
    return form, {**typed, f"{formset.prefix}-TOTAL_FORMS": str(number + 1)}


# == The tests ==


@pytest.mark.parametrize("model", FORMS, ids=lambda model: model._meta.model_name)
def test_whatever_is_typed_is_saved_or_refused_in_a_sentence(
    as_user: Login, ada: User, world: World, model: Any
) -> None:
    client, reached = as_user(ada), Reached()

    for page, row, is_first in change_pages(model, client, reached):
        break_fields(page, row, page.form, words=is_first)
        for formset in page.formsets:
            below = list(formset.initial_forms)
            if below and is_first:
                break_fields(page, below[0].instance, below[0])
                twin, typed = new_row(formset)
                own = {
                    twin.add_prefix(name): page.opened.get(below[0].add_prefix(name))
                    for name in twin.fields
                    if page.opened.get(below[0].add_prefix(name))
                    and name not in ("id", formset.fk.name)
                }  # fmt: skip
                key, value = next(iter(own.items()))
                name = key.removeprefix(f"{twin.prefix}-")
                page.send(key, twin.fields[name], value, **{**typed, **own})

    assert reached.faults == []
    assert model in READ_ONLY or reached.sent > 0, "no row to try it with"
    assert rules_of(reached.tried) - reached.rules - set(NOT_TYPED) == set()


# == The constraints ==

# Constraints that no single value breaks, and why.
NOT_TYPED = {
    "organizations_user_email_lower": "the form writes small letters",
    "organizations_organization_links_form": "lines of a list: no single value",
    "organizations_organization_links_most": "lines of a list: no single value",
    "organizations_description_text": "empty in every part: no single value",
    "supporter_request_made_sure": "the form offers no “done”; a supporter's page does",
}


def rules_of(tried: dict[type[models.Model], set[str]]) -> set[str]:
    """Return the names of constraints that are about nothing but fields that were
    tried."""
    return {
        constraint.name
        for model, names in tried.items()
        for constraint in model._meta.constraints
        if isinstance(constraint, models.CheckConstraint)
        and has_sentence(constraint)
        and {*fields_of(model, constraint)} <= names
    }
