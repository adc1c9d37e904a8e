"""The page of the site administrators: how the site runs, and what they switch."""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils import timezone

from core.models import Heartbeat, Switch, SwitchName
from core.observability import backups
from core.operation import MOST, turn_on
from core.worker.loops import WORKER_LOOPS
from organizations.models import User
from petitions.loops import PROVED
from petitions.models import Petition
from tests.conftest import StaffClient
from tests.factories import make_pending, make_user
from tests.helpers import text_of

pytestmark = pytest.mark.django_db

type Login = Callable[[User], StaffClient]

PAGE = "/admin/operation/"
WORDS = {"en": "Back at <noon>.", "fr": "De retour à midi."}


def turn(name: str) -> str:
    return f"{PAGE}{name}/"


def fact(page: Any, label: str) -> str:
    """What the page says beside `label`."""
    found = re.search(
        rf"<dt>{label}</dt>\s*<dd>(.*?)</dd>", page.content.decode(), re.S
    )
    assert found
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found[1])).split())


def test_what_is_not_known_is_said_so(as_user: Login, ada: User) -> None:
    page = as_user(ada).get(PAGE)

    assert fact(page, "Last backup") == "Not known: none is on record."
    assert fact(page, "Counts last proved") == "Not known: none is on record."
    assert fact(page, "Oldest mail that waits") == "None waits."
    assert "No sign of life of: mail, mailings, asks, links," in fact(page, "Worker")
    assert "how much room its disk has is not known" in fact(page, "Database")
    assert fact(page, "Version").startswith(f"{settings.VERSION} (Django 6.")


def test_how_the_site_runs(as_user: Login, ada: User, petition: Petition) -> None:
    now = timezone.now()
    for name in [loop.name for loop in WORKER_LOOPS] + [PROVED]:
        Heartbeat.objects.create(name=name, beat_at=now - timedelta(seconds=7))
    Heartbeat.objects.filter(name="fold").update(beat_at=now - timedelta(seconds=20))
    Heartbeat.objects.create(name=backups.NAME, beat_at=now - timedelta(hours=31))
    make_pending(petition, now=now - timedelta(minutes=12))

    page = as_user(ada).get(PAGE)

    assert re.search(r"oldest sign of life is 2\d seconds old", fact(page, "Worker"))
    assert fact(page, "Last backup").startswith("Look into this:")
    assert "1 day, 7 hours ago" in fact(page, "Last backup").replace("\xa0", " ")
    assert "12 minutes ago" in fact(page, "Oldest mail that waits").replace("\xa0", " ")
    assert "0 minutes ago" in fact(page, "Counts last proved").replace("\xa0", " ")
    text = text_of(page)
    assert "No dump of the database was made for 31 hours" in text
    assert "Confirmation mails wait, the oldest for 7" in text


def test_a_switch_says_what_happens_before_it_does(as_user: Login, ada: User) -> None:
    browser = as_user(ada)
    asked = text_of(browser.get(turn("stop-signing")))
    assert "Anyone who has a link in an e-mail can still confirm" in asked
    assert not Switch.objects.exists()

    done = browser.post(turn("stop-signing"), {**WORDS, "on": "1"}, follow=True)

    assert "Stop signing: on. In force everywhere within 5 seconds." in text_of(done)
    assert fact(done, "Stop signing").startswith("On since ")
    assert "by ada@example.org" in fact(done, "Stop signing")
    assert WORDS["fr"] in fact(done, "Stop signing")
    row = Switch.objects.get()
    assert (row.name, row.texts, row.by) == ("stop-signing", WORDS, ada.pk)

    browser.post(turn("stop-signing"), {"en": "New", "fr": "", "on": "1"})
    changed = Switch.objects.get()
    assert (changed.texts, changed.since) == ({"en": "New"}, row.since)

    ended = browser.post(turn("stop-signing"), {"off": "1"}, follow=True)
    assert "Stop signing: off. In force everywhere" in text_of(ended)
    assert not Switch.objects.exists()


def test_two_who_write_a_text_lose_nothing(as_user: Login, ada: User) -> None:
    bea = make_user("bea@example.org", is_superuser=True)
    path = turn("banner")
    turn_on(SwitchName.BANNER, WORDS, now=timezone.now(), by=ada.pk)

    first = opened(as_user(ada), path, en="On Tuesday, from nine to ten.")
    second = opened(as_user(bea), path, fr="Mardi.")
    third = opened(as_user(bea), path, en="On Wednesday.")
    first()
    second()
    refused = third()

    # What only one of them changed stays; what both did is asked.
    texts = {"en": "On Tuesday, from nine to ten.", "fr": "Mardi."}
    assert Switch.objects.get().texts == texts
    assert refused.status_code == 200
    page = refused.content.decode()
    assert "On Tuesday, from nine to ten." in page
    assert "On Wednesday.</textarea>" in page
    assert "bea@example.org changed this while you had it open" in page

    late = opened(as_user(bea), path, en="On Thursday.")
    as_user(ada).post(path, {"off": "1"})
    # It does not come on again unseen.
    assert late().status_code == 200
    assert not Switch.objects.exists()


