"""The second factor: who needs one, how it is set up, and that a code is worth one
login."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings

from core.security import encryption
from organizations.models import Membership, Organization, Role, User
from organizations.second_factor import factors
from organizations.second_factor.factors import CODES, USED
from tests.clock import time_passes
from tests.helpers import text_of
from tests.organizations.browsers import log_in
from tests.organizations.helpers import send_all
from tests.organizations.retyping import Browser, change, end, write
from tests.organizations.second_factors import (
    code_of,
    give_app,
    recovery_codes_of,
    wrong_code,
)

type Login = Callable[[User], Client]

pytestmark = pytest.mark.django_db(transaction=True)

LOGIN, CODE = "/admin/login/", "/admin/login/code/"
SET_UP, APP = "/admin/second-factor/", "/admin/second-factor/app/"


@pytest.fixture
def required(settings: Settings) -> None:
    settings.SECOND_FACTOR = "owners"


def half_in(user: User, to: str = "/admin/") -> Client:
    """Return a browser in which the user has given the password."""
    client = Client(headers={"host": "localhost", "x-forwarded-for": "203.0.113.9"})
    answer = client.post(
        f"{LOGIN}?next={to}", {"username": user.email, "password": "correct horse"}
    )
    assert answer.status_code == 302
    assert answer["Location"] == CODE
    return client


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def test_a_password_alone_lets_nobody_in_who_has_a_second_factor(alice: User) -> None:
    secret = give_app(alice)
    client = half_in(alice, "/admin/petitions/petition/")

    assert not is_in(client)
    assert get_user(client).is_anonymous

    wrong = client.post(CODE, {"code": wrong_code(secret)})
    assert wrong.status_code == 200
    assert "This code is wrong" in text_of(wrong)
    assert not is_in(client)

    right = client.post(CODE, {"code": code_of(secret)})
    assert right["Location"] == "/admin/petitions/petition/"
    assert is_in(client)


def test_the_code_page_without_a_password_leads_to_the_login(alice: User) -> None:
    secret = give_app(alice)
    client = Client(headers={"host": "localhost"})

    for answer in (client.get(CODE), client.post(CODE, {"code": code_of(secret)})):
        assert answer["Location"] == LOGIN
    assert not is_in(client)


@pytest.mark.parametrize("what", ["too late", "closed", "another password"])
def test_a_half_login_ends(alice: User, what: str) -> None:
    secret = give_app(alice)
    client = half_in(alice)
    code = code_of(secret)
    if what == "closed":
        User.objects.filter(pk=alice.pk).update(is_active=False)
    if what == "another password":
        User.objects.filter(pk=alice.pk).update(password=make_password("another one"))

    with time_passes(timedelta(minutes=16 if what == "too late" else 0)):
        answer = client.post(CODE, {"code": code})

    assert answer["Location"] == LOGIN
    assert not is_in(client)


def test_a_code_is_worth_one_login_however_many_use_it_at_once(alice: User) -> None:
    code = code_of(give_app(alice))
    clients = [half_in(alice) for _ in range(CODES.burst)]

    def use(client: Client) -> int:
        try:
            return client.post(CODE, {"code": code}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(CODES.burst) as pool:
        answers = list(pool.map(use, clients))

    assert sorted(answers) == [200] * (CODES.burst - 1) + [302]
    assert [is_in(client) for client in clients].count(True) == 1


def test_the_mark_of_a_used_code_outlasts_its_validity() -> None:
    assert USED.emission_interval >= timedelta(seconds=3 * 30)


def test_of_a_hundred_wrong_codes_at_once_exactly_so_many_are_checked(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = give_app(alice)
    client, wrong = half_in(alice), wrong_code(secret)
    cookies = client.cookies
    checked: list[str] = []

    def noted(user: User, typed: str, now: Any) -> Authenticator | None:
        checked.append(typed)
        return matching(user, typed, now)

    matching = factors.matching
    monkeypatch.setattr(factors, "matching", noted)

    def guess(_number: int) -> Any:
        each = Client(headers={"host": "localhost"})
        each.cookies.update(cookies)
        try:
            return each.post(CODE, {"code": wrong})
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(guess, range(100)))

    assert len(checked) == CODES.burst
    assert sorted(answer.status_code for answer in answers) == (
        [200] * CODES.burst + [429] * (100 - CODES.burst)
    )
    slowed = next(answer for answer in answers if answer.status_code == 429)
    assert "Too many codes were wrong. Wait" in text_of(slowed)
    assert 0 < int(slowed.headers["Retry-After"]) <= 360
    assert client.post(CODE, {"code": code_of(secret)}).status_code == 429
    send_all()
    # One about the set-up, one warning.
    assert sorted(message.subject for message in mail.outbox) == [
        "Somebody knows your password",
        "Your second factor was changed",
    ]


def test_right_codes_use_nothing_of_the_limit(alice: User) -> None:
    secret = give_app(alice)
    for number in range(CODES.burst + 1):
        with time_passes(USED.emission_interval * number):
            answer = half_in(alice).post(CODE, {"code": code_of(secret)})
        assert answer.status_code == 302


def test_a_recovery_code_lets_in_once(alice: User) -> None:
    give_app(alice)
    code = recovery_codes_of(alice)[3]
    client = half_in(alice)

    assert client.post(CODE, {"code": f"{code[:4]} {code[4:]}"}).status_code == 302
    assert "You logged in with a recovery code; 9 are left." in text_of(
        client.get("/admin/")
    )
    again = half_in(alice)
    assert "This code is wrong, or was used" in text_of(
        again.post(CODE, {"code": code})
    )
    assert not is_in(again)


@pytest.mark.parametrize("who", ["alice", "ada"])
@pytest.mark.usefixtures("required")
def test_owners_and_administrators_get_no_further_without_one(
    who: str, organization: Organization, request: Any, as_user: Login
) -> None:
    client = as_user(request.getfixturevalue(who))

    for path in ("/admin/", "/admin/petitions/petition/", change(organization)):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, SET_UP)
    page = client.get(SET_UP)
    assert "You need a second factor" in text_of(page)
    shown = client.get(APP).content.decode()
    secret = re.findall(r'account-secret">([A-Z2-7 ]+)<', shown)[0].replace(" ", "")
    assert "<svg" in shown
    assert "data:" not in shown
    assert f"secret={secret}" in html.unescape(shown)

    wrong = client.post(APP, {"code": wrong_code(secret)})
    assert "This is not the code of this account." in text_of(wrong)
    assert secret[:4] in text_of(wrong)  # the QR code that was scanned holds
    done = client.post(APP, {"code": code_of(secret)}, follow=True)

    codes = re.findall(r"<code>(\d{8})</code>", done.content.decode())
    assert len(set(codes)) == 10
    assert not re.search(
        r"<code>\d", client.get(done.request["PATH_INFO"]).content.decode()
    )
    assert is_in(client)


@pytest.mark.usefixtures("required")
def test_editors_need_none_unless_all_do(
    erin: User, as_user: Login, settings: Settings
) -> None:
    client = as_user(erin)

    assert is_in(client)
    settings.SECOND_FACTOR = "all"
    assert client.get("/admin/")["Location"] == SET_UP
    settings.SECOND_FACTOR = "owners"
    Membership.objects.filter(user=erin).update(role=Role.OWNER)
    assert as_user(erin).get("/admin/")["Location"] == SET_UP


@pytest.mark.usefixtures("required")
def test_a_session_without_it_ends_once_it_is_set_up_elsewhere(
    alice: User, as_user: Login
) -> None:
    client = as_user(alice)
    assert client.get("/admin/")["Location"] == SET_UP
    give_app(alice)

    assert client.get("/admin/")["Location"].startswith(LOGIN)
    assert get_user(client).is_anonymous


@pytest.mark.usefixtures("required")
def test_the_last_one_stays_while_it_is_required(alice: User, as_user: Login) -> None:
    client = as_user(alice)
    shown = client.get(APP).content.decode()
    secret = re.findall(r'account-secret">([A-Z2-7 ]+)<', shown)[0].replace(" ", "")
    client.post(APP, {"code": code_of(secret)})
    app = Authenticator.objects.get(user=alice, type="totp")

    answer = client.post(f"{SET_UP}remove/{app.pk}/", follow=True)

    assert "This is your last second factor" in text_of(answer)
    assert factors.has_factor(alice)


def test_who_need_not_have_one_removes_it_with_its_codes(
    erin: User, as_user: Login, alice: User
) -> None:
    give_app(erin)
    give_app(alice)
    client = as_user(erin)
    theirs = Authenticator.objects.get(user=alice, type="totp")
    assert client.post(f"{SET_UP}remove/{theirs.pk}/").status_code == 404
    mine = Authenticator.objects.get(user=erin, type="totp")

    client.post(f"{SET_UP}remove/{mine.pk}/")

    assert not Authenticator.objects.filter(user=erin).exists()
    assert Authenticator.objects.filter(user=alice).count() == 2
    send_all()
    assert mail.outbox[-1].subject == "Your second factor was changed"


def test_what_was_typed_comes_back_after_the_second_factor(
    alice: User, organization: Organization
) -> None:
    browser = Browser()
    assert browser.log_in(alice).status_code == 302
    page = browser.get(change(organization))
    end(alice)
    secret = give_app(alice)

    over = write(browser, page)
    assert over.status_code == 403
    asked = browser.send(over, username=alice.email, password="correct horse")
    assert "comes back after the login" in text_of(asked)
    wrong = browser.send(asked, code=wrong_code(secret))
    assert "This code is wrong" in text_of(wrong)
    offered = browser.send(wrong, code=code_of(secret))

    assert "This is what you typed" in text_of(offered)
    organization.refresh_from_db()
    assert organization.description == ""
    assert browser.send(offered).status_code == 302
    organization.refresh_from_db()
    assert organization.description.startswith("A text that took an hour")


def test_what_was_typed_is_offered_to_who_lacks_a_second_factor(
    alice: User, organization: Organization, settings: Settings
) -> None:
    browser = Browser()
    assert browser.log_in(alice).status_code == 302
    page = browser.get(change(organization))
    settings.SECOND_FACTOR = "owners"

    offered = write(browser, page)

    assert offered.status_code == 403
    assert "Set up a second factor first, in another tab" in text_of(offered)
    assert "A text that took an hour" in text_of(offered)
    organization.refresh_from_db()
    assert organization.description == ""


def test_secrets_are_encrypted_and_outlive_a_new_key(
    alice: User, settings: Settings
) -> None:
    secret = give_app(alice)
    codes = recovery_codes_of(alice)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(data::text, ' ') FROM mfa_authenticator")
        stored = cursor.fetchone()[0]
    assert secret not in stored
    assert not any(code in stored for code in codes)

    former = settings.SECRET_KEY
    settings.SECRET_KEY = "b" * 50
    settings.SECRET_KEY_FALLBACKS = [former]
    assert half_in(alice).post(CODE, {"code": code_of(secret)}).status_code == 302
    settings.SECRET_KEY_FALLBACKS = []

    # The login has encrypted them anew.
    assert recovery_codes_of(alice) == codes
    settings.SECRET_KEY = "c" * 50
    with pytest.raises(encryption.Unreadable):
        recovery_codes_of(alice)


def test_a_secret_that_no_key_reads_is_no_server_error(
    alice: User, settings: Settings
) -> None:
    secret = give_app(alice)
    settings.SECRET_KEY = "d" * 50

    answer = half_in(alice).post(CODE, {"code": code_of(secret)})

    assert "This code is wrong" in text_of(answer)


def test_a_pbkdf2_hash_becomes_argon2_at_login(alice: User, settings: Settings) -> None:
    from config import settings as ours

    settings.PASSWORD_HASHERS = ours.PASSWORD_HASHERS
    stored = make_password("correct horse", hasher="pbkdf2_sha256")
    User.objects.filter(pk=alice.pk).update(password=stored)

    client = Client(headers={"host": "localhost"})
    client.post(LOGIN, {"username": alice.email, "password": "correct horse"})

    alice.refresh_from_db()
    assert alice.password.startswith("argon2$argon2id$")
    assert is_in(client)


def test_none_of_the_library_s_own_pages_is_there(visitor: Client) -> None:
    from django.urls import get_resolver

    from core.checks import url_names

    names = set(url_names(get_resolver()))
    assert not [n for n in names if n.startswith(("account_", "mfa_", "usersessions_"))]


def test_the_command_removes_what_was_lost(alice: User) -> None:
    give_app(alice)

    call_command("remove_second_factor", "Alice@example.org", stdout=StringIO())

    assert not Authenticator.objects.filter(user=alice).exists()
    send_all()
    assert mail.outbox[-1].subject == "Your second factor was changed"
    for address, sentence in (
        ("alice@example.org", "has no second factor"),
        ("nobody@example.org", "no account has this address"),
    ):
        with pytest.raises(CommandError, match=sentence):
            call_command("remove_second_factor", address)


def test_the_code_that_sets_an_app_up_is_used_up(alice: User) -> None:
    client = log_in(alice)
    client.get(APP)
    code = code_of(client.session["app_secret"])
    assert client.post(APP, {"code": code})["Location"] == "/admin/second-factor/codes/"

    somebody = half_in(alice)
    somebody.post(CODE, {"code": code})

    assert not is_in(somebody)
