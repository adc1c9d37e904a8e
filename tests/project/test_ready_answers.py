"""An answer that is ready is the one that Django would give: status, headers and body,
and the line in the log, for every page and whatever a visitor sends."""

from __future__ import annotations

import gzip
import io
import logging
import math
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.core import signals
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError, close_old_connections
from django.test import override_settings
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone

from core.http import ready_answers
from core.http.cache_policy import page_cache
from core.http.ready_answers import ReadyAnswers
from core.http.untrusted_input import sanitize
from core.models import SwitchName
from core.operation import turn_off, turn_on
from core.slots import SLOT, slot_of
from core.switches import NONE, SWITCHES, On, Switches
from organizations.models import User
from petitions.models import Petition
from tests.conftest import StaffClient
from tests.factories import make_entry, make_translation
from tests.project.addresses import CACHED, PATHS, PETITION

pytestmark = pytest.mark.django_db

CANARY = "kanary-2b8"
PAGE, COUNT = f"{PETITION}/", f"{PETITION}/count.json"
type Answer = tuple[str, list[tuple[str, str]], bytes]


class Door:
    """The site as a server calls it (config.wsgi), with the ready answers or without
    them."""

    def __init__(self) -> None:
        self.handler = WSGIHandler()
        self.ready = ReadyAnswers(self.django)
        self.asked = 0

    def django(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.asked += 1
        answer: Iterable[bytes] = self.handler(environ, start_response)
        return answer

    def ask(self, application: Any, path: str, **sent: Any) -> Answer:
        """Return status line, headers in their order, and body."""
        path, _mark, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            **sent,
        }
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            started.append((status, headers))

        given = {name: value for name, value in environ.items() if value is not None}
        response = application(sanitize(given), start_response)
        body = b"".join(response)
        if hasattr(response, "close"):
            response.close()
        return *started[0], body

    def by_django(self, path: str, **sent: Any) -> Answer:
        return self.ask(self.handler, path, **sent)

    def __call__(self, path: str, **sent: Any) -> Answer:
        return self.ask(self.ready, path, **sent)

    def is_ready(self, path: str, **sent: Any) -> bool:
        """Return whether such a request is answered without Django."""
        before = self.asked
        self(path, **sent)
        return self.asked == before


@pytest.fixture
def door() -> Iterator[Door]:
    prefix = get_script_prefix()
    # As the test client does: they would close the test's connection.
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_old_connections)
    yield Door()
    signals.request_started.connect(close_old_connections)
    signals.request_finished.connect(close_old_connections)
    set_script_prefix(prefix)


