"""No French page has English in it, but in what people wrote."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.contrib.admin.utils import display_for_value
from django.template import Context, Template
from django.test import Client
from django.utils import translation
from django.utils.formats import date_format

from organizations.models import User
from petitions.mail.messages import build
from petitions.models import Petition, Topic
from petitions.models.mails import MailKind
from petitions.states import State
from tests.factories import make_petition, make_signature, make_translation
from tests.french import english_in, texts_of
from tests.helpers import text_of
from tests.project.addresses import PATHS

pytestmark = pytest.mark.django_db

PETITION = PATHS["petitions:petition"]
# Pages that answer a form; most of them with mistakes.
POSTS = {
    f"{PETITION}sign/": {"name": "", "email": "maya at home", "country": "XX"},
    "/new-link/": {"email": "x"},
    "/signed/": {"email": "x"},
    f"{PETITION}report/": {"reason": "", "text": ""},
    "/contact/": {"reason": "", "text": ""},
}
LIMIT = 300
CATALOGUE = Path(__file__).parents[2] / "locale/fr/LC_MESSAGES/django.po"
# A line must not begin or end with a sign, nor a number be broken.
LOOSE = re.compile(r"« | »| :(?!\w)|\d \d{3}")
# As Canadian French has it, and French of France does not.
APART = re.compile(r"[ \u00a0\u202f][;?!](?=[ \"\u00a0»])")
TYPEWRITTEN = re.compile(r"(?<=\w)'")


def crawl(visitor: Client, starts: list[str]) -> dict[str, str]:
    """Return each French page that can be reached from `starts`: its path and its
    HTML."""
    found: dict[str, str] = {}
    waiting = list(starts)
    while waiting and len(found) < LIMIT:
        path = waiting.pop()
        if path in found:
            continue
        response = visitor.get(path, follow=True)
        html = response.headers.get("Content-Type", "").startswith("text/html")
        found[path] = response.content.decode() if html else ""
        links = re.findall(r'href="(/fr/[^"#]*)', found[path])
        waiting += [link.replace("&amp;", "&") for link in links]
    assert len(found) < LIMIT
    return {path: page for path, page in found.items() if '<html lang="fr"' in page}


def french_paths(values: dict[str, str]) -> list[str]:
    paths = [f"/fr{path.format(**values)}" for path in PATHS.values()]
    return [path for path in paths if path.endswith("/") and "style-guide" not in path]


def test_no_english_on_any_french_page(
    visitor: Client, site: dict[str, str], petition: Petition
) -> None:
    for state in (State.PAUSED, State.CLOSED, State.WON, State.WITHDRAWN):
        other = make_petition(
            petition.organization, state=state, outcome="Read by the minister."
        )
        make_signature_of(other)
    make_translation(
        make_petition(
            petition.organization, asks_place=True, asks_country=True, delivery="names"
        ),
        "fr",
    )
    pages = crawl(visitor, french_paths(site))
    for path, form in POSTS.items():
        pages[f"POST {path}"] = visitor.post(f"/fr{path}", form).content.decode()

    found = {path: texts for path, page in pages.items() if (texts := english_in(page))}

    assert sorted({text for texts in found.values() for text in texts}) == [], found
    assert len(pages) > 40


def make_signature_of(petition: Petition) -> None:
    """Make a supporter of a paused petition, from the time when it could be signed."""
    if petition.state == State.PAUSED:
        make_signature(petition, show_name=True)


def test_what_looks_for_english_finds_it(visitor: Client, site: dict[str, str]) -> None:
    """Tried on English pages, which are read as if they were French."""
    for path in ("/", PETITION, "/privacy/", "/new-link/", "/nothing/"):
        page = visitor.get(path).content.decode()
        assert len(english_in(page, "en")) > 5, path


def test_a_single_word_is_found_and_a_marked_passage_is_not() -> None:
    page = '<html lang="fr"><p>{}</p><p lang="en">The end of it.</p><bdi>To Be</bdi>'

    assert english_in(page.format("Closed")) == ["Closed"]
    assert english_in(page.format("Read <b>and</b> sign")) == ["and"]
    assert english_in(page.format('<img alt="What it shows">')) == ["What it shows"]
    assert english_in(page.format("Terminée")) == []


def test_french_signs_keep_to_their_words() -> None:
    """No-break spaces inside « » and before a colon; none before ; ? and !; ’ as it
    is printed."""
    entries = re.findall(r'^msgstr.*(?:\n".*)*', CATALOGUE.read_text(), re.MULTILINE)

    assert len(entries) > 500
    assert [entry for entry in entries if LOOSE.search(entry)] == []
    assert [entry for entry in entries if APART.search(entry)] == []
    assert [entry for entry in entries if TYPEWRITTEN.search(entry)] == []


def test_english_is_not_typewritten_either() -> None:
    """’ as it is printed, in one spelling over all pages; Django's own texts aside."""
    with CATALOGUE.open("rb") as file:
        ids = [text for m in read_po(file) for text in texts_of(m.id)]
    ours = [text for text in ids if "would result in deleting" not in text]

    assert len(ours) > 1000
    assert [text for text in ours if re.search(r"\w'\w", text)] == []


