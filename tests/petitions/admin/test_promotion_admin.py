"""Staff choose the next step, make links with a tag, and see what each brought."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils.html import escape

from core.http.cache_policy import page_cache
from organizations.models import Organization, User
from petitions.admin import promotion
from petitions.counts import folding
from petitions.models import NextStep, Petition, TaggedLink
from petitions.states import State
from tests.factories import make_organization, make_petition, make_signature
from tests.helpers import notes, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(petition: Petition) -> str:
    return f"/admin/petitions/petition/{petition.pk}/spread/"


@pytest.fixture
def erins(as_user: Callable[[User], Client], erin: User) -> Client:
    return as_user(erin)


LETTER = {
    "form": "step",
    "kind": "letter",
    "address": "minister@example.org",
    "subject_en": "Please sign",
    "body_en": "Dear Minister,",
}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (
            {"kind": "donation", "url": "https://example.org/give"},
            {"url": "https://example.org/give"},
        ),
        # Only what was chosen is kept.
        (
            {"kind": "donation", "url": "example.org", "address": "a@example.org"},
            {"url": "https://example.org"},
        ),
        (
            {"kind": "donation", "url": "HTTPS://example.org/x"},
            {"url": "https://example.org/x"},
        ),
        (LETTER, {"address": "minister@example.org"}),
    ],
)
def test_a_step_is_kept(
    erins: Client,
    petition: Petition,
    page: str,
    typed: dict[str, str],
    kept: dict[str, str],
) -> None:
    response = erins.post(page, {"form": "step", **typed})

    assert response.status_code == 302
    step = NextStep.objects.get()
    assert step.petition == petition
    assert (step.kind, step.other) == (typed["kind"], None)
    assert {"url": "", "address": "", **kept} == {
        "url": step.url,
        "address": step.address,
    }
    assert notes() == notes(petition) == ["Next step after signing"]
    again = erins.get(page).content.decode()
    assert "The next step was saved." in again
    for value in kept.values():
        assert value in again


def test_another_petition_of_the_same_organisation(
    erins: Client, petition: Petition, page: str
) -> None:
    other = make_petition(petition.organization, title="Open the archive")
    theirs = make_petition(make_organization(), title="Not yours")

    assert "Not yours" not in text_of(erins.get(page))
    refused = erins.post(page, {"form": "step", "kind": "petition", "other": theirs.pk})
    assert refused.status_code == 200
    assert not NextStep.objects.exists()
    erins.post(page, {"form": "step", "kind": "petition", "other": other.pk})

    assert NextStep.objects.get().other == other


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"kind": "petition"}, "Choose the other petition."),
        ({"kind": "donation"}, "Enter the address of your page for donations."),
        (
            {"kind": "donation", "url": "http://example.org"},
            "The page’s address begins with https://.",
        ),
        ({"kind": "donation", "url": "javascript:alert(1)"}, "Enter a valid URL."),
        ({**LETTER, "address": ""}, "Enter who the letter goes to."),
        (
            {**LETTER, "address": "minister"},
            "Enter an e-mail address such as name@example.org",
        ),
        ({**LETTER, "body_en": ""}, "Write the letter."),
        ({**LETTER, "subject_en": ""}, "Give the letter a subject."),
        ({**LETTER, "body_en": "\u200b"}, "Write the letter."),
        ({**LETTER, "body_en": "Dear\n\ufffd"}, "Line 2, character 1 (U+FFFD)"),
        ({**LETTER, "subject_en": "Sign\ufffd"}, "Character 5 (U+FFFD)"),
        ({**LETTER, "address": '"a,b"@example.org'}, "such as name@example.org"),
        ({"kind": "letter", "address": "a@example.org"}, "Write the letter."),
        ({"kind": "nonsense"}, "Select a valid choice."),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(
    erins: Client, page: str, typed: dict[str, str], sentence: str
) -> None:
    response = erins.post(page, {"form": "step", **typed})

    assert response.status_code == 200
    assert sentence in text_of(response)
    assert not NextStep.objects.exists()
    for name in ("url", "address", "subject_en", "body_en"):
        assert escape(typed.get(name, "")) in response.content.decode()


def test_nothing_takes_the_step_away(erins: Client, page: str) -> None:
    erins.post(page, LETTER)
    erins.post(page, {"form": "step", "kind": ""})

    assert not NextStep.objects.exists()


def test_a_letter_in_each_language_of_the_petition(
    erins: Client, petition: Petition, page: str
) -> None:
    petition.translations.create(language="fr", title="Libérez-les", text="…")

    erins.post(page, {**LETTER, "subject_fr": "Signez", "body_fr": "Madame,"})

    letters = NextStep.objects.get().letters.values_list("language", "subject")
    assert sorted(letters) == [("en", "Please sign"), ("fr", "Signez")]


def test_a_long_letter_is_kept_with_a_warning(erins: Client, page: str) -> None:
    response = erins.post(page, {**LETTER, "body_en": "é" * 1500}, follow=True)

    assert NextStep.objects.get().letters.get().is_long
    assert "Too long for some mail programs: English." in text_of(response)


def test_links_with_a_tag_are_made_copied_and_removed(
    erins: Client, petition: Petition, page: str
) -> None:
    erins.post(page, {"form": "link", "tag": "Town-Hall"})
    make_signature(petition, via="town-hall")
    folding.fold()

    shown = erins.get(page).content.decode()
    assert (
        'value="http://testserver.localhost/petitions/free-the-prisoners/?via=town-hall"'
        in shown
    )
    assert "qr.svg?via=town-hall" in shown
    assert "<td>1</td>" in shown

    # What is no tag removes nothing, and is no error either.
    assert erins.post(page, {"form": "remove", "tag": "\0"}).status_code == 302
    assert TaggedLink.objects.exists()
    erins.post(page, {"form": "remove", "tag": "town-hall"})
    assert not TaggedLink.objects.exists()


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        ("", "This field is required."),
        ("a b", "Use small letters, digits and hyphens"),
        ("é", "Use small letters, digits and hyphens"),
        ("whatsapp", "The links on the page itself have this tag"),
        ("x" * 21, "at most 20 characters"),
        ("there", "There is a link with this tag already."),
    ],
)
def test_a_tag_that_is_none_is_refused_with_a_sentence(
    erins: Client, petition: Petition, page: str, tag: str, sentence: str
) -> None:
    TaggedLink.objects.create(petition=petition, tag="there")

    response = erins.post(page, {"form": "link", "tag": tag})

    assert response.status_code == 200
    assert sentence in text_of(response)
    assert TaggedLink.objects.count() == 1


def test_figures_by_link_with_shares(
    erins: Client, petition: Petition, page: str
) -> None:
    for via in ("whatsapp", "whatsapp", "whatsapp", "nobody-made-this"):
        make_signature(petition, via=via)
    folding.fold()

    text = text_of(erins.get(page.replace("spread", "figures")))

    assert "Link Confirmed Share WhatsApp 3 75.0 % without a tag 1 25.0 %" in text
    assert "nobody-made-this" not in text


def test_a_viewer_sees_and_changes_nothing(
    as_user: Callable[[User], Client], bob: User, page: str
) -> None:
    viewer = as_user(bob)

    shown = viewer.get(page)
    viewer.post(page, LETTER)
    viewer.post(page, {"form": "link", "tag": "mine"})

    assert shown.status_code == 200
    assert b"Save" not in shown.content
    assert not NextStep.objects.exists()
    assert not TaggedLink.objects.exists()


def test_a_stranger_finds_nothing(
    as_user: Callable[[User], Client], charlie: User, page: str
) -> None:
    stranger: Any = as_user(charlie)

    assert stranger.get(page).status_code == 404
    assert stranger.post(page, LETTER).status_code == 404
    assert not NextStep.objects.exists()


def test_of_very_many_petitions_the_newest_are_offered_and_the_chosen_one(
    erins: Client, petition: Petition, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promotion, "CHOICES", 3)
    others = [
        make_petition(petition.organization, title=f"Other {number}")
        for number in range(5)
    ]
    NextStep.objects.create(petition=petition, kind="petition", other=others[0])

    def offered() -> list[str]:
        return re.findall(r"Other \d", erins.get(page).content.decode())

    assert offered() == ["Other 4", "Other 3", "Other 2", "Other 0"]
    chosen = {"form": "step", "kind": "petition", "other": others[4].pk}
    assert erins.post(page, chosen).status_code == 302
    assert offered() == ["Other 4", "Other 3", "Other 2"]
    refused = erins.post(page, {**chosen, "other": others[1].pk})
    assert "Select a valid choice" in text_of(refused)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "typed",
    [
        {"form": "step", "kind": "donation", "url": "https://example.org/give"},
        {"form": "link", "tag": "autumn-letter"},
    ],
)
def test_a_button_that_is_pressed_twice_does_it_once(
    as_user: Callable[[User], Client], erin: User, page: str, typed: dict[str, str]
) -> None:
    statuses: list[int] = []
    together = threading.Barrier(4)

    def press(client: Client) -> None:
        try:
            together.wait(10)
            statuses.append(client.post(page, typed).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[as_user(erin)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # The others save the same again, or are told that the tag is there.
    assert sorted(statuses) == ([302] * 4 if "kind" in typed else [200] * 3 + [302])
    assert NextStep.objects.count() + TaggedLink.objects.count() == 1


@pytest.mark.parametrize(("title", "said"), [("Arrêtez", False), ("停止酷刑", True)])
def test_staff_are_told_when_the_picture_cannot_show_the_title(
    erins: Client, petition: Petition, page: str, title: str, said: bool
) -> None:
    Petition.objects.filter(pk=petition.pk).update(title=title)

    text = text_of(erins.get(page))

    assert ("There are no letters for this title" in text) is said


def test_nothing_asks_for_signatures_that_are_paused(
    erins: Client, visitor: Client, petition: Petition, page: str
) -> None:
    poster = f"{petition.get_absolute_url()}poster/"
    paused = "Signing is paused. Please wait with printing"
    assert poster in visitor.get(petition.get_absolute_url()).content.decode()
    assert paused not in text_of(erins.get(page)) + text_of(visitor.get(poster))

    Petition.objects.filter(pk=petition.pk).update(state=State.PAUSED)
    page_cache.clear()

    assert poster not in visitor.get(petition.get_absolute_url()).content.decode()
    for printed in ("poster", "sheet"):
        one = visitor.get(f"{petition.get_absolute_url()}{printed}/")
        assert paused in text_of(one)
    assert paused in text_of(erins.get(page))


def test_staff_are_led_to_no_poster_of_what_has_ended(
    erins: Client, visitor: Client, organization: Organization
) -> None:
    closed = make_petition(organization, state=State.CLOSED)

    shown = erins.get(f"/admin/petitions/petition/{closed.pk}/spread/").content.decode()

    links = re.findall(rf'href="({closed.get_absolute_url()}[^"]*)"', shown)
    assert "What a shared link looks like" in shown
    assert [link for link in links if visitor.get(link).status_code != 200] == []


def test_a_link_that_is_made_or_removed_is_said_to_be(
    erins: Client, petition: Petition, page: str
) -> None:
    made = erins.post(page, {"form": "link", "tag": "news"}, follow=True)
    removed = erins.post(page, {"form": "remove", "tag": "news"}, follow=True)
    again = erins.post(page, {"form": "remove", "tag": "news"}, follow=True)

    assert "The link was made." in text_of(made)
    assert "The link was removed." in text_of(removed)
    assert "The link was removed." not in text_of(again)
