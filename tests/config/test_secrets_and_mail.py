"""Secrets and MAIL_URL at their limits: what just passes, what just does not, and what
a good one is read as. Each rule of them is seen broken here when it is taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.environment import Environment
from tests.config.helpers import SECRET

HIDDEN = "s3cr3tpw"
DIGITS = "3856333265964423712395184267797747837982823156161565562798007586"


def reading(**variables: str) -> Environment:
    env = Environment()
    env.ENVIRON = variables
    return env


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (SECRET[:49], "SECRET_KEY has 49 characters."),
        (SECRET[:50], ""),
        # Blanks are part of it, as Django and the keyed hash take it.
        (f" {SECRET[:49]}", ""),
        (SECRET[:10] * 5, "SECRET_KEY repeats itself"),
        (f"'{SECRET[:48]}'", ""),
        (f"{SECRET[:17]}{'0' * 33}", "SECRET_KEY repeats itself"),
        ("0123456789abcdef0123456789abcdef01234567abcdef0123", "SECRET_KEY repeats"),
        # As `openssl rand -hex 32` makes them.
        ("9f2c41d07be85a3316c0f4d2a97e58bb04d6137f2ac9850e61b34df7829ac05e", ""),
        # Random digits shrink most, and are as hard to guess.
        (DIGITS, ""),
        ("", "SECRET_KEY is not set."),
        ("   ", "SECRET_KEY is not set."),
    ],
)
def test_a_secret_at_its_limits(value: str, problem: str) -> None:
    env = reading(SECRET_KEY=value)

    found = env.secret("SECRET_KEY", "signs links")

    assert "\n".join(env.problems).startswith(problem)
    assert bool(env.problems) == bool(problem)
    assert found == (value if value.strip() else "")


def test_former_keys_keep_the_quotes_that_were_part_of_them() -> None:
    former = f"'{SECRET[:48]}'"
    env = reading(EMAIL_KEY_FALLBACKS=former, MAIL_FROM="'a@example.org'")

    assert env.parts("EMAIL_KEY_FALLBACKS") == [former]
    assert env.problems == []
    assert env.text("MAIL_FROM") == "a@example.org"
    assert len(env.problems) == 1


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [
        ("", True),
        (SECRET[:20], True),
        (SECRET[:19], False),
        ("abcd" * 10, False),
        (f"{SECRET[:20]} {SECRET[20:40]}", False),
        (f"{SECRET[:30]}é", False),
        (f"{SECRET[:24]}+/==", True),
    ],
)
def test_a_token_at_its_limits(value: str, is_taken: bool) -> None:
    env = reading(METRICS_TOKEN=value)

    assert env.token("METRICS_TOKEN") == value
    assert (env.problems == []) == is_taken


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [
        (f"name:{SECRET[:20]}", True),
        (f"name:{SECRET[:10]}:{SECRET[10:20]}", True),
        (f"name:{SECRET[:19]}", False),
        (f":{SECRET[:20]}", False),
        (SECRET[:30], False),
        ("name:" + "ab" * 20, False),
        ("", False),
    ],
)
def test_the_secret_of_webhooks_at_its_limits(value: str, is_taken: bool) -> None:
    env = reading(ANYMAIL_WEBHOOK_SECRET=value, ANYMAIL_OTHER="x", OTHER="y")

    assert env.anymail() == {"WEBHOOK_SECRET": value, "OTHER": "x"}
    assert (env.problems == []) == is_taken


@pytest.mark.parametrize(
    ("host", "in_the_dns"),
    [
        ("याचिका.भारत", "xn--11bj6dycce.xn--h2brj9c"),
        ("தமிழ்.இந்தியா", "xn--rlcus7b3d.xn--xkc2dl3a5ee0h"),
        ("straße.example", "xn--strae-oqa.example"),
    ],
)
def test_a_site_may_be_named_in_any_script(host: str, in_the_dns: str) -> None:
    env = reading(SITE_URL=f"https://{host}")

    assert env.site_url("SITE_URL").geturl() == f"https://{in_the_dns}"
    assert env.problems == []


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("smtp://mail.test", {"host": "mail.test", "port": 25, "timeout": 10}),
        ("smtp://mail.test:2525", {"port": 2525, "use_tls": False, "use_ssl": False}),
        ("smtp+tls://mail.test", {"port": 587, "use_tls": True, "use_ssl": False}),
        ("smtps://mail.test", {"port": 465, "use_tls": False, "use_ssl": True}),
        ("smtp://[2001:db8::1]:25", {"host": "2001:db8::1"}),
        ("smtp://mail.test/", {"host": "mail.test"}),
        ("smtp://தமிழ்.இந்தியா", {"host": "தமிழ்.இந்தியா"}),
        ("smtp://mail.test", {"username": "", "password": ""}),
        (
            "smtp://u%40x.org:a%2Fb%25c%20d%3A%23@mail.test",
            {"username": "u@x.org", "password": "a/b%c d:#"},
        ),
        ("smtp://u:a:b@mail.test", {"username": "u", "password": "a:b"}),
        ("smtp://mail.test?timeout=1", {"timeout": 1}),
        ("smtp://mail.test?timeout=300", {"timeout": 300}),
        ("folder:///var/my%20mail", {"folder": Path("/var/my mail")}),
    ],
)
def test_a_mail_url_is_read_as_it_is_written(url: str, read: dict[str, Any]) -> None:
    env = reading(MAIL_URL=url)

    options = env.mailer("MAIL_URL")["OPTIONS"]

    assert env.problems == []
    assert {name: options[name] for name in read} == read


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("smtp://mail.test?timeout=0", "MAIL_URL: its timeout is not"),
        ("smtp://mail.test?timeout=301", "MAIL_URL: its timeout is not"),
        ("smtp://mail.test?timeout=", "MAIL_URL: its timeout is not"),
        ("smtp://mail.test?timeout=٣", "MAIL_URL: its timeout is not"),
        ("smtp://mail.test?tls", "MAIL_URL: it knows no 'tls'."),
        ("smtp://mail.test?tls=", "MAIL_URL: it knows no 'tls'."),
        ("smtp://mail.test/inbox", "MAIL_URL: nothing follows the port."),
        ("smtp://mail.test#587", "MAIL_URL: nothing follows the port."),
        ("smtp://:25", "MAIL_URL cannot be read. Set smtp://"),
        (f"smtp://u:{HIDDEN}@", "MAIL_URL cannot be read. Set smtp://"),
        (f"smtp://u:{HIDDEN}@mail.test:x", "MAIL_URL cannot be read. Set smtp://"),
        (f"smtp://u:{HIDDEN}@mail.test:0", "MAIL_URL cannot be read. Set smtp://"),
        (f"imap://u:{HIDDEN}@mail.test", "MAIL_URL cannot be read. Set smtp://"),
        (f"smtp://u:{HIDDEN}@x@mail.test", "MAIL_URL cannot be read: in user and"),
        (f"smtp://u:%{HIDDEN}@mail.test", "MAIL_URL cannot be read: in user and"),
        ("folder://var/mail", "MAIL_URL cannot be read. Set smtp://"),
        ("folder:var/mail", "MAIL_URL cannot be read. Set smtp://"),
        ("mail.test:25", "MAIL_URL cannot be read. Set smtp://"),
        ("", "MAIL_URL is not set. Set smtp://"),
    ],
)
def test_a_mail_url_that_cannot_be_is_one_mistake(url: str, problem: str) -> None:
    env = reading(MAIL_URL=url)

    env.mailer("MAIL_URL")

    assert len(env.problems) == 1, env.problems
    assert env.problems[0].startswith(problem)
    assert HIDDEN not in env.problems[0]
