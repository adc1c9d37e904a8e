"""The style guide: every component, for those who build the site."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from organizations.models import User

pytestmark = pytest.mark.django_db
GUIDE = "/style-guide/"
# Classes of parts that no single page shows with all of its states.
ELSEWHERE = re.compile(r"demo-bar|share|skip-link|profile|retention|mails|mail-text|columns|^next$|thanks|step--prose|petition__(?!aside|count|sign$)|petition--|petition$|corrections|wrap|visually-hidden|texts")  # fmt: skip


def test_in_a_demonstration_and_for_staff_only(
    visitor: Client, as_user: Callable[[User], Client], bob: User, settings: Settings
) -> None:
    assert visitor.get(GUIDE).status_code == 404
    assert as_user(bob).get(GUIDE).status_code == 200
    settings.DEBUG = True
    page = visitor.get(GUIDE)
    assert page.status_code == 200
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert page.headers["Cache-Control"] == "no-store"


def test_it_asks_the_database_for_nothing(
    visitor: Client, settings: Settings, django_assert_num_queries: object
) -> None:
    settings.DEBUG = True
    with django_assert_num_queries(0):  # type: ignore[operator]
        visitor.get("/fr" + GUIDE)


def test_every_component_is_shown(visitor: Client, settings: Settings) -> None:
    settings.DEBUG = True
    page = visitor.get(GUIDE).content.decode()
    shown = {
        name for names in re.findall(r'class="([^"]*)"', page) for name in names.split()
    }
    missing = {
        name
        for sheet in Path("static/css/components").glob("*.css")
        for name in re.findall(
            r"\.([a-z][a-z0-9_-]*)",
            re.sub(
                r"/\*.*?\*/|\d\.\d+|url\([^)]*\)",
                "",
                sheet.read_text(),
                flags=re.DOTALL,
            ),
        )
        if name not in shown and not ELSEWHERE.search(name)
    }
    assert missing == set()
