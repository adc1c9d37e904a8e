"""What each role of an organisation meets in its own admin: what it may not see it sees
nowhere, and what it may see is there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from organizations.models import Role, User
from tests.factories import make_member
from tests.project.conftest import World
from tests.project.people import INVITED, PERSONAL
from tests.project.rights_walk import SEE_PEOPLE, Walk

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]


@pytest.mark.parametrize("role", list(Role))
def test_a_member_meets_what_their_role_may(
    as_user: Login, people: World, role: Role
) -> None:
    member = make_member(people.organization, role)
    hidden = [] if role in SEE_PEOPLE else list(PERSONAL)
    if role != Role.OWNER:
        hidden.append(INVITED)
    walk = Walk(as_user(member), member, hidden, planted=PERSONAL)

    assert list(walk.everything()) == []
    assert walk.pages > 100
    # It is there to be seen.
    assert walk.seen == (set(PERSONAL) if role in SEE_PEOPLE else set())
