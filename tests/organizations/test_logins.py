"""Guessing passwords: how many are looked at, who is held up, who is told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.admin import logins
from core.models import Bucket
from core.security import buckets
from core.security.buckets import Rate
from organizations import mailing
from organizations.logins import ADDRESS, HERE, NETWORK, OWN
from organizations.models import Organization, SeenNetwork, StaffMail, User
from organizations.retention import old_networks
from tests.helpers import text_of

type Login = Callable[[User], Client]

pytestmark = pytest.mark.django_db(transaction=True)

LOGIN = "/admin/login/?next=/admin/"


def log_in(
    address: str, password: str = "a wrong guess", network: str = "203.0.114"
) -> Any:
    client = Client(headers={"x-forwarded-for": f"{network}.9"})
    try:
        return client.post(LOGIN, {"username": address, "password": password})
    finally:
        if threading.current_thread() is not threading.main_thread():
            connection.close()


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each password that was looked at, also for no account at all."""
    seen: list[str] = []
    encode = MD5PasswordHasher.encode

    def noted(hasher: MD5PasswordHasher, password: str, salt: str, *more: Any) -> str:
        seen.append(password)
        return encode(hasher, password, salt, *more)

    monkeypatch.setattr(MD5PasswordHasher, "encode", noted)
    return seen


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many may wait that the limits alone decide."""
    monkeypatch.setattr(logins, "LINE", logins.CheckQueue(waiting=100, seconds=60))


class Events(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        known = ("account", "by", "network", "address_mark", "organization")
        found = {k: getattr(record, k) for k in known if hasattr(record, k)}
        self.lines.append({"event": record.getMessage(), **found})


@pytest.fixture
def events() -> Iterator[Events]:
    handler = Events()
    logger = logging.getLogger("security")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("known", [True, False])
def test_of_parallel_guesses_exactly_so_many_are_looked_at(
    alice: User, checks: list[str], known: bool
) -> None:
    address = alice.email if known else "nobody@example.org"
    guesses = [f"guess number {number}" for number in range(40)]
    checks.clear()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda guess: log_in(address, guess), guesses))

    assert len(set(checks)) == len(checks) == HERE.burst
    assert sorted(answer.status_code for answer in answers) == (
        [200] * HERE.burst + [429] * (40 - HERE.burst)
    )
    slowed = next(answer for answer in answers if answer.status_code == 429)
    assert "Too many passwords were tried. Wait" in text_of(slowed)
    # Of guesses at once, one that began earlier may be judged after a later one, so it
    # waits for the moments between them, too.
    assert 0 < int(slowed.headers["Retry-After"]) <= 360 + 60
    # The right one is not looked at either …
    if known:
        assert log_in(alice.email, "correct horse").status_code == 429
        # … but from elsewhere its owner gets in.
        elsewhere = log_in(alice.email, "correct horse", "198.52.100")
        assert elsewhere.status_code == 302


@pytest.mark.usefixtures("patient")
def test_one_network_guesses_so_often_for_all_accounts(
    alice: User, checks: list[str]
) -> None:
    checks.clear()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: log_in(f"user{n}@example.org"), range(70)))

    assert len(checks) == NETWORK.burst
    assert log_in(alice.email, "correct horse").status_code == 429
    assert log_in(alice.email, "correct horse", "198.52.100").status_code == 302


@pytest.mark.usefixtures("patient")
def test_guesses_from_everywhere_do_not_hold_the_owner_up_at_the_usual_place(
    alice: User, checks: list[str]
) -> None:
    assert log_in(alice.email, "correct horse", "198.52.100").status_code == 302
    checks.clear()

    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda n: log_in(alice.email, "wrong", f"203.0.{n}"), range(100, 180)
            )
        )

    assert len(checks) == ADDRESS.burst
    assert log_in(alice.email, "correct horse", "203.0.200").status_code == 429
    assert log_in(alice.email, "correct horse", "198.52.100").status_code == 302


def test_who_is_held_up_takes_nothing_from_other_limits(alice: User) -> None:
    for _number in range(HERE.burst + 80):
        log_in(alice.email)

    assert log_in("bob@example.org").status_code == 200  # the network has some left
    assert log_in(alice.email, "correct horse", "198.52.100").status_code == 302


def test_logins_that_succeed_use_nothing_up(alice: User) -> None:
    for _number in range(HERE.burst * 3):
        assert log_in(alice.email, "correct horse").status_code == 302


def test_a_limit_refills(db: None) -> None:
    rate = Rate("a test", burst=2, emission_interval=timedelta(minutes=6))
    now = timezone.now()
    one = rate.of("somebody")

    assert [bool(buckets.draw(one, now=now)) for _ in range(3)] == [False, False, True]
    assert buckets.draw(one, now=now) == timedelta(minutes=6)
    later = now + timedelta(minutes=6)
    assert not buckets.draw(one, now=later)
    assert buckets.draw(one, now=later)
    assert not buckets.purge_buckets(later)
    assert Bucket.objects.count() == 1
    buckets.purge_buckets(later + timedelta(minutes=13))
    assert Bucket.objects.count() == 0


def test_others_wait_for_their_turn(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three who guess at the same time turned everybody else away."""
    verify = MD5PasswordHasher.verify

    def slow(hasher: MD5PasswordHasher, password: str, encoded: str) -> bool:
        time.sleep(0.3)
        return verify(hasher, password, encoded)

    monkeypatch.setattr(MD5PasswordHasher, "verify", slow)
    with ThreadPoolExecutor(3) as pool:
        answers = list(
            pool.map(lambda _: log_in(alice.email, "correct horse"), range(3))
        )

    assert [answer.status_code for answer in answers] == [302] * 3


