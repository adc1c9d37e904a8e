"""One's own account: name, language, mails about what waits."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.core import mail
from django.test import Client

from organizations import mailing
from organizations.models import Organization, StaffMailPurpose, User
from petitions.reports import receivers
from tests.helpers import text_of
from tests.organizations.helpers import send_all
from tests.organizations.second_factors import code_of, give_app

type Login = Callable[[User], Client]

pytestmark = pytest.mark.django_db

ACCOUNT = "/admin/account/"
LOGIN = {"password": "correct horse"}


def test_the_name_is_greeted_with(as_user: Login, erin: User) -> None:
    client = as_user(erin)
    assert ACCOUNT in client.get("/admin/").content.decode()

    answer = client.post(
        ACCOUNT,
        {"name": "Erin Éclair", "language": "", "wants_notices": "on"},
        follow=True,
    )

    assert "Your account is changed." in text_of(answer)
    assert "Erin Éclair" in text_of(client.get("/admin/"))


def test_what_is_wrong_is_said_and_kept(as_user: Login, erin: User) -> None:
    answer = as_user(erin).post(ACCOUNT, {"name": "a" * 201, "language": "en"})

    assert answer.status_code == 200
    assert "a" * 201 in answer.content.decode()
    erin.refresh_from_db()
    assert erin.name == ""


def test_nothing_else_is_changed_by_it(as_user: Login, erin: User) -> None:
    as_user(erin).post(
        ACCOUNT,
        {"name": "E", "language": "fr", "is_superuser": "on", "email": "x@example.org"},
    )

    erin.refresh_from_db()
    assert (erin.name, erin.language, erin.wants_notices) == ("E", "fr", False)
    assert not erin.is_superuser
    assert erin.email == "erin@example.org"


def test_what_another_tab_has_changed_stays(as_user: Login, erin: User) -> None:
    client = as_user(erin)
    page = client.get(ACCOUNT).content.decode()
    (seen,) = re.findall(r'name="_seen" value="([^"]*)"', page)
    opened = {
        "name": "",
        "language": "",
        "wants_notices": "on",
        "_seen": unescape(seen),
    }

    client.post(ACCOUNT, {**opened, "name": "Erin Éclair"})
    client.post(ACCOUNT, {**opened, "language": "fr"})
    both = client.post(ACCOUNT, {**opened, "name": "Erin E."})

    erin.refresh_from_db()
    assert (erin.name, erin.language, erin.wants_notices) == ("Erin Éclair", "fr", True)
    assert "Erin Éclair" in both.content.decode()
    assert 'value="Erin E."' in both.content.decode()


@pytest.mark.parametrize("has_factor", [False, True])
def test_pages_after_a_login_and_mails_are_in_the_chosen_language(
    as_user: Login, erin: User, has_factor: bool
) -> None:
    changed = as_user(erin).post(ACCOUNT, {"name": "", "language": "fr"})
    assert changed["Location"] == "/admin/fr/account/"
    secret = give_app(erin) if has_factor else ""
    client = Client(headers={"host": "localhost"})

    answer = client.post("/admin/login/", {"username": erin.email, **LOGIN})
    if has_factor:
        answer = client.post("/admin/login/code/", {"code": code_of(secret)})

    assert answer["Location"] == "/admin/fr/"
    mailing.request_mail(StaffMailPurpose.PASSWORD, erin.email, language="en")
    send_all()
    assert "mot de passe" in mail.outbox[-1].body


def test_who_wants_no_notices_gets_none(
    erin: User, alice: User, organization: Organization
) -> None:
    assert set(receivers(organization)) == {alice.email, erin.email}

    User.objects.filter(pk=erin.pk).update(wants_notices=False)

    assert receivers(organization) == [alice.email]
    User.objects.update(wants_notices=False)
    assert receivers(organization) == [organization.contact_email]
