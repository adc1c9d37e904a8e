"""The form: what it takes, what it refuses and how, and what it keeps to itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone, translation

from core.security.encryption import decrypt, encrypt
from organizations.models import Organization
from petitions.abuse.rate_limits import RATE_LIMITS
from petitions.models import Consent, OutgoingMail, Petition, Signature
from petitions.signatures.forms import countries
from petitions.states import State
from petitions.templatetags.petition_tags import country_name
from tests.factories import backdate, make_petition, make_signature
from tests.helpers import text_of

pytestmark = pytest.mark.django_db

SIGN = "/petitions/free-the-prisoners/sign/"


def test_signing_leads_to_the_inbox(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    response = visitor.post(SIGN, sign_form)

    assert response.status_code == 303
    location = response.headers["Location"]
    assert location.startswith("/petitions/free-the-prisoners/check-inbox/?to=")
    assert "maya" not in location.lower()
    text = text_of(visitor.get(location))
    assert "A message from Rights Now should reach maya@example.org within" in text
    assert "Wrong address? Sign again with the right one" in text
    signature = Signature.objects.get()
    assert (signature.name, signature.email) == ("Maya Tremblay", "maya@example.org")
    assert (signature.show_name, signature.wants_updates, signature.comment) == (
        False,
        None,
        "",
    )
    assert signature.language == "en"
    assert signature.weak_signs == 0


def test_every_field_is_taken(visitor: Client) -> None:
    petition = make_petition(
        asks_place=True, asks_postal_code=True, asks_country=True, delivery="names"
    )
    form = {
        "name": "  Zoë   O'Brien-Ñuñez ",
        "email": " Zoe@Example.org ",
        "place": "Montréal",
        "postal_code": "H2X 1Y4",
        "country": "CA",
        "comment": "Two\r\nlines",
        "show_name": "1",
        "updates": "yes",
        "version": "0.1.names",
    }

    response = visitor.post(f"/fr{petition.get_absolute_url()}sign/", form)

    assert response.status_code == 303
    signature = Signature.objects.get()
    assert signature.name == "Zoë O'Brien-Ñuñez"
    assert signature.email == "Zoe@example.org"
    assert (signature.place, signature.postal_code) == ("Montréal", "H2X 1Y4")
    assert (signature.country, signature.comment) == ("CA", "Two\nlines")
    assert (signature.show_name, signature.wants_updates) == (True, True)
    assert (signature.language, signature.delivery) == ("fr", "names")
    assert not Consent.objects.exists()


def test_fields_that_are_not_asked_are_not_stored(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    visitor.post(SIGN, {**sign_form, "place": "Ottawa", "country": "CA"})

    signature = Signature.objects.get()
    assert (signature.place, signature.country) == ("", "")


@pytest.mark.parametrize(
    ("shown", "now", "stored"),
    [
        ("number", "number", "number"),
        ("number", "names", "number"),
        ("comments", "names", "names"),
        ("names", "names", "names"),
    ],
)
def test_what_is_handed_over_is_never_more_than_the_form_had_shown(
    visitor: Client, sign_form: dict[str, Any], shown: str, now: str, stored: str
) -> None:
    petition = make_petition(delivery=now)

    visitor.post(
        f"{petition.get_absolute_url()}sign/", {**sign_form, "version": f"2.1.{shown}"}
    )

    signature = Signature.objects.get()
    assert (signature.delivery, signature.text_version) == (stored, 2)


@pytest.mark.parametrize(
    "version",
    ["", "1", "a.b.c", "9" * 5000, "1.1.everything", "-1.1.number", "٣.1.number"],
)
def test_an_invented_version_does_no_harm(
    visitor: Client, petition: Petition, sign_form: dict[str, Any], version: str
) -> None:
    assert visitor.post(SIGN, {**sign_form, "version": version}).status_code == 303


def test_the_answer_is_the_same_for_a_known_address(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    new = visitor.post(SIGN, sign_form)
    make_signature(petition, "maya@example.org")
    known = visitor.post(SIGN, sign_form)

    assert new.status_code == known.status_code == 303
    places = [answer.headers["Location"] for answer in (new, known)]
    for answer in (new, known):
        del answer.headers["Location"]
    assert new.headers == known.headers
    assert new.content == known.content
    # What was typed goes along encrypted, anew each time.
    assert len({re.sub("&form=.*", "", place) for place in places}) == 1
    assert len({len(place) for place in places}) == 1
    for typist in ("same-origin", ""):
        pages = [
            re.sub("form=[^&]*", "", page_of(visitor, place, typist).content.decode())
            for place in places
        ]
        assert pages[0] == pages[1]


# == Back to the form, to correct an address ==


def page_of(visitor: Client, place: str, comes_from: str = "same-origin") -> Any:
    """The page after the form, as a browser asks for it that was sent there."""
    return visitor.get(place, headers={"Sec-Fetch-Site": comes_from})


TYPED = {
    "name": "Maya Tremblay",
    "email": "maya.tremblya@example.org",
    "place": "Hull",
    "postal_code": "J8X 1A1",
    "country": "CA",
    "comment": "Parce que.\nVraiment.",
    "show_name": "1",
    "updates": "no",
}


@pytest.fixture
def asking(organization: Organization) -> Petition:
    """A petition that asks everything."""
    return make_petition(
        organization, title="All", asks_place=True, asks_postal_code=True,
        asks_country=True,
    )  # fmt: skip


def correct_link(page: Any) -> str:
    (there,) = re.findall(
        r'<a href="([^"]*)"[^>]*>Sign again with the right one</a>',
        page.content.decode(),
    )
    return unescape(there)


def test_whoever_typed_an_address_sees_it_whole_and_finds_the_form_filled_in(
    visitor: Client, asking: Petition
) -> None:
    sent = visitor.post(f"{asking.get_absolute_url()}sign/", TYPED)
    place = sent.headers["Location"]
    assert not any(word in place for word in ("maya", "tremblya", "Hull", "J8X"))

    page = page_of(visitor, place)
    assert "should reach maya.tremblya@example.org within" in text_of(page)
    query = correct_link(page)
    assert query.startswith("?")
    assert query.endswith("#id_email")
    form = page_of(visitor, place.partition("?")[0] + query.partition("#")[0])

    shown = form.content.decode()
    assert "no-store" in form.headers["Cache-Control"]
    for value in ("Maya Tremblay", TYPED["email"], "Hull", "J8X 1A1"):
        assert f'value="{value}"' in shown
    assert "Parce que.\nVraiment.</textarea>" in shown
    assert re.search(r'value="CA" selected', shown)
    assert re.search(r'name="show_name" value="1" checked', shown)
    assert 'class="error-summary"' not in shown
    assert "noindex" in shown
    assert Signature.objects.count() == 1


def test_nobody_else_sees_what_was_typed(
    visitor: Client, asking: Petition, petition: Petition
) -> None:
    """Who was passed the address of the page, comes late, puts it on another petition
    or makes one up: they get what everybody gets."""
    sent = visitor.post(f"{asking.get_absolute_url()}sign/", TYPED)
    place = sent.headers["Location"]
    elsewhere = place.replace(asking.slug, petition.slug)
    invented = re.sub("form=.*", "form=gAAAAAB", place)
    kind, pk, sent_at, data = json.loads(decrypt(place.partition("form=")[2]))
    late = encrypt(json.dumps([kind, pk, sent_at - 31 * 60, data]))

    pages = [
        page_of(visitor, place, "none"),
        page_of(visitor, place, "cross-site"),
        page_of(visitor, f"{place}&again=1", "none"),
        page_of(visitor, f"{place}&again=1", ""),
        page_of(visitor, f"{elsewhere}&again=1"),
        page_of(visitor, f"{invented}&again=1"),
        page_of(visitor, re.sub("form=.*", f"form={late}&again=1", place)),
        page_of(visitor, f"{place.partition('&')[0]}&again=1"),
    ]
    for page in pages:
        assert "m•••@example.org" in text_of(page)
        assert "tremblya" not in page.content.decode()
        assert "Hull" not in page.content.decode()


def test_the_page_after_the_form_does_not_tell_what_its_owner_does(
    visitor: Client, asking: Petition
) -> None:
    sent = visitor.post(f"{asking.get_absolute_url()}sign/", TYPED)
    place = sent.headers["Location"]
    before = page_of(visitor, place).content

    Signature.objects.update(name="Somebody else", email="other@example.org")
    assert page_of(visitor, place).content == before
    OutgoingMail.objects.all().delete()
    Signature.objects.all().delete()
    assert page_of(visitor, place).content == before


def test_a_form_too_long_for_an_address_is_left_out(
    visitor: Client, asking: Petition
) -> None:
    long = {**TYPED, "name": "\U00010400" * 200, "comment": "\U00010400" * 1000}
    sent = visitor.post(f"{asking.get_absolute_url()}sign/", long)

    assert sent.status_code == 303
    assert "form=" not in sent.headers["Location"]
    assert "#id_email" in correct_link(page_of(visitor, sent.headers["Location"]))


def test_the_headers_of_the_answer_fit_what_a_proxy_takes(
    visitor: Client, asking: Petition
) -> None:
    """nginx answers 502 to more than 4 kB, and a server adds some of its own."""
    carried = set()
    for number, words in enumerate(("", "é" * 200, "é" * 500, "x" * 1000, "é" * 1000)):
        form = {**TYPED, "email": f"maya{number}@example.org", "comment": words}
        sent = visitor.post(f"{asking.get_absolute_url()}sign/", form)
        size = sum(len(f"{name}: {value}\r\n") for name, value in sent.headers.items())

        assert (sent.status_code, size < 3_800) == (303, True), (len(words), size)
        carried.add("form=" in sent.headers["Location"])

    assert carried == {True, False}


def test_where_nothing_can_be_signed_any_more_no_form_is_shown(
    visitor: Client, asking: Petition
) -> None:
    sent = visitor.post(f"{asking.get_absolute_url()}sign/", TYPED)
    asking.close(now=timezone.now())

    page = page_of(visitor, f"{sent.headers['Location']}&again=1")

    assert "The petition has closed in the meantime" in text_of(page)
    assert "<textarea" not in page.content.decode()


def test_the_query_of_the_inbox_page_cannot_be_invented(
    visitor: Client, petition: Petition
) -> None:
    path = "/petitions/free-the-prisoners/check-inbox/"

    for invented in ("x@evil.example:abc", "x@evil.example", "", "\x00"):
        text = text_of(visitor.get(path, {"to": invented}))
        assert "evil" not in text
        assert "should reach you within a few minutes" in text


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("maya@gmial.com", "Did you mean an address that ends with @gmail.com?"),
        ("maya@work.cmo", "We know of no address that ends with .cmo."),
    ],
)
def test_the_form_asks_once_about_a_likely_slip_and_keeps_what_was_typed(
    visitor: Client, petition: Petition, address: str, asked: str
) -> None:
    page = visitor.get("/petitions/free-the-prisoners/").content.decode()
    typed = {
        "name": "Maya Tremblay",
        "email": address,
        "comment": "For all of us.",
        "show_name": "1",
        "version": re.findall(r'name="version" value="([^"]+)"', page)[0],
        "sure": re.findall(r'name="sure" value="([^"]*)"', page)[0],
    }

    first = visitor.post(SIGN, typed)

    again = first.content.decode()
    assert first.status_code == 422
    assert Signature.objects.count() == 0
    assert text_of(first).count(asked) == 2
    for kept in (
        "Maya Tremblay",
        "For all of us.",
        'name="show_name" value="1" checked',
    ):
        assert kept in again
    sure = re.findall(r'name="sure" value="([^"]*)"', again)[0]
    kept_as_it_is = visitor.post(SIGN, {**typed, "sure": sure})
    assert kept_as_it_is.status_code == 303
    assert Signature.objects.get().email == address
    # Another slip is another question.
    other = visitor.post(SIGN, {**typed, "email": "maya@hotmial.com", "sure": sure})
    assert other.status_code == 422
    right = visitor.post(SIGN, {**typed, "email": "maya@gmail.com", "sure": sure})
    assert right.status_code == 303


@pytest.mark.parametrize(
    "typed",
    [
        "maya@gmial.com.",
        "mailto:maya@gmial.com",
        "Maya Tremblay <maya@gmial.com>",
        "maya＠gmial.com",
        "maya@gmial.com\u200b",
        "maya@gmial.com,",
        "maya@xn--gmal-nza.com",
    ],
)
def test_an_address_that_was_asked_about_is_taken_however_it_was_typed(
    visitor: Client, petition: Petition, sign_form: dict[str, Any], typed: str
) -> None:
    page = visitor.get("/petitions/free-the-prisoners/").content.decode()
    version = re.findall(r'name="version" value="([^"]+)"', page)[0]
    form = {**sign_form, "version": version, "email": typed}

    asked = visitor.post(SIGN, form)

    assert asked.status_code == 422
    sure = re.findall(r'name="sure" value="([^"]*)"', asked.content.decode())[0]
    kept = visitor.post(SIGN, {**form, "sure": unescape(sure)})
    assert kept.status_code == 303
    assert Signature.objects.get().name == "Maya Tremblay"


def test_a_likely_slip_is_pointed_out_and_nothing_is_blocked(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    response = visitor.post(SIGN, {**sign_form, "email": "maya@gmial.com"})

    assert response.status_code == 303
    assert OutgoingMail.objects.count() == 1
    text = text_of(visitor.get(response.headers["Location"]))
    assert "Did you mean gmail.com ? Correct it" in text


@pytest.mark.parametrize("domain", ["gmial.com", "work.cmo"])
def test_without_a_script_a_slip_is_corrected_at_the_form(
    visitor: Client, petition: Petition, sign_form: dict[str, Any], domain: str
) -> None:
    """For a browser that does not say where it comes from, the link leads to the field
    of the empty form, and the page says how to find again what was typed."""
    response = visitor.post(SIGN, {**sign_form, "email": f"maya@{domain}"})
    page = page_of(visitor, response.headers["Location"], "")

    (there,) = re.findall(
        r'<a href="([^"]*)"[^>]*>Correct it</a>', page.content.decode()
    )
    path, _hash, field = there.partition("#")
    assert path == petition.get_absolute_url()
    assert f'id="{field}"' in visitor.get(path).content.decode()
    assert field == "id_email"
    assert (
        "Your browser’s “Back” button takes you to the form as you filled it in."
        in (unescape(page.content.decode()))
    )


def test_where_nothing_can_be_signed_any_more_nothing_is_corrected(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    answers = [
        visitor.post(SIGN, {**sign_form, "email": f"maya@{domain}"})
        for domain in ("gmial.com", "work.cmo")
    ]
    petition.close(now=timezone.now())

    for answer in answers:
        page = text_of(visitor.get(answer.headers["Location"]))
        assert "gmail.com" in page or ".cmo" in page
        assert "Correct it" not in page


@pytest.mark.parametrize(
    ("domain", "notice"),
    [
        ("gmail.cmm", "Did you mean gmail.com ?"),
        ("work.cmo", "Is the address right? We know of no address that ends in .cmo ."),
        ("example.test", ""),
        ("пример.рф", ""),
    ],
)
def test_an_ending_that_nobody_knows_is_asked_about(
    visitor: Client,
    petition: Petition,
    sign_form: dict[str, Any],
    domain: str,
    notice: str,
) -> None:
    response = visitor.post(SIGN, {**sign_form, "email": f"maya@{domain}"})

    assert response.status_code == 303
    text = text_of(visitor.get(response.headers["Location"]))
    assert notice in text
    assert notice or "right?" not in text


@pytest.mark.parametrize("path", [SIGN, "/new-link/", "/signed/", "/contact/"])
def test_what_is_pasted_along_with_an_address_is_taken_off_everywhere(
    visitor: Client, petition: Petition, sign_form: dict[str, Any], path: str
) -> None:
    pasted = "\u200fMaya Tremblay <mailto:maya@example.org>;\u200b\t"

    response = visitor.post(
        path,
        {**sign_form, "email": pasted, "reason": "other", "text": "Hello"},
    )

    assert response.status_code == 303


def test_mistakes_are_named_at_the_top_and_beside_the_field(
    visitor: Client, petition: Petition
) -> None:
    response = visitor.post(
        SIGN,
        {"name": "", "email": "maya at home", "comment": "Keep <me>", "show_name": "1"},
    )

    page = response.content.decode()
    assert response.status_code == 422
    assert "<title>Error: Free the prisoners</title>" in page
    assert '<li><a href="#id_name">Enter your full name</a></li>' in page
    assert '<p class="field__error" id="id_name_error">Enter your full name</p>' in page
    message = "Enter an e-mail address such as name@example.org"
    assert f'<li><a href="#id_email">{message}</a></li>' in page
    assert 'value="maya at home"' in page
    assert "Keep &lt;me&gt;</textarea>" in page
    assert 'name="show_name" value="1" checked' in page
    assert 'aria-invalid="true"' in page
    assert 'aria-describedby="id_email_hint id_email_error"' in page
    assert 'tabindex="-1" autofocus' in page
    assert response.headers["Cache-Control"] == "no-store"
    assert not Signature.objects.exists()


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_the_answer_about_updates_is_kept_on_a_mistake(
    visitor: Client, petition: Petition, answer: str
) -> None:
    page = visitor.post(SIGN, {"updates": answer}).content.decode()

    assert f'name="updates" value="{answer}" checked' in page


@pytest.mark.parametrize(
    ("headers", "status", "weak"),
    [
        ({"sec-fetch-site": "same-origin"}, 303, 0),
        ({"sec-fetch-site": "none"}, 303, 0),
        ({"sec-fetch-site": "cross-site"}, 403, None),
        ({"sec-fetch-site": "same-site"}, 403, None),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, 303, 0),
        ({"origin": "http://localhost"}, 303, 0),
        ({"origin": "http://localhost:80"}, 303, 0),
        ({"origin": "http://localhost:8080"}, 403, None),
        ({"origin": "https://localhost:80"}, 403, None),
        ({"origin": "https://evil.example"}, 403, None),
        ({"origin": "http://localhost.evil.example"}, 403, None),
        ({"origin": "http://localhost:port"}, 403, None),
        ({"origin": "null"}, 303, 1),
        ({}, 303, 1),
    ],
)
def test_where_the_form_was_sent_from(
    petition: Petition,
    sign_form: dict[str, Any],
    headers: dict[str, str],
    status: int,
    weak: int | None,
) -> None:
    client = Client(headers={"host": "localhost"})

    response = client.post(SIGN, sign_form, headers=headers)

    assert response.status_code == status
    signs = [signature.weak_signs for signature in Signature.objects.all()]
    assert signs == ([] if weak is None else [weak])


def test_a_refusal_shows_the_form_with_what_was_typed(
    petition: Petition, sign_form: dict[str, Any]
) -> None:
    client = Client(headers={"host": "localhost"})

    response = client.post(SIGN, sign_form, headers={"origin": "https://evil.example"})

    page = response.content.decode()
    assert "There is a problem" in page
    assert "The form was sent from another site" in page
    assert 'value="Maya Tremblay"' in page
    assert "Sign the petition</button>" in page


END = timezone.now() - timedelta(hours=1)


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        (
            {"state": State.CLOSED},
            409,
            "This petition closed before you sent the form.",
        ),
        ({"state": State.WON}, 409, "This petition was won before you sent the form."),
        ({"closes_at": END}, 409, "This petition closed before you sent the form."),
        (
            {"closes_at": END, "state": State.PAUSED},
            409,
            "This petition closed before you sent the form.",
        ),
        (
            {"state": State.WITHDRAWN},
            410,
            "This petition was withdrawn before you sent the form.",
        ),
    ],
)
def test_a_form_that_came_too_late_is_told_so_and_not_stored(
    visitor: Client,
    sign_form: dict[str, Any],
    fields: dict[str, Any],
    status: int,
    said: str,
) -> None:
    petition = make_petition(**fields)

    form = {**sign_form, "comment": "Because <b>it</b> matters."}

    response = visitor.post(f"{petition.get_absolute_url()}sign/", form)

    page = response.content.decode()
    assert response.status_code == status
    summary = page[page.index('class="error-summary" tabindex="-1" autofocus') :]
    assert 'role="alert"' in summary
    assert f"{said} Nothing was signed or stored." in text_of(response)
    assert petition.title in page
    # To be copied, not to be sent again.
    assert '<dd dir="auto">Maya Tremblay</dd>' in page
    assert '<dd dir="auto">maya@example.org</dd>' in page
    assert '<dd dir="auto">Because &lt;b&gt;it&lt;/b&gt; matters.</dd>' in page
    assert 'value="Maya Tremblay"' not in page
    assert f'action="{petition.get_absolute_url()}sign/"' not in page
    assert not Signature.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_a_form_that_came_too_late_is_answered_in_the_language_that_was_read(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    petition.translations.create(language="fr", title="Libérez", text="…")
    petition.close(now=timezone.now())

    response = visitor.post(f"/fr{SIGN}", sign_form)

    assert "Libérez" in text_of(response)
    assert "Rien n’a été signé ni enregistré." in text_of(response)


def test_what_comes_before_the_opening_is_nowhere(
    visitor: Client, sign_form: dict[str, Any]
) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    for state in (State.OPEN, State.PAUSED):
        petition = make_petition(opens_at=tomorrow, state=state)
        path = f"{petition.get_absolute_url()}sign/"
        assert visitor.post(path, sign_form).status_code == 404


@pytest.mark.parametrize("step", ["check-inbox", "thank-you"])
def test_the_steps_after_signing_lead_to_what_is_left_of_a_petition(
    visitor: Client, petition: Petition, step: str
) -> None:
    petition.withdraw(now=timezone.now())

    response = visitor.get(f"{petition.get_absolute_url()}{step}/", follow=True)

    assert response.status_code == 410
    assert "This petition was withdrawn" in text_of(response)


@pytest.mark.parametrize("end", [Petition.close, Petition.win])
def test_whoever_waits_for_the_mail_learns_that_the_petition_has_ended(
    visitor: Client, petition: Petition, end: Callable[..., None]
) -> None:
    path = "/petitions/free-the-prisoners/check-inbox/"
    assert "your signature counts from then on" in text_of(visitor.get(path))
    end(petition, now=timezone.now())

    page = text_of(visitor.get(path))

    assert "counts from then on" not in page
    assert "The petition has closed in the meantime" in page
    assert "within a day" in page


def test_a_petition_closes_at_its_hour_without_anybody_doing_anything(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    petition.opens_at = timezone.now() - timedelta(days=2)
    petition.closes_at = timezone.now() - timedelta(seconds=1)
    petition.save()

    visitor.post(SIGN, sign_form)

    assert not Signature.objects.exists()
    assert b"<form" not in visitor.get(petition.get_absolute_url()).content


@pytest.mark.parametrize("behind", ["sign/", "report/"])
@pytest.mark.parametrize("gone", ["draft", "deleted", "scheduled"])
def test_a_form_for_what_is_gone_keeps_what_was_typed(
    visitor: Client, petition: Petition, gone: str, behind: str
) -> None:
    """It was open in a browser while staff took the petition off the site."""
    now = timezone.now()
    if gone == "scheduled":
        backdate(petition, opens_at=now + timedelta(days=1))
    else:
        petition.unpublish(now=now)
    if gone == "deleted":
        petition.delete()
    words = "The river is ours.\nIt was our parents’."
    typed = {"name": "Maya", "email": "maya@example.org", "comment": words,
             "reason": "untrue", "text": words}  # fmt: skip

    answer = visitor.post(f"/petitions/free-the-prisoners/{behind}", typed)

    assert answer.status_code == 404
    assert "Nothing was signed or stored." in text_of(answer)
    assert words in answer.content.decode()
    assert f'action="/petitions/free-the-prisoners/{behind}"' in answer.content.decode()


def test_a_form_that_was_never_ours_is_not_kept(visitor: Client) -> None:
    answer = visitor.post("/wp-login.php", {"log": "somebody-else"})

    assert answer.status_code == 404
    assert "somebody-else" not in answer.content.decode()


def test_a_paused_petition_keeps_what_was_typed(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    petition.pause()

    # Also more of it than a form takes.
    words = "All this " * 400
    response = visitor.post(SIGN, {**sign_form, "comment": words})

    page = response.content.decode()
    assert response.status_code == 409
    assert "for a moment" not in page
    assert "in a minute" not in page
    assert "The organisation has paused signing for a while." in text_of(response)
    for kept in ("Maya Tremblay", "maya@example.org"):
        assert f'value="{kept}"' in page
    assert f">{words}</textarea>" in page
    assert not Signature.objects.exists()


def test_getting_the_form_address_leads_to_the_petition(
    visitor: Client, petition: Petition
) -> None:
    response = visitor.get(SIGN)

    assert response.status_code == 302
    assert response.headers["Location"] == "/petitions/free-the-prisoners/"


def test_a_whole_signature_costs_two_statements(
    visitor: Client,
    petition: Petition,
    sign_form: dict[str, Any],
    django_assert_num_queries: Any,
) -> None:
    make_signature(petition, "known@example.org")
    RATE_LIMITS.get()  # held for five seconds

    for email in ("new@example.org", "known@example.org"):
        with django_assert_num_queries(2):
            visitor.post(SIGN, {**sign_form, "email": email, "updates": "yes"})


def test_the_signed_mask_is_short(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    location = visitor.post(SIGN, sign_form).headers["Location"]

    (shown,) = parse_qs(urlsplit(location).query)["to"]
    assert shown.startswith("m@example.org:")


def test_nobody_signs_words_that_they_have_not_seen(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    path = petition.get_absolute_url()
    shown = re.search(
        r'name="version" value="([^"]+)"', visitor.get(path).content.decode()
    )
    assert shown
    petition.text = "The very opposite."
    petition.save()

    response = visitor.post(SIGN, {**sign_form, "version": shown[1]})

    page = response.content.decode()
    assert response.status_code == 409
    assert "<h2>The text has changed</h2>" in page
    assert "<title>The text has changed: " in page
    assert "The very opposite." in page
    assert 'value="Maya Tremblay"' in page
    assert not Signature.objects.exists()
    again = re.search(r'name="version" value="([^"]+)"', page)
    assert again
    answer = visitor.post(SIGN, {**sign_form, "version": again[1]})
    assert answer.status_code == 303


def test_a_form_that_says_nothing_of_its_words_is_served(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    for version in ("", "0.1.number", "0.1.number.", "x.y.z.w.v"):
        answer = visitor.post(SIGN, {**sign_form, "version": version})
        assert answer.status_code == 303


def test_the_longest_comment_is_told_before(
    visitor: Client, petition: Petition
) -> None:
    page = visitor.get(petition.get_absolute_url()).content.decode()

    assert '<p class="hint" id="id_comment_hint">At most 1,000 characters.</p>' in page
    assert re.search(r'<textarea[^>]* aria-describedby="id_comment_hint ?"', page)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_countries_are_those_where_people_live(language: str) -> None:
    offered = dict(countries(language))

    assert offered.keys() >= {"CA", "FR", "GB", "PS", "TW", "XK", "AX", "PM"}
    # Clipperton, Diego Garcia, Sark, Canary Islands, Antarctica, Bouvet Island.
    assert not offered.keys() & {"CP", "DG", "CQ", "IC", "AQ", "BV"}
    assert (offered["HK"], offered["MO"]) == ("Hong Kong", "Macao")
    # What was chosen when it was offered keeps its name.
    with translation.override(language):
        assert len(country_name("CP")) > 2