GZIP = {"HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd"}
# What visitors send, by whether it is answered without Django.
USUAL: dict[str, dict[str, Any]] = {
    "nothing": {},
    "HEAD": {"REQUEST_METHOD": "HEAD", **GZIP},
    "gzip": GZIP,
    "gzip refused": {"HTTP_ACCEPT_ENCODING": "br, gzip;q=0, identity"},
    "brotli": {"HTTP_ACCEPT_ENCODING": "br"},
    "identity": {"HTTP_ACCEPT_ENCODING": "identity"},
    "another page in the browser": {"HTTP_IF_NONE_MATCH": f'"{CANARY}"', **GZIP},
    "any page in the browser": {"HTTP_IF_NONE_MATCH": "*", **GZIP},
    "another port": {"HTTP_HOST": "localhost:1234", **GZIP},
    "a cookie of others": {"HTTP_COOKIE": f"_ga={CANARY}; django_language=fr", **GZIP},
    "https": {"HTTP_X_FORWARDED_PROTO": "https", **GZIP},
    "https, said by a stranger": {
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_X_FORWARDED_PROTO": "https",
    },
    "hostile headers": {
        "SCRIPT_URL": f"/{CANARY}/x",
        "REDIRECT_URL": f"/{CANARY}/x",
        "SERVER_NAME": CANARY,
        "HTTP_X_FORWARDED_HOST": CANARY,
        "HTTP_X_FORWARDED_PORT": "9393",
        "HTTP_X_FORWARDED_PREFIX": f"/{CANARY}",
        "HTTP_X_SCRIPT_NAME": f"/{CANARY}",
        "HTTP_FORWARDED": f"for={CANARY};host={CANARY};proto=https",
        "HTTP_X_ORIGINAL_URL": f"/{CANARY}",
        "HTTP_X_REWRITE_URL": f"/{CANARY}",
        "RAW_URI": f"/{CANARY}",
        "REQUEST_URI": f"/{CANARY}",
        "HTTP_X_HTTP_METHOD_OVERRIDE": "POST",
        "HTTP_ACCEPT": f"application/{CANARY}",
        "HTTP_ACCEPT_LANGUAGE": "fr, ar;q=0.9",
        "HTTP_ACCEPT_CHARSET": "utf-16",
        "HTTP_USER_AGENT": CANARY,
        "HTTP_IF_MATCH": f'"{CANARY}"',
        "HTTP_IF_MODIFIED_SINCE": CANARY,
        "HTTP_IF_RANGE": CANARY,
        "HTTP_ORIGIN": f"https://{CANARY}",
        "HTTP_REFERER": f"https://{CANARY}/",
        "HTTP_SEC_FETCH_SITE": "cross-site",
        "HTTP_AUTHORIZATION": f"Bearer {CANARY}",
        "HTTP_REMOTE_USER": CANARY,
    },
}
UNUSUAL: dict[str, dict[str, Any]] = {
    "POST": {"REQUEST_METHOD": "POST"},
    "OPTIONS": {"REQUEST_METHOD": "OPTIONS"},
    "a method in small letters": {"REQUEST_METHOD": "get"},
    "a method that is none": {"REQUEST_METHOD": CANARY},
    "another host": {"HTTP_HOST": f"{CANARY}.example", **GZIP},
    "a host that is none": {"HTTP_HOST": f"{CANARY}/@:x", **GZIP},
    "an empty host": {"HTTP_HOST": "", **GZIP},
    "no host": {"HTTP_HOST": None, **GZIP},
    "a prefix": {"SCRIPT_NAME": f"/{CANARY}"},
    "a malformed login": {"HTTP_COOKIE": "session=x", **GZIP},
    "a malformed token": {"HTTP_COOKIE": "csrf=x", **GZIP},
    "a part": {"HTTP_RANGE": "bytes=5-9"},
    "a body": {"CONTENT_LENGTH": "3", "wsgi.input": io.BytesIO(b"a=b")},
    "a body that is too long": {"CONTENT_LENGTH": str(2**40)},
    "a length that is none": {"CONTENT_LENGTH": CANARY},
    "a body in chunks": {"HTTP_TRANSFER_ENCODING": "chunked"},
    "a charset": {"CONTENT_TYPE": "text/plain; charset=hex"},
    "an upgrade": {"HTTP_UPGRADE": CANARY},
    "an expectation": {"HTTP_EXPECT": "100-continue"},
}  # fmt: skip


def alike(one: Answer, other: Answer) -> bool:
    """Return whether the answers are the same but for the random values of cookies."""
    return without_cookies(one) == without_cookies(other)


def without_cookies(answer: Answer) -> Answer:
    status, headers, body = answer
    names = [(name, "" if name == "Set-Cookie" else value) for name, value in headers]
    return status, names, body


def all_paths() -> list[str]:
    paths = [PATHS[name] for name in CACHED]
    return paths + [
        f"/fr{path}" for path in paths if path[-1] == "/" and "?" not in path
    ]


@pytest.mark.usefixtures("one_slot")
def test_what_is_usual_is_answered_as_by_django_and_without_it(
    site: dict[str, str], door: Door
) -> None:
    for path in all_paths():
        for what, sent in USUAL.items():
            expected = door.by_django(path, **sent)
            assert door(path, **sent) == expected, (path, what)
            assert door(path, **sent) == expected, (path, what)
            # Of parameters that count, Django knows.
            assert door.is_ready(path, **sent) is ("?" not in path), (path, what)


@pytest.mark.usefixtures("one_slot")
def test_a_page_that_the_browser_has_is_not_sent_again(
    site: dict[str, str], door: Door
) -> None:
    for path in all_paths():
        (etag,) = (value for name, value in door(path)[1] if name == "ETag")
        for given in (etag, f'W/"{CANARY}", {etag}'):
            sent = {"HTTP_IF_NONE_MATCH": given, **GZIP}
            expected = door.by_django(path, **sent)
            assert expected[0] == "304 Not Modified"
            assert expected[2] == b""
            assert door(path, **sent) == door(path, **sent) == expected
            assert door.is_ready(path, **sent) is ("?" not in path), path


@pytest.mark.usefixtures("one_slot")
def test_what_is_unusual_is_left_to_django_and_changes_nothing_for_others(
    site: dict[str, str], door: Door
) -> None:
    for path in (PAGE, f"/fr{PAGE}", COUNT, "/"):
        usual = door.by_django(path, **GZIP)
        (kept,) = (page for (key, _), page in page_cache.pages.items() if key == path)
        for what, sent in UNUSUAL.items():
            for is_first in (True, False):
                kept.ready.clear()
                if not is_first:
                    assert door(path, **GZIP) == usual
                    assert door.is_ready(path, **GZIP)
                expected = door.by_django(path, **sent)
                assert not door.is_ready(path, **sent), (path, what)
                assert not door.is_ready(path, **sent), (path, what)
                assert alike(door(path, **sent), expected), (path, what)
                assert door(path, **GZIP) == usual, (path, what)


