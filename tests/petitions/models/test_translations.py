"""Texts of a petition in several languages: one page, one count, each with its URL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from core.http.cache_policy import page_cache
from core.i18n import languages
from organizations.context import only
from organizations.models import Organization
from petitions.identity import same_person
from petitions.mail.messages import MessageTemplates
from petitions.models import Petition, Signature, Translation
from petitions.signatures import confirming
from petitions.states import State
from tests.factories import (
    make_entry,
    make_petition,
    make_signature,
    make_translation,
)
from tests.helpers import headers_of, text_of

pytestmark = pytest.mark.django_db

ARABIC = "أطلقوا سراح السجناء"


@pytest.fixture
def french(petition: Petition) -> Translation:
    return make_translation(
        petition, "fr", title="Libérez les prisonniers", text="Faites-le."
    )


@pytest.fixture
def arabic(petition: Petition) -> Translation:
    return make_translation(petition, "ar", title=ARABIC, text="افعلوا ذلك.")


def page_of(visitor: Client, path: str) -> str:
    page_cache.clear()
    response = visitor.get(path)
    assert response.status_code == 200
    return str(response.content.decode())


def version_on(page: str) -> str:
    return page.partition('name="version" value="')[2].partition('"')[0]


# == Languages ==


def test_a_language_is_named_for_the_reader_and_in_itself() -> None:
    assert languages.name_in_reader_language("ar") == "Arabic"
    with translation.override("fr"):
        assert languages.name_in_reader_language("ar") == "arabe"
    assert languages.own_name("ar") == "العربية"
    assert languages.own_name("fr") == "Français"
    # CLDR knows its name, but has no data of it.
    assert languages.own_name("crk") == "Plains Cree"


@pytest.mark.parametrize(
    ("code", "direction"),
    [("ar", "rtl"), ("he", "rtl"), ("ur", "rtl"), ("ckb", "rtl"), ("pa-Arab", "rtl"),
     ("ff-Adlm", "rtl"), ("fr", "ltr"), ("pa", "ltr"), ("iu", "ltr"), ("crk", "ltr")],
)  # fmt: skip
def test_direction_is_that_of_the_script(code: str, direction: str) -> None:
    assert languages.direction(code) == direction


def test_a_text_may_be_in_any_language_but_not_in_none() -> None:
    codes = dict(languages.text_languages())

    assert {"en", "fr", "ar", "iu", "crk", "zh-Hant", "sr-Latn", "es"} <= set(codes)
    assert {"und", "zxx", "mul"}.isdisjoint(codes)
    assert list(codes)[:2] == ["en", "fr"]
    assert codes["ar"] == "Arabic – العربيّة"
    assert all(len(code) <= 10 for code in codes)


# == Words ==


def test_words_are_those_of_the_interface_else_as_written(
    petition: Petition, french: Translation
) -> None:
    assert petition.words.title == "Free the prisoners"
    with translation.override("fr"):
        assert petition.words.title == "Libérez les prisonniers"
        assert petition.words.language == "fr"
    with translation.override("es"):
        assert petition.words.language == "en"
    assert petition.languages == ["en", "fr"]


def test_a_list_costs_no_query_for_each_language(
    visitor: Client, organization: Organization
) -> None:
    for path in ("/", "/petitions/", "/organizations/rights-now/"):
        counts = []
        for language in ("fr", "ar", "es"):
            make_translation(make_petition(organization), language)
            page_cache.clear()
            only()  # held for some seconds, which may end in one of these
            with CaptureQueriesContext(connection) as queries:
                assert visitor.get(f"/fr{path}").status_code == 200
            counts.append(len(queries))
        assert len(set(counts)) == 1, path


# == Pages ==


def test_each_language_has_its_address(
    visitor: Client, petition: Petition, french: Translation, arabic: Translation
) -> None:
    base = petition.get_absolute_url()

    assert '<h1 lang="en" dir="ltr">Free the prisoners</h1>' in page_of(visitor, base)
    page = page_of(visitor, f"/fr{base}")
    assert '<h1 lang="fr" dir="ltr">Libérez les prisonniers</h1>' in page
    page = page_of(visitor, f"{base}ar/")
    assert f'<h1 lang="ar" dir="rtl">{ARABIC}</h1>' in page
    assert '<html lang="en">' in page
    assert visitor.get(f"{base}ar/").headers["Content-Language"] == "ar"
    page = page_of(visitor, f"/fr{base}ar/")
    assert f'<h1 lang="ar" dir="rtl">{ARABIC}</h1>' in page
    assert '<html lang="fr">' in page


def test_a_language_of_the_interface_leads_to_its_page(
    visitor: Client, petition: Petition
) -> None:
    base = petition.get_absolute_url()

    for path, to in (
        (f"{base}fr/", f"/fr{base}"),
        (f"/fr{base}en/", base),
        (f"{base}en/", base),
    ):
        response = visitor.get(path)
        assert (response.status_code, response.headers["Location"]) == (301, to)


@pytest.mark.parametrize("code", ["haw", "xx", "und", "zz-Zzzz", "arabic"])
def test_a_text_that_is_not_there_is_404(
    visitor: Client, petition: Petition, arabic: Translation, code: str
) -> None:
    assert visitor.get(f"/petitions/{petition.slug}/{code}/").status_code == 404


def test_former_addresses_lead_to_the_text(
    visitor: Client, petition: Petition, arabic: Translation
) -> None:
    former = petition.get_absolute_url()
    petition.slug = "a-new-address"
    petition.save()

    response = visitor.get(f"{former}ar/")

    assert response.headers["Location"] == "/petitions/a-new-address/ar/"


def test_what_is_missing_falls_back_and_says_so(
    visitor: Client, petition: Petition, arabic: Translation
) -> None:
    base = petition.get_absolute_url()

    assert "not available" not in page_of(visitor, base)
    assert "not available" not in page_of(visitor, f"{base}ar/")
    page = page_of(visitor, f"/fr{base}")
    sentence = "Ce texte n’existe pas encore en français; vous le lisez en anglais."
    assert sentence in page
    assert '<h1 lang="en" dir="ltr">Free the prisoners</h1>' in page


def test_texts_link_to_each_other_in_their_own_words(
    visitor: Client, petition: Petition, french: Translation, arabic: Translation
) -> None:
    base = petition.get_absolute_url()

    page = page_of(visitor, f"/fr{base}")

    for link in (
        f'<a href="{base}" lang="en" hreflang="en">English</a>',
        f'<a href="/fr{base}ar/" lang="ar" hreflang="ar">العربية</a>',
    ):
        assert page.count(link) == 1
    assert f'href="/fr{base}" lang="fr"' not in page


SITE = "http://testserver.localhost"


def alternates_on(page: str) -> dict[str, str]:
    links = page.split('<link rel="alternate" hreflang="')[1:]
    parts = [link.split('"') for link in links]
    return {part[0]: part[2].removeprefix(SITE) for part in parts}


def canonical_on(page: str) -> str:
    address = page.partition('rel="canonical" href="')[2].partition('"')[0]
    return address.removeprefix(SITE)


def test_search_engines_find_each_text_once(
    visitor: Client, petition: Petition, arabic: Translation
) -> None:
    base = petition.get_absolute_url()
    expected = {
        code: languages.path_in(code, base) for code, _name in settings.LANGUAGES
    }
    expected |= {"ar": f"{base}ar/", "x-default": base}
    assert expected["fr"] == f"/fr{base}"

    for path, canonical in (
        (base, base),
        (f"/fr{base}", f"/fr{base}"),
        (f"{base}ar/", f"{base}ar/"),
        (f"/fr{base}ar/", f"{base}ar/"),
    ):
        page = page_of(visitor, path)
        assert alternates_on(page) == expected, path
        assert canonical_on(page) == canonical, path


def test_a_text_without_an_interface_has_one_address(
    visitor: Client, organization: Organization
) -> None:
    petition = make_petition(organization, language="ar", title=ARABIC, slug="free")

    for path in ("/petitions/free/", "/fr/petitions/free/", "/petitions/free/ar/"):
        page = page_of(visitor, path)
        assert canonical_on(page) == "/petitions/free/ar/"
        assert alternates_on(page) == dict.fromkeys(
            ["ar", "x-default"], "/petitions/free/ar/"
        )
    assert petition.languages == ["ar"]


def test_whom_it_petitions_is_said_in_the_language_of_the_text(
    visitor: Client, petition: Petition, french: Translation
) -> None:
    petition.targets.update(name="Ralph Goodale", office="Minister of Public Safety")
    french.addressees = "Ralph Goodale, ministre de la Sécurité publique"
    french.save()
    base = petition.get_absolute_url()

    assert '<bdi lang="en">Ralph Goodale, Minister of Pub' in page_of(visitor, base)
    page = page_of(visitor, f"/fr{base}")
    assert '<bdi lang="fr">Ralph Goodale, ministre de la Séc' in page
    french.delete()
    page = page_of(visitor, f"/fr{base}")
    assert '<bdi lang="en">Ralph Goodale, Minister of Public' in page


def test_how_it_ended_is_said_in_the_language_of_the_reader(
    visitor: Client, organization: Organization
) -> None:
    petition = make_petition(organization, state=State.WON, outcome="They are free.")
    french = make_translation(petition, "fr", outcome="Ils sont libres.")
    base = petition.get_absolute_url()

    assert "They are free." in page_of(visitor, base)
    assert '<span lang="fr" dir="ltr">Ils sont libres.</span>' in page_of(
        visitor, f"/fr{base}"
    )
    french.outcome = ""
    french.save()
    assert '<span lang="en" dir="ltr">They are free.</span>' in page_of(
        visitor, f"/fr{base}"
    )


def test_a_single_name_is_translated_everywhere(
    visitor: Client, petition: Petition, french: Translation
) -> None:
    french.addressees = "Le ministre"
    french.save()
    base = petition.get_absolute_url()

    page = page_of(visitor, f"/fr{base}")
    assert "Le ministre recevra le nombre d’appuis" in page
    assert '<bdi lang="fr">Le ministre</bdi>' in page_of(visitor, "/fr/petitions/")
    assert '<bdi lang="en">Minister</bdi>' in page_of(visitor, "/petitions/")
    petition.targets.create(name="Somebody else", position=2)
    page = page_of(visitor, f"/fr{base}")
    assert "Minister et Somebody else recevront" in page
    assert '<bdi lang="en">Minister</bdi>' in page_of(visitor, "/fr/petitions/")


# == Signing ==


def test_whoever_signs_under_a_text_signs_the_petition(
    visitor: Client,
    petition: Petition,
    arabic: Translation,
    sign_form: dict[str, Any],
    django_assert_num_queries: Any,
) -> None:
    base = petition.get_absolute_url()
    sign_form["version"] = version_on(page_of(visitor, f"/fr{base}ar/"))
    visitor.post(f"{base}sign/", {**sign_form, "email": "warm@example.org"})

    with django_assert_num_queries(2):
        response = visitor.post(f"/fr{base}sign/", sign_form)

    assert response.status_code == 303
    assert headers_of(response)["Location"].endswith("&text=ar&form=")
    signature = Signature.objects.get(email="maya@example.org")
    assert (signature.language, signature.text_language) == ("fr", "ar")
    inbox = visitor.get(response.headers["Location"]).content.decode()
    assert f'<a href="/fr{base}ar/" lang="ar" dir="rtl">{ARABIC}</a>' in inbox
    mail = signature.mails.get()
    message = MessageTemplates(timezone.now()).message(mail, None).decode()
    assert "Confirmez" in message
    assert ARABIC in message
    confirming.confirm(signature.pk, now=timezone.now())
    assert Petition.objects.with_counts().get(pk=petition.pk).supporters == 1


def test_the_words_that_are_compared_are_those_that_were_shown(
    visitor: Client,
    petition: Petition,
    french: Translation,
    arabic: Translation,
    sign_form: dict[str, Any],
) -> None:
    base = petition.get_absolute_url()
    versions = {
        path: version_on(page_of(visitor, path + base)) for path in ("", "/fr")
    } | {"ar": version_on(page_of(visitor, f"{base}ar/"))}
    Translation.objects.filter(pk=arabic.pk).update(text="غير ذلك.")

    for version in (versions[""], versions["/fr"]):
        sign_form["version"] = version
        assert visitor.post(f"{base}sign/", sign_form).status_code == 303
    sign_form["version"] = versions["ar"]
    response = visitor.post(f"{base}sign/", sign_form)

    assert response.status_code == 409
    page = response.content.decode()
    assert f'<h1 lang="ar" dir="rtl">{ARABIC}</h1>' in page
    assert "غير ذلك." in page
    assert [row.text_language for row in Signature.objects.order_by("pk")] == [
        "en",
        "fr",
    ]


def test_a_text_that_is_gone_was_not_signed(
    visitor: Client, petition: Petition, arabic: Translation, sign_form: dict[str, Any]
) -> None:
    base = petition.get_absolute_url()
    sign_form["version"] = version_on(page_of(visitor, f"{base}ar/"))
    arabic.delete()

    assert visitor.post(f"{base}sign/", sign_form).status_code == 409


def test_a_text_added_meanwhile_changes_nothing_for_who_has_read_another(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    base = petition.get_absolute_url()
    sign_form["version"] = version_on(page_of(visitor, f"/fr{base}"))
    make_translation(petition, "fr")

    assert visitor.post(f"/fr{base}sign/", sign_form).status_code == 303
    assert Signature.objects.get().text_language == "en"


@pytest.mark.parametrize(
    "version", ["", "0.1.number.00000000.\0", "a" * 5000, "....ar"]
)
def test_a_form_that_does_not_say_stood_on_the_page_of_its_language(
    visitor: Client,
    petition: Petition,
    french: Translation,
    sign_form: dict[str, Any],
    version: str,
) -> None:
    sign_form["version"] = version

    response = visitor.post(f"/fr{petition.get_absolute_url()}sign/", sign_form)

    if "\0" in version:
        assert response.status_code == 409  # without it, words that nobody was shown
        return
    assert response.status_code == 303
    read = Signature.objects.get().text_language
    assert read == ("en" if version.endswith("ar") else "fr")


def test_a_form_with_mistakes_is_shown_below_the_text_that_was_read(
    visitor: Client, petition: Petition, arabic: Translation
) -> None:
    base = petition.get_absolute_url()
    version = version_on(page_of(visitor, f"{base}ar/"))

    response = visitor.post(f"{base}sign/", {"version": version, "name": "Maya"})

    assert response.status_code == 422
    assert ARABIC in response.content.decode()
    assert version_on(response.content.decode()) == version


def test_a_signer_meets_the_petition_in_the_language_that_was_read(
    visitor: Client, petition: Petition, arabic: Translation
) -> None:
    signature = make_signature(petition, text_language="ar", language="fr")

    found = same_person.find_signature(signature.pk)

    assert found is not None
    assert found.petition.words.title == ARABIC
    assert found.petition.get_absolute_url() == f"/petitions/{petition.slug}/ar/"


# == Frozen ==


@pytest.mark.parametrize("field", ["title", "ask", "text", "addressees"])
def test_words_that_people_may_have_signed_under_stay(
    petition: Petition, french: Translation, field: str
) -> None:
    make_signature(petition)

    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Translation.objects.filter(pk=french.pk).update(**{field: "Autre chose"})
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        french.delete()
    # Forgets nothing by a trick.
    later = timezone.now() + timedelta(days=1)
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Translation.objects.filter(pk=french.pk).update(created_at=later)
    assert french.is_frozen
    Translation.objects.filter(pk=french.pk).update(summary="En bref", outcome="Fin")


def test_signatures_counted_elsewhere_freeze_it_too(
    petition: Petition, french: Translation
) -> None:
    make_entry(petition, 3)

    assert french.is_frozen
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Translation.objects.filter(pk=french.pk).update(title="Autre chose")


def test_a_language_can_be_added_later_and_changed_until_somebody_signs(
    petition: Petition,
) -> None:
    make_entry(petition, 3)
    make_signature(petition)

    french = make_translation(petition, "fr")
    assert not french.is_frozen
    french.title = "Sans faute"
    french.save()
    make_signature(petition)

    assert Translation.objects.get().is_frozen
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        french.delete()


def test_there_is_one_text_in_a_language(
    petition: Petition, french: Translation
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_translation(petition, "fr")
    with pytest.raises(IntegrityError, match="own text"), transaction.atomic():
        make_translation(petition, "en")
    with pytest.raises(IntegrityError, match="another text"), transaction.atomic():
        Petition.objects.filter(pk=petition.pk).update(language="fr")


def test_a_text_has_a_title_and_words(petition: Petition) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_translation(petition, "fr", text="")


def test_a_list_prints_the_title_in_the_language_of_the_page(
    visitor: Client, petition: Petition, french: Translation
) -> None:
    for path in ("/", "/petitions/", "/organizations/rights-now/"):
        assert "Libérez les prisonniers" in text_of(visitor.get(f"/fr{path}"))
        assert "Free the prisoners" not in text_of(visitor.get(f"/fr{path}"))