def test_too_many_who_wait_are_asked_to_come_again_and_lose_nothing(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logins, "LINE", logins.CheckQueue(waiting=0, seconds=1))
    with logins.LINE.turn() as is_ours:
        assert is_ours
        for _number in range(HERE.burst * 2):
            assert log_in(alice.email, "correct horse").status_code == 429

    assert log_in(alice.email, "correct horse").status_code == 302


def test_a_browser_that_was_taken_over_does_not_guess_the_password_in_it(
    as_user: Login, alice: User, checks: list[str]
) -> None:
    client = as_user(alice)
    words = "a fair hearing for all"
    form = {"new_password1": words, "new_password2": words}
    for number in range(OWN.burst + 5):
        answer = client.post(
            "/admin/password_change/", {**form, "old_password": f"guess {number}"}
        )

    assert "Too many passwords were tried" in text_of(answer)
    assert sum(seen.startswith("guess ") for seen in checks) == OWN.burst


def test_whatever_asks_for_a_login_meets_the_limits(alice: User) -> None:
    for _number in range(HERE.burst):
        authenticate(username=alice.email, password="wrong")

    assert authenticate(username=alice.email, password="correct horse") is None


# == Who is told ==


def test_events_name_accounts_and_never_what_was_typed(
    alice: User, events: Events
) -> None:
    log_in(alice.email)
    log_in("Somebody.Else@example.org")
    log_in(alice.email, "correct horse")
    for _number in range(HERE.burst + 1):
        log_in(alice.email)

    found = {line["event"] for line in events.lines}
    assert found == {"login failed", "login succeeded", "login slowed"}
    failed, unknown, *_rest = events.lines
    assert failed["account"] == alice.pk
    assert "account" not in unknown
    assert unknown["address_mark"]
    assert len({line["network"] for line in events.lines}) == 1
    shown = str(events.lines).lower()
    for typed in ("alice@", "somebody", "wrong guess", "horse", "203.0"):
        assert typed not in shown


def test_a_refusal_and_a_new_password_are_events(
    as_user: Login, bob: User, alice: User, organization: Organization, events: Events
) -> None:
    as_user(bob).get("/admin/organizations/user/")
    bob.set_password("a fair hearing for all")
    bob.save()

    assert {"event": "permission refused", "account": bob.pk} in events.lines
    assert {"event": "password changed", "account": bob.pk} in events.lines


def test_the_owner_is_told_once_that_somebody_guesses(alice: User) -> None:
    for _number in range(HERE.burst + 20):
        log_in(alice.email)
        log_in("nobody@example.org", network="198.52.100")

    assert StaffMail.objects.count() == 2
    while mailing.send_round(timezone.now()):
        pass
    (message,) = mail.outbox
    assert message.to == [alice.email]
    assert "Many wrong passwords were tried for your account" in str(message.body)
    assert not StaffMail.objects.exists()


def test_the_owner_is_told_of_a_login_from_a_new_network(alice: User) -> None:
    for network in ("203.0.114", "203.0.114", "198.52.100", "198.52.100"):
        log_in(alice.email, "correct horse", network)
    while mailing.send_round(timezone.now()):
        pass

    (message,) = mail.outbox
    assert message.to == [alice.email]
    assert "198.52.100.0/24" in str(message.body)
    assert "198.52.100.9" not in str(message.body)
    assert SeenNetwork.objects.count() == 2
    assert old_networks(timezone.now() + timedelta(days=181)).count() == 2


# == Passwords ==


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaaaa", "abcdefghijkl", "lkjihgfedcba", "123456789012", "987654321098",
        "847362519473", "qwertyuiop[]", "azertyuiopqs", "poiuytrewqlk", "abcabcabcabc",
        "catcatcatcat", "passwordpassword", "password1234!", "1q2w3e4r5t6y",
        "rightsnow2026", "Rights Now 2026", "NowRightsNowRights", "petitionspetitions",
        "testserver2026", "alice2026alice", "zaqwsxcderfv", "a" * 200, "é" * 12,
        "rights-now-rights-now", "tabarnaktabarnak", "P3titi0n2026!!", "!QAZ@WSX#EDC",
        "pässwörtpässwört", "ｐａｓｓｗｏｒｄ１２３４", "пароль123456", "йцукенгшщзхъ",
        "motdepasse2026!", "mot de passe 2026", "jetaimepourtoujours", "liberté2026!",
        "27 novembre 2026", "Summer2026!!!!", "2026-11-27-2026", "canadiens2026",
        "humanrights2026", "vivelequebec2026", "correcthorsebatterystaple",
    ],
)  # fmt: skip
def test_what_is_guessed_soon_is_refused(
    alice: User, organization: Organization, password: str
) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, alice)


@pytest.mark.parametrize(
    "password",
    [
        "a fair hearing for all", "correct horse battery", "long enough 1",
        "Xk9#vTq2!mZr", "le merle chante à midi", "四つの関係ない言葉を並べる",
    ],
)  # fmt: skip
def test_what_is_hard_to_guess_is_taken(
    alice: User, organization: Organization, password: str
) -> None:
    validate_password(password, alice)
