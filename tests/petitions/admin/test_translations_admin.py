"""Staff write a petition's texts in other languages below its own."""

from __future__ import annotations

from typing import Any

import pytest

from organizations.models import Organization, User
from petitions.models import Petition, Translation
from petitions.states import State
from tests.factories import make_petition, make_signature, make_translation
from tests.helpers import text_of
from tests.petitions.admin.helpers import LIST, Login, form, member_form

pytestmark = pytest.mark.django_db


def row(number: int = 0, stored: Translation | None = None, **words: str) -> Any:
    """One text in the form."""
    words = {"ask": "", "addressees": "", "summary": "", "outcome": "", **words}
    words |= {"image_description": "", "id": str(stored.pk) if stored else ""}
    fields = {f"translations-{number}-{name}": value for name, value in words.items()}
    fields["translations-TOTAL_FORMS"] = str(number + 1)
    fields["translations-INITIAL_FORMS"] = str(number + 1 if stored else 0)
    return fields


@pytest.fixture
def draft(organization: Organization) -> Petition:
    return make_petition(organization, title="A draft", state=State.DRAFT)


def test_a_text_is_added_to_a_draft_and_later(
    as_user: Login, erin: User, draft: Petition, petition: Petition
) -> None:
    client = as_user(erin)
    make_signature(petition)
    for one in (draft, petition):
        typed = row(language="ar", title="عنوان", text="نص")
        typed["organization"] = one.organization_id
        response = client.post(f"{LIST}{one.pk}/change/", form(one, **typed))

        assert response.status_code == 302
        assert one.translations.get().title == "عنوان"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"language": "en"}, "own text is in this language"),
        ({"language": "xx"}, "“xx” is not a language"),
        ({"language": "fr", "title": ""}, "This field is required"),
    ],
)
def test_a_mistake_is_said_beside_the_field(
    as_user: Login, erin: User, draft: Petition, words: Any, sentence: str
) -> None:
    typed = row(**{"title": "Kept words", "text": "x", **words})

    response = as_user(erin).post(f"{LIST}{draft.pk}/change/", form(draft, **typed))

    assert response.status_code == 200
    assert sentence in text_of(response)
    assert not Translation.objects.exists()


def test_frozen_words_cannot_be_changed_but_the_rest_can(
    as_user: Login, erin: User, petition: Petition
) -> None:
    text = make_translation(petition, "fr", title="Avant")
    make_signature(petition)
    client = as_user(erin)

    page = client.get(f"{LIST}{petition.pk}/change/").content.decode()
    typed = row(stored=text, language="fr", title="Après", text="x", summary="Bref")
    response = client.post(f"{LIST}{petition.pk}/change/", form(petition, **typed))

    assert 'name="translations-0-DELETE"' not in page
    assert response.status_code == 302
    text.refresh_from_db()
    assert (text.title, text.summary) == ("Avant", "Bref")


def test_a_draft_offers_the_languages_of_the_interface(
    as_user: Login, erin: User, draft: Petition
) -> None:
    page = as_user(erin).get(f"{LIST}{draft.pk}/change/").content.decode()

    assert '<option value="fr" selected>French – français</option>' in page
    make_translation(draft, "fr")
    page = as_user(erin).get(f"{LIST}{draft.pk}/change/").content.decode()
    assert "translations-1-title" not in page


def test_each_text_has_its_preview(
    as_user: Login, erin: User, bob: User, draft: Petition
) -> None:
    make_translation(draft, "fr", title="Stocké")
    typed = row(language="ar", title="عنوان", text="نص")
    typed["preview-translations-0-language"] = ""
    client = as_user(erin)

    page = client.post(f"{LIST}preview/", form(draft, preview_of=draft.pk, **typed))
    stored = as_user(bob).get(f"{LIST}{draft.pk}/preview/?language=fr")
    own = as_user(bob).get(f"{LIST}{draft.pk}/preview/")

    assert '<h1 lang="ar" dir="rtl">عنوان</h1>' in page.content.decode()
    assert '<h1 lang="fr" dir="ltr">Stocké</h1>' in stored.content.decode()
    assert '<h1 lang="en" dir="ltr">A draft</h1>' in own.content.decode()
    assert draft.translations.count() == 1


@pytest.mark.parametrize("language", ["zzz", "a/b", "..", "\0", "<b>", "9" * 30, "٣"])
def test_a_preview_in_no_language_is_in_the_petitions_own(
    as_user: Login, erin: User, draft: Petition, language: str
) -> None:
    client = as_user(erin)
    typed = row(language=language, title="t", text="t")
    typed["preview-translations-0-language"] = ""

    stored = client.get(f"{LIST}{draft.pk}/preview/", {"language": language})
    page = client.post(f"{LIST}preview/", form(draft, preview_of=draft.pk, **typed))

    assert page.status_code == 200
    assert '<h1 lang="en" dir="ltr">A draft</h1>' in page.content.decode()
    # A null byte is refused before it gets here.
    assert stored.status_code == (400 if language == "\0" else 200)


def test_publishing_warns_of_a_language_without_a_text_and_goes_on(
    as_user: Login, erin: User, organization: Organization, draft: Petition
) -> None:
    complete = make_petition(organization, state=State.DRAFT)
    make_translation(complete, "fr")
    client = as_user(erin)

    asked = text_of(client.get(f"{LIST}{draft.pk}/do/publish/"))
    other = text_of(client.get(f"{LIST}{complete.pk}/do/publish/"))
    client.post(f"{LIST}{draft.pk}/do/publish/")

    assert "There is no text in French" in asked
    assert "There is no text" not in other
    draft.refresh_from_db()
    assert draft.state == State.OPEN


def test_strangers_and_readers_change_no_text(
    as_user: Login, bob: User, charlie: User, draft: Petition
) -> None:
    typed = row(language="fr", title="Non", text="x")
    for user, status in ((bob, 403), (charlie, 404)):
        response = as_user(user).post(f"{LIST}{draft.pk}/change/", form(draft, **typed))
        assert response.status_code == status
    assert not Translation.objects.exists()


def test_an_owner_describes_the_organisation_in_another_language(
    as_user: Login, alice: User, erin: User, organization: Organization
) -> None:
    path = f"/admin/organizations/organization/{organization.pk}/change/"
    fields = member_form(organization) | {
        "descriptions-TOTAL_FORMS": "1",
        "descriptions-0-language": "fr",
        "descriptions-0-text": "Qui nous sommes.",
    }

    assert as_user(erin).post(path, fields).status_code == 403
    assert as_user(alice).post(path, fields).status_code == 302
    assert organization.descriptions.get().text == "Qui nous sommes."
