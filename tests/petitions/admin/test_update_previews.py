"""The page of an update before it is published: for its own staff, and for nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from organizations.models import User
from petitions.models import Petition, Update
from petitions.states import State
from tests.factories import make_petition, make_update, make_update_translation
from tests.helpers import text_of
from tests.petitions.admin.helpers import add_url, change_url, given, row, rows
from tests.petitions.admin.pictures import SHOWS, drawn, stored

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

PREVIEW = "/admin/petitions/update/preview/"
BANNER = "A preview: nobody else sees it, and nothing can be sent. "


@pytest.fixture
def draft(petition: Petition) -> Update:
    return make_update(petition, published=False, title="A draft", text="Of **news**.")


def one(update: Update) -> str:
    return reverse("admin:petitions_update_preview_one", args=[update.pk])


def test_a_draft_looks_as_it_will_and_is_not_published(
    as_user: Login, erin: User, visitor: Client, draft: Update
) -> None:
    response = as_user(erin).get(one(draft))
    page = response.content.decode()

    assert response.status_code == 200
    assert '<h1 lang="en" dir="ltr">A draft</h1>' in page
    assert "no-store" in response.headers["Cache-Control"]
    assert "frame-ancestors 'self'" in response.headers["Content-Security-Policy"]
    assert "form-action 'none'" in response.headers["Content-Security-Policy"]
    assert '<meta name="robots" content="noindex">' in page
    assert "canonical" not in page
    draft.refresh_from_db()
    assert (draft.published_at, draft.number) == (None, None)
    assert (
        visitor.get(f"{draft.petition.get_absolute_url()}updates/0/").status_code == 404
    )
    draft.published_at = draft.created_at
    draft.save()
    public = text_of(visitor.get(draft.get_absolute_url()))
    assert text_of(response).replace(BANNER, "") == public


def test_its_staff_see_it_and_nobody_else(
    as_user: Login, bob: User, charlie: User, visitor: Client, draft: Update
) -> None:
    assert as_user(bob).get(one(draft)).status_code == 200
    assert as_user(charlie).get(one(draft)).status_code == 404
    assert visitor.get(one(draft)).status_code == 302
    for fields in ({"preview_of": draft.pk}, {"preview_petition": draft.petition_id}):
        posted = as_user(charlie).post(PREVIEW, fields)
        assert posted.status_code == 404
        assert "A draft" not in posted.content.decode()
    assert as_user(charlie).get(one(Update(pk=draft.pk + 1))).status_code == 404


def test_it_shows_what_is_in_the_form_and_saves_nothing(
    as_user: Login, erin: User, draft: Update
) -> None:
    typed = given("update", draft.petition, title="Typed", text="Just **now**.",
                  preview_of=draft.pk)  # fmt: skip

    page = as_user(erin).post(PREVIEW, typed).content.decode()

    assert '<h1 lang="en" dir="ltr">Typed</h1>' in page
    assert "Just <strong>now</strong>." in page
    draft.refresh_from_db()
    assert draft.title == "A draft"


def test_a_new_one_is_seen_before_it_is_saved(
    as_user: Login, erin: User, petition: Petition
) -> None:
    client = as_user(erin)
    form = client.get(add_url("update", petition)).content.decode()
    assert f'name="preview_petition" value="{petition.pk}"' in form
    assert f'formaction="{PREVIEW}"' in form
    typed = given("update", petition, language="fr", preview_petition=petition.pk)

    page = client.post(PREVIEW, typed).content.decode()

    assert '<h1 lang="fr" dir="ltr">News</h1>' in page
    assert "Free the prisoners" in page
    assert not Update.objects.exists()


def test_a_new_one_is_seen_in_each_language(
    as_user: Login, erin: User, petition: Petition
) -> None:
    typed = given("update", petition, preview_petition=petition.pk)
    typed |= rows(row(title="Tapé"))
    pressed = {"preview-translations-0-language": ""}

    page = text_of(as_user(erin).post(PREVIEW, {**typed, **pressed}))

    assert "Tapé" in page
    assert "not available in French" not in page
    assert not Update.objects.exists()


def test_each_language_has_its_own(as_user: Login, erin: User, draft: Update) -> None:
    make_update_translation(draft, "fr", title="Stocké")
    typed = given("update", draft.petition, preview_of=draft.pk)
    typed |= rows(row(title="Tapé"), row(1, language="ar", title="عنوان", text="نص"))
    client = as_user(erin)

    def shown(fields: dict[str, Any]) -> str:
        page = client.post(PREVIEW, {**typed, **fields}).content.decode()
        return re.search(r"<h1.*?</h1>", page)[0]  # type: ignore[index]

    stored_page = client.get(f"{one(draft)}?language=fr").content.decode()
    assert '<h1 lang="fr" dir="ltr">Stocké</h1>' in stored_page
    for number, words in enumerate(
        ('lang="fr" dir="ltr">Tapé', 'lang="ar" dir="rtl">عنوان')
    ):
        pressed = {f"preview-translations-{number}-language": ""}
        assert shown(pressed) == f"<h1 {words}</h1>"
    nonsense = client.get(f"{one(draft)}?language=xx").content.decode()
    assert '<h1 lang="en" dir="ltr">A draft</h1>' in nonsense
    assert shown({}) == '<h1 lang="en" dir="ltr">News</h1>'
    page = client.get(change_url(draft)).content.decode()
    assert page.count('name="preview-translations-0-language"') == 1
    assert draft.translations.count() == 1


def test_a_picture_is_seen_before_it_is_stored(
    as_user: Login, erin: User, draft: Update, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    typed = given("update", draft.petition, preview_of=draft.pk, image=drawn(),
                  image_description=SHOWS)  # fmt: skip

    response = as_user(erin).post(PREVIEW, typed)

    assert re.search(
        rf'<img src="data:image/webp;base64,[\w+/=]+" alt="{SHOWS}" width="800" height="500">',
        response.content.decode(),
    )
    assert "img-src 'self' data:" in response.headers["Content-Security-Policy"]
    assert not list(tmp_path.iterdir())


def test_a_stored_picture_stands_in_it_until_it_is_cleared(
    as_user: Login, erin: User, draft: Update, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    picture = drawn().read()
    draft.image, draft.image_description = stored(picture), SHOWS
    draft.save()
    client = as_user(erin)
    typed = given("update", draft.petition, preview_of=draft.pk)

    assert draft.image.url in client.get(one(draft)).content.decode()
    assert draft.image.url in client.post(PREVIEW, typed).content.decode()
    cleared = client.post(PREVIEW, {**typed, "image-clear": "on"}).content.decode()
    assert "<picture>" not in cleared
    draft.refresh_from_db()
    assert draft.image


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"preview_of": "9" * 40},
        {"preview_of": "x", "preview_petition": "9" * 17},
        {"title": "\0", "text": "\0<script>alert(1)</script>", "language": "xx"},
        {"translations-TOTAL_FORMS": "9" * 30},
        {"translations-TOTAL_FORMS": "2", "translations-0-language": "zz"},
        {"preview-translations-7-language": ""},
        {"image": ContentFile(b"no picture", name="a.png")},
    ],
)
def test_nonsense_is_no_server_error(
    as_user: Login, erin: User, petition: Petition, fields: dict[str, Any]
) -> None:
    named = {"preview_petition": petition.pk} if fields else {}

    response = as_user(erin).post(PREVIEW, {**named, **fields})

    assert response.status_code in (200, 404)
    assert "<script>alert" not in response.content.decode()


def test_nothing_is_shown_of_a_petition_that_is_a_draft(
    as_user: Login, erin: User, petition: Petition
) -> None:
    other = make_petition(petition.organization, state=State.DRAFT)

    response = as_user(erin).post(PREVIEW, {"preview_petition": other.pk})

    assert response.status_code == 404
