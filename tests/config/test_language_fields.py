"""Every language has a code, a name and a direction, and a way into a form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django import forms
from django.test import Client
from django.test.html import parse_html
from django.utils import translation

from core.i18n.language_fields import LanguageSelect
from core.i18n.languages import (
    direction,
    is_text_language,
    name_in_reader_language,
    own_name,
    rare_names_in,
    text_language,
    text_languages,
)
from organizations.models import Organization, Role, User
from petitions.models import Petition, Translation
from tests.factories import make_member, make_organization
from tests.petitions.admin.helpers import LIST, form
from tests.petitions.importing.helpers import file_of, run

RARE = {
    "mnw": "Mon", "yua": "Yucateco", "kek": "Kekchí", "cak": "Kaqchikel", "mam": "Mam",
    "cnh": "Hakha Chin", "tdt": "Tetun Dili", "skr": "Saraiki",
    "shp": "Shipibo-Conibo", "quy": "Ayacucho Quechua", "aii": "Assyrian Neo-Aramaic",
    "gyr": "Guarayu",
}  # fmt: skip


@pytest.mark.parametrize("value", ["", "fr", "yua", "x<y"])
def test_the_list_of_languages_is_what_django_renders(value: str) -> None:
    select = LanguageSelect(choices=[("", "-"), ("a&b", "A & B"), *text_languages()])
    attrs = {"id": "id_language", "required": True, "disabled": False}

    ours = select.render_list("language", value, attrs)

    django = forms.Select.render(select, "language", value, attrs)
    assert len(text_languages()) > 600
    assert parse_html(ours) == parse_html(django)


@pytest.mark.parametrize(("code", "name"), list(RARE.items()))
def test_a_rare_language_is_one(code: str, name: str) -> None:
    assert is_text_language(code)
    assert name_in_reader_language(code) == name
    assert own_name(code) == {"skr": "سرائیکی"}.get(code, name)
    assert text_language(name) == text_language(f"{code}-XX") == code


def test_names_are_the_readers_where_there_are_any() -> None:
    with translation.override("fr"):
        assert name_in_reader_language("vls") != name_in_reader_language("xyz")
        assert name_in_reader_language("skr") == "Seraiki"


@pytest.mark.parametrize(
    ("said", "code", "turned"),
    [
        ("skr", "skr", "rtl"), ("aii", "aii", "rtl"), ("mnw", "mnw", "ltr"),
        ("skr-Deva", "skr-Deva", "ltr"), ("tr-Arab", "tr-Arab", "rtl"),
        ("mnw-Mymr", "mnw", "ltr"), ("mn-Cyrl", "mn", "ltr"),
        ("ca-valencia", "ca", "ltr"), ("de-CH-1996", "de", "ltr"),
        ("en-u-ca-gregory", "en", "ltr"), ("sh", "sr-Latn", "ltr"),
        ("cmn", "zh", "ltr"), ("arb", "ar", "rtl"), ("Mon", "mnw", "ltr"),
        ("mon", "mn", "ltr"), ("MON", "mn", "ltr"), ("fr", "fr", "ltr"),
        ("French (Canada)", "fr", "ltr"), ("français (Canada)", "fr", "ltr"),
        ("Chinese (Traditional)", "zh-Hant", "ltr"), ("Chinese (Taiwan)", "zh-Hant", "ltr"),
        ("chinois (Hong Kong)", "zh-Hant", "ltr"), ("English (UK)", "en", "ltr"),
        ("Serbian (Latin)", "sr-Latn", "ltr"), ("Uzbek (Arabic)", "uz-Arab", "rtl"),
        ("Portuguese (Brazil)", "pt", "ltr"), ("fr (CA)", "fr", "ltr"),
        ("fr_CA.UTF-8", "fr", "ltr"), ("de_DE@euro", "de", "ltr"),
    ],
)  # fmt: skip
def test_what_is_said_is_one_code_with_its_direction(
    said: str, code: str, turned: str
) -> None:
    assert text_language(said) == code
    assert direction(code) == turned


@pytest.mark.parametrize(
    "said",
    [
        "qqq",
        "zxx",
        "mul",
        "Klingonese",
        "fr-Xxxx-",
        "x",
        "(fr)",
        "C.UTF-8",
        "Klingonese (Canada)",
    ],
)
def test_what_is_none(said: str) -> None:
    assert text_language(said) is None
    assert not is_text_language(said)


def test_a_language_has_one_code() -> None:
    offered = {code for code, _label in text_languages()}

    assert offered.isdisjoint(rare_names_in("en"))
    assert len(rare_names_in("en")) > 7000
    assert all(text_language(code) == code for code in rare_names_in("en"))


@pytest.mark.django_db
def test_rare_languages_come_in_and_have_pages(visitor: Client, tmp_path: Path) -> None:
    rare = [{"title": name, "language": code} for code, name in RARE.items()]
    translated = {"title": "T", "translations": {"skr": {"title": "ت", "text": "متن"}}}
    run(tmp_path, file_of(*rare, translated))

    for petition in Petition.objects.filter(title__in=RARE.values()):
        page = visitor.get(petition.get_absolute_url()).content.decode()
        assert RARE[petition.language] == petition.title
        assert f'lang="{petition.language}"' in page
    petition = Petition.objects.get(title="T")
    page = visitor.get(petition.address("skr")).content.decode()
    assert 'lang="skr" dir="rtl"' in page
    assert "سرائیکی" in visitor.get(petition.get_absolute_url()).content.decode()


# == In the admin ==


@pytest.fixture
def organization() -> Organization:
    return make_organization()


@pytest.fixture
def editor(as_user: Callable[[User], Client], organization: Organization) -> Client:
    return as_user(make_member(organization, Role.OWNER))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "code"), [("mnw", "mnw"), ("Saraiki", "skr"), ("fr-CA", "fr")]
)
def test_another_language_is_typed_beside_the_list(
    editor: Client, organization: Organization, typed: str, code: str
) -> None:
    other = {
        "language-other": typed,
        "translations-TOTAL_FORMS": "1",
        "translations-0-language-other": "Yucateco",
        "translations-0-title": "T",
        "translations-0-text": "T",
    }
    answer = editor.post(f"{LIST}add/", form(organization=organization.pk, **other))

    assert answer.status_code == 302
    petition = Petition.objects.get()
    assert petition.language == code
    assert Translation.objects.get().language == "yua"
    page = editor.get(f"{LIST}{petition.pk}/change/").content.decode()
    assert f'<option value="{code}" selected>' in page
    assert '<option value="yua" selected>Yucateco</option>' in page
    assert name_in_reader_language(code) in editor.get(LIST).content.decode()


@pytest.mark.django_db
def test_what_is_no_language_is_said_beside_the_field_and_kept(
    editor: Client, organization: Organization
) -> None:
    answer = editor.post(
        f"{LIST}add/",
        form(organization=organization.pk, **{"language-other": 'Elv"ish'}),
    )

    (sentence,) = answer.context["adminform"].form.errors["language"]
    assert '“Elv"ish” is not a language. Write its code' in sentence
    page = answer.content.decode()
    assert 'name="language-other" value="Elv&quot;ish"' in page
    assert not Petition.objects.exists()
