"""While the database takes no writes, no form loses what was typed: its answer keeps it,
and sends it when pressed again."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.http import sent_forms
from organizations.models import User
from petitions.models import Petition, Report, Signature
from petitions.signatures.tokens import TokenPurpose, make_token
from petitions.states import SignatureState
from tests.conftest import StaffClient
from tests.factories import make_pending, make_signature
from tests.helpers import takes_no_writes
from tests.petitions.admin.helpers import form as petition_form

pytestmark = pytest.mark.django_db(transaction=True)

SIGN = "/petitions/free-the-prisoners/sign/"
PASSWORD = "a fair hearing for all"


@dataclass
class Sent:
    """A form of the public site: where it goes, and what is typed into it."""

    path: str
    typed: dict[str, str] = field(default_factory=dict)
    pressed: dict[str, str] = field(default_factory=dict)


CORRECTED = {"name": "Maya “Quote” Tremblay", "comment": "Keep <b>this</b>\nsafe"}
FORMS = [
    Sent(SIGN, {**CORRECTED, "email": "maya@example.org"}, {"updates": "no"}),
    Sent("/fr/petitions/free-the-prisoners/sign/", {**CORRECTED, "email": "m@b.ch"}),
    Sent("/confirm/{confirm}/"),
    Sent("/confirm/{confirm}/correct/", CORRECTED, {"show_name": "1"}),
    Sent("/confirm/{confirm}/resend/"),
    Sent("/not-me/{not_me}/"),
    Sent("/signature/{own}/", CORRECTED, {"show_name": "1"}),
    Sent("/fr/signature/{own}/", CORRECTED),
    Sent("/signature/{own}/withdraw/"),
    Sent("/signature/{own}/erase/"),
    Sent("/signed/", {"email": "maya@example.org"}),
    Sent("/signed/{all}/erase/"),
    Sent("/signed/{all}/end-links/"),
    Sent("/never-again/{never}/", {}, {"write": "never"}),
    Sent("/new-link/", {"email": "maya@example.org"}),
    Sent(
        "/petitions/free-the-prisoners/report/",
        {"text": "It is not true.", "email": "r@example.org"},
        {"reason": "untrue"},
    ),
    Sent("/contact/", {"text": "It is broken.", "email": ""}, {"reason": "other"}),
]


def links(petition: Petition) -> dict[str, str]:
    """The tokens of the links in mails."""
    pending, counted = make_pending(petition), make_signature(petition)
    purposes = {
        "confirm": (TokenPurpose.CONFIRM, pending),
        "not_me": (TokenPurpose.NOT_ME, pending),
        "own": (TokenPurpose.OWN, counted),
        "all": (TokenPurpose.ALL, counted),
        "never": (TokenPurpose.NEVER, counted),
    }
    return {
        name: make_token(purpose, signature.pk, now=timezone.now())
        for name, (purpose, signature) in purposes.items()
    }


def kept(page: str, path: str) -> dict[str, str]:
    """What a browser would send from the page's form that goes to `path`."""
    found = re.search(
        rf'<form action="{re.escape(path)}"[^>]*>(.*?)</form>', page, re.S
    )
    if found is None and "</form>" in page:  # of a page that has its own
        found = re.search(r'<form [^>]*method="post"[^>]*>(.*?)</form>', page, re.S)
    assert found is not None, page
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", found[1]):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") not in ("radio", "checkbox") or " checked" in tag:
            fields[attributes["name"]] = html.unescape(attributes.get("value", "on"))
    for name, words in re.findall(
        r'<textarea [^>]*name="(\w+)"[^>]*>\n?(.*?)</textarea>', found[1], re.S
    ):
        fields[name] = html.unescape(words)
    return fields


