"""After signing: the question whom one will ask, and one next step."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from core.http.cache_policy import page_cache
from petitions.channels import Channel
from petitions.models import NextStep, Petition, TaggedLink
from petitions.models.next_steps import MAILTO_MOST, NextStepKind, mailto
from petitions.sharing.links import (
    BLUESKY_MOST,
    Sharing,
    words_for,
)
from petitions.signatures.tokens import (
    TokenPurpose,
    make_token,
)
from petitions.states import State
from petitions.views.thanks import thanks_query
from tests.factories import (
    make_organization,
    make_pending,
    make_petition,
    make_signature,
)
from tests.helpers import text_of

# No form lets halves of characters in.
UNICODE = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
PATH = "/petitions/free-the-prisoners/"
THANKS = f"{PATH}thank-you/{thanks_query('free-the-prisoners')}"
URL = f"http://testserver.localhost{PATH}"


def links(page: bytes) -> list[str]:
    return [html.unescape(a) for a in re.findall(r'href="([^"]*)"', page.decode())]


def make_step(petition: Petition, **fields: Any) -> NextStep:
    step = NextStep(petition=petition, **fields)
    step.full_clean()
    step.save()
    return step


# == Passing it on ==


@pytest.mark.django_db
def test_thank_you_asks_first_and_puts_friends_before_networks(
    visitor: Client, petition: Petition
) -> None:
    text = text_of(visitor.get(THANKS))

    order = [
        "Thank you. Your signature counts.",
        "Will you ask three people to sign?",
        "Yes, on WhatsApp", "Text message", "E-mail", "Copy the link",
        "More", "Facebook", "X", "Bluesky", "Mastodon", "LinkedIn", "Telegram",
        "Not now",
    ]  # fmt: skip
    places = [text.index(words) for words in order if words != "X"]
    assert places == sorted(places)


@pytest.mark.django_db
@pytest.mark.parametrize("path", [PATH, THANKS])
def test_each_link_says_by_which_it_came(
    visitor: Client, petition: Petition, path: str
) -> None:
    found = "\n".join(unquote(link) for link in links(visitor.get(path).content))

    for channel in Channel:
        if channel in {"link", "device", "poster", "sheet", "embed"}:
            continue
        assert f"{URL}?via={channel}" in found


@pytest.mark.django_db
@pytest.mark.parametrize("path", [PATH, THANKS])
def test_links_elsewhere_tell_nothing_and_ask_nobody(
    visitor: Client, petition: Petition, path: str
) -> None:
    page = visitor.get(path).content.decode()

    for tag in re.findall(r'<a [^>]*href="(?:https?:|mailto:\?|sms:)[^>]*>', page):
        if "testserver.localhost" not in tag.partition("?")[0]:
            assert 'rel="noopener' in tag, tag
    # Buttons that need a script wait for it.
    for tag in re.findall(r"<button[^>]*data-(?:copy|share)[^>]*>", page):
        assert tag.endswith(" hidden>")


@pytest.mark.django_db
def test_what_is_said_is_in_the_readers_language_and_the_title_in_its_own(
    visitor: Client, petition: Petition
) -> None:
    petition.translations.create(language="ar", title="أوقفوا التعذيب", text="…")

    french = unquote(visitor.get(f"/fr{THANKS}").content.decode())
    arabic = unquote(visitor.get(f"{THANKS}&text=ar").content.decode())

    assert "Je viens de signer\xa0: «\xa0Free the prisoners\xa0»." in french
    assert "http://testserver.localhost/fr/petitions/" in french
    assert "I have just signed this: “أوقفوا التعذيب”." in arabic
    assert f"{URL}ar/?via=whatsapp" in arabic
    assert visitor.get(f"{THANKS}&text=xx").status_code == 200


@pytest.mark.django_db
def test_the_language_that_was_signed_goes_on_to_the_thanks(
    visitor: Client, petition: Petition
) -> None:
    def confirm(query: str) -> str:
        token = make_token(
            TokenPurpose.CONFIRM, make_pending(petition).pk, now=timezone.now()
        )
        response = visitor.post(f"/confirm/{token}/{query}")
        return str(response.headers["Location"])

    signed = re.escape(f"{PATH}thank-you/?counted=") + "[^&]+"
    assert re.fullmatch(f"{signed}&text=ar", confirm("?text=ar"))
    assert re.fullmatch(signed, confirm(""))
    assert re.fullmatch(signed, confirm("?text=//evil.example"))


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200),
    st.booleans(),
)
def test_any_title_survives_every_link(title: str, signed: bool) -> None:
    petition = Petition(slug="x", title=title)
    petition.pk = None
    with translation.override("en"):
        sharing = Sharing(petition, signed=signed)
        words = words_for(petition, title, signed=signed)
        for link in [*sharing.first, *sharing.more]:
            assert re.fullmatch(r"[!-~]+", link.href)
            address = urlsplit(link.href)
            given = parse_qs(address.query or address.fragment, keep_blank_values=True)
            said = " ".join(value for values in given.values() for value in values)
            assert f"/petitions/x/?via={link.channel}" in said
            if link.channel in {"whatsapp", "sms", "email", "x", "telegram"}:
                assert words in said
            if link.channel == "email":
                assert given["subject"] == [title]


def test_a_long_title_leaves_room_for_the_address() -> None:
    petition = Petition(slug="x", title="w" * 200 + "word " * 8)
    petition.pk = None

    sharing = Sharing(petition, signed=True)
    text = sharing.text(Channel.BLUESKY, BLUESKY_MOST)

    assert len(text) <= BLUESKY_MOST < len(sharing.text(Channel.BLUESKY))
    assert text.endswith("/petitions/x/?via=bluesky")
    assert "…”" in text


@pytest.mark.django_db
def test_the_petition_page_has_a_small_row_for_those_who_do_not_sign(
    visitor: Client, petition: Petition
) -> None:
    response = visitor.get(PATH)
    page = response.content.decode()

    assert "Spread the word" in text_of(response)
    assert "Have you read this petition" in unquote(page)
    assert "I have just signed" not in unquote(page)
    assert f'href="{PATH}poster/"' in page
    petition.close(now=timezone.now())
    assert f'href="{PATH}sheet/"' in page


@pytest.mark.django_db
def test_thanks_cost_few_queries(
    visitor: Client, petition: Petition, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(6):
        visitor.get(THANKS)
    step = make_step(petition, kind="letter", address="minister@example.org")
    step.letters.create(language="en", subject="Please", body="Do it.")
    with django_assert_num_queries(7):
        visitor.get(THANKS)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("end", "heading", "said"),
    [
        ("close", "Share the result", "I signed this: “Free the prisoners”. Read what"),
        ("win", "We won! Share the result", "We won! “Free the prisoners”. Read what"),
        (
            "pause",
            "Spread the word",
            "I signed this: “Free the prisoners”. Read it here",
        ),
    ],
)
def test_nobody_is_asked_to_sign_where_nobody_can(
    visitor: Client, petition: Petition, end: str, heading: str, said: str
) -> None:
    if end == "pause":
        petition.pause()
    else:
        getattr(petition, end)(now=timezone.now())

    response = visitor.get(THANKS)

    page = unquote(html.unescape(response.content.decode()))
    assert f"<h2>{heading}</h2>" in page
    assert said in page
    for asking in (
        "ask three people",
        "Yes, on WhatsApp",
        "It takes a minute",
        "Not now",
    ):
        assert asking not in page
    token = make_token(
        TokenPurpose.CONFIRM, make_signature(petition).pk, now=timezone.now()
    )
    assert "Ask others to sign" not in text_of(visitor.get(f"/confirm/{token}/"))


@pytest.mark.django_db
def test_what_has_ended_is_passed_on_as_what_came_of_it(
    visitor: Client, petition: Petition
) -> None:
    petition.close(now=timezone.now())
    closed = unquote(visitor.get(PATH).content.decode())
    petition.win(now=timezone.now())
    page_cache.clear()
    won = unquote(visitor.get(PATH).content.decode())

    for page in (closed, won):
        assert "Share the result" in page
        assert "Have you read this petition" not in page
    assert "This petition has closed: “Free the prisoners”." in closed
    assert "We won! “Free the prisoners”." in won


@pytest.mark.django_db
@pytest.mark.parametrize("step", ["thank-you", "check-inbox"])
def test_whoever_looks_at_a_step_that_was_passed_on_is_shown_the_petition(
    petition: Petition, step: str
) -> None:
    crawler = Client(headers={"host": "localhost"})

    page = crawler.get(f"{PATH}{step}/").content.decode()

    assert f'<link rel="canonical" href="{URL}">' in page
    assert '<meta property="og:title" content="Free the prisoners">' in page
    assert f'<meta property="og:url" content="{URL}">' in page
    assert '<meta name="robots" content="noindex">' in page


# == One next step ==


@pytest.mark.django_db
def test_without_a_step_not_now_leads_to_no_empty_form(
    visitor: Client, petition: Petition
) -> None:
    """The petition's page cannot know who has signed: its form would ask them again.
    Its organisation may have no other."""
    make_petition(make_organization(), title="Mend the bridge")
    page = visitor.get(THANKS).content.decode()

    found = re.search(r'<a href="([^"]+)">(Not now[^<]*)</a>', page)
    assert found
    assert found[2] == "Not now: to all petitions"
    assert "?counted=" in found[1]
    there = visitor.get(html.unescape(found[1]))
    assert there.status_code == 200
    assert "Mend the bridge" in text_of(there)
    assert b'name="email"' not in there.content
    assert 'id="next"' not in page


@pytest.mark.django_db
def test_another_petition_while_it_can_be_signed(
    visitor: Client, petition: Petition
) -> None:
    other = make_petition(petition.organization, title="Open the archive")
    make_step(petition, kind="petition", other=other)

    page = visitor.get(THANKS)
    assert "Another petition that needs you" in text_of(page)
    assert "Open the archive" in text_of(page)
    assert b'<a href="#next">Not now</a>' in page.content
    assert page.content.index(b"ask three people") < page.content.index(b'id="next"')

    other.close(now=timezone.now())
    assert "Open the archive" not in text_of(visitor.get(THANKS))


@pytest.mark.django_db
def test_another_petition_that_moved_to_others_is_not_suggested(
    visitor: Client, petition: Petition
) -> None:
    draft = make_petition(petition.organization, title="Moved", state=State.DRAFT)
    make_step(petition, kind="petition", other=draft)
    draft.organization = make_organization()
    draft.save()
    draft.publish(now=timezone.now())

    assert "Moved" not in text_of(visitor.get(THANKS))


@pytest.mark.django_db
def test_the_organisations_page_for_donations(
    visitor: Client, petition: Petition
) -> None:
    make_step(petition, kind="donation", url="https://example.org/give?a=1&b=2")

    page = visitor.get(THANKS)

    assert "Donate to Rights Now" in text_of(page)
    assert b'href="https://example.org/give?a=1&amp;b=2" rel="noopener"' in page.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("prefix", "subject"), [("", "Please sign"), ("/fr", "Signez, s'il vous plaît")]
)
def test_a_letter_in_the_readers_language(
    visitor: Client, petition: Petition, prefix: str, subject: str
) -> None:
    petition.translations.create(language="fr", title="Libérez-les", text="…")
    step = make_step(petition, kind="letter", address="minister@example.org")
    step.letters.create(
        language="en", subject="Please sign", body="Dear Minister,\nDo."
    )
    step.letters.create(
        language="fr", subject="Signez, s'il vous plaît", body="Madame,\nFaites."
    )

    page = visitor.get(f"{prefix}{THANKS}")
    (link,) = [a for a in links(page.content) if a.startswith("mailto:minister")]

    given = parse_qs(urlsplit(link).query)
    assert urlsplit(link).path == "minister@example.org"
    assert given["subject"] == [subject]
    assert given["body"][0].count("\r\n") == 1
    assert subject in text_of(page)


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_letter_falls_back_to_the_language_it_has(
    visitor: Client, petition: Petition, language: str
) -> None:
    step = make_step(petition, kind="letter", address="minister@example.org")
    step.letters.create(language=language, subject="Please sign", body="Do.")

    page = visitor.get(f"/fr{THANKS}")

    assert f'id="letter" lang="{language}"' in page.content.decode()
    assert "Please sign" in text_of(page)


@pytest.mark.django_db
def test_nobody_is_asked_to_write_once_the_petition_has_ended(
    visitor: Client, petition: Petition
) -> None:
    step = make_step(petition, kind="letter", address="minister@example.org")
    step.letters.create(language="en", subject="Please", body="Do it.")
    assert "minister@example.org" in visitor.get(THANKS).content.decode()

    petition.win(now=timezone.now())

    assert "minister@example" not in visitor.get(THANKS).content.decode()


@pytest.mark.django_db
def test_a_long_letter_is_there_to_copy(visitor: Client, petition: Petition) -> None:
    step = make_step(petition, kind="letter", address="minister@example.org")
    step.letters.create(language="en", subject="Please", body="Word é.\n" * 400)

    page = visitor.get(THANKS)
    (link,) = [a for a in links(page.content) if a.startswith("mailto:minister")]

    assert len(link) <= MAILTO_MOST
    assert "body" not in link
    assert "then copy the words below" in text_of(page)
    assert b'<details class="correct" open>' in page.content


@given(st.emails(), UNICODE, UNICODE)
def test_a_mailto_says_exactly_what_was_written(
    address: str, subject: str, body: str
) -> None:
    link = mailto(address, subject, body)

    assert re.fullmatch(r"mailto:[!-~]+", link)
    parts = urlsplit(link)
    given = parse_qs(parts.query, keep_blank_values=True)
    local, _at, domain = address.rpartition("@")
    assert unquote(parts.path) == f"{local}@{domain.lower()}"
    assert given["subject"] == [" ".join(subject.split())]
    assert set(given) == ({"subject", "body"} if body else {"subject"})
    if body:
        assert given["body"][0].split("\r\n") == body.splitlines() or not body.strip()
        assert "%0A" not in link.replace("%0D%0A", "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"kind": "donation"}, "next_step_one_and_complete"),
        ({"kind": "letter"}, "next_step_one_and_complete"),
        ({"kind": "petition"}, "next_step_one_and_complete"),
        ({"kind": "nothing"}, "next_step_one_and_complete"),
        (
            {"kind": "donation", "url": "https://a.example", "address": "a@b.example"},
            "next_step_one_and_complete",
        ),
        ({"kind": "donation", "url": "http://a.example"}, "next_step_https"),
        ({"kind": "donation", "url": "javascript:alert(1)"}, "next_step_https"),
    ],
)
def test_the_database_refuses_a_step_that_is_none(
    petition: Petition, fields: dict[str, str], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        NextStep.objects.create(petition=petition, **fields)


@pytest.mark.django_db
def test_the_database_refuses_a_petition_of_others_and_itself(
    petition: Petition,
) -> None:
    theirs = make_petition(make_organization())
    for other, reason in ((theirs, "same organisation"), (petition, "other_petition")):
        with pytest.raises(IntegrityError, match=reason), transaction.atomic():
            NextStep.objects.create(petition=petition, kind="petition", other=other)
        with pytest.raises(ValidationError):
            make_step(petition, kind=NextStepKind.PETITION, other=other)


# == On paper ==


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["poster", "sheet"])
def test_paper_has_the_code_and_the_address_in_words(
    visitor: Client, petition: Petition, page: str
) -> None:
    from core.images import qr

    response = visitor.get(f"{PATH}{page}/")
    text = text_of(response)

    assert "Petitioning Minister" in text
    assert "Free the prisoners" in text
    assert "Rights Now" in text
    assert "testserver.localhost/petitions/free-the-prisoners" in text
    assert qr.as_svg(f"{URL}?via={page}") in response.content.decode()
    assert b"noindex" in response.content


@pytest.mark.django_db
def test_a_sheet_asks_what_the_campaign_asks(visitor: Client) -> None:
    petition = make_petition(
        make_organization("Rights Now"),
        title="Free the prisoners",
        asks_postal_code=True,
    )
    plain = make_petition(make_organization(contact_email=""))

    text = text_of(visitor.get(f"{PATH}sheet/"))
    bare = text_of(visitor.get(f"{plain.get_absolute_url()}sheet/"))

    assert "Full name Postal code E-mail (optional) Signature 1 2 3" in text
    assert "Minister receives the number of supporters, not your name." in text
    assert "The sheets are destroyed 6 months after the petition closes." in text
    assert "Send full sheets to: Rights Now , 1 Main Street, Ottawa" in text
    assert "Full name Signature 1 2 3" in bare
    assert "only if" not in bare
    assert petition.asks_postal_code


@pytest.mark.django_db
def test_a_sheet_promises_no_comment_that_it_has_no_room_for(
    visitor: Client, petition: Petition
) -> None:
    Petition.objects.update(delivery="comments", asks_place=True)

    assert "your name, place and comment" in text_of(visitor.get(PATH))
    text = text_of(visitor.get(f"{PATH}sheet/"))
    assert "Minister receives your name and place, nothing else." in text


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["poster", "sheet"])
def test_paper_says_what_is_signed(
    visitor: Client, petition: Petition, page: str
) -> None:
    """The ask, or else the summary, or else how the text begins: no title alone."""

    def told() -> str:
        page_cache.clear()
        shown = visitor.get(f"{PATH}{page}/").content.decode()
        found = re.search(rf'class="{page}__ask"[^>]*>([^<]*)<', shown)
        assert found
        return found[1]

    Petition.objects.update(text="## Why\n\n**Please** do.\n\nAnd more.")
    assert told() == "Please do."
    Petition.objects.update(summary="All nine of them.")
    assert told() == "All nine of them."
    Petition.objects.update(ask="Let them go.")
    assert told() == "Let them go."


@pytest.mark.django_db
def test_a_sheet_has_the_text_for_its_back(visitor: Client, petition: Petition) -> None:
    text = text_of(visitor.get(f"{PATH}sheet/"))

    assert "The text of the petition Please do." in text


@pytest.mark.django_db
def test_paper_in_the_languages_of_the_petition(
    visitor: Client, petition: Petition
) -> None:
    petition.translations.create(language="ar", title="أوقفوا التعذيب", text="…")

    french = text_of(visitor.get(f"/fr{PATH}poster/"))
    arabic = visitor.get(f"{PATH}poster/?text=ar").content.decode()

    assert "Signez-la avec votre téléphone" in french
    assert 'lang="ar" dir="rtl">أوقفوا التعذيب</h1>' in arabic
    assert visitor.get(f"{PATH}poster/?text=fr").status_code == 404
    assert visitor.get(f"{PATH}sheet/?text=%00").status_code == 404


PAGES = ["poster/", "sheet/"]


def end(petition: Petition, how: str) -> None:
    now = timezone.now()
    if how == "its last day has passed":
        closes_at = now - timedelta(hours=1)
        Petition.objects.filter(pk=petition.pk).update(closes_at=closes_at)
    else:
        getattr(petition, how)(now=now)


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["its last day has passed", "close", "win", "withdraw"])
def test_paper_of_what_has_ended_leads_to_the_page_that_says_so(
    visitor: Client, petition: Petition, how: str
) -> None:
    end(petition, how)

    for page in PAGES:
        answer = visitor.get(f"{PATH}{page}")
        assert (answer.status_code, answer.headers["Location"]) == (302, PATH)
        assert f"{PATH}{page}" not in visitor.get(PATH).content.decode()
    assert visitor.get(f"{PATH}qr.svg").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("page", [*PAGES, "qr.svg"])
def test_a_draft_has_nothing_to_print(visitor: Client, page: str) -> None:
    draft = make_petition(state=State.DRAFT)

    assert visitor.get(f"{draft.get_absolute_url()}{page}").status_code == 404


@pytest.mark.django_db
def test_whoever_prints_while_signing_is_paused_is_told(
    visitor: Client, petition: Petition
) -> None:
    warning = "Signing is paused. Please wait with printing"
    for page in PAGES:
        assert warning not in text_of(visitor.get(f"{PATH}{page}"))
        assert f"{PATH}{page}" in visitor.get(PATH).content.decode()
    petition.pause()
    page_cache.clear()

    for page in PAGES:
        assert warning in text_of(visitor.get(f"{PATH}{page}"))
        # Not offered meanwhile; the pages stay, for they are linked elsewhere.
        assert f"{PATH}{page}" not in visitor.get(PATH).content.decode()


@pytest.mark.django_db
def test_the_code_alone(visitor: Client, petition: Petition) -> None:
    from core.images import qr

    TaggedLink.objects.create(petition=petition, tag="town-hall")
    for query, tag in (
        ("", "poster"),
        ("?via=town-hall", "town-hall"),
        ("?via=sheet", "sheet"),
        # Nothing else is counted by name, so it is no picture of its own.
        ("?via=made-up", "poster"),
        ("?via=<script>", "poster"),
    ):
        response = visitor.get(f"{PATH}qr.svg{query}")
        svg = response.content.decode()
        assert response.headers["Content-Type"] == "image/svg+xml"
        assert svg == qr.as_file(f"{URL}?via={tag}")
        assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
        assert "style" not in svg
