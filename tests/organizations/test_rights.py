"""The matrix of rights, and the check that everything in the admin declares its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from core.admin.model_admin import ModelAdmin, StackedInline
from core.i18n.languages import AdminPrefix
from organizations.checks import (
    every_right_is_declared,
    every_url_of_staff_takes_a_right,
)
from organizations.models import Membership, Organization, Role, User
from organizations.rights import (
    RIGHTS,
    Right,
    may,
    may_everywhere,
    may_somewhere,
    organizations_with,
    roles_with,
)
from organizations.scoping import Needs, ScopedAdmin
from petitions.models import Petition, Update
from petitions.states import State
from tests.factories import make_petition
from tests.petitions.admin.helpers import pressed

type Login = Callable[[User], Client]


# == The matrix ==


def test_rights_lead_on_from_one_another() -> None:
    """What a page says of one right would else be undone by another: whoever decides
    about supporters sees them, whoever takes back could do it."""
    for rights in RIGHTS.values():
        assert Right.VIEW in rights
        assert Right.ADMINISTER not in rights
        if rights & {Right.MODERATE, Right.SERVE, Right.EXPORT, Right.DELIVER}:
            assert Right.SEE_SUPPORTERS in rights
        if Right.TAKE_BACK in rights:
            assert {Right.WRITE, Right.PUBLISH} <= rights
    assert set(RIGHTS) == set(Role)


@pytest.mark.django_db
def test_a_right_holds_where_the_role_is_held(
    organization: Organization, other_organization: Organization, erin: User, ada: User
) -> None:
    Membership.objects.create(
        user=erin, organization=other_organization, role=Role.VIEWER
    )

    assert may(erin, Right.WRITE, organization.pk)
    assert not may(erin, Right.MANAGE, organization.pk)
    assert not may(erin, Right.WRITE, other_organization.pk)
    assert may(erin, Right.VIEW, other_organization.pk)
    assert not may(erin, Right.VIEW, None)
    assert may_somewhere(erin, Right.WRITE)
    assert not may_everywhere(erin, Right.WRITE)
    assert list(organizations_with(erin, Right.WRITE)) == [organization]
    assert all(may(ada, right, organization.pk) for right in Right)
    assert may(ada, Right.ADMINISTER, None)
    assert organizations_with(ada, Right.VIEW).count() == 2
    assert Role.VIEWER not in roles_with(Right.WRITE)


@pytest.mark.django_db
def test_a_closed_account_has_no_right(organization: Organization, ada: User) -> None:
    ada.is_active = False

    assert not may(ada, Right.VIEW, organization.pk)
    assert not may_somewhere(ada, Right.VIEW)
    assert not organizations_with(ada, Right.VIEW).exists()


# == The matrix as people read it ==


def test_the_command_prints_the_matrix() -> None:
    out = StringIO()

    call_command("rights", stdout=out)

    first, *lines = out.getvalue().splitlines()
    assert first.split() == [role.short for role in Role]
    marks = {line[:40].rstrip(): line.split()[-len(Role) :] for line in lines if line}
    assert marks["Read pages, drafts and numbers"] == ["yes"] * 5
    assert marks["Publish, pause, close and withdraw"] == [
        "yes",
        "yes",
        "-",
        "yes",
        "-",
    ]


@pytest.mark.django_db
def test_owners_see_the_matrix_on_a_page(
    as_user: Login,
    organization: Organization,
    alice: User,
    erin: User,
    charlie: User,
) -> None:
    path = f"/admin/organizations/organization/{organization.pk}/"

    page = as_user(alice).get(f"{path}rights/").content.decode()
    row = page.partition("Publish, pause, close and withdraw</th>")[2]
    marks = re.findall(r'hidden">(yes|no)</span>', row.partition("</tr>")[0])

    assert marks == ["yes", "yes", "no", "yes", "no"]
    assert page.count('<th scope="col">') == len(Role)
    assert f"{path}rights/" in as_user(alice).get(f"{path}change/").content.decode()
    assert f"{path}rights/" not in as_user(erin).get(f"{path}change/").content.decode()
    assert as_user(erin).get(f"{path}rights/").status_code == 403
    assert as_user(charlie).get(f"{path}rights/").status_code == 404


# == Whoever has a right in one organisation alone ==


@pytest.mark.django_db
def test_an_action_leaves_rows_where_the_right_is_lacking(
    as_user: Login,
    organization: Organization,
    other_organization: Organization,
    erin: User,
) -> None:
    Membership.objects.create(
        user=erin, organization=other_organization, role=Role.VIEWER
    )
    mine, theirs = make_petition(organization), make_petition(other_organization)
    fields = {
        "action": "close_selected",
        "_selected_action": [mine.pk, theirs.pk],
    }
    client, path = as_user(erin), "/admin/petitions/petition/"

    asked = client.post(path, fields)
    client.post(path, {**fields, **pressed(asked)})

    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.state, theirs.state) == (State.CLOSED, State.OPEN)
    # Said before it is done.
    assert "Some were left as they are" in asked.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["name=x", "network=192.0.2.0", "domain=x.example"])
def test_no_list_is_narrowed_by_a_column_that_it_does_not_show(
    as_user: Login, petition: Petition, bob: User, query: str
) -> None:
    """Whether a row is left tells what stands in the column."""
    client = as_user(bob)

    assert client.get(f"/admin/petitions/invalidation/?{query}").status_code == 400
    assert client.get("/admin/petitions/invalidation/?state=done").status_code == 200


# == The check ==


def undeclared() -> set[str]:
    return {
        f"{error.id} {error.msg.split()[0]}" for error in every_right_is_declared(None)
    }


def test_everything_declares_its_rights() -> None:
    assert every_right_is_declared(None) == []


def register(monkeypatch: pytest.MonkeyPatch, **members: Any) -> None:
    """Register an admin of updates with these members instead of the site's own."""
    made: Any = type("Planted", (ScopedAdmin,), {"needs": Needs(Right.VIEW), **members})
    registry: Any = admin.site._registry
    monkeypatch.setitem(registry, Update, made(Update, admin.site))


