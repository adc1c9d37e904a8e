"""An answer in several languages: each reader gets the words in theirs, is told whose
words they are, and can read what was said in the first place, and before."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.http.cache_policy import page_cache
from organizations.models import User
from petitions.models import Answer, AnswerTranslation, Petition
from tests.factories import (
    make_answer,
    make_answer_translation,
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
OURS = "Traduction par <bdi>Rights Now</bdi>"


@pytest.fixture
def answer(petition: Petition) -> Answer:
    return make_answer(petition, text="Not yet.", answered_on=date(2026, 3, 9))


@pytest.fixture
def french(answer: Answer) -> AnswerTranslation:
    return make_answer_translation(answer, "fr", text="Pas encore.")


def section(page: str) -> str:
    """What the page says of answers, from word to word."""
    found = re.search(r'<section aria-labelledby="answers">.*?</section>', page, re.S)
    assert found is not None
    return re.sub(r"\s+", " ", found[0])


def quoted(page: str) -> list[tuple[str, str]]:
    """The language of each passage of it that somebody said, and that."""
    blocks = r'<blockquote class="[^"]+" lang="(\w+)" dir="\w+">\s*<p[^>]*>(.*?)</p>'
    return re.findall(blocks, section(page), re.S)


# == On the page ==


def test_a_translation_says_whose_it_is_and_what_was_said(
    visitor: Client, answer: Answer, french: AnswerTranslation
) -> None:
    english, other = page_of(visitor, PAGE), page_of(visitor, f"/fr{PAGE}")

    assert quoted(english) == [("en", "Not yet.")]
    assert "Translation by" not in english
    assert "<details" not in section(english)
    assert quoted(other) == [("fr", "Pas encore."), ("en", "Not yet.")]
    assert section(other).count(OURS) == 1
    assert section(other).index(OURS) < section(other).index("Pas encore.")
    assert "<summary>Mot pour mot, en anglais</summary>" in section(other)
    folded = section(other).partition("<details")[2]
    assert "En anglais" in folded
    assert "Not yet." in folded
    assert "Pas encore." not in folded


def test_what_they_said_in_both_languages_is_no_translation(
    visitor: Client, answer: Answer
) -> None:
    make_answer_translation(answer, "fr", text="Pas encore.", original=True)

    page = page_of(visitor, f"/fr{PAGE}")

    assert quoted(page) == [("fr", "Pas encore.")]
    assert "Traduction" not in page
    assert "<details" not in section(page)


def test_what_is_missing_falls_back_and_says_so(
    visitor: Client, answer: Answer
) -> None:
    page = page_of(visitor, f"/fr{PAGE}")

    assert quoted(page) == [("en", "Not yet.")]
    assert section(page).count("En anglais") == 1
    assert "Traduction" not in page
    assert "In English" not in page_of(visitor, PAGE)


def test_an_answer_in_a_foreign_language_translated_into_the_sites_first_one(
    visitor: Client, petition: Petition
) -> None:
    answer = make_answer(petition, language="ar", text="ليس بعد")
    make_answer_translation(answer, "en", text="Not yet.")

    english, french = page_of(visitor, PAGE), page_of(visitor, f"/fr{PAGE}")

    assert quoted(english) == [("en", "Not yet."), ("ar", "ليس بعد")]
    assert "Word for word, in Arabic" in english
    assert 'lang="ar" dir="rtl"' in section(english)
    assert quoted(french) == [("ar", "ليس بعد")]
    assert "En arabe" in section(french)


def test_a_reader_of_arabic_gets_arabic(visitor: Client, answer: Answer) -> None:
    make_translation(answer.petition, "ar", title="عنوان")
    make_answer_translation(answer, "ar", text="ليس بعد")

    page = page_of(visitor, f"{PAGE}ar/")

    assert quoted(page) == [("ar", "ليس بعد"), ("en", "Not yet.")]
    assert "Word for word, in English" in page


def test_who_answered_and_where_it_stands_are_said_in_each_language(
    visitor: Client, answer: Answer, french: AnswerTranslation
) -> None:
    Answer.objects.update(answered_by="Anne Roy, deputy", link="https://example.org/en")
    for given_by, link, by in (
        ("", "", '<bdi lang="en">Anne Roy, deputy</bdi>'),
        (
            "Anne Roy, adjointe",
            "https://example.org/fr",
            '<bdi lang="fr">Anne Roy, adjointe</bdi>',
        ),
    ):
        AnswerTranslation.objects.update(answered_by=given_by, link=link)
        answers = section(page_of(visitor, f"/fr{PAGE}"))
        assert answers.index(by) < answers.index("<blockquote")
        first_link = re.search('href="([^"]+)"', answers)
        assert first_link is not None
        assert first_link[1] == (link or "https://example.org/en")
    assert 'href="https://example.org/en"' in answers.partition("<details")[2]


def test_a_link_alone_in_one_language_leads_there(
    visitor: Client, answer: Answer
) -> None:
    make_answer_translation(answer, "fr", text="", link="https://example.org/fr")

    page = page_of(visitor, f"/fr{PAGE}")

    assert quoted(page) == [("en", "Not yet.")]
    assert 'href="https://example.org/fr"' in section(page)
    assert "Traduction" not in page


def test_words_of_others_are_no_markup(visitor: Client, answer: Answer) -> None:
    script = "<script>alert(1)</script>"
    make_answer_translation(answer, "fr", text=script, answered_by=script)

    page = page_of(visitor, f"/fr{PAGE}")

    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") == 2


def test_languages_and_versions_cost_no_statement_each(visitor: Client) -> None:
    counts = []
    for codes in (("fr",), ("fr", "ar", "es")):
        petition = make_petition()
        for _each in codes:
            answer = make_answer(petition)
            for code in codes:
                make_answer_translation(answer, code)
        AnswerTranslation.objects.update(text="Autrement.")
        page_cache.clear()
        with CaptureQueriesContext(connection) as asked:
            url = f"/fr{petition.get_absolute_url()}"
            assert visitor.get(url).status_code == 200
        counts.append(len(asked))

    assert counts[0] == counts[1]


# == What it said before ==


def test_what_a_translation_said_before_stays_readable(
    visitor: Client, answer: Answer, french: AnswerTranslation
) -> None:
    AnswerTranslation.objects.update(text="Pas tout de suite.")

    english, other = page_of(visitor, PAGE), page_of(visitor, f"/fr{PAGE}")

    assert quoted(english) == [("en", "Not yet."), ("fr", "Pas encore.")]
    assert quoted(other) == [
        ("fr", "Pas tout de suite."), ("en", "Not yet."), ("fr", "Pas encore."),
    ]  # fmt: skip
    assert section(other).count(OURS) == 2
    before = section(english).partition("what it said before")[2]
    assert "In French" in before
    assert "Translation by <bdi>Rights Now</bdi>" in before


@pytest.mark.parametrize("name", AnswerTranslation.WORDS)
def test_each_word_of_it_makes_a_revision(
    answer: Answer, french: AnswerTranslation, name: str
) -> None:
    new = {"language": "es", "original": True, "link": "https://example.org/"}

    AnswerTranslation.objects.update(**{name: new.get(name, "Autrement")})

    revision = answer.revisions.get()
    assert (revision.language, revision.text) == ("fr", "Pas encore.")
    assert (revision.answered_on, revision.original) == (date(2026, 3, 9), False)
    answer.refresh_from_db()
    assert answer.changed_at == revision.replaced_at


def test_what_is_no_change_makes_no_revision(
    answer: Answer, french: AnswerTranslation
) -> None:
    french.save()

    answer.refresh_from_db()
    assert (answer.changed_at, answer.revisions.count()) == (None, 0)


def test_a_former_text_keeps_the_day_and_the_name_that_it_stood_under(
    petition: Petition,
) -> None:
    """Whoever changes both at once changes the answer first."""
    answer = make_answer(
        petition,
        text="No.",
        answered_by="Anne Roy",
        answered_on=date(2026, 3, 9),
        link="https://example.org/no",
    )
    french = make_answer_translation(answer, "fr", text="Non.")
    Answer.objects.update(
        text="Yes.", answered_by="", answered_on=date(2026, 5, 2), link=""
    )
    french.text = "Oui."
    french.save()

    found = {revision.language: revision for revision in answer.revisions.all()}

    assert {code: revision.text for code, revision in found.items()} == {
        "en": "No.", "fr": "Non.",
    }  # fmt: skip
    assert [found[code].original for code in ("en", "fr")] == [True, False]
    for revision in found.values():
        assert revision.answered_on == date(2026, 3, 9)
        assert revision.answered_by == "Anne Roy"
        assert revision.link == "https://example.org/no"


def test_no_text_goes_or_moves(
    petition: Petition, answer: Answer, french: AnswerTranslation
) -> None:
    other = make_answer(petition)

    with pytest.raises(IntegrityError, match="stays readable"), transaction.atomic():
        french.delete()
    with pytest.raises(IntegrityError, match="with its answer"), transaction.atomic():
        AnswerTranslation.objects.update(answer=other)


def test_the_database_knows_one_text_in_a_language(
    answer: Answer, french: AnswerTranslation
) -> None:
    with pytest.raises(IntegrityError, match="once_a_language"), transaction.atomic():
        make_answer_translation(answer, "fr")
    with pytest.raises(IntegrityError, match="text_or_link"), transaction.atomic():
        make_answer_translation(answer, "es", text="")
    for wrong in (
        lambda: make_answer_translation(answer, "en"),
        lambda: Answer.objects.update(language="fr"),
    ):
        with pytest.raises(IntegrityError, match="own text"), transaction.atomic():
            checked(wrong)


def checked(change: Callable[[], Any]) -> None:
    change()
    at_once()


# == In the admin ==


def row(stored: Any = None, **words: str) -> dict[str, Any]:
    """A row of the table of texts, as a browser sends it."""
    fields = {"language": "fr", "text": "Gardé", "answered_by": "", "link": "", **words}
    return {
        "translations-0-id": stored.pk if stored else "",
        **{f"translations-0-{name}": value for name, value in fields.items()},
    }


@pytest.mark.parametrize("original", [False, True])
def test_staff_write_it_in_both_languages(
    as_user: Login, erin: User, visitor: Client, petition: Petition, original: bool
) -> None:
    client = as_user(erin)
    page = client.get(add_url("answer", petition)).content.decode()
    assert '<option value="fr" selected>French – français</option>' in page

    words = {"text": "Non.", **({"original": "on"} if original else {})}
    fields = given("answer", petition, **rows(row(**words)))
    response = client.post(add_url("answer", petition), fields)

    assert response.status_code == 302, errors_of(response)
    answer = Answer.objects.get()
    assert answer.translations.get().original is original
    assert (answer.changed_at, answer.revisions.count()) == (None, 0)
    french = page_of(visitor, f"/fr{PAGE}")
    assert quoted(french)[0] == ("fr", "Non.")
    assert (OURS in french) is not original


def test_staff_change_a_translation_and_its_former_words_stay(
    as_user: Login, erin: User, answer: Answer, french: AnswerTranslation
) -> None:
    client = as_user(erin)
    unchanged = {"text": answer.text, "answered_on": "2026-03-09"}
    page = client.get(change_url(answer)).content.decode()
    assert "translations-0-DELETE" not in page

    typed = rows(row(french, text="Mieux.", DELETE="on"), initial=1)
    response = client.post(
        change_url(answer), given("answer", answer.petition, **unchanged, **typed)
    )

    assert response.status_code == 302, errors_of(response)
    assert answer.translations.get().text == "Mieux."
    assert [revision.text for revision in answer.revisions.all()] == ["Pas encore."]
    assert "1 version" in text_of(client.get(change_url(answer)))
    answer.refresh_from_db()
    assert answer.changed_at is not None


@pytest.mark.parametrize(
    ("text", "translated", "warned"),
    [
        ("Yes.", "Pas encore.", True),
        ("Yes.", "Oui.", False),
        ("Not yet.", "Oui.", False),
        ("Not yet.", "Pas encore.", False),
    ],
)
def test_who_changes_an_answer_is_told_of_its_translations(
    as_user: Login, erin: User, answer: Answer, french: AnswerTranslation,
    text: str, translated: str, warned: bool,
) -> None:  # fmt: skip
    typed = rows(row(french, text=translated), initial=1)
    fields = given(
        "answer", answer.petition, answered_on="2026-03-09", text=text, **typed
    )

    response = as_user(erin).post(change_url(answer), fields, follow=True)

    sentence = "see whether they still say the same."
    assert (sentence in text_of(response)) is warned
    assert answer.translations.get().text == translated


def test_an_empty_row_is_no_text(
    as_user: Login, erin: User, petition: Petition
) -> None:
    fields = given("answer", petition, **rows(row(text="")))

    response = as_user(erin).post(add_url("answer", petition), fields)

    assert response.status_code == 302, errors_of(response)
    assert Answer.objects.get().languages == ["en"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"language": "en"}, "own text is in this language."),
        ({"language": "xx"}, "“xx” is not a language."),
        ({"text": "", "language": "ar"}, "and its words or a link to them."),
        ({"link": "javascript:alert(1)"}, "Enter a valid URL."),
    ],
)
def test_a_mistake_is_said_and_nothing_is_lost(
    as_user: Login, erin: User, petition: Petition, words: Any, sentence: str
) -> None:
    typed = rows(row(**{"answered_by": "Kept, too", **words}))

    response = as_user(erin).post(
        add_url("answer", petition), given("answer", petition, **typed)
    )

    assert sentence in text_of(response)
    assert "Kept, too" in response.content.decode()
    assert not Answer.objects.exists()


def test_the_two_languages_can_be_exchanged(
    as_user: Login, erin: User, answer: Answer, french: AnswerTranslation
) -> None:
    typed = rows(row(french, language="en", text="Not yet."), initial=1)

    response = as_user(erin).post(
        change_url(answer),
        given("answer", answer.petition, language="fr", text="Pas encore.", **typed),
    )

    assert response.status_code == 302, errors_of(response)
    at_once()
    answer.refresh_from_db()
    assert (answer.language, answer.translations.get().language) == ("fr", "en")
    assert {revision.text for revision in answer.revisions.all()} == {
        "Not yet.", "Pas encore.",
    }  # fmt: skip


def test_readers_and_strangers_write_none(
    as_user: Login, bob: User, charlie: User, answer: Answer
) -> None:
    for user, status in ((bob, 403), (charlie, 404)):
        fields = given("answer", answer.petition, **rows(row()))
        assert as_user(user).post(change_url(answer), fields).status_code == status
    assert not AnswerTranslation.objects.exists()
