"""Every URL of the site is graded as MDN HTTP Observatory grades, and gets at least
130, which is A+ with credit to spare."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from organizations.models import User
from tests.project.addresses import NAMES, PATHS
from tests.project.observatory import findings, score

pytestmark = pytest.mark.django_db

LEAST = 130
# Made to be shown in frames elsewhere. They reach the mark without what keeps others
# out of a frame: Observatory asks whether a policy says who may, not whom it names.
FRAMED = {"petitions:card", "petitions:card_form"}


@pytest.fixture
def https(settings: Settings) -> Client:
    """A browser on the site as it is set up for HTTPS."""
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME = "__Host-session"
    settings.CSRF_COOKIE_NAME = "__Host-csrf"
    return Client(headers={"host": "localhost", "sec-fetch-site": "same-origin"})


def graded(response: Any) -> int:
    body = b"".join(response)  # a file is closed when it has been read
    return score(response, body.decode(errors="replace"))


@pytest.mark.parametrize("name", NAMES)
def test_every_address_has_the_mark(
    https: Client, site: dict[str, str], name: str
) -> None:
    response = https.get(PATHS[name].format(**site), secure=True)

    assert graded(response) >= LEAST
    policy = response.headers["Content-Security-Policy"]
    assert ("frame-ancestors *" in policy) is (name in FRAMED)


def test_pages_for_people_have_more(https: Client, site: dict[str, str]) -> None:
    for name in ("home", "petitions:petition", "petitions:confirm"):
        assert graded(https.get(PATHS[name].format(**site), secure=True)) >= 140


def test_mistakes_have_the_mark_too(https: Client, site: dict[str, str]) -> None:
    for path, status in {
        "/nothing/": 404,
        "/nothing.json": 404,
        "/petitions/free-the-prisoners/sign/": 413,
    }.items():
        data = {"name": "x" * 200_000} if status == 413 else None
        answer = https.post(path, data, secure=True) if data else https.get(
            path, secure=True
        )  # fmt: skip
        assert answer.status_code == status
        assert graded(answer) >= LEAST


def test_staff_have_the_mark(https: Client, ada: User) -> None:
    login = https.get(reverse("admin:login"), secure=True)
    https.force_login(ada)
    for name in ("index", "petitions_petition_changelist", "petitions_petition_add"):
        assert graded(https.get(reverse(f"admin:{name}"), secure=True)) >= LEAST
    assert graded(login) >= LEAST
    assert login.cookies["__Host-csrf"]["samesite"] == "Lax"


def test_http_leads_to_https(https: Client) -> None:
    assert https.get("/").headers["Location"] == "https://testserver.localhost/"


# == The grading itself ==

GOOD = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}
CSP = "Content-Security-Policy"


@pytest.mark.parametrize(
    ("header", "value", "mark"),
    [
        (CSP, GOOD[CSP], 140),
        (CSP, None, 75),
        (CSP, "default-src 'self'; frame-ancestors 'none'", 135),
        (CSP, "default-src 'none'; frame-ancestors 'none'", 135),
        (CSP, GOOD[CSP].replace("; frame-ancestors 'none'", ""), 135),
        (CSP, f"{GOOD[CSP]}; style-src 'unsafe-inline'", 130),
        (CSP, f"{GOOD[CSP]}; style-src 'unsafe-inline' 'sha256-x'", 140),
        (CSP, GOOD[CSP].replace("script-src 'self'", "script-src https:"), 80),
        (CSP, GOOD[CSP].replace("script-src 'self'", "script-src 'unsafe-eval'"), 120),
        (CSP, f"{GOOD[CSP]}; img-src http://a.example", 120),
        (CSP, f"{GOOD[CSP]}; font-src http://a.example", 80),
        ("Referrer-Policy", None, 135),
        ("Referrer-Policy", "unsafe-url", 130),
        ("Referrer-Policy", "unsafe-url, strict-origin", 140),
        ("Strict-Transport-Security", None, 80),
        ("Strict-Transport-Security", "max-age=600", 130),
        ("X-Content-Type-Options", None, 135),
        ("X-Frame-Options", None, 140),
        ("Cross-Origin-Resource-Policy", "cross-origin", 130),
        ("Cross-Origin-Resource-Policy", "nonsense", 125),
        ("Cross-Origin-Embedder-Policy", None, 130),
        ("Access-Control-Allow-Origin", "*", 140),
    ],
)
def test_what_a_header_is_worth(header: str, value: str | None, mark: int) -> None:
    headers = {**GOOD, "Content-Type": "text/html", header: value}
    response = HttpResponse(headers={k: v for k, v in headers.items() if v})

    assert score(response, "") == mark


def test_naming_a_sender_with_cookies_is_the_end() -> None:
    response = HttpResponse(
        headers={
            **GOOD,
            "Access-Control-Allow-Origin": "https://a.example",
            "Access-Control-Allow-Credentials": "true",
        }
    )

    assert score(response, "") == 50


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"secure": True, "httponly": True, "samesite": "Lax"}, 5),
        ({"secure": True, "httponly": True}, 0),
        ({"secure": True, "samesite": "Lax"}, -30),
        ({"httponly": True, "samesite": "Lax"}, -10),
    ],
)
def test_what_a_cookie_is_worth(options: dict[str, Any], change: int) -> None:
    response = HttpResponse(headers=GOOD)
    response.set_cookie("session", "x", **options)

    assert dict(findings(response, ""))["cookies"] == change


@pytest.mark.parametrize(
    ("tag", "change"),
    [
        ('<script src="/a.js"></script>', 0),
        ('<script src="/a.js" integrity="sha256-x"></script>', 5),
        ('<script src="https://a.example/a.js"></script>', -5),
        ('<script src="//a.example/a.js"></script>', -50),
        ('<script type="application/ld+json">{}</script>', 0),
    ],
)
def test_what_a_script_is_worth(tag: str, change: int) -> None:
    answer = SimpleNamespace(headers={**GOOD, "Content-Type": "text/html"}, cookies={})

    assert dict(findings(answer, tag))["subresource-integrity"] == change
