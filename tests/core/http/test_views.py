"""Small files that every site has."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from config.environment import Environment


def fields_of(response: Any) -> dict[str, str]:
    lines = response.content.decode().splitlines()
    return dict(line.split(": ", 1) for line in lines)


@pytest.mark.parametrize("days", [0, 1, 179, 400, 4000])
def test_who_finds_a_weakness_is_told_whom_to_tell(
    visitor: Client, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """RFC 9116: a contact, and an end that is always to come and less than a year
    away."""
    now = timezone.now() + timedelta(days=days)
    monkeypatch.setattr("core.views.timezone.now", lambda: now)

    response = visitor.get("/.well-known/security.txt")

    found = fields_of(response)
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert found["Contact"] == "mailto:admin@example.org"
    assert found["Canonical"] == (
        "http://testserver.localhost/.well-known/security.txt"
    )
    assert found["Preferred-Languages"] == "en, fr"
    expires = datetime.fromisoformat(found["Expires"])
    assert found["Expires"].endswith("Z")
    assert now + timedelta(days=100) < expires < now + timedelta(days=365)


def test_another_contact_for_weaknesses(visitor: Client, settings: Settings) -> None:
    settings.SECURITY_CONTACT = "https://example.org/security"

    found = fields_of(visitor.get("/.well-known/security.txt"))

    assert found["Contact"] == "https://example.org/security"


@pytest.mark.parametrize(
    ("written", "read", "problems"),
    [
        ("", "", 0),
        ("security@example.org", "mailto:security@example.org", 0),
        ("mailto:security@example.org", "mailto:security@example.org", 0),
        ("https://example.org/security", "https://example.org/security", 0),
        ("tel:+1-613-555-0100", "tel:+1-613-555-0100", 0),
        ("http://example.org/", "http://example.org/", 1),
        ("write to us", "write to us", 1),
        ("a@example.org\nExpires: never", "a@example.org\nExpires: never", 1),
    ],
)
def test_reading_a_contact(
    monkeypatch: pytest.MonkeyPatch, written: str, read: str, problems: int
) -> None:
    monkeypatch.setenv("SECURITY_CONTACT", written)
    env = Environment()

    assert env.contact("SECURITY_CONTACT") == read
    assert len(env.problems) == problems


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/fr//evil.example/",
        "/fr/%2Fevil.example/",
        "/fr/%5Cevil.example/",
        "/fr/%09/evil.example/",
        "/fr/%0A%5Cevil.example/",
        "//evil.example/",
        "/%5Cevil.example/",
        "/fr/x/%5Cevil.example/",
    ],
)
def test_no_link_of_an_error_page_leads_to_another_host(
    visitor: Client, path: str
) -> None:
    """As browsers read an address: without tabs and line ends, a backslash a slash."""
    response = visitor.get("/", PATH_INFO=unquote(path))

    assert response.status_code == 404
    page = response.content.decode()
    linked = [unescape(found) for found in re.findall(r'href="([^"]*evil[^"]*)"', page)]
    assert linked
    for address in linked:
        address = re.sub(r"[\t\r\n]", "", address).replace("\\", "/")
        found = urljoin(settings.SITE_URL, address)
        assert urlsplit(found).netloc == urlsplit(settings.SITE_URL).netloc
