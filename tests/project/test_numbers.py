"""Numbers as people type them into the admin: taken when there is no doubt, else one
sentence that says what to write; and what was typed stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import FieldError, ValidationError
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from core.text.numbers import NumberField
from organizations.models import User
from petitions.models import Petition
from tests.factories import make_user
from tests.helpers import text_of
from tests.petitions.admin.helpers import errors_of
from tests.project.conftest import sent

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

NO_NUMBERS = (
    "1e9", "1 000", "1\u00a0000", "1,000", "1.000", "1,5", "1.0", "1_000", "0x10", "ten",
    "--1", "१,०००", "²", "½", "9" * 5_000, "99999999999999999999",
)  # fmt: skip
FOUR = ("4", " 4 ", "४", "٤", "４", "+4", "004")


def number_fields(rf: RequestFactory) -> Iterator[tuple[str, Any]]:
    """Yield the number fields of every form of the admin."""
    request = rf.get("/admin/")
    request.user = make_user(is_superuser=True)
    for model, of_model in admin.site._registry.items():
        try:
            made = [of_model.get_form(request)]
        except FieldError:  # read only: it shows what is no column
            assert not of_model.has_add_permission(request)
            continue
        for inline in of_model.get_inline_instances(request):
            made.append(inline.get_formset(request).form)
        for form in made:
            for name, found in form.base_fields.items():
                if isinstance(found, forms.IntegerField | forms.FloatField):
                    yield f"{model.__name__}.{form._meta.model.__name__}.{name}", found


def sentences(found: forms.Field, typed: str) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        found.clean(typed)
    return refused.value.messages


def test_one_sentence_says_what_to_write(rf: RequestFactory) -> None:
    looked_at = set()
    for name, found in number_fields(rf):
        least, most = found.min_value, found.max_value
        assert isinstance(found, NumberField), name
        assert isinstance(found.widget, forms.TextInput), name
        assert not isinstance(found.widget, forms.NumberInput), name
        said = f"Write a whole number from {least} to {most}, in digits alone."
        outside = (str(least - 1), str(most + 1))
        for typed in (*NO_NUMBERS, *outside):
            assert sentences(found, typed) == [said], (name, typed[:40])
        assert [found.clean(typed) for typed in FOUR] == [4] * len(FOUR), name
        assert (found.clean(str(least)), found.clean(str(most))) == (least, most)
        looked_at.add(name)

    assert {
        "Petition.Petition.goal", "Petition.Petition.months_kept",
        "Petition.Petition.position", "Petition.Target.position",
        "Petition.CountEntry.number", "Limit.Limit.most",
    } <= looked_at  # fmt: skip


@pytest.mark.parametrize("typed", ["2147483648", "-1", "0", "1e9", "1 000", "1,000"])
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Write a whole number from 1 to 2000000000, in digits alone."),
        ("fr", "Écrivez un nombre entier de 1 à 2000000000, en chiffres seulement."),
    ],
)
def test_a_goal_that_cannot_be_read(
    as_user: Login, ada: User, petition: Petition, typed: str, language: str, said: str
) -> None:
    client = as_user(ada)
    with translation.override(language):
        path = reverse("admin:petitions_petition_change", args=[petition.pk])
    opened = client.get(path)

    page = client.post(path, {**sent(opened), "goal": typed})

    assert 'type="number"' not in opened.content.decode()
    assert page.status_code == 200
    form = page.context["adminform"].form
    assert [*form.errors] == ["goal"]
    assert said in text_of(page)
    assert form["goal"].value() == typed
    petition.refresh_from_db()
    assert petition.goal is None


def test_a_goal_in_digits_of_another_script(
    as_user: Login, ada: User, petition: Petition
) -> None:
    client = as_user(ada)
    path = reverse("admin:petitions_petition_change", args=[petition.pk])

    page = client.post(path, {**sent(client.get(path)), "goal": "१२०००"})

    assert page.status_code == 302, errors_of(page)
    petition.refresh_from_db()
    assert petition.goal == 12_000


def test_fewer_taken_back_are_written_with_either_minus(rf: RequestFactory) -> None:
    found = dict(number_fields(rf))["Petition.CountEntry.number"]

    assert found.clean("-20") == found.clean("\u221220") == -20
