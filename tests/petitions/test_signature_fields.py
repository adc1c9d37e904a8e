"""What is declared of a signature's fields is what models, forms and pages have."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from petitions.models import Petition, Signature
from petitions.privacy.rules import RULES
from petitions.signature_fields import (
    CORRECTABLE,
    ERASED,
    FIELDS,
    HANDED_OVER,
    OPTIONAL,
    PERSONAL,
    OptionalField,
)
from petitions.signatures.forms import CorrectionForm, SignForm
from tests.factories import make_petition, make_signature

each_optional = pytest.mark.parametrize("optional", OPTIONAL, ids=lambda o: o.name)


def asking() -> Petition:
    switches: dict[str, Any] = {field.asked_by: True for field in OPTIONAL}
    return make_petition(title="Asking", **switches)


def test_each_is_a_column() -> None:
    columns = {field.name: field for field in Signature._meta.concrete_fields}

    for field in FIELDS:
        assert field.name in columns
    for name, value in ERASED.items():
        column = columns[name]
        assert column.null if value is None else column.to_python(value) == value


@each_optional
def test_one_that_petitions_ask_for(optional: OptionalField) -> None:
    column: Any = Signature._meta.get_field(optional.name)
    switch: Any = Petition._meta.get_field(optional.asked_by)

    assert column.max_length == optional.max_length
    assert switch.get_internal_type() == "BooleanField"
    assert switch.default is False
    for form in (SignForm, CorrectionForm):
        assert optional.name in form.base_fields


def test_what_is_asked_has_an_input_and_nothing_else() -> None:
    for optional in OPTIONAL:
        petition = Petition(**{optional.asked_by: True})

        form = SignForm(petition=petition)

        inputs = set(form.fields) & {field.name for field in OPTIONAL}
        assert inputs == {optional.name}
        assert [field for field, _input in form.asked] == [optional]


@pytest.mark.parametrize(
    "optional", [o for o in OPTIONAL if o.is_line], ids=lambda o: o.name
)
def test_a_line_is_refused_in_words(optional: OptionalField) -> None:
    petition = Petition(**{optional.asked_by: True})

    def errors(typed: str) -> Any:
        form = CorrectionForm({"name": "Maya", optional.name: typed}, petition=petition)
        return form.errors.get(optional.name, [])

    assert errors("a" * optional.max_length) == []
    assert errors("a" * (optional.max_length + 1)) == [str(optional.too_long)]
    assert errors("maya@example.org") == [str(optional.no_contact)]


def test_the_privacy_page_names_what_is_personal() -> None:
    """The heading of each, in the sentence about the signatures that are kept."""
    rule = next(rule for rule in RULES if "ended petitions" in rule.name)

    for optional in OPTIONAL:
        named = str(optional.heading).lower() in str(rule.what)
        assert named or not optional.personal, optional.name
    assert rule.columns["petitions.signature"] == PERSONAL


def test_what_is_handed_over_is_what_the_sentence_calls_place() -> None:
    """Beside the button it says “name and place, nothing else”; a postal code says
    more, and its hint says that it is not handed over."""
    assert [f.name for f in HANDED_OVER] == ["place", "country"]


@pytest.mark.django_db
def test_the_privacy_page_names_whatever_is_asked(client: Client) -> None:
    page = client.get(reverse("petitions:privacy")).text

    said = page.partition("whatever else you enter: ")[2].partition(".")[0]
    headings = [str(field.heading).lower() for field in OPTIONAL]
    assert said.split(", ") == [*headings, "comment"]


@pytest.mark.django_db
def test_the_form_and_the_sheet_ask_in_the_order_of_the_declaration(
    client: Client,
) -> None:
    petition = asking()

    page = client.get(petition.get_absolute_url()).text
    sheet = client.get(f"{petition.get_absolute_url()}sheet/").text

    inputs = [page.index(f'name="{field.name}"') for field in OPTIONAL]
    assert inputs == sorted(inputs)
    heads = [sheet.index(f'<th scope="col">{field.heading}<') for field in OPTIONAL]
    assert heads == sorted(heads)


@pytest.mark.django_db
def test_an_answer_is_stored_and_read_back_by_its_name(client: Client) -> None:
    petition = asking()
    typed = {field.name: "CA" if not field.is_line else "H0H" for field in OPTIONAL}
    form = {"name": "Maya", "email": "maya@example.org", **typed}

    response = client.post(
        f"{petition.get_absolute_url()}sign/",
        form,
        headers={"Sec-Fetch-Site": "same-origin"},
    )

    assert response.status_code == 303
    row = Signature.objects.get()
    assert {field.name: value for field, value in row.answers} == typed


@pytest.mark.django_db
def test_an_answer_that_was_not_given_is_not_shown() -> None:
    row = make_signature(asking(), place="Ottawa")

    assert [field.name for field, _answer in row.answers] == ["place"]


def test_what_may_be_corrected_is_asked() -> None:
    assert set(CORRECTABLE.values()) == set(CorrectionForm.base_fields)
