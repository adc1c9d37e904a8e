"""Every page, list, filter, search, form, inline, autocomplete and action of the admin, as
each role of another organisation and as nobody: they meet nothing. What a role of the
organisation itself may not see, test_rights_holes.py looks for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from organizations.models import Organization, Role, User
from organizations.rights import RIGHTS, Right
from tests.factories import (
    make_member,
)
from tests.project.conftest import World
from tests.project.people import INVITED, PERSONAL
from tests.project.rights_walk import SEE_PEOPLE, Walk

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

# Written out by hand, so that nobody changes the matrix without changing this.
MATRIX = {
    "owner": "view write publish count see_supporters moderate serve export connect "
    "deliver mail take_back manage read_log",
    "editor": "view write publish count see_supporters moderate mail",
    "moderator": "view see_supporters moderate serve",
    "writer": "view write publish",
    "viewer": "view",
}

SECRETS = ["Rights Now", "Zwetschgenplan", "alice@example.org"]
"""What members alone know of their organisation."""


def test_the_matrix_is_the_one_that_was_decided() -> None:
    assert {role.value: {right.value for right in RIGHTS[role]} for role in Role} == {
        role: set(rights.split()) for role, rights in MATRIX.items()
    }
    sees = {role.value for role in Role if Right.SEE_SUPPORTERS in RIGHTS[role]}
    assert sees == SEE_PEOPLE


@pytest.mark.parametrize("role", list(Role))
def test_a_member_of_another_organisation_meets_nothing(
    as_user: Login, people: World, other_organization: Organization, role: Role
) -> None:
    stranger = make_member(other_organization, role)
    walk = Walk(as_user(stranger), stranger, [*PERSONAL, *SECRETS, INVITED])

    assert list(walk.everything()) == []
    assert walk.pages > 20


def test_nobody_meets_nothing(people: World) -> None:
    client = Client(headers={"host": "localhost"})
    walk = Walk(client, AnonymousUser(), [*PERSONAL, *SECRETS, INVITED])

    assert list(walk.everything()) == []
    assert walk.pages == 0


def test_an_export_is_for_those_who_have_the_right(
    as_user: Login, people: World
) -> None:
    path = f"/admin/petitions/export/new/{people.organization.pk}/"
    owner = as_user(make_member(people.organization, Role.OWNER)).post(path)

    assert b"wimblethorpe@gobbledok.example" in b"".join(owner)
    for role in set(Role) - {Role.OWNER}:
        member = as_user(make_member(people.organization, role))
        assert member.post(path).status_code == 403
