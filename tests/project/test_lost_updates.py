"""Two people at one form: no save takes away what the other has written."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django import Settings

from core.models import AuditAction, AuditEntry
from organizations.models import Organization, User
from petitions.models import CountEntry, Petition, Topic, Translation
from petitions.states import State
from tests.factories import make_organization, make_petition, make_update
from tests.helpers import text_of
from tests.parallel import all_at_once
from tests.project.conftest import World, sent
from tests.project.two_people import LIST, change, saved

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]


@pytest.fixture
def path(world: World) -> str:
    return f"{LIST}{world.draft.pk}/change/"


def coloured(name: str) -> ContentFile[bytes]:
    buffer = BytesIO()
    Image.new("RGB", (800, 500), name).save(buffer, "PNG")
    return ContentFile(buffer.getvalue(), name=f"{name}.png")


@pytest.fixture
def media(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


# == The row itself ==


def test_what_only_the_other_one_has_changed_stays(
    as_user: Login, erin: User, alice: User, world: World, path: str
) -> None:
    later = change(path, as_user(alice), goal="500")
    assert saved(change(path, as_user(erin), summary="An hour of work")())

    response = later()

    assert saved(response)
    world.draft.refresh_from_db()
    assert (world.draft.summary, world.draft.goal) == ("An hour of work", 500)


def test_what_both_have_changed_is_refused_and_both_are_shown(
    as_user: Login, erin: User, alice: User, world: World, path: str
) -> None:
    client = as_user(alice)
    later = change(path, client, summary="Of Alice", goal="500")
    assert saved(change(path, as_user(erin), summary="Of <b>Erin</b>")())

    refused = later()

    assert not saved(refused)
    page = text_of(refused)
    assert "Of Erin" not in page
    assert "Of <b>Erin</b>" in page
    assert "erin@example.org" in page
    assert "changed this while you had it open" in page
    assert sent(refused)["summary"] == "Of Alice"
    assert sent(refused)["goal"] == "500"
    world.draft.refresh_from_db()
    assert (world.draft.summary, world.draft.goal) == ("Of <b>Erin</b>", None)

    # Knowing that, whoever saves once more keeps theirs …
    assert saved(client.post(path, sent(refused)))
    world.draft.refresh_from_db()
    assert (world.draft.summary, world.draft.goal) == ("Of Alice", 500)


def test_a_picture_keeps_its_own_description(
    as_user: Login, erin: User, alice: User, world: World, path: str, media: Path
) -> None:
    client = as_user(alice)
    ours = {"image": coloured("red"), "image_description": "A red flag"}
    later = change(path, client, **ours)
    theirs = {"image": coloured("blue"), "image_description": "A blue flag"}
    assert saved(change(path, as_user(erin), **theirs)())
    world.draft.refresh_from_db()
    blue = world.draft.image.name

    refused = later()

    page = text_of(refused)
    assert "choose yours again: browsers do not keep files" in page
    assert "Yours is in the field" not in page
    assert "Your description was: A red flag" in page
    assert sent(refused)["image_description"] == "A blue flag"
    # Whoever saves once more without a file keeps their picture, with its words.
    assert saved(client.post(path, sent(refused)))
    world.draft.refresh_from_db()
    assert world.draft.image.name == blue
    assert world.draft.image_description == "A blue flag"


def test_what_is_said_of_the_former_picture_is_not_said_of_the_new_one(
    as_user: Login, erin: User, alice: User, world: World, path: str, media: Path
) -> None:
    Petition.objects.filter(pk=world.draft.pk).update(image_description="A flag")
    later = change(path, as_user(alice), image_description="A torn flag")
    assert saved(change(path, as_user(erin), image=coloured("blue"))())

    refused = later()

    assert not saved(refused)
    world.draft.refresh_from_db()
    assert world.draft.image_description == "A flag"


def test_who_ticks_it_keeps_what_the_other_one_wrote(
    as_user: Login, erin: User, alice: User, world: World, path: str
) -> None:
    client = as_user(alice)
    later = change(path, client, summary="Of Alice", goal="500")
    change(path, as_user(erin), summary="Of Erin")()

    refused = later()
    assert saved(client.post(path, {**sent(refused), "_theirs": ["summary"]}))

    world.draft.refresh_from_db()
    assert (world.draft.summary, world.draft.goal) == ("Of Erin", 500)


def test_a_third_change_in_between_is_refused_again(
    as_user: Login, erin: User, alice: User, world: World, path: str
) -> None:
    client, other = as_user(alice), as_user(erin)
    later = change(path, client, summary="Of Alice")
    change(path, other, summary="Of Erin")()
    refused = later()
    change(path, other, summary="Of Erin, again")()

    again = client.post(path, sent(refused))

    assert not saved(again)
    assert "Of Erin, again" in text_of(again)


def test_a_form_that_says_nothing_of_when_it_was_opened_takes_nothing_away(
    as_user: Login, erin: User, world: World, path: str
) -> None:
    client = as_user(erin)
    opened = sent(client.get(path))
    Petition.objects.filter(pk=world.draft.pk).update(summary="Of somebody")

    for seen in ("", "{}", "[1]", '{"token": 1, "opened": "x", "rows": 5}', "\x00"):
        response = client.post(path, {**opened, "_seen": seen})
        assert not saved(response)
        assert "Of somebody" in text_of(response)

    world.draft.refresh_from_db()
    assert world.draft.summary == "Of somebody"


def test_the_same_words_of_both_are_no_conflict(
    as_user: Login, erin: User, alice: User, path: str
) -> None:
    later = change(path, as_user(alice), summary="The same")
    change(path, as_user(erin), summary="The same")()

    assert saved(later())


def test_an_organisation_loses_nothing_either(
    as_user: Login, alice: User, ada: User, organization: Organization
) -> None:
    path = f"/admin/organizations/organization/{organization.pk}/change/"
    later = change(path, as_user(ada), charity_number="123", website="https://a.test/")
    assert saved(change(path, as_user(alice), website="https://b.test/")())

    refused = later()

    assert not saved(refused)
    assert "https://b.test/" in text_of(refused)
    assert saved(as_user(ada).post(path, {**sent(refused), "_theirs": ["website"]}))
    organization.refresh_from_db()
    assert organization.website == "https://b.test/"
    assert organization.charity_number == "123"


# == Rows below it ==


def test_rows_below_lose_nothing(
    as_user: Login, erin: User, alice: User, world: World, path: str
) -> None:
    client = as_user(alice)
    fields = {"translations-0-title": "D’Alice", "translations-0-ask": "Une demande"}
    later = change(path, client, **fields)
    assert saved(
        change(
            path, as_user(erin),
            **{"translations-0-title": "D’Erin", "translations-0-summary": "Un mot"},
        )()
    )  # fmt: skip

    refused = later()
    assert not saved(refused)
    assert "D’Erin" in text_of(refused)
    assert saved(client.post(path, sent(refused)))

    text = world.draft.translations.get()
    assert (text.title, text.ask, text.summary) == ("D’Alice", "Une demande", "Un mot")


def test_a_row_that_somebody_has_removed_is_not_lost_with_what_was_written_into_it(
    as_user: Login, erin: User, alice: User, world: World, path: str
) -> None:
    client = as_user(alice)
    later = change(path, client, **{"translations-0-title": "Réécrit"})
    untouched = change(path, as_user(erin), goal="7")
    Translation.objects.filter(petition=world.draft).delete()

    assert saved(untouched())
    assert not world.draft.translations.exists()
    refused = later()
    assert not saved(refused)
    assert "Somebody has removed this meanwhile" in text_of(refused)
    assert saved(client.post(path, sent(refused)))
    assert world.draft.translations.get().title == "Réécrit"


def test_a_row_that_somebody_has_added_is_shown_before_another_one_is(
    as_user: Login, erin: User, alice: User, world: World, path: str
) -> None:
    row = {
        "targets-TOTAL_FORMS": "2", "targets-1-position": "2",
        "targets-1-kind": "person", "targets-1-name": "A second minister",
    }  # fmt: skip
    client = as_user(alice)
    later = change(path, client, **row)
    assert saved(change(path, as_user(erin), **row)())

    refused = later()

    assert not saved(refused)
    assert "Somebody has added meanwhile: A second minister" in text_of(refused)
    assert world.draft.targets.count() == 2
    assert saved(client.post(path, sent(refused)))
    assert world.draft.targets.count() == 3


def test_a_row_that_somebody_has_changed_is_not_removed_unseen(
    as_user: Login, erin: User, alice: User, world: World, path: str
) -> None:
    client = as_user(alice)
    later = change(path, client, **{"translations-0-DELETE": "on"})
    change(path, as_user(erin), **{"translations-0-title": "Bien mieux"})()

    refused = later()

    assert not saved(refused)
    assert "Somebody has changed meanwhile" in text_of(refused)
    assert sent(refused)["translations-0-title"] == "Bien mieux"
    assert world.draft.translations.exists()
    opened = {**sent(refused), "translations-0-DELETE": "on"}
    assert saved(client.post(path, opened))
    assert not world.draft.translations.exists()


def test_a_row_that_nobody_wrote_in_is_not_asked_for_its_title(
    as_user: Login, erin: User, alice: User, organization: Organization
) -> None:
    """Its language was suggested, and has a text since."""
    draft = make_petition(organization, state=State.DRAFT)
    update = make_update(make_petition(organization), published=False)
    for row, path in ((draft, LIST), (update, "/admin/petitions/update/")):
        form = f"{path}{row.pk}/change/"
        later = change(form, as_user(alice), title="Of Alice")
        theirs = change(
            form, as_user(erin),
            **{"translations-0-title": "D’Erin", "translations-0-text": "Un texte"},
        )  # fmt: skip
        assert saved(theirs())

        assert saved(later()), path

        row.refresh_from_db()
        assert row.title == "Of Alice"
        assert row.translations.get().title == "D’Erin"


# == Deleting ==


def test_what_was_written_meanwhile_is_not_deleted_unseen(
    as_user: Login, erin: User, alice: User, world: World, path: str
) -> None:
    client, question = as_user(alice), f"{LIST}{world.draft.pk}/delete/"
    opened = fields_of(client.get(question))
    assert saved(change(path, as_user(erin), summary="Of <b>Erin</b>")())

    refused = client.post(question, opened)

    page = text_of(refused)
    assert refused.status_code == 200
    assert "Of <b>Erin</b>" in page
    assert "erin@example.org" in page
    assert "Nothing was deleted" in page
    assert Petition.objects.filter(pk=world.draft.pk).exists()
    # Knowing that, whoever confirms it once more deletes it.
    assert client.post(question, fields_of(refused)).status_code == 302
    assert not Petition.objects.filter(pk=world.draft.pk).exists()


def test_what_was_written_below_a_row_is_not_deleted_with_it_unseen(
    as_user: Login, alice: User, world: World
) -> None:
    client, question = as_user(alice), f"{LIST}{world.draft.pk}/delete/"
    opened = fields_of(client.get(question))
    Translation.objects.filter(petition=world.draft).update(title="Bien mieux")

    refused = client.post(question, opened)

    assert "Bien mieux" in text_of(refused)
    again = fields_of(refused)
    Translation.objects.filter(petition=world.draft).delete()
    gone = client.post(question, again)
    assert "Removed meanwhile: 1" in text_of(gone)
    world.draft.translations.create(language="fr", title="Neuf", text="Mot")
    added = client.post(question, fields_of(gone))
    assert "Added: " in text_of(added)
    assert Petition.objects.filter(pk=world.draft.pk).exists()


def test_a_confirmation_that_says_nothing_of_what_was_seen_deletes_nothing(
    as_user: Login, alice: User, world: World
) -> None:
    question = f"{LIST}{world.draft.pk}/delete/"

    for seen in ("", "{}", '{"token": 1, "opened": 1, "rows": {}}'):
        answer = as_user(alice).post(question, {"post": "yes", "_seen": seen})
        assert "Nothing was deleted" in text_of(answer)

    assert Petition.objects.filter(pk=world.draft.pk).exists()


def test_of_chosen_rows_none_is_deleted_that_somebody_has_changed(
    as_user: Login, ada: User
) -> None:
    topics = [Topic.objects.create(slug=slug) for slug in ("rivers", "woods")]
    client, path = as_user(ada), "/admin/petitions/topic/"
    chosen = {
        "action": "delete_selected",
        "_selected_action": [str(topic.pk) for topic in topics],
    }
    opened = {**chosen, **fields_of(client.post(path, chosen))}
    Topic.objects.filter(slug="woods").update(slug="forests")

    refused = client.post(path, opened)

    assert "forests" in text_of(refused)
    assert Topic.objects.count() == 2
    again = client.post(path, {**chosen, **fields_of(refused)})
    assert again.status_code == 302
    assert not Topic.objects.exists()


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("", "somebody removed this while"), ("fr/", "quelqu’un a supprimé ceci")],
)
def test_what_was_typed_into_a_form_whose_row_is_gone_is_shown(
    as_user: Login, alice: User, world: World, path: str, language: str, sentence: str
) -> None:
    there = path.replace("/admin/", f"/admin/{language}")
    later = change(there, as_user(alice), summary="Of <b>Alice</b>")
    world.draft.delete()

    answer = later()

    assert answer.status_code == 404
    page = text_of(answer)
    assert sentence in page
    assert "Of <b>Alice</b>" in page
    assert f'href="/admin/{language}petitions/petition/"' in answer.content.decode()


def test_what_was_chosen_in_it_is_named(
    as_user: Login, alice: User, world: World, path: str
) -> None:
    """Named, not numbered; and only to those who may see it."""
    theirs = make_petition(make_organization("Whose name is secret"))
    later = change(
        path, as_user(alice), summary="Of Alice", preview_of="4711",
        organization=str(world.draft.organization_id),
    )  # fmt: skip
    snooping = change(path, as_user(alice), organization=str(theirs.organization_id))
    name = str(world.draft.organization)
    world.draft.delete()

    page = text_of(later())

    assert f"Organisation {name}" in page
    assert "Of Alice" in page
    assert "preview" not in page.lower()
    assert "4711" not in page
    assert "Whose name is secret" not in text_of(snooping())


def fields_of(page: Any) -> dict[str, str]:
    """Return the hidden fields of the page that asks whether to delete."""
    found = re.findall(r'name="(post|_seen)" value="([^"]*)"', page.content.decode())
    assert len(found) == 2
    return {name: unescape(value) for name, value in found}


# == At the very same time ==


@pytest.mark.django_db(transaction=True)
def test_of_two_saves_at_the_same_moment_one_is_refused(
    as_user: Login, erin: User, alice: User, world: World, path: str
) -> None:
    for turn in range(4):
        texts = [f"Of Erin {turn}", f"Of Alice {turn}"]
        jobs = [
            change(path, as_user(user), summary=text)
            for user, text in zip((erin, alice), texts, strict=True)
        ]

        answers = all_at_once(jobs)

        assert sorted(answer.status_code for answer in answers) == [200, 302]
        world.draft.refresh_from_db()
        winner = [answer.status_code for answer in answers].index(302)
        assert world.draft.summary == texts[winner]
        assert texts[winner] in text_of(answers[1 - winner])
        assert sent(answers[1 - winner])["summary"] == texts[1 - winner]


@pytest.mark.django_db(transaction=True)
def test_a_button_that_was_pressed_twice_adds_one_petition(
    as_user: Login, erin: User, organization: Organization
) -> None:
    path = f"{LIST}add/"
    client = as_user(erin)
    opened = {
        **sent(client.get(path)), "title": "Only once", "text": "Please.",
        "organization": str(organization.pk), "targets-0-name": "Minister",
    }  # fmt: skip

    answers = all_at_once([lambda: as_user(erin).post(path, opened)] * 3)

    assert [answer.status_code for answer in answers] == [302] * 3
    assert Petition.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_paper_that_is_sent_twice_is_counted_once(
    as_user: Login, erin: User, world: World
) -> None:
    path = f"{LIST}{world.signed.pk}/change/"
    opened = sent(as_user(erin).get(path))
    new = int(opened["count_entries-INITIAL_FORMS"])
    row = {
        "source": "paper", "number": "31", "label": "Sheets of May",
        "counted_by": "Erin", "counted_at": "2026-05-05",
    }  # fmt: skip
    opened |= {"count_entries-TOTAL_FORMS": str(new + 1)}
    opened |= {f"count_entries-{new}-{name}": value for name, value in row.items()}

    answers = all_at_once([lambda: as_user(erin).post(path, opened)] * 2)

    assert [answer.status_code for answer in answers] == [302] * 2
    assert CountEntry.objects.filter(number=31).count() == 1


def test_a_form_that_comes_again_with_other_words_says_what_was_saved(
    as_user: Login, erin: User, organization: Organization
) -> None:
    """Somebody goes back in the browser, corrects something and saves once more."""
    client, path = as_user(erin), f"{LIST}add/"
    opened = {
        **sent(client.get(path)), "title": "Only once", "text": "Please.",
        "organization": str(organization.pk), "targets-0-name": "Minister",
    }  # fmt: skip
    assert saved(client.post(path, opened))

    refused = client.post(path, {**opened, "title": "Only once, corrected"})

    assert not saved(refused)
    assert "This form was saved already" in text_of(refused)
    assert sent(refused)["title"] == "Only once, corrected"
    assert Petition.objects.count() == 1
    # Whoever wants two of them gets two.
    assert saved(client.post(path, sent(refused)))
    assert Petition.objects.count() == 2
    made = AuditEntry.objects.filter(action=AuditAction.INSERT, account=erin.pk)
    assert made.filter(table="petitions_petition").count() == 2
    targets = made.filter(table="petitions_target").values_list("now__name", flat=True)
    assert list(targets) == ["Minister"] * 2


def test_every_form_that_changes_a_row_says_what_it_was_opened_with(
    as_user: Login, ada: User, world: World
) -> None:
    client, found = as_user(ada), 0
    for model, model_admin in admin.site._registry.items():
        row = model._default_manager.first()
        assert row is not None, model
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        page = client.get(reverse(name, args=[row.pk]))
        if 'name="_save"' not in page.content.decode():
            continue
        told = sent(page)["_seen"]
        fields = page.context["adminform"].form.fields
        assert all(f'"{field}"' in told for field in fields), model_admin
        # And unchanged, it is saved.
        assert saved(client.post(reverse(name, args=[row.pk]), sent(page))), model
        found += 1
    assert found >= 8


def test_what_nobody_can_see_is_no_change(
    as_user: Login, alice: User, organization: Organization
) -> None:
    """An invisible character that the field takes away is not said to be lost."""
    path = f"/admin/organizations/organization/{organization.pk}/change/"

    assert saved(change(path, as_user(alice), legal_name="\u200b")())
