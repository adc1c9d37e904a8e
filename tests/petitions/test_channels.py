"""By which link signatures came: counted by channel, led back to nobody."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from petitions import channels
from petitions.abuse.rate_limits import RATE_LIMITS
from petitions.channels import TAG, Channel, referred
from petitions.counts import folding
from petitions.identity import key_ring
from petitions.markup import NEWEST_DIALECT, render
from petitions.models import ChannelTally, CountChange, Petition, Signature, TaggedLink
from petitions.signatures import (
    withdrawing,
)
from petitions.states import State, TextFormat
from tests.factories import make_entry, make_pending, make_signature
from tests.helpers import headers_of

pytestmark = pytest.mark.django_db

PATH = "/petitions/free-the-prisoners/"


def page(query: str = "", host: str = "localhost") -> dict[str, str]:
    """The headers of a form that was sent from the petition's page."""
    return {"referer": f"http://{host}{PATH}{query}"}


def fold_all() -> None:
    while folding.fold():
        pass


def tallies() -> dict[str, int]:
    found: dict[str, int] = {}
    for via, number in ChannelTally.objects.values_list("via", "confirmed"):
        found[via] = found.get(via, 0) + number
    return found


@pytest.mark.parametrize(
    ("headers", "via"),
    [
        (page("?via=whatsapp"), "whatsapp"),
        (page("?via=WhatsApp"), "whatsapp"),
        (page("?fbclid=x&via=autumn-letter&utm_source=y"), "autumn-letter"),
        (page("?via=one&via=two"), "one"),
        (page(), ""),
        (page("?via="), ""),
        ({}, ""),
        # Made up: another site, no token, something else than a token.
        (page("?via=whatsapp", host="evil.example"), ""),
        (page("?via=" + "a" * 21), ""),
        (page("?via='; DROP TABLE petitions_signature; --"), ""),
        (page("?via=%00"), ""),
        (page("?via=<script>"), ""),
        (page("?via=é"), ""),
        (page("?via=٣"), ""),
        (page("?via=a%0Ab"), ""),
        (page("?" + "&".join(f"a{n}=b" for n in range(500)) + "&via=x"), ""),
        ({"referer": "http://[::1/?via=x"}, ""),
        ({"referer": "//localhost\\?via=x"}, ""),
    ],
)
def test_the_link_is_read_from_the_page_that_the_form_was_sent_from(
    visitor: Client,
    petition: Petition,
    sign_form: dict[str, Any],
    headers: dict[str, str],
    via: str,
    django_assert_num_queries: Any,
) -> None:
    RATE_LIMITS.get()
    key_ring.cached_keyring()
    with django_assert_num_queries(2):
        response = visitor.post(f"{PATH}sign/", sign_form, headers=headers)

    assert response.status_code == 303
    assert response.headers["Location"].startswith(f"{PATH}check-inbox/")
    assert Signature.objects.get().via == via


