"""The words of a handover in several languages: each reader gets theirs, or the original
ones with their language said."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.http.cache_policy import page_cache
from organizations.models import User
from petitions.models import Handover, HandoverTranslation, Petition
from tests.factories import (
    make_entry,
    make_handover,
    make_handover_translation,
    make_petition,
    make_translation,
)
from tests.helpers import text_of
from tests.petitions.admin.helpers import (
    Login,
    add_url,
    at_once,
    change_url,
    errors_of,
    given,
    page_of,
    rows,
)

pytestmark = pytest.mark.django_db

PAGE = "/petitions/free-the-prisoners/"
PICTURE = {
    "image": "story/abc-80x50.webp",
    "image_width": 80,
    "image_height": 50,
    "image_description": "A box on a table.",
}


@pytest.fixture
def handover(petition: Petition) -> Handover:
    make_entry(petition, 3, source="paper")
    return make_handover(
        petition, confirmed=0, paper=3, note="We met her on the steps.", **PICTURE
    )


@pytest.fixture
def french(handover: Handover) -> HandoverTranslation:
    return make_handover_translation(
        handover, "fr", note="Elle est venue.", image_description="Une boîte."
    )


def picture_of(page: str) -> tuple[str, str]:
    """The language of what it is said to show, and that."""
    found = re.search(r'class="picture" lang="(\w+)">.*?alt="([^"]*)"', page, re.S)
    assert found is not None
    return found[1], found[2]


# == On the page ==


def test_each_reader_gets_the_words(
    visitor: Client, handover: Handover, french: HandoverTranslation
) -> None:
    english, other = page_of(visitor, PAGE), page_of(visitor, f"/fr{PAGE}")

    assert '<p lang="en" dir="ltr">We met her on the steps.</p>' in english
    assert '<p lang="fr" dir="ltr">Elle est venue.</p>' in other
    assert "on the steps" not in other
    assert picture_of(english) == ("en", "A box on a table.")
    assert picture_of(other) == ("fr", "Une boîte.")
    assert "En anglais" not in other
    assert "In English" not in english


def test_what_is_missing_falls_back_and_says_so(
    visitor: Client, handover: Handover
) -> None:
    page = page_of(visitor, f"/fr{PAGE}")

    assert re.search(
        r'<p class="hint">En anglais</p>\s*'
        r'<p lang="en" dir="ltr">We met her on the steps.</p>',
        page,
    )
    assert picture_of(page) == ("en", "A box on a table.")
    assert "In English" not in page_of(visitor, PAGE)


@pytest.mark.parametrize(
    ("words", "sentence", "picture"),
    [
        ({"note": "Oui."}, '<p lang="fr" dir="ltr">Oui.</p>', "en"),
        (
            {"note": "", "image_description": "Une boîte."},
            '<p lang="en" dir="ltr">We met her on the steps.</p>',
            "fr",
        ),
    ],
)
def test_what_a_text_leaves_empty_keeps_its_own_language(
    visitor: Client, handover: Handover, words: Any, sentence: str, picture: str
) -> None:
    make_handover_translation(handover, "fr", **words)

    page = page_of(visitor, f"/fr{PAGE}")

    assert sentence in page
    assert picture_of(page)[0] == picture


def test_a_reader_of_arabic_gets_arabic(visitor: Client, handover: Handover) -> None:
    make_translation(handover.petition, "ar", title="عنوان")
    make_handover_translation(handover, "ar", note="التقينا بها")

    page = page_of(visitor, f"{PAGE}ar/")

    assert '<p lang="ar" dir="rtl">التقينا بها</p>' in page


def test_languages_cost_no_statement_each(visitor: Client) -> None:
    counts = []
    for codes in (("fr",), ("fr", "ar", "es")):
        petition = make_petition()
        for days in range(len(codes)):
            day = timezone.localdate() - timedelta(days=days)
            handover = make_handover(petition, handed_on=day)
            for other in codes:
                make_handover_translation(handover, other)
        page_cache.clear()
        with CaptureQueriesContext(connection) as asked:
            assert visitor.get(petition.get_absolute_url()).status_code == 200
        counts.append(len(asked))

    assert counts[0] == counts[1]


# == What must never be ==


def test_the_database_knows_one_text_in_a_language(
    handover: Handover, french: HandoverTranslation
) -> None:
    with pytest.raises(IntegrityError, match="once_a_language"), transaction.atomic():
        make_handover_translation(handover, "fr")
    with pytest.raises(IntegrityError, match="translation_words"), transaction.atomic():
        make_handover_translation(handover, "es", note="")
    make_handover_translation(handover, "en")
    with pytest.raises(IntegrityError, match="own text is in"), transaction.atomic():
        at_once()
    handover.translations.filter(language="en").delete()
    at_once()
    Handover.objects.update(language="fr")
    with pytest.raises(IntegrityError, match="own text is in"), transaction.atomic():
        at_once()
    Handover.objects.update(language="en")
    at_once()


# == In the admin ==


def row(stored: Any = None, **words: str) -> dict[str, Any]:
    """A row of the table of texts, as a browser sends it."""
    fields = {"language": "fr", "note": "Gardé", "image_description": "", **words}
    return {
        "translations-0-id": stored.pk if stored else "",
        **{f"translations-0-{name}": value for name, value in fields.items()},
    }


def test_staff_write_it_in_both_languages(
    as_user: Login, erin: User, visitor: Client, petition: Petition
) -> None:
    make_entry(petition, 3, source="paper")
    client = as_user(erin)
    page = client.get(add_url("handover", petition)).content.decode()
    assert '<option value="fr" selected>French – français</option>' in page

    fields = given("handover", petition, **rows(row(note="Des mots.")))
    response = client.post(add_url("handover", petition), fields)

    assert response.status_code == 302, errors_of(response)
    assert Handover.objects.get().translations.get().note == "Des mots."
    assert "Des mots." in page_of(visitor, f"/fr{PAGE}")


def test_an_empty_row_is_no_text(
    as_user: Login, erin: User, petition: Petition
) -> None:
    make_entry(petition, 3, source="paper")
    fields = given("handover", petition, **rows(row(note="")))

    response = as_user(erin).post(add_url("handover", petition), fields)

    assert response.status_code == 302, errors_of(response)
    assert Handover.objects.get().languages == ["en"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"language": "en"}, "own text is in this language."),
        ({"language": ""}, "This field is required."),
        ({"language": "xx"}, "“xx” is not a language."),
        ({"note": "", "language": "ar"}, "Give a text its language and its words."),
    ],
)
def test_a_mistake_is_said_and_nothing_is_lost(
    as_user: Login, erin: User, petition: Petition, words: Any, sentence: str
) -> None:
    make_entry(petition, 3, source="paper")
    typed = rows(row(**words))

    response = as_user(erin).post(
        add_url("handover", petition),
        given("handover", petition, note="Kept, too", **typed),
    )

    assert sentence in text_of(response)
    assert "Kept, too" in response.content.decode()
    assert not Handover.objects.exists()


def test_a_text_is_taken_away(
    as_user: Login, erin: User, handover: Handover, french: HandoverTranslation
) -> None:
    typed = rows(row(french, DELETE="on"), initial=1)

    response = as_user(erin).post(
        change_url(handover),
        given("handover", handover.petition, image_description="A box.", **typed),
    )

    assert response.status_code == 302, errors_of(response)
    assert not HandoverTranslation.objects.exists()


def test_owners_take_back_a_handover_with_its_texts(
    as_user: Login, alice: User, handover: Handover, french: HandoverTranslation
) -> None:
    url = change_url(handover).replace("/change/", "/delete/")

    assert as_user(alice).post(url, {"post": "yes"}).status_code == 302
    assert not Handover.objects.exists()


def test_readers_and_strangers_write_none(
    as_user: Login, bob: User, charlie: User, handover: Handover
) -> None:
    for user, status in ((bob, 403), (charlie, 404)):
        fields = given("handover", handover.petition, **rows(row()))
        assert as_user(user).post(change_url(handover), fields).status_code == status
    assert not HandoverTranslation.objects.exists()
