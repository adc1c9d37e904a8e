"""Every text has one limit of length, which forms, import and database all keep:
exactly that many characters pass everywhere, one more passes nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.core.exceptions import FieldError, ValidationError
from django.core.management import CommandError
from django.db import DataError, IntegrityError, connection, models, transaction
from django.test import RequestFactory
from django.utils import translation

from core.db.overlong_values import refuse_longer
from core.db.refusals import Refusal, refusal_of
from core.text.columns import TextColumn
from core.text.fields import LineField
from organizations.models import LONGEST_IMPRINT, Organization, User
from petitions.admin.promotion import NextStepForm
from petitions.importing import reading
from petitions.models import (
    AnswerRevision,
    AnswerWithdrawal,
    Checkpoint,
    Consent,
    Correction,
    CountEntry,
    Invalidation,
    Letter,
    NextStep,
    OfficeAnswer,
    OfficeLink,
    Petition,
    Report,
    Signature,
    SupporterRequest,
    Target,
    Translation,
)
from tests.factories import (
    make_office_answer,
    make_petition,
    make_signature,
    make_user,
)
from tests.petitions.importing.helpers import file_of, refusal, run
from tests.project.conftest import World
from tests.project.forms import own_forms

pytestmark = pytest.mark.django_db

MODELS = [
    model
    for app in ("config", "organizations", "petitions")
    for model in apps.get_app_config(app).get_models()
    if not model._meta.proxy
]
# Columns that only the site writes, from rows that are limited.
COMPUTED = ("petitions.keyversion.rules", "petitions.searchdocument.head",
            "petitions.searchdocument.whole", "config.auditentry.was",
            "config.auditentry.now", "petitions.pack.columns",
            "petitions.pack.countries", "petitions.pack.regions",
            "petitions.pack.names_by_region", "petitions.pack.names_elsewhere",
            "petitions.mailing.words", "petitions.mailing.languages", "petitions.mailing.countries",
            "petitions.signatureimport.layout",
            "petitions.signatureimport.heading")  # fmt: skip
# Held by a constraint of its own: tests/project/test_switches.py.
HELD = "config.switch.texts"


def columns() -> Iterator[models.Field[Any, Any]]:
    """Yield the columns that may hold text."""
    for model in MODELS:
        for column in model._meta.local_concrete_fields:
            inner = column.base_field if isinstance(column, ArrayField) else column
            of_text = (models.CharField, models.TextField, models.FileField,
                       models.JSONField, SearchVectorField)  # fmt: skip
            if isinstance(inner, of_text):
                yield column


def column_of(model: type[models.Model], name: str) -> Any:
    return model._meta.get_field(name)


def limit(column: models.Field[Any, Any]) -> int:
    """Return the limit of a column; 0 when it states none that the database knows."""
    if isinstance(column, ArrayField):
        return limit(column.base_field) if column.size else 0
    if isinstance(column, models.TextField) and not isinstance(column, TextColumn):
        return 0
    return column.max_length or 0


def label(column: models.Field[Any, Any]) -> str:
    return f"{column.model._meta.label_lower}.{column.name}"


def words(column: models.Field[Any, Any], length: int) -> str:
    """Return a value of so many characters that such a column takes."""
    if isinstance(column, models.EmailField) or column.name == "email":
        # A domain has parts of at most 63, and what stands before it at most 64.
        return f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * (length - 197)}.org"
    start = "https://example.org/" if isinstance(column, models.URLField) else ""
    return start + "x" * (length - len(start))


# == The database ==


def test_every_column_of_text_states_a_limit() -> None:
    found = {label(column) for column in columns() if not limit(column)}

    assert found == {*COMPUTED, HELD}


def test_the_database_has_it_too() -> None:
    """No column is wider than its model says, and each text has its constraint,
    validated."""
    rules = {
        (
            model._meta.db_table,
            column.column,
        ): f"CHECK ((length({column.column}) <= {most}))"
        for model in MODELS
        for column in model._meta.local_concrete_fields
        if isinstance(column, TextColumn) and (most := limit(column))
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name || '.' || column_name, character_maximum_length"
            "  FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND data_type LIKE 'character%'"
        )
        widths = dict(cursor.fetchall())
        cursor.execute(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid)"
            "  FROM pg_constraint WHERE contype = 'c' AND convalidated"
        )
        held = set(cursor.fetchall())
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND data_type = 'text'"
            "   AND table_name ~ '^(config|organizations|petitions)_'"
        )
        texts = set(cursor.fetchall())

    assert texts == rules.keys()
    assert {(table, rule) for (table, _), rule in rules.items()} <= held
    for column in columns():
        place = f"{column.model._meta.db_table}.{column.column}"
        if place in widths:
            assert widths[place] == column.max_length, place


@pytest.fixture
def rows(world: World) -> None:
    """One row of each model that has a text."""
    make_signature(world.signed, wants_updates=True)
    Correction.objects.create(petition=world.signed, text="x", before="do", after="x")
    answer = world.signed.answers.get()
    answer.text = "Another word."
    answer.save()
    make_office_answer(world.signed)
    step = NextStep.objects.create(
        petition=world.signed, kind="letter", address="office@example.org"
    )
    Letter.objects.create(next_step=step, language="en", subject="x", body="y")
    Checkpoint.objects.create(petition=world.signed, size=1, root=b"", note="x")


def write(column: models.Field[Any, Any], value: Any) -> str:
    """Write the value as somebody at the database's own prompt does, past triggers that
    freeze it; return the name of the constraint that refuses it, "" when none does."""
    table = column.model._meta.db_table
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(
                f"UPDATE {table} SET {column.column} = %s"
                f" WHERE id = (SELECT min(id) FROM {table})",
                [value],
            )
            assert cursor.rowcount == 1, f"no {table} to try it with"
            transaction.set_rollback(True)
    except (DataError, IntegrityError) as error:
        diagnosis: Any = error.__cause__
        return str(diagnosis.diag.constraint_name)
    return ""


TEXTS = [column for column in columns() if isinstance(column, TextColumn)]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("column", TEXTS, ids=label)
def test_one_more_is_refused_by_the_database(column: TextColumn) -> None:
    rule = f"{column.model._meta.db_table}_{column.name}_length"

    # Characters of four bytes, none of which may count twice.
    assert write(column, "😀" * column.limit) == ""
    assert write(column, "😀" * (column.limit + 1)) == rule


@pytest.mark.usefixtures("rows")
def test_a_list_has_an_end() -> None:
    links = column_of(Organization, "links")
    page = "https://example.org/"

    assert write(links, [page] * 8) == ""
    assert write(links, [page] * 9) == "organizations_organization_links_most"
    assert write(links, [words(links.base_field, 200)]) == ""
    assert write(links, [words(links.base_field, 201)]) != ""


def test_what_the_site_writes_fits_its_source(petition: Petition) -> None:
    """So a confirmation never fails because an organisation has long names."""
    organization = petition.organization
    for name in ("name", "legal_name", "postal_address", "contact_email"):
        column = column_of(Organization, name)
        setattr(organization, name, words(column, limit(column)))
    organization.full_clean()
    organization.save()

    make_signature(petition, wants_updates=True)

    consent = Consent.objects.get()
    assert len(consent.sender) == LONGEST_IMPRINT == len(organization.imprint)


def test_a_model_checks_it_without_a_form(petition: Petition) -> None:
    petition.text = "x" * 40_001

    with pytest.raises(ValidationError) as refused:
        petition.full_clean()

    (sentence,) = refused.value.message_dict["text"]
    assert "at most 40,000 characters (it has 40,001)" in sentence


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "Shorten this to 40,000 characters."),
     ("fr", "Raccourcissez ceci à 40\xa0000 caractères.")],
)  # fmt: skip
def test_what_only_the_database_refuses_is_said_beside_the_field(
    petition: Petition, language: str, sentence: str
) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Petition.objects.filter(pk=petition.pk).update(text="x" * 40_001)

    with translation.override(language):
        refusal = refusal_of(refused.value)

    assert refusal == Refusal(sentence, "petitions_petition", ("text",))


# == What was there before ==


def test_what_is_longer_already_is_named_before_anything_changes(
    petition: Petition,
) -> None:
    named: dict[str, dict[str, int]] = {}
    for column in TEXTS:
        rules = named.setdefault(column.model._meta.db_table, {})
        rules[f"length({column.name})"] = column.limit
    look = refuse_longer(named)
    look(None, connection.schema_editor())
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE petitions_petition"
            " DROP CONSTRAINT petitions_petition_text_length"
        )
    others = [make_petition(petition.organization) for _ in range(21)]
    Petition.objects.update(text="x" * 40_001)

    with pytest.raises(CommandError) as refused:
        look(None, connection.schema_editor())

    lines = str(refused.value).splitlines()
    assert lines[1].strip() == (
        f"petitions_petition, id {petition.pk}: length(text) is 40,001, and may be "
        "40,000"
    )
    assert f"id {others[-1].pk}:" not in str(refused.value)
    assert "and 2 more" in lines[21]


# == Forms ==

# Where the fields of forms are stored that are not ModelForms.
STORED: dict[str, tuple[type[models.Model], dict[str, str]]] = {
    "SignForm": (Signature, {}),
    "CorrectionForm": (Signature, {}),
    "ReportForm": (Report, {}),
    "NextStepForm": (NextStep, {}),
    "OutcomeForm": (Petition, {}),
    "ReversalForm": (Invalidation, {"reason": "reversal_reason"}),
    "RemovalForm": (AnswerRevision, {"reason": "removed_because"}),
    "WithdrawalForm": (AnswerWithdrawal, {}),
    "AcceptForm": (User, {}),
    "AskedForm": (SupporterRequest, {}),
    "OfficeAnswerForm": (OfficeAnswer, {}),
    "OfficeLinkForm": (OfficeLink, {}),
    "AddressForm": (SupporterRequest, {}),
}
# Fields that are not text: checked as a whole, or not stored in a column of theirs.
OTHERS = (
    "OrganizationForm.accent",
    "SignForm.version",
    "AppForm.code",
    "CodeForm.code",
    "KeyForm.name",
    "ImportForm.lines",
)


def form_fields(rf: RequestFactory) -> Iterator[tuple[str, Any, Any]]:
    """Yield each text field of each form, with the form's name and the column that it
    is stored in, None when that is not known."""
    request = rf.get("/admin/")
    request.user = make_user(is_superuser=True)
    made: list[Any] = [*own_forms()]
    for of_model in admin.site._registry.values():
        try:
            made.append(of_model.get_form(request))
        except FieldError:  # read only: it shows what is no column
            assert not of_model.has_add_permission(request)
            continue
        for inline in of_model.get_inline_instances(request):
            made.append(inline.get_formset(request).form)
    for form in made:
        model = getattr(getattr(form, "_meta", None), "model", None)
        stored, other = (model, {}) if model else STORED.get(form.__name__, (None, {}))
        known = {f.name: f for f in stored._meta.concrete_fields} if stored else {}
        for name, found in getattr(form, "base_fields", {}).items():
            if isinstance(found, LineField):
                column = known.get(other.get(name, name))
                yield f"{form.__name__}.{name}", found, column


def is_refused(found: forms.Field, value: str) -> list[str]:
    """Return the sentences that refuse the value; none when the field takes it."""
    try:
        found.clean(value)
    except ValidationError as error:
        return error.messages
    return []


def test_forms_take_what_the_database_takes(rf: RequestFactory) -> None:
    faults, looked_at = [], 0
    for name, found, column in form_fields(rf):
        if name in OTHERS:
            continue
        if column is None:
            faults.append(f"{name} is stored nobody knows where")
            continue
        most = limit(column)
        looked_at += 1
        if is_refused(found, words(column, most)):
            faults.append(f"{name} refuses {most} characters")
        said = is_refused(found, words(column, most + 1))
        numbers = {f"{most}", f"{most:,}"}
        if not any(number in sentence for number in numbers for sentence in said):
            faults.append(f"{name} says of {most + 1} characters: {said}")

    assert faults == []
    assert looked_at > 40


def test_a_letter_has_the_limits_of_its_columns(petition: Petition) -> None:
    found: Any = NextStepForm(petition).fields

    assert found["subject_en"].max_length == limit(column_of(Letter, "subject"))
    assert found["body_en"].max_length == limit(column_of(Letter, "body"))


# == The import ==

IMPORTED: list[tuple[str, type[models.Model], tuple[str, ...]]] = [
    ("organization", Organization, ("name", *reading.ORGANIZATION_TEXTS)),
    ("petition", Petition, ("title", "text", *reading.PETITION_TEXTS)),
    ("petition", CountEntry, ("counted_by",)),
    ("target", Target, reading.TARGET_TEXTS),
    ("translation", Translation, reading.TRANSLATED),
]


def imported(more: int) -> dict[str, Any]:
    """Return an import file in which each text has as many characters as it may, or
    `more`."""
    texts: dict[str, dict[str, Any]] = {}
    for place, model, names in IMPORTED:
        for name in names:
            column = column_of(model, name)
            texts.setdefault(place, {})[name] = words(column, limit(column) + more)
    petition = {
        **texts["petition"],
        "supporters": 3,
        "text_format": "plain",
        "target": {"kind": "person", **texts["target"]},
        "translations": {"fr": texts["translation"]},
    }
    return file_of(petition, **texts["organization"])


def test_an_import_takes_what_the_database_takes(tmp_path: Path) -> None:
    run(tmp_path, imported(0))

    petition = Petition.objects.get()
    assert len(petition.text) == 40_000
    assert len(petition.translations.get().outcome) == 500
    assert len(petition.count_entries.get().counted_by) == 200


def test_an_import_says_which_is_longer(tmp_path: Path) -> None:
    lines = refusal(tmp_path, imported(1))

    for place, model, names in IMPORTED:
        for name in names:
            most = limit(column_of(model, name))
            key = {"translation": "fr.", "target": "target."}.get(place, "") + name
            said = [line for line in lines if f"{key}: " in line]
            assert said, (key, lines)
            assert any(f"{most:,}" in line or "address" in line for line in said), said
