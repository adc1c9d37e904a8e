"""Two people at the pages beside a form: what is done there is done to what was seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from organizations.models import User
from petitions.models import Letter, Petition
from petitions.states import State
from tests.helpers import text_of
from tests.project.conftest import World
from tests.project.pages_of_two import LIST, opened
from tests.project.two_people import change, saved

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]


@pytest.fixture
def path(world: World) -> str:
    return f"{LIST}{world.draft.pk}/change/"


@pytest.fixture
def publish(world: World) -> str:
    return f"{LIST}{world.draft.pk}/do/publish/"


def test_what_somebody_has_changed_meanwhile_is_not_published_unseen(
    as_user: Login, erin: User, alice: User, world: World, path: str, publish: str
) -> None:
    client = as_user(alice)
    seen = opened(client, publish)
    assert saved(change(path, as_user(erin), text="Nobody has read this")())

    refused = client.post(publish, seen)

    page = text_of(refused)
    assert "erin@example.org" in page
    assert "changed this petition while you had this page open" in page
    world.draft.refresh_from_db()
    assert world.draft.state == State.DRAFT

    # Knowing that, whoever presses once more publishes it.
    assert client.post(publish, opened(client, publish)).status_code == 302
    world.draft.refresh_from_db()
    assert world.draft.state == State.OPEN


def test_of_a_list_nothing_is_published_unseen(
    as_user: Login, erin: User, alice: User, world: World, path: str
) -> None:
    client = as_user(alice)
    chosen = {"_selected_action": [world.draft.pk], "action": "publish_selected"}
    seen = opened(client, LIST, chosen)
    assert saved(change(path, as_user(erin), text="Nobody has read this")())

    sure = {"confirmed": "1", "newest": str(world.draft.pk)}
    page = client.post(LIST, {**chosen, **seen, **sure}, follow=True)

    assert "changed this petition while you had this page open" in text_of(page)
    world.draft.refresh_from_db()
    assert world.draft.state == State.DRAFT


def test_what_was_saved_right_before_is_no_change_of_somebody_else(
    as_user: Login, alice: User, world: World, path: str, publish: str
) -> None:
    client = as_user(alice)
    asks = change(path, client, title="On the screen", _then="publish")()
    assert asks.url == publish

    client.post(publish, opened(client, publish))

    world.draft.refresh_from_db()
    assert (world.draft.state, world.draft.title) == (State.OPEN, "On the screen")


def test_a_button_that_is_pressed_twice_is_no_mistake(
    as_user: Login, alice: User, world: World, path: str, publish: str
) -> None:
    client = as_user(alice)
    seen = opened(client, publish)

    answers = [client.post(publish, seen) for _ in range(2)]

    assert [(one.status_code, getattr(one, "url", "")) for one in answers] == [
        (302, path)
    ] * 2


def test_a_sentence_of_somebody_else_about_the_outcome_stays(
    as_user: Login, erin: User, alice: User, petition: Petition
) -> None:
    client, close = as_user(alice), f"{LIST}{petition.pk}/do/close/"
    seen = opened(client, close)
    assert saved(
        change(f"{LIST}{petition.pk}/change/", as_user(erin), outcome="Of Erin")()
    )

    refused = client.post(close, {**seen, "outcome": ""})
    assert "Of Erin" in refused.content.decode()
    client.post(close, {**opened(client, close), "outcome": "Of Erin"})

    petition.refresh_from_db()
    assert (petition.state, petition.outcome) == (State.CLOSED, "Of Erin")


def test_two_at_the_letters_of_a_next_step_keep_both(
    as_user: Login, erin: User, alice: User, petition: Petition
) -> None:
    page = f"{LIST}{petition.pk}/spread/"
    letter = {
        "form": "step", "kind": "letter", "address": "minister@example.org",
        "subject_en": "Please sign", "body_en": "Dear Minister,",
    }  # fmt: skip
    client = as_user(alice)
    client.post(page, letter)
    seen = opened(client, page)
    as_user(erin).post(page, {**letter, **seen, "body_en": "An hour of Erin's"})

    # What only Erin has changed stays.
    kept = client.post(page, {**letter, **seen, "subject_en": "Of Alice"})
    assert kept.status_code == 302, kept.context["step"].errors
    step = Letter.objects.get()
    assert (step.subject, step.body) == ("Of Alice", "An hour of Erin's")

    # What both have changed is refused, and both are shown.
    refused = client.post(page, {**letter, **seen, "body_en": "Of Alice"})
    assert refused.status_code == 200
    assert "An hour of Erin" in refused.content.decode()
    assert "Of Alice" in refused.content.decode()
    step.refresh_from_db()
    assert step.body == "An hour of Erin's"
