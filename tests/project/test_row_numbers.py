"""Rows below the forms of the admin, with numbers and counts that somebody made up:
refused in a sentence and at once, and no row is added, changed or lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from organizations.models import User
from petitions.models import Petition, Target
from tests.helpers import text_of
from tests.project.conftest import World, sent

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

STRANGE = "are not those that are stored"
INCOMPLETE = "A part of the form did not arrive"


def path_of(petition: Petition) -> str:
    return reverse("admin:petitions_petition_change", args=[petition.pk])


def stored(model: Any = Target) -> list[Any]:
    return list(model._default_manager.order_by("pk").values())


def forms_with_rows(client: Client) -> Iterator[tuple[str, Any]]:
    """Yield, for each inline of a form of the admin that can be saved, the path of a
    row's form that has rows in it, and the formset."""
    for model, model_admin in admin.site._registry.items():
        waiting = {inline.model for inline in model_admin.inlines}
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        for number in model._default_manager.values_list("pk", flat=True):
            if not waiting:
                break
            path = reverse(name, args=[number])
            page = client.get(path)
            if b'name="_save"' not in page.content:
                continue
            for inline in page.context["inline_admin_formsets"]:
                formset = inline.formset
                if formset.model in waiting and formset.initial_forms:
                    waiting.discard(formset.model)
                    yield path, formset


# == Which row it is ==


@pytest.mark.parametrize("number", ["another", "second", "", "0", "x", "9" * 30, "01"])
def test_a_row_that_says_it_is_another_one_is_refused(
    as_user: Login, erin: User, world: World, number: str
) -> None:
    client, path = as_user(erin), path_of(world.draft)
    Target.objects.create(petition=world.draft, name="A second minister")
    opened = sent(client.get(path))
    numbers = {
        "another": str(world.signed.targets.get().pk),
        "second": opened["targets-1-id"],
    }
    before = stored()

    response = client.post(
        path,
        {
            **opened,
            "targets-0-id": numbers.get(number, number),
            "targets-0-name": "Somebody else",
        },
    )

    assert response.status_code == 200
    assert STRANGE in text_of(response)
    assert sent(response)["targets-0-name"] == "Somebody else"
    assert stored() == before


def test_a_row_without_its_number_is_not_added_once_more(
    as_user: Login, erin: User, world: World
) -> None:
    client, path = as_user(erin), path_of(world.draft)
    opened = sent(client.get(path))
    number = opened.pop("targets-0-id")
    before = stored()

    assert STRANGE in text_of(client.post(path, opened))
    # Nor is it taken as a new row with the id of an existing one.
    again = {**opened, "targets-0-id": number, "targets-INITIAL_FORMS": "0"}
    assert STRANGE in text_of(client.post(path, again))
    assert stored() == before


def test_no_form_of_the_admin_takes_a_row_twice(
    as_user: Login, ada: User, world: World
) -> None:
    client, found = as_user(ada), 0
    for path, formset in forms_with_rows(client):
        row, prefix = formset.initial_forms[0], formset.prefix
        opened = sent(client.get(path))
        place = int(opened[f"{prefix}-INITIAL_FORMS"])
        twin = {
            f"{prefix}-{place}-{name}": opened.get(row.add_prefix(name), "")
            for name in row.fields
        }
        counted = {
            f"{prefix}-TOTAL_FORMS": str(place + 1),
            f"{prefix}-INITIAL_FORMS": str(place + 1),
        }
        new = {key: value for key, value in opened.items()
               if key.startswith(f"{prefix}-{place}-")}  # fmt: skip
        before = stored(formset.model)

        response = client.post(path, {**opened, **new, **twin, **counted})

        assert response.status_code == 200, (path, prefix)
        assert STRANGE in text_of(response), (path, prefix)
        assert stored(formset.model) == before
        found += 1
    assert found >= 7


# == How many there are ==


@pytest.mark.parametrize("name", ["TOTAL_FORMS", "INITIAL_FORMS"])
@pytest.mark.parametrize(
    "number", ["100000", "9" * 5000, "-1", "x", "0"], ids=lambda n: n[:9]
)
def test_a_made_up_number_of_rows_is_refused_and_costs_nothing(
    as_user: Login, ada: User, world: World, name: str, number: str
) -> None:
    client = as_user(ada)
    found = 0
    for path, formset in forms_with_rows(client):
        before = stored(formset.model)
        opened = sent(client.get(path))
        shown = len(formset.forms)

        response = client.post(path, {**opened, f"{formset.prefix}-{name}": number})

        assert response.status_code == 200, (path, formset.prefix)
        page = text_of(response)
        assert STRANGE in page or INCOMPLETE in page, (path, formset.prefix)
        assert stored(formset.model) == before
        # Rows that did not arrive cost nothing: none was built.
        [built] = [
            len(inline.formset.forms)
            for inline in response.context["inline_admin_formsets"]
            if inline.formset.prefix == formset.prefix
        ]
        assert built <= shown
        found += 1
    assert found >= 7


def test_rows_behind_the_number_that_is_told_are_not_dropped_unsaid(
    as_user: Login, erin: User, world: World
) -> None:
    client, path = as_user(erin), path_of(world.draft)
    row = {
        "targets-1-kind": "person", "targets-1-name": "A second minister",
        "targets-1-position": "2",
    }  # fmt: skip

    refused = client.post(path, {**sent(client.get(path)), **row})

    assert INCOMPLETE in text_of(refused)
    assert world.draft.targets.count() == 1
    # What arrived is in the form, and is saved when it is sent once more.
    assert client.post(path, sent(refused)).status_code == 302
    assert world.draft.targets.count() == 2


def test_more_new_rows_than_anybody_types_are_refused(
    as_user: Login, erin: User, world: World
) -> None:
    client, path = as_user(erin), path_of(world.draft)
    rows = {f"targets-{place}-name": "Minister" for place in range(1, 600)}
    opened = {**sent(client.get(path)), **rows, "targets-TOTAL_FORMS": "600"}

    response = client.post(path, opened)

    assert "No more than 40 rows can be added at once." in text_of(response)
    [formset] = [
        inline.formset
        for inline in response.context["inline_admin_formsets"]
        if inline.formset.prefix == "targets"
    ]
    assert len(formset.forms) == 41
    assert world.draft.targets.count() == 1