@pytest.mark.parametrize("sent", FORMS, ids=[sent.path for sent in FORMS])
def test_a_form_keeps_what_was_typed(
    sent: Sent, petition: Petition, visitor: Client
) -> None:
    path = sent.path.format_map(links(petition))
    with takes_no_writes():
        answer = visitor.post(path, sent.typed | sent.pressed)
    page = answer.content.decode()

    assert answer.status_code == 503, page
    assert int(answer.headers["Retry-After"]) > 0
    assert "no-store" in answer.headers["Cache-Control"]
    again = kept(page, path)
    if "report" not in path and "contact" not in path:  # radio buttons of their own
        assert again.items() >= (sent.typed | sent.pressed).items()
    assert again.items() >= sent.typed.items()
    for name, value in sent.typed.items():
        assert f' for="id_{name}"' in page  # to be read and changed
        assert again[name] == value
    assert ("toujours là" if "/fr/" in path else "is still here") in page

    # When the database is back, the kept form is taken.
    back = visitor.post(path, sent.pressed | again)
    assert back.status_code == 303, back.content.decode()


def test_what_was_kept_is_what_is_stored(petition: Petition, visitor: Client) -> None:
    signature = make_signature(petition)
    token = make_token(TokenPurpose.OWN, signature.pk, now=timezone.now())
    path = f"/signature/{token}/"
    with takes_no_writes():
        page = visitor.post(path, CORRECTED).content.decode()

    visitor.post(path, kept(page, path))

    signature.refresh_from_db()
    assert signature.name == CORRECTED["name"]
    assert signature.comment == CORRECTED["comment"].replace("\r\n", "\n")
    assert signature.state == SignatureState.CONFIRMED
    assert Signature.objects.count() == 1
    assert not Report.objects.exists()


def test_another_site_is_offered_no_button_of_ours(
    petition: Petition, visitor: Client
) -> None:
    """From our page its form would come from here."""
    token = links(petition)["never"]
    with takes_no_writes():
        # A provider's one-click unsubscription, which is not checked for its origin.
        answer = visitor.post(
            f"/never-again/{token}/",
            {"List-Unsubscribe": "One-Click"},
            headers={"sec-fetch-site": "cross-site"},
        )

    assert answer.status_code == 503
    assert "One-Click" not in answer.content.decode()


# == Staff ==


def test_the_login_keeps_the_name_and_holds_no_password(alice: User) -> None:
    alice.set_password(PASSWORD)
    alice.save()
    browser = Client(headers={"host": "localhost", "sec-fetch-site": "same-origin"})
    fields = {"username": alice.email, "password": PASSWORD, "next": "/admin/"}
    with takes_no_writes():
        answer = browser.post("/admin/login/", fields)
    page = answer.content.decode()

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert PASSWORD not in page
    assert '<input id="id_password" name="password" type="password">' in page
    again = kept(page, "/admin/login/")
    assert again["username"] == alice.email
    inside = browser.post("/admin/login/", again | {"password": PASSWORD})
    assert inside.headers["Location"] == "/admin/"


def test_a_form_of_staff_keeps_all_of_it(alice: User, petition: Petition) -> None:
    browser = StaffClient(
        headers={"host": "localhost", "sec-fetch-site": "same-origin"}
    )
    browser.force_login(alice)
    path = f"/admin/petitions/petition/{petition.pk}/change/"
    typed = petition_form(petition, summary="Written for an hour & more")
    browser.get(path)
    with takes_no_writes():
        answer = browser.post(path, typed)
    page = answer.content.decode()

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    again = kept(page, path)
    assert again.items() >= {name: str(value) for name, value in typed.items()}.items()
    assert browser.post(path, again).status_code == 302
    petition.refresh_from_db()
    assert petition.summary == "Written for an hour & more"


def test_a_link_for_a_password_is_asked_again(alice: User, visitor: Client) -> None:
    with takes_no_writes():
        answer = visitor.post("/admin/password/reset/", {"email": alice.email})

    again = kept(answer.content.decode(), "/admin/password/reset/")
    assert answer.status_code == 503
    assert again == {"email": alice.email}


def test_each_field_that_visitors_type_into_has_a_label() -> None:
    typed: set[Any] = {name for sent in FORMS for name in sent.typed}

    assert typed - {"text"} <= set(sent_forms.LABELS)