@pytest.mark.usefixtures("one_slot")
def test_a_malformed_cookie_is_replaced_for_its_owner_alone(
    site: dict[str, str], door: Door
) -> None:
    """The first request for a page makes its answers ready."""
    answers = [door(PAGE, HTTP_COOKIE=f"{name}=x") for name in ("session", "csrf")]
    answers += [door(PAGE), door(PAGE)]

    cookies = [
        [v for name, v in headers if name == "Set-Cookie"] for _, headers, _ in answers
    ]

    assert all("session=" in cookie for cookie in cookies[0])
    assert cookies[0] != []
    assert cookies[2:] == [[], []]


@pytest.mark.usefixtures("one_slot")
def test_staff_get_the_public_pages_from_django(
    site: dict[str, str], door: Door, as_user: Any, alice: User
) -> None:
    staff: StaffClient = as_user(alice)
    cookie = "; ".join(f"{name}={m.value}" for name, m in staff.cookies.items())
    usual = door(PAGE)

    assert door.is_ready(PAGE)
    assert not door.is_ready(PAGE, HTTP_COOKIE=cookie)
    assert door(PAGE, HTTP_COOKIE=cookie) == usual


@pytest.mark.usefixtures("one_slot")
@pytest.mark.parametrize(
    ("query", "is_ready"),
    [
        ("fbclid=x&utm_source=y", True),
        ("page=2", True),  # the petition's page has none
        ("a=%00%FF%ED%A0%80&%=;&&=", True),
        ("counted=x", False),
        ("coun%74ed=x", False),
        ("v=1", False),
        ("&".join("abc"[n % 3] for n in range(2000)), False),
    ],
)
def test_a_query_that_leads_to_the_same_page_costs_nothing(
    site: dict[str, str], door: Door, query: str, is_ready: bool
) -> None:
    path = f"{PAGE}?{query}"
    expected = door.by_django(path)
    door(PAGE)

    assert door.is_ready(path) is is_ready
    assert door(path) == expected


@pytest.mark.usefixtures("one_slot")
def test_a_version_is_kept_for_ever_only_by_its_own_address(
    site: dict[str, str], door: Door
) -> None:
    path = f"{PETITION}/share.png"
    door(path)
    ((page),) = page_cache.pages.values()
    named = f"{path}?v={page.version}"

    for _ in range(2):
        for asked in (named, path, f"{path}?v=x"):
            assert door(asked) == door.by_django(asked)
    assert ("Cache-Control", "public, max-age=31536000, immutable") in door(named)[1]
    assert ("Cache-Control", "public, max-age=31536000, immutable") not in door(path)[1]


@pytest.mark.usefixtures("one_slot")
def test_addresses_in_other_scripts_are_ready_too(
    petition: Petition, door: Door
) -> None:
    petition.slug = "العنوان"
    petition.save()
    make_translation(petition, "fr")
    for path in ("/petitions/العنوان/", "/fr/petitions/العنوان/"):
        expected = door.by_django(path)
        assert expected[0] == "200 OK"
        assert door(path) == expected
        assert door.is_ready(path)
        assert door(path) == expected


@pytest.mark.usefixtures("one_slot")
def test_a_site_with_https_answers_only_what_came_by_it(
    site: dict[str, str], settings: Any
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_SSL_HOST = "localhost"
    settings.SECURE_HSTS_SECONDS = 31_536_000
    door = Door()
    secure = {"HTTP_X_FORWARDED_PROTO": "https", **GZIP}
    attempts = [
        secure,
        GZIP,
        {"REMOTE_ADDR": "192.0.2.7", **secure},
        {**secure, "HTTP_HOST": f"{CANARY}.example"},
    ]
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_old_connections)
    try:
        for _ in range(2):
            for sent in attempts:
                assert door(PAGE, **sent) == door.by_django(PAGE, **sent)
        statuses = [door(PAGE, **sent)[0][:3] for sent in attempts]
        ready = [door.is_ready(PAGE, **sent) for sent in attempts]
    finally:
        signals.request_started.connect(close_old_connections)
        signals.request_finished.connect(close_old_connections)

    assert statuses == ["200", "301", "301", "400"]
    assert ready == [True, False, False, False]


def test_another_setting_of_hosts_holds_at_once(petition: Petition, door: Door) -> None:
    assert door(PAGE)[0] == "200 OK"
    with override_settings(ALLOWED_HOSTS=["elsewhere.example"]):
        assert door(PAGE)[0] == "400 Bad Request"


# == The log ==