def opened(client: Client, path: str, **typed: str) -> Callable[[], Any]:
    """Open the form now; return a function that sends it, with `typed` in it."""
    page = client.get(path)
    seen = re.search(r'name="_seen" value="([^"]*)"', page.content.decode())
    assert seen is not None
    fields = {field.html_name: field.value() for field in page.context["form"]}
    sent = {**fields, "_seen": html.unescape(seen[1]), **typed}
    return lambda: client.post(path, sent)


@pytest.mark.parametrize("name", SwitchName.values)
def test_each_switch_has_its_page(as_user: Login, ada: User, name: str) -> None:
    browser = as_user(ada)
    form = {} if name == "stop-mail" else WORDS
    assert browser.post(turn(name), {**form, "on": "1"}).status_code == 302
    assert Switch.objects.get().name == name
    assert "Turn off" in text_of(browser.get(turn(name)))
    assert browser.post(turn(name), {"off": "1"}).status_code == 302
    assert not Switch.objects.exists()


def test_a_read_only_site_is_ended_on_this_page_alone(
    as_user: Login, ada: User, alice: User
) -> None:
    turn_on(SwitchName.READ_ONLY, {}, now=timezone.now(), by=None)
    browser = as_user(ada)

    assert as_user(alice).post("/admin/organizations/user/").status_code == 503
    assert browser.post("/admin/organizations/user/").status_code == 503
    page = browser.get(PAGE)
    assert "by manage.py switch" in fact(page, "Read-only")
    assert "The site is read-only on purpose since" in text_of(page)
    assert browser.post(turn("read-only"), {"off": "1"}).status_code == 302
    assert not Switch.objects.exists()


def test_what_is_wrong_is_said_beside_the_text(as_user: Login, ada: User) -> None:
    browser = as_user(ada)
    empty = browser.post(turn("banner"), {"en": " ", "fr": "", "on": "1"})
    long = browser.post(turn("banner"), {"en": "x" * (MOST + 1), "fr": "Oui", "on": ""})

    assert "Write what the banner says." in text_of(empty)
    assert "300" in text_of(long)
    assert "x" * (MOST + 1) in long.content.decode()
    assert "Oui" in long.content.decode()
    assert not Switch.objects.exists()


@pytest.mark.parametrize("who", ["alice", "erin", "bob", "charlie"])
def test_it_is_for_site_administrators_alone(
    as_user: Login, who: str, request: pytest.FixtureRequest
) -> None:
    browser = as_user(request.getfixturevalue(who))

    assert browser.get(PAGE).status_code == 403
    assert browser.get(turn("banner")).status_code == 403
    assert browser.post(turn("banner"), {"en": "x", "on": "1"}).status_code == 403
    assert PAGE not in browser.text_at("/admin/")
    assert not Switch.objects.exists()


def test_strangers_are_asked_to_log_in(visitor: Client) -> None:
    assert visitor.get(PAGE).status_code == 302
    answer = visitor.post(turn("banner"), {"en": "x", "on": "1"})
    assert b'type="password"' in answer.content
    assert not Switch.objects.exists()


def test_an_administrator_finds_it(as_user: Login, ada: User) -> None:
    browser = as_user(ada)
    assert PAGE in browser.text_at("/admin/")
    assert browser.get(turn("nothing")).status_code == 404
    assert "Fonctionnement" in browser.text_at("/admin/fr/operation/")


# == manage.py switch ==


def switch(*words: str) -> str:
    said = StringIO()
    call_command("switch", *words, stdout=said)
    return said.getvalue()


def test_the_command_turns_them_too(visitor: Client) -> None:
    said = switch(
        "stop-signing", "on", "--message", "en=Back at noon.", "--message", "fr=À midi."
    )

    assert re.search(r"stop-signing +on since \d{4}-\d\d-\d\d \d\d:\d\d UTC", said)
    assert "fr: À midi." in said
    assert re.search(r"banner +off", said)
    row = Switch.objects.get()
    assert row.texts == {"en": "Back at noon.", "fr": "À midi."}
    assert row.by is None
    assert "on since" not in switch("stop-signing", "off")
    assert "on since" not in switch()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["banner"], "on or off"),
        (["banner", "on"], "what the banner says"),
        (["banner", "on", "--message", "Noon"], "is no message. Write en="),
        (["banner", "on", "--message", "de=Mittag"], "is no message"),
        (["banner", "on", "--message", "en= "], "is no message"),
        (["banner", "on", "--message", f"en={'x' * 301}"], "at most 300"),
        (["banner", "off", "--message", "en=x"], "read no message"),
        (["stop-mail", "on", "--message", "en=x"], "read no message"),
        (["signing", "on"], "invalid choice"),
    ],
)
def test_the_command_says_what_is_wrong(words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        switch(*words)
    assert not Switch.objects.exists()


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert project["version"] == settings.VERSION