def test_a_class_without_rights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plain: Any = type("Plain", (ModelAdmin,), {})
    registry: Any = admin.site._registry
    monkeypatch.setitem(registry, Update, plain(Update, admin.site))

    assert "organizations.E001 Plain" in undeclared()


def test_an_inline_without_rights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    inline: Any = type("Row", (StackedInline,), {"model": Update})
    register(monkeypatch, inlines=[inline])

    assert undeclared() == {"organizations.E001 Row"}


def test_a_class_that_decides_by_itself_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register(monkeypatch, has_change_permission=lambda self, request, obj=None: True)

    assert undeclared() == {"organizations.E002 Planted"}


def test_an_action_and_a_page_without_a_right_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def take(self: Any, request: Any, queryset: Any) -> None:
        """Do something with the rows."""

    def urls(self: Any) -> list[Any]:
        own = path(
            "all/", self.admin_site.admin_view(take), name="petitions_update_all"
        )
        return [own, *ScopedAdmin.get_urls(self)]

    register(monkeypatch, actions=["take"], take=take, get_urls=urls)

    found = [error.msg for error in every_right_is_declared(None)]
    assert [msg.partition(" of ")[0] for msg in found] == [
        "The action take", "The page petitions_update_all",
    ]  # fmt: skip


def test_a_url_of_staff_without_a_right_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert every_url_of_staff_takes_a_right(None) == []

    def everything(request: HttpRequest) -> HttpResponse:
        return HttpResponse("names")

    urls: Any = import_module(settings.ROOT_URLCONF)
    planted = [
        path("names/", admin.site.admin_view(everything), name="names"),
        path("unnamed/", everything),
        path("more/", include(([path("", everything, name="deep")], "more"))),
    ]
    found = next(
        one for one in urls.urlpatterns if isinstance(one.pattern, AdminPrefix)
    )
    monkeypatch.setattr(found, "url_patterns", [*found.url_patterns, *planted])

    messages = [error.msg for error in every_url_of_staff_takes_a_right(None)]
    assert [message.split()[2] for message in messages] == [
        "names", "<function", "more:deep",
    ]  # fmt: skip
    assert {error.id for error in every_url_of_staff_takes_a_right(None)} == {
        "organizations.E003"
    }