@pytest.mark.usefixtures("one_slot")
def test_the_line_in_the_log_is_the_same(
    site: dict[str, str], door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    (etag,) = (value for name, value in door(PAGE)[1] if name == "ETag")
    caplog.set_level(logging.INFO, "access")
    attempts = [
        {},
        {"REQUEST_METHOD": "HEAD"},
        {"HTTP_IF_NONE_MATCH": etag},
    ]
    for sent in attempts:
        for path in (PAGE, f"/fr{PAGE}", f"{PAGE}?fbclid={CANARY}"):
            door(path, **sent)
            caplog.clear()
            door.by_django(path, **sent)
            assert door.is_ready(path, **sent)

            expected, line = (
                {**vars(record)} for record in caplog.records if record.name == "access"
            )
            assert len(line["request_id"]) == 16
            assert line["request_id"] != expected["request_id"]
            assert 0 <= line["ms"] < 10_000
            for name in ("method", "route", "status", "levelname", "msg"):
                assert line[name] == expected[name], name
            assert CANARY not in repr(line)


# == Slots, switches, stale pages ==


def test_a_page_is_rendered_anew_in_the_next_slot_and_ready_within_it(
    petition: Petition, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [float(slot_of(time.time()) * SLOT)]
    monkeypatch.setattr("core.http.cache_policy.time.time", lambda: clock[0])
    first = door(COUNT)
    make_entry(petition, 5)

    clock[0] += 9.9
    assert door.is_ready(COUNT)
    assert door(COUNT) == first
    clock[0] += 0.2
    assert not door.is_ready(COUNT)
    assert door.is_ready(COUNT)
    assert b'"supporters": 5' in door(COUNT)[2]


def test_a_switch_holds_for_ready_answers_at_once(
    petition: Petition, door: Door
) -> None:
    before = door(PAGE)
    assert door.is_ready(PAGE)

    turn_on(
        SwitchName.STOP_SIGNING, {"en": "Back at noon."}, now=timezone.now(), by=None
    )
    stopped = door(PAGE)
    assert b"Back at noon." in stopped[2]
    assert door(PAGE) == stopped
    turn_off(SwitchName.STOP_SIGNING, by=None)

    assert door(PAGE) == door(PAGE) == before


def test_a_switch_that_another_process_turned_holds_when_it_was_read(
    petition: Petition, door: Door
) -> None:
    before = door(PAGE)
    assert door.is_ready(PAGE)

    turned = Switches(banner=On({"en": "Back at noon."}, timezone.now(), None))
    SWITCHES._value = (turned, math.inf)

    assert not door.is_ready(PAGE)
    assert door.is_ready(PAGE)
    assert door(PAGE) != before


def test_switches_that_are_to_be_read_again_are_read_by_django(
    petition: Petition, door: Door
) -> None:
    """It gives the connection back."""
    door(PAGE)
    SWITCHES._value = (NONE, time.monotonic() - 1)

    assert not door.is_ready(PAGE)
    assert door.is_ready(PAGE)


def test_a_stale_page_is_ready_while_the_database_is_away(
    petition: Petition, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [float(slot_of(time.time()) * SLOT)]
    monkeypatch.setattr("core.http.cache_policy.time.time", lambda: clock[0])
    before = door(PAGE)
    asked = []

    def away(*args: Any) -> Any:
        asked.append(args)
        raise OperationalError

    monkeypatch.setattr("core.http.cache_policy.rendered", away)
    clock[0] += 20
    stale = [door(PAGE) for _ in range(3)]

    assert stale == [before] * 3
    assert len(asked) == 1
    assert door.is_ready(PAGE)
    clock[0] += 4000
    assert door(PAGE)[0] == "503 Service Unavailable"
    assert not door.is_ready(PAGE)


@pytest.mark.usefixtures("one_slot")
def test_a_page_that_is_gone_takes_its_answers_along(
    petition: Petition, door: Door
) -> None:
    door(PAGE)
    assert door.is_ready(PAGE)
    page_cache.clear()

    assert not door.is_ready(PAGE)


@pytest.mark.usefixtures("one_slot")
def test_what_is_ready_takes_no_memory_for_bodies(
    petition: Petition, door: Door
) -> None:
    """However many kinds of answer there are, there are a few, and one body."""
    for sent in USUAL.values():
        door(PAGE, **sent)
    (page,) = page_cache.pages.values()

    assert 2 <= len(page.ready) <= 6
    assert gzip.decompress(page.zipped) == door(PAGE)[2]
    assert {answer.status for answer in page.ready.values()} == {"200 OK"}


def test_a_few_hosts_are_remembered() -> None:
    ready_answers.is_our_host.cache_clear()
    for number in range(200):
        ready_answers.is_our_host(f"localhost:{number}", ("localhost",))

    assert ready_answers.is_our_host.cache_info().currsize == 64
