"""Helpers for the tests of the configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


SECRET = "x7Kq0vB2mTz9LwE4dRy6HsN1cJp8Gf3uAo5iXbQkVnMtWlZeDrYhSCjPgF"


GOOD = {
    "SECRET_KEY": SECRET,
    "EMAIL_KEY": "f1WnR8sVb3KqLz6TgYxE0uMjHd9CpA4oIk7vBt2NmQwXeZrJyGhSDlUcPa",
    "SITE_URL": "https://petitions.example.org",
    "DATABASE_URL": "postgresql://u:p@db:5432/petitions",
    "MAIL_URL": "smtp+tls://user:p%40ss@mail.example.org:587",
    "MAIL_FROM": "petitions@example.org",
}


def environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return a complete environment with `changes`; None takes a variable away."""
    wanted = {"PATH": os.environ["PATH"], **GOOD, **changes}
    return {name: value for name, value in wanted.items() if value is not None}