# Django's own French, which is for every gender and country at once, has these.
OF_FRANCE = re.compile(
    r"[ \u00a0\u202f][;?!]|\(e\)|électronique|\bobjet |(Ajout|ation) de "
)


def test_the_admin_speaks_the_same_french(
    as_user: Callable[[User], Client], ada: User, petition: Petition
) -> None:
    admin = "/admin/fr/petitions/petition/"
    topic = Topic.objects.create(slug="rivers")
    topics = "/admin/fr/petitions/topic/"
    client = as_user(ada)
    pages = [
        client.get(path)
        for path in (
            "/admin/fr/", admin, f"{admin}add/", f"{admin}{petition.pk}/change/",
            f"{topics}{topic.pk}/delete/", "/admin/fr/password/reset/",
        )
    ] + [
        client.get(f"{admin}999999/change/", follow=True),
        client.post(
            topics, {"action": "delete_selected", "_selected_action": [topic.pk]}
        ),
        client.post(f"{topics}{topic.pk}/delete/", {"post": "yes"}, follow=True),
    ]  # fmt: skip

    found = {
        text[max(0, hit.start() - 40) : hit.end() + 20]
        for page in pages
        for text in [text_of(page)]
        for hit in OF_FRANCE.finditer(text)
    }

    assert {page.status_code for page in pages} == {200}
    assert found == set()


def test_a_colon_between_two_texts_keeps_its_distance(
    visitor: Client, petition: Petition
) -> None:
    page = visitor.get(f"/fr{PETITION}poster/").content.decode()

    assert f"<title>Affiche\u00a0: {petition.title}</title>" in page


@pytest.mark.parametrize(
    ("day", "english", "french"),
    [
        (date(2026, 1, 1), "1 January 2026", "1er janvier 2026"),
        (date(2026, 1, 2), "2 January 2026", "2 janvier 2026"),
        (date(2026, 1, 11), "11 January 2026", "11 janvier 2026"),
        (date(2026, 1, 21), "21 January 2026", "21 janvier 2026"),
    ],
)
def test_the_first_of_a_month_has_its_letters(
    day: date, english: str, french: str
) -> None:
    """Wherever a date is written out: by a filter, by Python, in lists of the admin."""
    moment = datetime.combine(day, time(9, 30))
    template = Template(
        "{{ day|date }}, {{ day }}, {{ moment|date:'DATETIME_FORMAT' }}"
    )
    for language, words in (("en", english), ("fr", french)):
        with translation.override(language):
            text = template.render(Context({"day": day, "moment": moment}))
            assert text == f"{words}, {words}, {words}, 09:30"
            assert date_format(day) == words
            assert display_for_value(day, "-") == words
    with translation.override("fr"):  # the drill-down above a list
        assert date_format(day, "MONTH_DAY_FORMAT") == french.removesuffix(" 2026")


def test_a_page_and_a_mail_write_the_first_of_a_month_so(
    visitor: Client, petition: Petition
) -> None:
    first = datetime(2026, 1, 1, 12, tzinfo=UTC)
    Petition.objects.filter(pk=petition.pk).update(opens_at=first)

    page = visitor.get(f"/fr{PETITION}").content.decode()

    assert ">1er janvier 2026</time>" in page
    mail = build(MailKind.CONFIRM, petition, "fr", counted_since=first.date())
    assert "depuis le 1er janvier 2026" in mail.text
