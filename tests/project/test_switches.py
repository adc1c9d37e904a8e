"""What a site administrator switches on holds in every form and on every page, at once,
and nothing that was typed is lost."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import IntegrityError, OperationalError
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from core import checks
from core.http import gate
from core.http.cache_policy import policy_of
from core.models import Switch, SwitchName
from core.observability.outcomes import OUTCOMES
from core.operation import turn_off, turn_on
from core.switches import LONGEST, NONE, SECONDS, SWITCHES
from organizations.models import User
from petitions.models import Petition, Signature
from petitions.signatures.tokens import TokenPurpose, make_token
from petitions.states import SignatureState
from tests.conftest import StaffClient
from tests.factories import make_pending, make_user
from tests.helpers import text_of
from tests.project.addresses import NAMES, PATHS, PETITION

pytestmark = pytest.mark.django_db

SIGN = f"{PETITION}/sign/"
WORDS = {"en": "Back at <noon> tomorrow.", "fr": "De retour demain à midi."}


def on(name: SwitchName, texts: dict[str, str] | None = None) -> None:
    turn_on(name, texts or {}, now=timezone.now(), by=None)


def rows() -> dict[str, int]:
    """The number of rows of each table but those of logins."""
    return {
        model._meta.label: model._default_manager.count()
        for model in apps.get_models(include_auto_created=True)
        if model is not Session
    }


# == Stop signing ==


@pytest.mark.parametrize(("prefix", "language"), [("", "en"), ("/fr", "fr")])
@pytest.mark.parametrize("name", ["petitions:petition", "petitions:card_form"])
def test_stopped_signing_says_so_in_place_of_the_form(
    visitor: Client, site: dict[str, str], name: str, prefix: str, language: str
) -> None:
    path = prefix + PATHS[name]
    before = visitor.get(path)
    assert b'name="email"' in before.content

    on(SwitchName.STOP_SIGNING, WORDS)
    stopped = visitor.get(path, headers={"if-none-match": before.headers["ETag"]})
    turn_off(SwitchName.STOP_SIGNING, by=None)
    after = visitor.get(path, headers={"if-none-match": stopped.headers["ETag"]})

    # All three within one slot of the page cache.
    assert stopped.status_code == after.status_code == 200
    assert WORDS[language] in text_of(stopped)
    assert b'name="email"' not in stopped.content
    assert b'name="email"' in after.content


def test_a_form_of_an_open_tab_keeps_what_was_typed(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    on(SwitchName.STOP_SIGNING, WORDS)
    typed = {**sign_form, "comment": "Keep <b>this</b>", "updates": "no", "via": "x"}

    refused = visitor.post(SIGN, typed)

    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) == gate.RETRY_AFTER
    page = html.unescape(refused.content.decode())
    for value in typed.values():
        assert value in page
    assert WORDS["en"] in text_of(refused)
    assert not Signature.objects.exists()
    # A stop on purpose is no failure that somebody has to be woken for.
    assert OUTCOMES.totals() == {"taken": 0, "refused": 1, "failed": 0}

    turn_off(SwitchName.STOP_SIGNING, by=None)
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', refused.content.decode())
    areas = re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\n?([^<]*)', page)
    again = {k: html.unescape(v) for k, v in [*fields, *areas]}
    assert visitor.post(SIGN, {**typed, **again}).status_code == 303
    assert Signature.objects.get().comment == "Keep <b>this</b>"


def test_whoever_has_signed_can_confirm_while_signing_is_stopped(
    visitor: Client, petition: Petition
) -> None:
    pending = make_pending(petition)
    token = make_token(TokenPurpose.CONFIRM, pending.pk, now=timezone.now())
    on(SwitchName.STOP_SIGNING)

    assert visitor.post(f"/confirm/{token}/").status_code == 303

    pending.refresh_from_db()
    assert pending.state == SignatureState.CONFIRMED


def test_signing_costs_no_statement_more(
    visitor: Client,
    petition: Petition,
    sign_form: dict[str, Any],
    django_assert_num_queries: Any,
) -> None:
    visitor.post(SIGN, sign_form)
    with django_assert_num_queries(2):
        assert visitor.post(SIGN, sign_form).status_code == 303


# == Read-only ==


# Who logs in there can end it.
LEFT = {"admin:*": "/admin/petitions/petition/add/", "operation_switch": "/admin/"}


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_a_read_only_site_takes_nothing(
    visitor: Client, site: dict[str, str], method: str
) -> None:
    on(SwitchName.READ_ONLY)
    before = rows()

    for name in NAMES:
        path = LEFT.get(name, PATHS[name]).format(**site)
        answer = getattr(visitor, method)(path)
        if path in gate.PROBES:
            assert answer.status_code == 405, path
            continue
        assert answer.status_code == 503, path
        assert int(answer.headers["Retry-After"]) == gate.RETRY_AFTER

    assert rows() == before


def test_a_link_waits_until_the_site_takes_forms_again(
    visitor: Client, petition: Petition
) -> None:
    pending = make_pending(petition)
    token = make_token(TokenPurpose.CONFIRM, pending.pk, now=timezone.now())
    on(SwitchName.READ_ONLY, WORDS)

    look = visitor.get(f"/confirm/{token}/")
    pressed = visitor.post(f"/confirm/{token}/")

    assert look.status_code == 200
    assert "Links in our e-mails remain valid" in text_of(look)
    assert pressed.status_code == 503
    assert f'action="/confirm/{token}/"' in pressed.content.decode()
    pending.refresh_from_db()
    assert pending.state == SignatureState.PENDING
    turn_off(SwitchName.READ_ONLY, by=None)
    assert visitor.post(f"/confirm/{token}/").status_code == 303


def test_staff_can_log_in_while_the_site_is_read_only(db: None) -> None:
    make_user("ada@example.org", is_superuser=True)
    on(SwitchName.READ_ONLY)
    browser = Client(headers={"host": "localhost"})

    form = {"username": "ada@example.org", "password": "correct horse"}
    answer = browser.post("/admin/login/?next=/admin/", form)

    assert answer.status_code == 302


def test_a_second_factor_is_not_set_up_while_the_site_is_read_only(
    ada: User, as_user: Callable[[User], StaffClient], settings: Any
) -> None:
    settings.SECOND_FACTOR = "owners"
    on(SwitchName.READ_ONLY)
    browser = as_user(ada)

    page = browser.get("/admin/second-factor/")
    sent = browser.post("/admin/second-factor/app/", {"code": "000000"})

    assert "none can be set up or removed" in text_of(page)
    assert "manage.py switch read-only off" in text_of(page)
    assert sent.status_code == 503
    # Whoever only looks can say that it is they.
    form = {"password": "correct horse", "next": "/admin/logins/"}
    assert browser.post("/admin/confirm/", form).status_code == 302


def test_what_works_always_is_there() -> None:
    assert {*gate.WORKS_ALWAYS, *gate.SIGNS} <= {*checks.url_names(get_resolver())}


def test_staff_see_above_their_forms_that_nothing_is_stored(
    as_user: Any, erin: User
) -> None:
    browser: StaffClient = as_user(erin)
    assert "The site is read-only" not in browser.text_at("/admin/")

    on(SwitchName.READ_ONLY)

    assert "The site is read-only" in browser.text_at("/admin/")


# == Banner ==


PAGES = [
    name
    for name in NAMES
    if not name.startswith(("admin", "password", "accept_", "operation"))
    # The small pages in the frames of other sites.
    and name not in {"petitions:card", "petitions:card_form"}
]


@pytest.mark.parametrize("prefix", ["", "/fr"])
def test_every_page_shows_the_banner_in_its_language(
    visitor: Client, site: dict[str, str], prefix: str
) -> None:
    pages = []
    for name in PAGES:
        path = prefix + PATHS[name].format(**site)
        content = b"".join(visitor.get(path))  # a file is closed when it was read
        if b"<body" in content:
            assert b"site-notice" not in content.split(b"<body>")[1], path
            pages.append(path)
    assert len(pages) > 30

    on(SwitchName.BANNER, WORDS)

    language = "fr" if prefix else "en"
    label = "Avis" if prefix else "Notice"
    words = f'<span lang="{language}" dir="auto">{html.escape(WORDS[language])}'
    for path in pages:
        shown = visitor.get(path).content.decode()
        assert f'aria-label="{label}"' in shown, path
        assert words in shown, path


def test_a_banner_in_one_language_is_shown_to_all(visitor: Client, db: None) -> None:
    on(SwitchName.BANNER, {"fr": WORDS["fr"], "en": " "})

    for path in ("/", "/fr/", "/petitions/nothing-here/"):
        assert f'<span lang="fr" dir="auto">{WORDS["fr"]}' in (
            visitor.get(path).content.decode()
        )


@pytest.mark.usefixtures("one_slot")
def test_pages_stay_light_and_kept_while_a_banner_is_up(
    visitor: Client, site: dict[str, str], django_assert_num_queries: Any
) -> None:
    on(SwitchName.BANNER, WORDS)
    first = visitor.get("/")
    with django_assert_num_queries(0):
        again = visitor.get("/", headers={"if-none-match": first.headers["ETag"]})

    assert again.status_code == 304
    assert policy_of("home").query


# == How it is read ==


def test_a_process_looks_again_within_seconds(
    visitor: Client,
    petition: Petition,
    sign_form: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another process has turned it on."""
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    SWITCHES.forget()
    assert visitor.post(SIGN, sign_form).status_code == 303

    Switch.objects.create(name=SwitchName.STOP_SIGNING, since=timezone.now())
    clock[0] += SECONDS + 0.1

    assert visitor.post(SIGN, sign_form).status_code == 503
    assert SECONDS < LONGEST < 5


