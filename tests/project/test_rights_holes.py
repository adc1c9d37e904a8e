"""One hole of each kind, planted: the walk finds it. So the walk goes on proving that it
would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.http import HttpRequest
from django.test import Client

from core.admin.model_admin import ModelAdmin, StackedInline
from core.audit import entries
from organizations.models import Organization, Role, User
from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, ScopedPermissions
from petitions.admin.exports import ExportAdmin
from petitions.admin.petitions import PetitionAdmin
from petitions.models import Export, Invalidation, Petition, Signature
from tests.factories import make_member
from tests.project.conftest import World
from tests.project.people import PERSONAL
from tests.project.rights_walk import Walk

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]
type Plant = Callable[[pytest.MonkeyPatch, World], None]
type Part = Callable[[Walk], Iterator[str]]


def of(model: Any) -> Any:
    return admin.site._registry[model]


def names(*_of: Any) -> str:
    return ", ".join(Signature.objects.values_list("name", flat=True))


def in_a_list(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(PetitionAdmin, "list_display", ["title", names])


def in_a_form(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(PetitionAdmin, "names", names, raising=False)
    patch.setattr(PetitionAdmin, "readonly_fields", ["names"])
    patch.setattr(PetitionAdmin, "fieldsets", [(None, {"fields": ["names"]})])


class SignatureInline(ScopedPermissions, StackedInline[Signature, Petition]):
    needs = Needs(view=Right.VIEW)
    model = Signature
    fields = ("name",)
    readonly_fields = ("name",)


def in_an_inline(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(PetitionAdmin, "inlines", [SignatureInline])


class NameFilter(admin.SimpleListFilter):
    title = parameter_name = "signer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("a", names()), ("b", "b")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset


def in_a_filter(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(PetitionAdmin, "list_filter", [NameFilter])


def in_a_search(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(PetitionAdmin, "search_fields", ["signatures__name"])


def in_a_lookup(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(ScopedAdmin, "lookup_allowed", ModelAdmin.lookup_allowed)


def in_a_history(patch: pytest.MonkeyPatch, world: World) -> None:
    entries.note(world.signed, f"Hid {names()}")


def in_an_export(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(ExportAdmin, "holds", lambda *asked: True)


def in_pages(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(PetitionAdmin, "holds", lambda *asked, **more: True)


@pytest.mark.parametrize(
    ("plant", "part", "words"),
    [
        (in_a_list, lambda walk: walk.lists(of(Petition)), "shows Wimblethorpe"),
        (in_a_form, lambda walk: walk.forms(of(Petition)), "change/: shows"),
        (in_an_inline, lambda walk: walk.forms(of(Petition)), "change/: shows"),
        (in_a_filter, lambda walk: walk.lists(of(Petition)), "shows Wimblethorpe"),
        (in_a_search, lambda walk: walk.searches(of(Petition)), "a search for"),
        (in_a_lookup, lambda walk: walk.searches(of(Invalidation)), "name="),
        (in_a_history, lambda walk: walk.forms(of(Petition)), "history/: shows"),
        (in_an_export, lambda walk: walk.own_pages(of(Export)), "/export/new/"),
        (in_pages, lambda walk: walk.own_pages(of(Petition)), "preview/: shows"),
        (in_pages, lambda walk: walk.own_pages(of(Petition)), "invalidate/: 200"),
    ],
    ids=["list", "form", "inline", "filter", "search", "lookup", "history", "export",
         "preview", "direct URL"],
)  # fmt: skip
def test_what_a_writer_would_see_is_found(
    monkeypatch: pytest.MonkeyPatch, as_user: Login, people: World,
    plant: Plant, part: Part, words: str,
) -> None:  # fmt: skip
    writer = make_member(people.organization, Role.WRITER)
    walk = Walk(as_user(writer), writer, PERSONAL)
    assert list(part(walk)) == []

    plant(monkeypatch, people)

    faults = list(part(walk))
    assert [fault for fault in faults if words in fault], faults


def everywhere(self: Any, request: HttpRequest) -> Any:
    return Petition.objects.for_reading().order_by("-pk")


def pause_all(self: Any, request: HttpRequest, queryset: Any) -> None:
    Petition.objects.update(goal=77)


pause_all.right = Right.PUBLISH  # type: ignore[attr-defined]


def in_choices(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(PetitionAdmin, "get_queryset", everywhere)


def in_an_action(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(PetitionAdmin, "pause_all", pause_all, raising=False)
    patch.setattr(PetitionAdmin, "actions", ["pause_all"])


@pytest.mark.parametrize(
    ("plant", "part", "words"),
    [
        (in_choices, lambda walk: walk.autocompletes(), "offers"),
        (in_choices, lambda walk: walk.lists(of(Petition)), "lists"),
        (in_an_action, lambda walk: walk.actions(of(Petition)), "rows of others"),
    ],
    ids=["autocomplete", "rows", "action"],
)
def test_what_another_organisation_could_reach_is_found(
    monkeypatch: pytest.MonkeyPatch, as_user: Login, people: World,
    other_organization: Organization, plant: Plant, part: Part, words: str,
) -> None:  # fmt: skip
    stranger = make_member(other_organization, Role.EDITOR)
    walk = Walk(as_user(stranger), stranger, PERSONAL)
    assert list(part(walk)) == []

    plant(monkeypatch, people)

    faults = list(part(walk))
    assert [fault for fault in faults if words in fault], faults
