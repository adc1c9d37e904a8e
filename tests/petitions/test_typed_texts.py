"""What word processors paste is stored as it was meant, wherever it is typed; what
cannot be read is told beside its field, with its place; limits count what is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.text.characters import (
    clean_line,
    clean_text,
    ignoring_case_and_blanks,
    unreadable,
)
from organizations.models import Organization, Role, User
from petitions.models import Petition, Translation
from petitions.states import State
from tests.factories import (
    make_member,
    make_organization,
    make_petition,
    make_signature,
    make_translation,
)
from tests.petitions.admin.helpers import LIST, form

PASTED = "Maya\x0bOttawa\nMenschen\x1frechte\ncell 1\x07cell 2\npage\x0cbreak"
STORED = "Maya\nOttawa\nMenschen\u00adrechte\ncell 1cell 2\npage\nbreak"


@pytest.mark.parametrize(
    ("typed", "text", "line"),
    [
        (PASTED, STORED, STORED.replace("\n", " ")),
        ("a\r\nb\rc\x85d\u2028e\u2029f", "a\nb\nc\nd\ne\nf", "a b c d e f"),
        ("co\x02operate, e\x1email", "co\u00adoperate, e\u2011mail", None),
        ("cafe\u0301", "café", None),
        ("\u200b\ufeff a \u200e\u200f\u2060\u00ad\n", "a", None),
        ("a\tb  c", "a\tb  c", "a b c"),
        ("Libérez\u00a0: tous", "Libérez\u00a0: tous", None),
        ("a\0\x01\x08\x0e\x1b\x7f\ufffcb", "ab", None),
        ("\x93a\x94 \x96 it\x92s", "“a” – it’s", None),
        ("\uf0b7 one", "• one", None),
        ("\uf0d8 one\n\uf0fc two \uf04a", "➢ one\n✓ two ☺", "➢ one ✓ two ☺"),
        ("a\u202eb\u2066c\u2069", "abc", None),
        # Meant: joiners, marks between words, emoji of several signs.
        ("نمی\u200cخواهم 👩\u200d👧 א\u200fב", "نمی\u200cخواهم 👩\u200d👧 א\u200fב", None),
    ],
)  # fmt: skip
def test_what_characters_become(typed: str, text: str, line: str | None) -> None:
    assert clean_text(typed) == text
    assert clean_line(typed) == (text if line is None else line)
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Fine.", None),
        ("a\ufffd", (1, 2, "U+FFFD")),
        ("One\ntwo\nth\ud800", (3, 3, "U+D800")),
        ("\uffff", (1, 1, "U+FFFF")),
        ("a\U0001fffe", (1, 2, "U+1FFFE")),
        ("\ufdd0", (1, 1, "U+FDD0")),
        # Of a symbol font, and none that is known.
        ("a\uf053", (1, 2, "U+F053")),
    ],
)
def test_where_something_cannot_be_read(
    text: str, place: tuple[int, int, str] | None
) -> None:
    found = unreadable(text)

    assert (found and (found.line, found.character, found.code)) == place


def test_lines_that_look_the_same_are_the_same() -> None:
    same = ["Free the  prisoners ", "Free the prisoners", "Fr\u200bee the\tprisoners"]

    assert len({ignoring_case_and_blanks(line) for line in same}) == 1
    assert ignoring_case_and_blanks("Free the prisoner") != ignoring_case_and_blanks(
        "Free the prisoners"
    )


# == In the admin ==


@pytest.fixture
def organization() -> Organization:
    return make_organization()


@pytest.fixture
def editor(as_user: Callable[[User], Client], organization: Organization) -> Client:
    return as_user(make_member(organization, Role.OWNER))


@pytest.mark.django_db
def test_a_petition_pasted_from_a_word_processor_is_saved(
    editor: Client, organization: Organization
) -> None:
    answer = editor.post(
        f"{LIST}add/",
        form(
            organization=organization.pk,
            title="Free\x0b the\triver\u200b",
            text=PASTED.replace("\n", "\r\n"),
            ask=PASTED,
            **{"targets-0-name": "A\tMinister", "targets-0-office": "of\x0bRivers"},
        ),
    )

    assert answer.status_code == 302
    petition = Petition.objects.get()
    assert petition.title == "Free the river"
    assert petition.text == petition.ask == STORED
    assert petition.targets.get().label_with_office == "A Minister, of Rivers"


@pytest.mark.django_db
def test_what_cannot_be_read_is_told_beside_each_field(
    editor: Client, organization: Organization
) -> None:
    typed: dict[str, Any] = {
        "title": "Ti\ufffdtle",
        "text": "One\r\ntwo\ufffd",
        "targets-0-office": "\ufffd",
        "translations-TOTAL_FORMS": "1",
        "translations-0-language": "fr",
        "translations-0-title": "Titre",
        "translations-0-text": "Un\n\ndeux \ufffd",
    }

    answer = editor.post(f"{LIST}add/", form(organization=organization.pk, **typed))

    errors = answer.context["adminform"].form.errors
    assert errors["title"] == ["Character 3 (U+FFFD) cannot be read. Type it anew."]
    sentence = "Line 2, character 4 (U+FFFD) cannot be read. Type it anew."
    assert errors["text"] == [sentence]
    inlines = {
        formset.formset.prefix: formset.formset.errors
        for formset in answer.context["inline_admin_formsets"]
    }
    assert "Character 1 (U+FFFD)" in str(inlines["targets"][0]["office"])
    assert "Line 3, character 6 (U+FFFD)" in str(inlines["translations"][0]["text"])
    page = answer.content.decode()
    assert "One\ntwo\ufffd" in page.replace("\r", "")
    assert not Petition.objects.exists()


@pytest.mark.django_db
def test_a_text_of_the_longest_is_saved_with_all_its_line_ends(
    editor: Client, organization: Organization
) -> None:
    text = "\r\n".join(["x" * 79] * 500)

    answer = editor.post(f"{LIST}add/", form(organization=organization.pk, text=text))

    assert answer.status_code == 302
    assert len(Petition.objects.get().text) == 39_999


@pytest.mark.django_db
def test_browsers_are_not_told_to_cut(editor: Client) -> None:
    page = editor.get(f"{LIST}add/").content.decode()

    assert 'name="title"' in page
    assert 'name="text"' in page
    assert "maxlength" not in page


@pytest.mark.django_db
def test_a_signed_text_is_not_touched_by_saving_the_form(
    editor: Client, organization: Organization
) -> None:
    """It may hold what is cleaned today."""
    petition = make_petition(organization, text="One\r\ntwo ")
    translation = make_translation(petition, "fr", title="Titre ", text="Un\r\ndeux ")
    make_signature(petition)
    prefix = "translations-0-"
    opened = editor.get(f"{LIST}{petition.pk}/change/")

    answer = editor.post(
        f"{LIST}{petition.pk}/change/",
        form(
            petition,
            _seen=opened.context["seen"],
            summary="New.",
            **{
                "translations-TOTAL_FORMS": "1",
                "translations-INITIAL_FORMS": "1",
                f"{prefix}id": translation.pk,
                f"{prefix}petition": petition.pk,
                f"{prefix}summary": "Nouveau.",
            },
        ),
    )

    assert answer.status_code == 302
    petition = Petition.objects.get()
    assert (petition.text, petition.summary) == ("One\r\ntwo ", "New.")
    translation = Translation.objects.get()
    assert (translation.text, translation.title) == ("Un\r\ndeux ", "Titre ")
    assert translation.summary == "Nouveau."


# == Nothing is cut off without a word ==


@pytest.mark.django_db
def test_an_outcome_beyond_its_limit_is_refused_and_kept(
    editor: Client, organization: Organization
) -> None:
    petition = make_petition(organization)
    page = f"{LIST}{petition.pk}/do/close/"
    outcome = "\r\n".join(["x" * 49] * 10)

    answer = editor.post(page, {"outcome": f"{outcome}\r\nyz"})

    text = answer.content.decode()
    assert "at most 500 characters (it has 502)" in text
    assert "yz" in text
    petition.refresh_from_db()
    assert petition.state == State.OPEN

    assert editor.post(page, {"outcome": outcome}).status_code == 302
    petition.refresh_from_db()
    assert petition.outcome == outcome.replace("\r\n", "\n")
