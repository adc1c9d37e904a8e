"""Invalidation as staff meet it: describe, look, apply, watch, reverse."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from organizations.models import User
from petitions.admin import invalidations
from petitions.models import Invalidation, Petition, Signature
from petitions.signatures import invalidating
from tests.factories import make_pending, make_petition, make_signature
from tests.helpers import notes, text_of
from tests.petitions.signatures.invalidations import counted, make_signatures

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]


def address(petition: Petition) -> str:
    return f"/admin/petitions/petition/{petition.pk}/invalidate/"


def form(**typed: str) -> dict[str, str]:
    """The form as a browser sends it."""
    empty = dict.fromkeys(("network", "domain", "name", "since", "until"), "")
    return {**empty, "name_match": "contains", "reason": "A script", **typed}


def previewed(response: Any) -> dict[str, str]:
    """What the button of a preview sends."""
    found = re.search(r'name="previewed" value="([^"]+)"', response.content.decode())
    assert found, text_of(response)
    return {"previewed": found[1]}


def work() -> None:
    while invalidating.advance_invalidation(timezone.now()):
        pass


def test_staff_look_apply_watch_and_reverse(
    as_user: Login, erin: User, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_signatures(petition, 60)
    make_signature(petition, "real@example.org")
    make_pending(petition, "late@bots.test")
    Signature.objects.filter(name="Signer 7").update(weak_signs=8)
    client = as_user(erin)
    change = f"/admin/petitions/petition/{petition.pk}/change/"
    assert address(petition) in client.get(change).content.decode()

    seen = client.post(address(petition), form(domain="Bots.test"))
    text = text_of(seen)
    assert "Preview: nothing has changed yet" in text
    assert "mail domain bots.test" in text
    assert "60 signatures would be taken from the count: 98.4 %" in text
    assert "1 of them shows a weak sign of abuse." in text
    assert "1 more waits for its confirmation" in text
    assert text.count("@bots.test") == invalidating.SAMPLE
    assert "198.51.100.0/24" in text
    assert not Invalidation.objects.exists()
    assert counted(petition) == 61

    monkeypatch.setattr(invalidating, "BATCH", 40)
    response = client.post(address(petition), previewed(seen))
    row = Invalidation.objects.get()
    page = f"/admin/petitions/invalidation/{row.pk}/change/"
    assert response.headers["Location"] == page
    assert (row.made_by, row.reason, row.found) == (erin, "A script", 60)
    assert "0 of 60 taken from the count so far." in text_of(client.get(page))
    invalidating.advance_invalidation(timezone.now())
    response = client.get(page)
    assert '<progress id="progress" max="60" value="40">' in response.content.decode()
    work()
    text = text_of(client.get(page))
    assert "60 signatures were taken from the count." in text
    assert "erin@example.org" in text
    assert counted(petition) == 1

    back = f"/admin/petitions/invalidation/{row.pk}/reverse/"
    assert "60 signatures will go back to the count" in text_of(client.get(back))
    assert "Say why." in text_of(client.post(back, {"reason": " "}))
    response = client.post(back, {"reason": "A school"})
    assert response.headers["Location"] == page
    assert "0 of 60 given back so far." in text_of(client.get(page))
    work()
    text = text_of(client.get(page))
    assert "60 signatures were given back to the count." in text
    assert "A school" in text
    assert "Reverse" not in text.replace("Reversed", "").replace("reversed", "")
    assert counted(petition) == 61
    client.post(back, {"reason": "Again"})
    row.refresh_from_db()
    assert (row.state, row.reversed_by) == ("reversed", erin)
    assert row.reversal_reason == "A school"
    assert len(notes(petition)) == 2
    assert "60 · Reversed · A script" in text_of(client.get(address(petition)))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Describe which signatures you mean: at least one of network"),
        ({"name": "   "}, "Describe which signatures you mean"),
        ({"domain": "bots.test", "reason": " "}, "Say why."),
        ({"network": "300.1.2.3"}, "Enter a network such as 192.0.2.0/24."),
        ({"network": "0.0.0.0/0"}, "That is a large part of the internet"),
        ({"domain": "@"}, "Enter a domain such as example.org"),
        ({"name": "x", "name_match": "like"}, "Select a valid choice."),
        ({"name": "\ufffd"}, "Character 1 (U+FFFD) cannot be read."),
        ({"name": "x" * 201}, "Ensure this value has at most 200 characters"),
        ({"since": "yesterday"}, "Enter a valid date/time."),
        ({"since": "0001-01-01T00:00"}, "Enter a time of this century."),
        ({"until": "9999-12-31T23:59"}, "That time has yet to come."),
        (
            {"since": "2026-02-01T00:00", "until": "2026-01-01T00:00"},
            "The end lies before the beginning.",
        ),
    ],
)
def test_a_mistake_is_answered_beside_the_field_and_kept(
    as_user: Login,
    erin: User,
    petition: Petition,
    typed: dict[str, str],
    sentence: str,
) -> None:
    response = as_user(erin).post(address(petition), form(**typed))

    text = text_of(response)
    assert response.status_code == 200
    assert sentence in text
    assert "Preview" not in text
    for value in typed.values():
        if value.strip("\x00 "):
            assert value in response.content.decode()


def test_a_set_without_signatures_has_no_button(
    as_user: Login, erin: User, petition: Petition
) -> None:
    make_signature(petition)

    response = as_user(erin).post(address(petition), form(domain="bots.test"))

    assert "No confirmed signature fits." in text_of(response)
    assert 'name="previewed"' not in response.content.decode()


def test_only_what_was_previewed_is_applied(
    as_user: Login, erin: User, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_signature(petition, "a@bots.test")
    other = make_petition(petition.organization)
    client = as_user(erin)
    seen = previewed(client.post(address(petition), form(domain="bots.test")))

    for path, blob in (
        (address(petition), "made:up:blob"),
        (address(petition), ""),
        (address(other), seen["previewed"]),
    ):
        response = client.post(path, {"previewed": blob}, follow=True)
        assert "That preview is too old: look again." in text_of(response)
    monkeypatch.setattr(invalidations, "PREVIEW_HOLDS", timedelta(0))
    client.post(address(petition), seen)
    assert not Invalidation.objects.exists()


def test_a_second_one_waits(as_user: Login, erin: User, petition: Petition) -> None:
    make_signature(petition, "a@bots.test")
    client = as_user(erin)
    seen = previewed(client.post(address(petition), form(domain="bots.test")))
    client.post(address(petition), seen)

    response = client.post(address(petition), seen, follow=True)

    assert "Another invalidation of this petition is still at work." in text_of(
        response
    )
    assert Invalidation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_look_that_takes_too_long_ends_in_a_sentence(
    as_user: Login, erin: User, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_signatures(petition, 20_000)
    monkeypatch.setattr(invalidating, "PATIENCE", "1ms")

    response = as_user(erin).post(address(petition), form(name="signer"))

    assert response.status_code == 200
    assert "too many to look through: narrow them down by time" in text_of(response)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("15s",)


def test_a_viewer_reads_what_was_done_and_does_nothing(
    as_user: Login, erin: User, bob: User, petition: Petition
) -> None:
    make_signature(petition, "a@bots.test")
    editor, viewer = as_user(erin), as_user(bob)
    seen = previewed(editor.post(address(petition), form(domain="bots.test")))
    editor.post(address(petition), seen)
    work()
    row = Invalidation.objects.get()
    path = f"/admin/petitions/invalidation/{row.pk}/"

    text = text_of(viewer.get(f"{path}change/"))
    assert "A script" not in text
    assert "Reverse…" not in text
    change = viewer.get(f"/admin/petitions/petition/{petition.pk}/change/")
    assert "Invalidate signatures" not in text_of(change)
    for answer in (
        viewer.get(address(petition)),
        viewer.post(address(petition), form(domain="bots.test")),
        viewer.post(address(petition), seen),
        viewer.get(f"{path}reverse/"),
        viewer.post(f"{path}reverse/", {"reason": "x"}),
    ):
        assert answer.status_code == 403
    row.refresh_from_db()
    assert row.state == "done"


def test_a_stranger_reverses_nothing(
    as_user: Login, erin: User, charlie: User, petition: Petition
) -> None:
    signature = make_signature(petition, "a@bots.test")
    seen = as_user(erin).post(address(petition), form(domain="bots.test"))
    stranger = as_user(charlie)

    assert stranger.post(address(petition), previewed(seen)).status_code == 404
    as_user(erin).post(address(petition), previewed(seen))
    work()
    path = f"/admin/petitions/invalidation/{Invalidation.objects.get().pk}/reverse/"
    assert stranger.post(path, {"reason": "x"}).status_code == 404
    work()
    signature.refresh_from_db()
    assert signature.state == "invalid"
