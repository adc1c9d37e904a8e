"""Logins that go on: listed, ended one by one, and with the right that they began with."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from core.admin import logins
from organizations.models import Membership, Organization, Role, User
from organizations.retention import ended_logins
from tests.clock import time_passes
from tests.factories import make_organization
from tests.helpers import text_of
from tests.organizations.browsers import PHONE, is_in, log_in
from tests.organizations.second_factors import code_of, give_app

type Login = Callable[[User], Client]

pytestmark = pytest.mark.django_db

LOGINS = "/admin/logins/"


def test_logins_are_listed_by_browser_and_network_never_by_address(alice: User) -> None:
    here = log_in(alice)
    log_in(alice, PHONE, "198.52.100.77")

    shown = text_of(here.get(LOGINS))

    assert "Firefox, Linux · this one" in shown
    assert "Safari, iPhone" in shown
    assert "from the network 198.52.100.0/24" in shown
    assert "203.0.114.9" not in shown
    stored = {str(row) for row in UserSession.objects.values_list("ip", flat=True)}
    assert stored == {"203.0.114.0", "198.52.100.0"}


def test_one_is_ended_and_the_others_go_on(alice: User, bob: User) -> None:
    here, phone, theirs = log_in(alice), log_in(alice, PHONE), log_in(bob)
    number = UserSession.objects.get(session_key=phone.session.session_key).pk
    foreign = UserSession.objects.get(session_key=theirs.session.session_key).pk

    here.post(f"{LOGINS}{foreign}/end/")
    answer = here.post(f"{LOGINS}{number}/end/", follow=True)

    assert "That login has ended." in text_of(answer)
    assert [is_in(client) for client in (here, phone, theirs)] == [True, False, True]
    assert "had ended already" in text_of(
        here.post(f"{LOGINS}{number}/end/", follow=True)
    )


def test_all_others_are_ended_at_once(alice: User, bob: User) -> None:
    here, theirs = log_in(alice), log_in(bob)
    others = [log_in(alice, PHONE), log_in(alice)]

    answer = here.post(f"{LOGINS}end/", follow=True)

    assert "2 other logins have ended." in text_of(answer)
    assert not any(is_in(client) for client in others)
    assert is_in(here)
    assert is_in(theirs)


@pytest.mark.parametrize(
    "what", ["removed", "another role", "by SQL", "no administrator"]
)
def test_a_right_that_is_taken_away_ends_the_login(
    erin: User, organization: Organization, what: str
) -> None:
    membership = Membership.objects.get(user=erin)
    if what == "no administrator":
        User.objects.filter(pk=erin.pk).update(is_superuser=True)
    client = log_in(erin)
    if what == "removed":
        membership.delete()
    elif what == "another role":
        membership.role = Role.VIEWER
        membership.save()
    elif what == "by SQL":
        Membership.objects.filter(user=erin).update(role=Role.VIEWER)
    else:
        User.objects.filter(pk=erin.pk).update(is_superuser=False)

    answer = client.get("/admin/petitions/petition/")

    assert answer["Location"].startswith("/admin/login/")
    assert not is_in(client)


def test_a_right_that_comes_ends_nothing(
    erin: User, organization: Organization
) -> None:
    client = log_in(erin)
    other = make_organization()
    Membership.objects.create(user=erin, organization=other, role=Role.VIEWER)

    assert is_in(client)
    Membership.objects.filter(user=erin, organization=other).delete()
    assert not is_in(client)


def test_a_new_second_factor_ends_the_other_logins(alice: User) -> None:
    here, other = log_in(alice), log_in(alice)
    here.get("/admin/second-factor/app/")
    secret = here.session["app_secret"]

    here.post("/admin/second-factor/app/", {"code": code_of(secret)})

    assert is_in(here)
    assert not is_in(other)


def test_a_login_stays_listed_once_its_password_was_changed(alice: User) -> None:
    here, other = log_in(alice), log_in(alice)
    words = "a fair hearing for all"

    answer = here.post(
        "/admin/password_change/",
        {
            "old_password": "correct horse",
            "new_password1": words,
            "new_password2": words,
        },
    )

    assert answer.status_code == 302
    assert is_in(here)
    assert not is_in(other)
    assert "this one" in text_of(here.get(LOGINS))


def test_activity_is_noted_where_the_session_is_extended(alice: User) -> None:
    client = log_in(alice)
    before = UserSession.objects.get().last_seen_at

    with time_passes(logins.RENEWED * 2):
        client.get("/admin/")

    assert UserSession.objects.get().last_seen_at > before + logins.RENEWED


def test_rows_of_ended_logins_go(alice: User) -> None:
    log_in(alice)
    assert not ended_logins(timezone.now()).exists()

    Session.objects.all().delete()

    assert ended_logins(timezone.now()).count() == 1


def test_a_half_login_is_not_listed(alice: User) -> None:
    give_app(alice)
    client = Client(headers={"host": "localhost"})
    client.post("/admin/login/", {"username": alice.email, "password": "correct horse"})

    assert not UserSession.objects.exists()


def test_a_form_is_answered_before_the_login_ends(
    alice: User, organization: Organization
) -> None:
    client = log_in(alice)
    path = f"/admin/organizations/organization/{organization.pk}/change/"
    assert client.get(path).status_code == 200
    Membership.objects.filter(user=alice).update(role=Role.VIEWER)

    answer = client.post(path, {"name": "Hijacked"})

    assert answer.status_code == 403
    assert not is_in(client)
    organization.refresh_from_db()
    assert organization.name == "Rights Now"
