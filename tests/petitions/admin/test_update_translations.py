"""One piece of news in several languages: one day, one address, each in its words."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.http.cache_policy import page_cache
from organizations.models import User
from petitions.models import Petition, Update, UpdateTranslation
from tests.factories import (
    make_petition,
    make_translation,
    make_update,
    make_update_translation,
)
from tests.helpers import text_of
from tests.petitions.admin.helpers import (
    add_url,
    at_once,
    change_url,
    errors_of,
    given,
    page_of,
    row,
    rows,
)

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

PAGE = "/petitions/free-the-prisoners/"
OWN = f"{PAGE}updates/1/"
ARABIC = "لدينا أخبار"
BASE = "http://testserver.localhost"


@pytest.fixture
def update(petition: Petition) -> Update:
    return make_update(petition, title="We were heard", text="In the **committee**.")


@pytest.fixture
def french(update: Update) -> UpdateTranslation:
    return make_update_translation(update, "fr", title="On nous a entendus")


@pytest.fixture
def arabic(update: Update) -> UpdateTranslation:
    make_translation(update.petition, "ar", title="عنوان")
    return make_update_translation(update, "ar", title=ARABIC)


def heading(page: str) -> str:
    return re.search(r"<h1.*?</h1>", page, re.S)[0]  # type: ignore[index]


# == The page of an update ==


def test_the_language_switch_leads_to_the_same_news(
    visitor: Client, update: Update, french: UpdateTranslation
) -> None:
    english, other = page_of(visitor, OWN), page_of(visitor, f"/fr{OWN}")

    assert heading(english) == '<h1 lang="en" dir="ltr">We were heard</h1>'
    assert heading(other) == '<h1 lang="fr" dir="ltr">On nous a entendus</h1>'
    switch = rf'<a href="/fr{OWN}" lang="fr" hreflang="fr">Français</a>'
    assert switch in english
    assert "<title>On nous a entendus</title>" in other
    assert "Des <strong>nouvelles</strong> (fr)." in other
    assert 'name="description" content="Des nouvelles (fr)."' in other
    assert "committee" not in other
    for page, canonical in ((english, OWN), (other, f"/fr{OWN}")):
        assert f'<link rel="canonical" href="{BASE}{canonical}">' in page
        for code, path in (("en", OWN), ("fr", f"/fr{OWN}"), ("x-default", OWN)):
            link = f'<link rel="alternate" hreflang="{code}" href="{BASE}{path}">'
            assert page.count(link) == 1
        assert page.count("hreflang=") == 3 + 1


def test_what_is_missing_falls_back_and_says_so(
    visitor: Client, update: Update
) -> None:
    page = page_of(visitor, f"/fr{OWN}")

    assert heading(page) == '<h1 lang="en" dir="ltr">We were heard</h1>'
    assert "pas encore en français; vous le lisez en anglais." in page
    assert "not available" not in page_of(visitor, OWN)


def test_a_language_without_an_interface_has_its_address(
    visitor: Client, update: Update, french: UpdateTranslation, arabic: Any
) -> None:
    page = page_of(visitor, f"{OWN}?text=ar")

    assert heading(page) == f'<h1 lang="ar" dir="rtl">{ARABIC}</h1>'
    assert '<html lang="en">' in page
    assert f'<link rel="canonical" href="{BASE}{OWN}?text=ar">' in page
    assert f'hreflang="ar" href="{BASE}{OWN}?text=ar"' in page
    assert f'href="{PAGE}ar/">Back to the petition' in page
    assert f'href="{PAGE}updates/?text=ar">All updates' in page
    frame = page_of(visitor, f"/fr{OWN}?text=ar")
    assert '<html lang="fr">' in frame
    assert f'<link rel="canonical" href="{BASE}{OWN}?text=ar">' in frame
    assert f'<a href="/fr{OWN}" lang="fr" hreflang="fr">Français</a>' in page


def test_a_reader_of_arabic_stays_in_arabic(
    visitor: Client, update: Update, arabic: UpdateTranslation
) -> None:
    page = page_of(visitor, f"{PAGE}ar/")
    listed = page_of(visitor, f"{PAGE}updates/?text=ar")

    for one in (page, listed):
        assert f'lang="ar" dir="rtl"><a href="{OWN}?text=ar">{ARABIC}</a>' in one
    UpdateTranslation.objects.all().delete()
    page = page_of(visitor, f"{PAGE}ar/")
    assert f'lang="en" dir="ltr"><a href="{OWN}?text=ar">We were heard</a>' in page
    # The petition has it, the news has not: it says so, and stands elsewhere.
    page = page_of(visitor, f"{OWN}?text=ar")
    assert (
        "This text is not available in Arabic yet; you are reading it in English."
        in page
    )
    assert f'<link rel="canonical" href="{BASE}{OWN}">' in page


def test_news_in_a_language_that_the_petition_lacks(
    visitor: Client, update: Update
) -> None:
    make_update_translation(update, "ar", title=ARABIC)

    page = page_of(visitor, f"{OWN}?text=ar")

    assert ARABIC in heading(page)
    assert f'href="{PAGE}">Back to the petition' in page
    assert f'href="{PAGE}updates/">All updates' in page


@pytest.mark.parametrize("code", ["es", "xx", "fr", "AR", "%00"])
@pytest.mark.parametrize("path", [OWN, f"{PAGE}updates/"])
def test_a_text_that_is_not_there_is_404(
    visitor: Client, update: Update, arabic: UpdateTranslation, path: str, code: str
) -> None:
    assert visitor.get(f"{path}?text={code}").status_code == 404


def test_pages_of_news_keep_the_language(
    visitor: Client, update: Update, arabic: UpdateTranslation
) -> None:
    for _each in range(10):
        make_update(update.petition)

    page = page_of(visitor, f"{PAGE}updates/?text=ar")

    assert '<a rel="next" href="?text=ar&amp;page=2">' in page
    assert ARABIC in page_of(visitor, f"{PAGE}updates/?text=ar&page=2")


# == Elsewhere ==


def test_the_page_of_a_petition_shows_each_reader_the_words(
    visitor: Client, update: Update, french: UpdateTranslation
) -> None:
    make_update(update.petition, title="English alone")

    english, other = page_of(visitor, PAGE), page_of(visitor, f"/fr{PAGE}")

    assert f'lang="en" dir="ltr"><a href="{OWN}">We were heard</a>' in english
    assert "En anglais" not in english
    assert f'lang="fr" dir="ltr"><a href="/fr{OWN}">On nous a entendus</a>' in other
    assert "We were heard" not in other
    assert re.search(
        r'lang="en" dir="ltr"><a href="[^"]+">English alone</a></h3>\s*<p class="hint">En anglais</p>',
        other,
    )
    assert other.count("En anglais") == 1


def test_the_profile_shows_it_in_the_language_of_its_reader(
    visitor: Client, update: Update, french: UpdateTranslation
) -> None:
    page = page_of(visitor, "/fr/organizations/rights-now/")

    assert f'lang="fr" dir="ltr"><a href="/fr{OWN}">On nous a entendus</a>' in page


@pytest.mark.parametrize(
    "path", ["/organizations/rights-now.atom", f"{PAGE}updates.atom"]
)
def test_feeds_are_in_their_language(
    visitor: Client, update: Update, french: UpdateTranslation, path: str
) -> None:
    Update.objects.update(published_at=timezone.now() - timedelta(days=2))
    atom, xml = (
        "{http://www.w3.org/2005/Atom}",
        "{http://www.w3.org/XML/1998/namespace}",
    )
    found = {}
    for prefix in ("", "/fr"):
        feed = ElementTree.fromstring(page_of(visitor, prefix + path))
        entries = {
            entry.findtext(f"{atom}title"): entry for entry in feed.iter(f"{atom}entry")
        }
        found[prefix] = entries

    entry = found["/fr"]["On nous a entendus"]
    assert entry.get(f"{xml}lang") == "fr"
    assert "(fr)" in entry.findtext(f"{atom}summary", "")
    assert entry.find(f"{atom}link").get("href") == f"{BASE}/fr{OWN}"  # type: ignore[union-attr]
    assert found[""]["We were heard"].get(f"{xml}lang") == "en"
    # One more language is something new to those who read it.
    assert entry.findtext(f"{atom}updated", "")[:10] == f"{timezone.now():%Y-%m-%d}"


@pytest.mark.parametrize(
    "path", ["", "updates/", "updates/1/", "updates.atom"]
)  # fmt: skip
def test_languages_cost_no_statement_each(visitor: Client, path: str) -> None:
    counts = []
    for codes in (("fr",), ("fr", "ar", "es")):
        petition = make_petition()
        for _each in range(len(codes)):
            news = make_update(petition)
            for code in codes:
                make_update_translation(news, code)
        url = f"/fr{petition.get_absolute_url()}{path}".replace("/updates.", "updates.")
        url = url.replace("updates.atom", "/updates.atom").replace("//", "/")
        page_cache.clear()
        with CaptureQueriesContext(connection) as asked:
            assert visitor.get(url).status_code == 200
        counts.append(len(asked))

    assert counts[0] == counts[1]


# == What must never be ==


def test_the_database_knows_one_text_in_a_language(
    update: Update, french: UpdateTranslation
) -> None:
    with pytest.raises(IntegrityError, match="once_a_language"), transaction.atomic():
        make_update_translation(update, "fr")
    with pytest.raises(IntegrityError, match="title_and_text"), transaction.atomic():
        make_update_translation(update, "es", title="")


def test_the_database_knows_no_second_text_in_its_own_language(
    update: Update, french: UpdateTranslation
) -> None:
    make_update_translation(update, "en")
    with pytest.raises(IntegrityError, match="own text is in"), transaction.atomic():
        at_once()
    update.translations.filter(language="en").delete()
    at_once()
    Update.objects.update(language="fr")
    with pytest.raises(IntegrityError, match="own text is in"), transaction.atomic():
        at_once()
    Update.objects.update(language="en")
    at_once()


# == In the admin ==


def public(update: Update, **changes: Any) -> dict[str, Any]:
    """The form of a published update, unchanged but for `changes`."""
    moment = timezone.localtime(update.published_at)
    return given(
        "update", update.petition, title=update.title, text=update.text,
        published_at_0=f"{moment:%Y-%m-%d}", published_at_1=f"{moment:%H:%M:%S}",
        **changes,
    )  # fmt: skip


def test_staff_write_it_once_in_both_languages(
    as_user: Login, erin: User, visitor: Client, petition: Petition
) -> None:
    client = as_user(erin)
    page = client.get(add_url("update", petition)).content.decode()
    assert '<option value="fr" selected>French – français</option>' in page

    fields = given("update", petition, publish_now="on", **rows(row(title="Des mots")))
    response = client.post(add_url("update", petition), fields)

    assert response.status_code == 302, errors_of(response)
    update = Update.objects.get()
    assert update.translations.get().title == "Des mots"
    assert update.changed_at is None
    assert "Des mots" in heading(page_of(visitor, f"/fr{OWN}"))


def test_an_empty_row_is_no_text(
    as_user: Login, erin: User, petition: Petition
) -> None:
    fields = given("update", petition, **rows(row(title="", text="")))

    response = as_user(erin).post(add_url("update", petition), fields)

    assert response.status_code == 302, errors_of(response)
    assert Update.objects.get().languages == ["en"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"language": "en"}, "own text is in this language."),
        ({"title": ""}, "This field is required."),
        ({"text": ""}, "This field is required."),
        ({"language": "xx"}, "“xx” is not a language."),
    ],
)
def test_a_mistake_is_said_beside_the_field_and_nothing_is_lost(
    as_user: Login, erin: User, petition: Petition, words: Any, sentence: str
) -> None:
    typed = rows(row(**{"title": "Gardé", "text": "Gardé aussi", **words}))

    response = as_user(erin).post(
        add_url("update", petition), given("update", petition, **typed)
    )

    assert sentence in text_of(response)
    assert "Gardé" in response.content.decode()
    assert not Update.objects.exists()


def test_two_rows_in_one_language_are_refused(
    as_user: Login, erin: User, petition: Petition
) -> None:
    typed = rows(row(0), row(1))

    response = as_user(erin).post(
        add_url("update", petition), given("update", petition, **typed)
    )

    assert response.status_code == 200
    assert not Update.objects.exists()


def test_the_two_languages_can_be_exchanged(
    as_user: Login, erin: User, update: Update, french: UpdateTranslation
) -> None:
    typed = rows(row(stored=french, language="en"), initial=1)

    response = as_user(erin).post(
        change_url(update), public(update, language="fr", **typed)
    )

    assert response.status_code == 302, errors_of(response)
    at_once()
    update.refresh_from_db()
    assert (update.language, update.translations.get().language) == ("fr", "en")


@pytest.mark.parametrize(
    ("words", "dated"),
    [({}, False), ({"title": "Autre"}, True), ({"DELETE": "on"}, True)],
)
def test_a_change_of_what_is_public_is_dated(
    as_user: Login, erin: User, update: Update, french: UpdateTranslation,
    words: Any, dated: bool,
) -> None:  # fmt: skip
    typed = {"title": french.title, "text": french.text, **words}

    response = as_user(erin).post(
        change_url(update),
        public(update, **rows(row(stored=french, **typed), initial=1)),
    )

    assert response.status_code == 302, errors_of(response)
    update.refresh_from_db()
    assert (update.changed_at is not None) is dated


def test_one_more_language_is_no_change(
    as_user: Login, erin: User, update: Update
) -> None:
    response = as_user(erin).post(change_url(update), public(update, **rows(row())))

    assert response.status_code == 302, errors_of(response)
    update.refresh_from_db()
    assert update.translations.exists()
    assert update.changed_at is None


def test_readers_and_strangers_write_none(
    as_user: Login, bob: User, charlie: User, update: Update
) -> None:
    for user, status in ((bob, 403), (charlie, 404)):
        fields = public(update, **rows(row()))
        assert as_user(user).post(change_url(update), fields).status_code == status
    assert not UpdateTranslation.objects.exists()
