"""Grave acts ask for the password again: not too often, not too seldom, and nothing that
was typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from organizations.confirming import GOOD_FOR
from organizations.logins import OWN
from organizations.models import Organization, User
from organizations.second_factor import factors
from tests.clock import time_passes
from tests.helpers import text_of
from tests.organizations.retyping import Browser
from tests.organizations.second_factors import give_app
from tests.project.conftest import sent

type Login = Callable[[User], Client]

pytestmark = pytest.mark.django_db

CONFIRM = "/admin/confirm/"


def export_of(organization: Organization) -> str:
    return f"/admin/petitions/export/new/{organization.pk}/"


@pytest.mark.parametrize("what", ["export", "second factor"])
def test_a_grave_page_asks_first_when_the_password_was_given_long_ago(
    alice: User, as_user: Login, organization: Organization, what: str
) -> None:
    path = {
        "export": export_of(organization),
        "second factor": "/admin/second-factor/app/",
    }[what]
    client = as_user(alice)
    assert client.get(path).status_code == 200

    with time_passes(GOOD_FOR):
        asked = client.get(path)
        assert (asked.status_code, "Is it you?" in text_of(asked)) == (403, True)
        wrong = client.post(CONFIRM, {"next": path, "password": "a guess"})
        assert "This is not your password." in text_of(wrong)
        assert client.get(path).status_code == 403
        right = client.post(CONFIRM, {"next": path, "password": "correct horse"})
        assert right["Location"] == path
        assert client.get(path).status_code == 200


def test_other_pages_do_not_ask(alice: User, as_user: Login) -> None:
    client = as_user(alice)
    with time_passes(GOOD_FOR):
        assert client.get("/admin/petitions/petition/").status_code == 200


def test_guesses_are_limited(alice: User, as_user: Login) -> None:
    client = as_user(alice)
    answers = [
        client.post(CONFIRM, {"password": f"guess {number}"}).status_code
        for number in range(OWN.burst + 1)
    ]

    assert answers == [403] * OWN.burst + [429]
    assert client.post(CONFIRM, {"password": "correct horse"}).status_code == 429


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "", "javascript:x"]
)
def test_it_leads_nowhere_else(alice: User, as_user: Login, to: str) -> None:
    answer = as_user(alice).post(CONFIRM, {"next": to, "password": "correct horse"})

    assert answer["Location"] == "/admin/"


def test_a_made_up_answer_of_a_passkey_is_refused(alice: User, as_user: Login) -> None:
    client = as_user(alice)
    for answer in ("{", "[]", "{}", '{"id": 1}', '{"response": {"userHandle": "MQ"}}'):
        refused: Any = client.post(CONFIRM, {"credential": answer})
        assert refused.status_code == 403
        assert "The passkey was not accepted." in text_of(refused)


def test_a_factor_is_not_removed_unasked(alice: User, as_user: Login) -> None:
    give_app(alice)
    app = factors.factor_of(alice, "totp")
    assert app is not None
    client = as_user(alice)

    with time_passes(GOOD_FOR):
        answer = client.post(f"/admin/second-factor/remove/{app.pk}/")

    assert answer.status_code == 403
    assert factors.has_factor(alice)


def test_nothing_is_done_meanwhile_and_what_was_typed_comes_back(
    ada: User, erin: User
) -> None:
    path = f"/admin/organizations/user/{erin.pk}/change/"
    browser = Browser()
    browser.log_in(ada)
    page = browser.get(path)
    given = {**sent(page), "name": "Erin Éclair"}

    with time_passes(GOOD_FOR):
        asked = browser.send(page, 'id="user_form"', **given)
        assert asked.status_code == 403
        wrong = browser.send(asked, 'id="confirm-form"', password="a guess")
        offered = browser.send(wrong, 'id="confirm-form"', password="correct horse")
        assert "Erin Éclair" in text_of(offered)
        erin.refresh_from_db()
        assert erin.name == ""
        browser.send(offered)

    erin.refresh_from_db()
    assert erin.name == "Erin Éclair"
