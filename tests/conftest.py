"""A cast that every test knows.

Alice owns the organisation, Erin edits for it, Bob only reads; Charlie owns another
one and is a stranger here; Ada administers the site.
"""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, settings

from core import slots
from core.http.cache_policy import page_cache
from core.mail import capabilities
from core.observability.health import STATE
from core.observability.outcomes import OUTCOMES
from core.switches import NONE, SWITCHES
from organizations.context import ONLY
from organizations.models import Organization, Role, User
from petitions.abuse.new_domains import KNOWN
from petitions.abuse.rate_limits import RATE_LIMITS
from petitions.models import Petition
from petitions.views.parameters import LANGUAGES
from tests.clock import rest_of_day
from tests.factories import make_member, make_organization, make_petition, make_user

# A slow machine is no fault of the code. On CI, hypothesis sets the same by itself.
settings.register_profile(
    "patient",
    settings(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Let the tables be emptied between tests, which a site refuses, or records."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE tgtype & 32 > 0"
        )
        for trigger, table in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let no test lie on two days: “today” is then the same to it and to the site."""
    if seconds := rest_of_day(time.time()):
        time.sleep(seconds)


@pytest.fixture(autouse=True)
def _numbers_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let public pages show the numbers of the end of the slot, so that no test waits
    for the next one. What a slot shows: tests/project/test_slots.py."""
    monkeypatch.setattr("core.slots.SETTLING", -slots.SLOT)


@pytest.fixture(autouse=True)
def _nothing_held() -> Iterator[None]:
    forget()
    yield
    forget()


def forget() -> None:
    """Clear what a process caches between requests."""
    page_cache.clear()
    RATE_LIMITS.forget()
    KNOWN.forget()
    capabilities.forget_answer()
    ONLY.forget()
    LANGUAGES.forget()
    STATE.forget()
    OUTCOMES.forget()
    # Nobody has touched one: tests count statements.
    SWITCHES._value = (NONE, math.inf)


@pytest.fixture
def one_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold the clock of the page cache: two requests are in one slot, however long
    they take and whenever they begin."""
    monkeypatch.setattr("core.http.cache_policy.slot_of", lambda now: 1)


class MissingVariables(logging.Handler):
    """Collects the variables that our templates use and no context provides."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("Exception while resolving variable"):
            assert isinstance(record.args, tuple)
            variable, template = record.args
            if not str(template).startswith(("admin/", "django/", "registration/")):
                self.found.append(f"{variable} in {template}")


@pytest.fixture(autouse=True)
def _no_missing_variables() -> Iterator[None]:
    logger = logging.getLogger("django.template")
    handler, level = MissingVariables(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    propagate, logger.propagate = logger.propagate, False
    yield
    logger.removeHandler(handler)
    logger.setLevel(level)
    logger.propagate = propagate
    assert handler.found == []


@pytest.fixture
def organization(db: None) -> Organization:
    return make_organization("Rights Now")


@pytest.fixture
def other_organization(db: None) -> Organization:
    return make_organization("Somebody Else")


@pytest.fixture
def petition(organization: Organization) -> Petition:
    return make_petition(organization, title="Free the prisoners")


@pytest.fixture
def alice(organization: Organization) -> User:
    return make_member(organization, Role.OWNER, "alice@example.org")


@pytest.fixture
def erin(organization: Organization) -> User:
    return make_member(organization, Role.EDITOR, "erin@example.org")


@pytest.fixture
def bob(organization: Organization) -> User:
    return make_member(organization, Role.VIEWER, "bob@example.org")


@pytest.fixture
def charlie(other_organization: Organization) -> User:
    return make_member(other_organization, Role.OWNER, "charlie@example.org")


@pytest.fixture
def ada(db: None) -> User:
    return make_user("ada@example.org", is_superuser=True)


class StaffClient(Client):
    """A client that opens each form of the admin just before it sends it, unless the
    test says with `_seen` when it was opened."""

    def post(self, path: Any, data: Any = None, *args: Any, **options: Any) -> Any:
        if (
            re.search(
                r"/(change|delete|spread|account|(do|operation)/[\w-]+)/$", str(path)
            )
            and isinstance(data, dict)
            and "_seen" not in data
        ):
            page = self.get(path)
            found = re.search(rb'name="_seen" value="([^"]*)"', page.content)
            if found:
                data = {**data, "_seen": unescape(found[1].decode())}
        if isinstance(data, dict) and "_selected_action" in data:
            # Actions on rows send what the page has listed.
            rows = re.findall(r'name="_shown" value="([^"]*)"', self.text_at(path))
            data = {"_shown": rows, **data}
        return super().post(path, data, *args, **options)

    def text_at(self, path: Any) -> str:
        """Return the page's HTML."""
        return self.get(path).content.decode()


@pytest.fixture
def as_user() -> Callable[[User], Client]:
    """A function that returns a browser in which the user has logged in."""

    def login(user: User) -> Client:
        client = StaffClient(headers={"host": "localhost"})
        client.force_login(user)
        return client

    return login


@pytest.fixture
def visitor() -> Client:
    """A browser without a login, on the site's own host."""
    return Client(headers={"host": "localhost", "sec-fetch-site": "same-origin"})


@pytest.fixture
def sign_form() -> dict[str, Any]:
    return {"name": "Maya Tremblay", "email": "maya@example.org"}