def test_while_the_database_is_away_a_switch_stays_as_it_was(
    monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    on(SwitchName.STOP_SIGNING)
    known = SWITCHES.get()

    def away(*args: object) -> None:
        raise OperationalError

    monkeypatch.setattr(Switch.objects, "all", away)
    monkeypatch.setattr(SWITCHES, "_value", (known, -1.0))
    assert SWITCHES.get().stop_signing is not None
    SWITCHES.forget()
    assert SWITCHES.get() == NONE


def test_who_turned_it_on_is_on_record(caplog: Any, ada: User) -> None:
    caplog.set_level("INFO", "security")
    turn_on(SwitchName.BANNER, WORDS, now=timezone.now(), by=ada.pk)
    since = Switch.objects.get().since
    turn_on(SwitchName.BANNER, {"en": "New"}, now=timezone.now(), by=ada.pk)
    turn_off(SwitchName.BANNER, by=ada.pk)

    said = [(r.message, r.by) for r in caplog.records if r.name == "security"]
    assert said == [
        ("switched on: banner", ada.pk),
        ("switched on: banner", ada.pk),
        ("switched off: banner", ada.pk),
    ]
    assert since is not None
    assert not Switch.objects.exists()


@pytest.mark.parametrize(
    "row", [{"name": "everything"}, {"name": "banner", "texts": {"en": "x" * 4000}}]
)
def test_the_database_takes_no_other_switch_and_no_long_text(
    row: dict[str, Any], db: None
) -> None:
    with pytest.raises(IntegrityError):
        Switch.objects.create(since=timezone.now(), **row)
