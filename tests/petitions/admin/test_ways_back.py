"""Every act of staff says how it is taken back: before it, after it, and as long as it
stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from organizations.models import Organization, User
from petitions.admin.transitions import TRANSITIONS
from petitions.models import Petition, Signature
from petitions.models.petition_lifecycle import WAIT
from petitions.states import State
from petitions.ways_back import OF, WayBack
from tests.factories import make_entry, make_pending, make_petition, make_signature
from tests.helpers import text_of
from tests.petitions.admin.helpers import (
    LIST,
    Login,
    add_url,
    change_url,
    decided,
    given,
)

pytestmark = pytest.mark.django_db

SIGNATURES = "/admin/petitions/signature/"
SENTENCE = re.compile(
    "(?:You|An owner of the organisation) can take this back (?:at any time|until[^“]+):"
    " “[^”]+”\\.|This can(?:not| no longer) be taken back: [^.]+\\."
)
NOW = timezone.now()


def in_state_for(verb: str, organization: Organization) -> Petition:
    """Return a petition that the transition can be made with."""
    now = timezone.now()
    begins = {"publish": State.DRAFT, "resume": State.PAUSED}
    petition = make_petition(organization, state=begins.get(verb, State.OPEN))
    if verb == "open_now":
        Petition.objects.filter(pk=petition.pk).update(opens_at=now + timedelta(days=1))
    if verb in {"take_back", "keep_longer"}:
        petition.close(now=now)
    if verb == "keep_longer":
        petition.keep_less(2)
    return petition


@pytest.mark.parametrize("verb", TRANSITIONS)
def test_every_step_says_the_same_before_and_after(
    as_user: Login, alice: User, organization: Organization, verb: str
) -> None:
    petition = in_state_for(verb, organization)
    path, client = f"{LIST}{petition.pk}/do/{verb}/", as_user(alice)

    (asked,) = SENTENCE.findall(text_of(client.get(path)))
    answer = client.post(path, {"outcome": "Done."}, follow=True)

    messages = " ".join(str(m) for m in answer.context["messages"])
    (said,) = SENTENCE.findall(messages)
    # A minute may have begun in between.
    assert re.sub(r":\d\d:", "", said) == re.sub(r":\d\d:", "", asked)
    button = re.search("“([^”]+)”", said)
    assert button
    petition.refresh_from_db()
    there = text_of(client.get(f"{LIST}{petition.pk}/change/"))
    labels = {str(found.label) for found in TRANSITIONS.values()}
    shown = [found for found in TRANSITIONS.values() if str(found.label) == button[1]]
    assert button[1] in labels | {"Erase its names sooner"}
    for found in shown:
        assert str(found.button) in there, (verb, button[1])


@pytest.mark.parametrize("verb", ["close", "win", "withdraw"])
def test_who_is_no_owner_is_told_who_can(
    as_user: Login, erin: User, organization: Organization, verb: str
) -> None:
    petition = in_state_for(verb, organization)

    page = text_of(as_user(erin).get(f"{LIST}{petition.pk}/do/{verb}/"))

    assert "An owner of the organisation can take this back until" in page


def test_what_is_erased_sooner_says_so_on_every_page(
    as_user: Login, alice: User, petition: Petition
) -> None:
    make_signature(petition)
    petition.close(now=timezone.now())
    client, path = as_user(alice), f"{LIST}{petition.pk}/months/"

    asked = text_of(client.post(path, {"months": "2"}))
    done = text_of(client.post(path, {"months": "2", "confirmed": "1"}, follow=True))

    petition.refresh_from_db()
    assert petition.months_lowered_at is not None
    until = timezone.localtime(petition.months_lowered_at + WAIT)
    moment = date_format(until, "j F Y")
    sentence = re.compile(
        f"You can take this back until {moment}, [0-9:]+ \\([^)]+\\): "
        "“Keep its names as long as before”"
    )
    assert sentence.search(asked)
    # In the message, and above the form.
    assert len(sentence.findall(done)) == 2
    assert sentence.search(text_of(client.get(f"{LIST}{petition.pk}/history/")))


@pytest.mark.parametrize("action", ["release", "remove"])
def test_what_was_set_aside_says_so_afterwards(
    as_user: Login, erin: User, petition: Petition, action: str
) -> None:
    aside = make_pending(petition)
    Signature.objects.filter(pk=aside.pk).update(quarantine_reason="burst")
    client: Client = as_user(erin)
    fields = {"action": action, "_selected_action": [aside.pk]}

    asked = SENTENCE.findall(text_of(client.post(SIGNATURES, fields)))
    said = SENTENCE.findall(text_of(decided(client, SIGNATURES, fields)))

    assert len(asked) == 1
    # A removal stands above the list, too, as long as it can be called off.
    assert len(said) == (2 if action == "remove" else 1)
    now = timezone.now()
    assert OF[action](now).sentence(now)[:40] == said[0][:40]


@pytest.mark.parametrize(
    ("way_back", "owner", "sentence"),
    [
        (WayBack("Resume"), False, "You can take this back at any time: “Resume”."),
        (WayBack("Undo", for_owners=True), False,
         "An owner of the organisation can take this back at any time: “Undo”."),
        (WayBack("Undo", for_owners=True), True,
         "You can take this back at any time: “Undo”."),
        (WayBack("Undo", until=NOW + timedelta(hours=1)), False,
         r"You can take this back until [^“]+: “Undo”\."),
        (WayBack("Undo", until=NOW - timedelta(hours=1)), False,
         r"This could be taken back until [^“]+\."),
        (WayBack(never="it is gone."), True, "This cannot be taken back: it is gone."),
        (WayBack(over="it is signed."), True,
         "This can no longer be taken back: it is signed."),
    ],
)  # fmt: skip
def test_the_sentence(way_back: WayBack, owner: bool, sentence: str) -> None:
    said: Callable[..., str] = way_back.sentence

    assert re.fullmatch(sentence, said(NOW, owner=owner))


@pytest.mark.parametrize("model", ["answer", "handover"])
def test_what_stands_there_at_once_says_how_it_goes_again(
    as_user: Login, alice: User, erin: User, petition: Petition, model: str
) -> None:
    make_entry(petition, 3, source="paper")
    button = {"answer": "Withdraw…", "handover": "Delete"}[model]
    sentence = f"You can take this back at any time: “{button}”."
    client, path = as_user(alice), add_url(model, petition)

    assert sentence in text_of(client.get(path))
    saved = client.post(path, given(model, petition), follow=True)
    assert sentence in text_of(saved)
    assert "An owner of the organisation can take this back at any time" in text_of(
        as_user(erin).get(path)
    )
    row = petition.answers.get() if model == "answer" else petition.handovers.get()
    page = client.get(change_url(row))
    assert sentence in text_of(page)
    assert button in text_of(page)


def test_an_invalidation_says_how_it_is_reversed(
    as_user: Login, alice: User, petition: Petition
) -> None:
    signature = make_signature(petition)
    path, client = f"{LIST}{petition.pk}/invalidate/", as_user(alice)
    domain = signature.email.partition("@")[2]
    reason = {"domain": domain, "reason": "Made up", "name_match": "contains"}

    preview = client.post(path, reason)
    sealed = re.findall('name="previewed" value="([^"]+)"', preview.content.decode())
    record = client.post(path, {"previewed": sealed[0]}, follow=True)

    sentence = "You can take this back at any time: “Reverse…”."
    assert sentence in text_of(preview)
    assert sentence in text_of(record)
    number = petition.invalidations.get().pk
    page = client.get(f"/admin/petitions/invalidation/{number}/reverse/")
    again = "You can take this back at any time: “Invalidate signatures…”."
    assert again in text_of(page)


def test_what_is_written_for_good_says_so_where_it_is_written(
    as_user: Login, alice: User, petition: Petition
) -> None:
    make_signature(petition, "first@example.org")
    page = text_of(as_user(alice).get(change_url(petition)))

    for act in ("correct", "count"):
        sentence = OF[act](NOW).sentence(NOW)
        assert sentence.startswith("This cannot be taken back: ")
        assert sentence in page
