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
# What a single page has is seen there.
OF_ONE_PAGE = {"curve.css", "embed.css", "profile.css", "share.css"}
CLASS = re.compile(r"\.([a-z][a-z0-9_-]*)(?=[^{}]*\{)")


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
    visitor.get("/erased/")  # whose site it is, is known from here on
    with django_assert_num_queries(0):  # type: ignore[operator]
        visitor.get("/fr" + GUIDE)


def test_every_component_is_shown(visitor: Client, settings: Settings) -> None:
    settings.DEBUG = True
    page = visitor.get(GUIDE).content.decode()
    shown = set(" ".join(re.findall(r'class="([^"]*)"', page)).split())
    components = {
        path.name: set(CLASS.findall(path.read_text()))
        for path in Path("static/css/components").glob("*.css")
        if path.name not in OF_ONE_PAGE
    }
    assert len(components) > 8
    assert [name for name, classes in components.items() if not classes & shown] == []
    # All kinds of those that have kinds.
    kinds = {
        name
        for file in ("button.css", "tag.css", "notice.css")
        for name in components[file]
        if "--" in name
    }
    assert len(kinds) > 8
    assert kinds - shown == set()