def test_a_made_up_link_changes_nothing_but_the_tag(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    locations = set()
    for headers in ({}, page("?via=poster"), page("?via=x", "evil.example")):
        response = visitor.post(f"{PATH}sign/", sign_form, headers=headers)
        locations.add(headers_of(response)["Location"])
    rows: list[dict[str, Any]] = list(Signature.objects.order_by("pk").values())  # type: ignore[arg-type]

    differing = {name for row in rows for name in row if row[name] != rows[0][name]}
    assert differing == {"id", "created_at", "via"}
    assert len(locations) == 1


def test_the_page_is_the_same_by_every_link(
    visitor: Client, petition: Petition, django_assert_num_queries: Any
) -> None:
    plain = visitor.get(PATH).content
    with django_assert_num_queries(0):
        assert visitor.get(f"{PATH}?via=whatsapp").content == plain

    assert b'name="via"' not in plain


def test_a_form_that_is_shown_again_remembers_the_link(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    again = visitor.post(
        f"{PATH}sign/", {**sign_form, "name": ""}, headers=page("?via=sms")
    )
    assert again.status_code == 422
    assert b'<input type="hidden" name="via" value="sms">' in again.content

    visitor.post(f"{PATH}sign/", {**sign_form, "via": "sms"}, headers=page("sign/"))

    assert Signature.objects.get().via == "sms"


def test_a_pause_remembers_the_link(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    Petition.objects.update(state=State.PAUSED)

    paused = visitor.post(f"{PATH}sign/", sign_form, headers=page("?via=sms"))
    plain = visitor.post(f"{PATH}sign/", sign_form)

    assert b'<input type="hidden" name="via" value="sms">' in paused.content
    assert b'name="via"' not in plain.content


def test_confirming_moves_the_link_into_the_figures(petition: Petition) -> None:
    signature = make_signature(petition, via="whatsapp")

    assert signature.via == ""
    assert CountChange.objects.get().via == "whatsapp"
    fold_all()
    assert not CountChange.objects.exists()
    tally = ChannelTally.objects.get()
    assert (tally.petition, tally.day) == (petition, timezone.localdate())
    assert (tally.via, tally.confirmed) == ("whatsapp", 1)


def test_a_confirmed_signature_cannot_hold_a_link(petition: Petition) -> None:
    make_signature(petition)

    with pytest.raises(IntegrityError, match="signature_via_until_confirmed"):
        Signature.objects.update(via="whatsapp")


def test_links_are_counted_by_petition_day_and_channel(
    petition: Petition,
) -> None:
    now = timezone.now()
    for via, number in (("whatsapp", 3), ("poster", 2), ("", 4)):
        for _ in range(number):
            make_signature(petition, via=via, now=now)
    make_signature(petition, via="poster", now=now - timedelta(days=1))
    make_entry(petition, 100, source="paper")

    folding.fold(batch=4)
    fold_all()

    assert tallies() == {"whatsapp": 3, "poster": 3, "": 4}
    assert ChannelTally.objects.filter(via="poster").count() == 2


def test_a_withdrawal_is_not_subtracted(petition: Petition) -> None:
    signature = make_signature(petition, via="sms")
    fold_all()
    withdrawing.withdraw(signature, now=timezone.now())
    fold_all()

    assert tallies() == {"sms": 1}


def test_only_links_that_somebody_made_are_counted_by_name(
    petition: Petition, organization: Any
) -> None:
    TaggedLink.objects.create(petition=petition, tag="autumn-letter")
    other = Petition.objects.create(
        organization=organization, title="Other", text="x", state=State.DRAFT
    )
    TaggedLink.objects.create(petition=other, tag="theirs")
    for via in ("autumn-letter", "made-up-by-a-robot", "theirs", Channel.SHEET):
        make_signature(petition, via=via)

    fold_all()

    assert tallies() == {"autumn-letter": 1, "sheet": 1, "": 2}


def test_who_confirms_counts_by_the_link_of_that_form(petition: Petition) -> None:
    make_pending(petition, "maya@example.org", via="facebook")
    make_signature(petition, "maya@example.org", via="email")

    fold_all()

    assert tallies() == {"email": 1}


@pytest.mark.parametrize("tag", ["", "Upper", "a b", "é", "x" * 21, "a\n", "whatsapp"])
def test_the_database_refuses_a_tag_that_is_none(petition: Petition, tag: str) -> None:
    with (
        pytest.raises((IntegrityError, Exception)) as refused,
        transaction.atomic(),
    ):
        TaggedLink.objects.create(petition=petition, tag=tag)

    assert "tagged_link" in str(refused.value) or "too long" in str(refused.value)


@given(st.text(), st.text(max_size=30))
def test_nothing_but_a_tag_is_ever_read(referer: str, host: str) -> None:
    for text in (referer, f"http://{host}/?via={referer}"):
        via = referred(text, host)
        assert via == "" or TAG.fullmatch(via)


@given(st.from_regex(TAG, fullmatch=True))
def test_a_tag_survives_its_address(tag: str) -> None:
    assert referred(channels.tagged("http://localhost/é/", tag), "localhost") == tag


@pytest.mark.parametrize(
    ("address", "becomes"),
    [
        ("https://a.example/", "https://a.example/?via=x"),
        ("https://a.example", "https://a.example?via=x"),
        ("https://a.example/?b=1#c", "https://a.example/?b=1&via=x#c"),
        ("https://a.example/?via=y", "https://a.example/?via=y"),
        ("https://[a.example/", "https://[a.example/"),
    ],
)
def test_a_tag_is_added_once_and_before_the_fragment(
    address: str, becomes: str
) -> None:
    assert channels.tagged(address, "x") == becomes


def test_no_link_of_staff_has_the_tag_of_a_mailing(petition: Petition) -> None:
    with pytest.raises(ValidationError, match="choose another"):
        TaggedLink(petition=petition, tag="mailing-7").full_clean()
    TaggedLink(petition=petition, tag="mailing-may").full_clean()


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("https://here.example.org/a", "https://here.example.org/a"),
        ("https://here.example", "https://here.example?via=x"),
        ("HTTPS://Here.Example/a", "https://Here.Example/a?via=x"),
        ("(https://here.example/a)!", "(https://here.example/a?via=x)!"),
        ("[a](/b/)", "[a](https://here.example/b/?via=x)"),
        ("[a](//there.example/b/)", "[a](//there.example/b/)"),
        ("me@here.example", "me@here.example"),
        ("[a](/b/),[b](https://here.example/c)", "[a](https://here.example/b/?via=x),[b](https://here.example/c?via=x)"),
        ("[https://here.example/a](https://here.example/a)", "[https://here.example/a](https://here.example/a?via=x)"),
        ("[https://here.example/a](https://there.example/)", "[https://here.example/a](https://there.example/)"),
        ("[a](</b/>), [a]( /b/ )", "[a](<https://here.example/b/?via=x>), [a]( https://here.example/b/?via=x )"),
        ('[a](/b/ "https://here.example/")', '[a](https://here.example/b/?via=x "https://here.example/")'),
        # Too intricate to be told by its signs: it leads there without a tag.
        ("[a](https://here.example/a_(b))", "[a](https://here.example/a_(b))"),
        (r"[a](/a\)b)", r"[a](/a\)b)"),
        ("a.\n\nhttps://here.example/a, b", "a.\n\nhttps://here.example/a?via=x, b"),
    ],
)  # fmt: skip
def test_links_to_pages_of_the_site_are_tagged_and_no_others(
    text: str, becomes: str
) -> None:
    assert channels.with_tags(text, "https://here.example", "x") == becomes


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("[https://here.example/a](https://here.example/a)", ["https://here.example/a?via=x"]),
        ("[https://here.example/a](https://there.example/)", ["https://there.example/"]),
        ("[a](https://here.example/a),[b](https://here.example/b?c=1&d#e)",
         ["https://here.example/a?via=x", "https://here.example/b?c=1&d&via=x#e"]),
        ("[a](</b/>) [a]( /b/ )", ["https://here.example/b/?via=x"] * 2),
        ('[a](/b/ "https://here.example/")', ["https://here.example/b/?via=x"]),
        ("[a](https://here.example/a_(b))", ["https://here.example/a_(b)?via=x"]),
        ("https://here.example/a, me@here.example", ["https://here.example/a?via=x", "mailto:me@here.example"]),
        ('<a href="/b/"> [a](/b/?"><b>)', ["https://here.example/b/?%22%3E%3Cb%3E&via=x"]),
    ],
)  # fmt: skip
def test_links_of_a_rendered_text_are_tagged_where_they_lead(
    text: str, links: list[str]
) -> None:
    html = render(text, TextFormat.MARKDOWN, NEWEST_DIALECT)

    tagged = channels.html_with_tags(html, "https://here.example", "x")

    found = re.findall(r'<a href="([^"]*)"', tagged)
    assert [unescape(href) for href in found] == links
    assert not re.search(r"&(?!amp;)", "".join(found))
    # Nothing else changes.
    assert re.sub(r'href="[^"]*"', "", tagged) == re.sub(r'href="[^"]*"', "", html)
