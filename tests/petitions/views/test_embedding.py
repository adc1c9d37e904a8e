"""Petitions on other sites: the card, the form, the badge, and oEmbed."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from organizations.models import Organization
from petitions.models import Petition, Signature
from petitions.sharing.embeds import CARD as CARD_FRAME
from petitions.sharing.embeds import FORM as FORM_FRAME
from petitions.sharing.embeds import HIGHEST, NARROWEST, USUAL, WIDEST, Frame
from petitions.states import State
from tests.factories import make_entry, make_petition, make_translation

pytestmark = pytest.mark.django_db

BASE = "http://testserver.localhost"
PETITION = "/petitions/free-the-prisoners/"
CARD = "/embed/free-the-prisoners/"
FORM = "/embed/free-the-prisoners/form/"
BADGE = f"{PETITION}badge.svg"
FRAMES = (CARD, FORM)


def oembed(visitor: Client, url: str, **parameters: str) -> Any:
    return visitor.get("/oembed.json", {"url": url, **parameters})


@pytest.mark.parametrize("path", [*FRAMES, f"/fr{CARD}"])
def test_any_site_may_put_it_into_a_frame(
    visitor: Client, petition: Petition, organization: Organization, path: str
) -> None:
    organization.accent = "#8a1538"
    organization.save()
    # Rendered, and then from the cache.
    for response in (visitor.get(path), visitor.get(path)):
        policy = response.headers["Content-Security-Policy"]
        assert "frame-ancestors *" in policy
        assert "frame-ancestors 'none'" not in policy
        assert policy.count("'sha256-") == 2
        assert "X-Frame-Options" not in response.headers
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert response.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        assert not response.cookies


@pytest.mark.parametrize("path", ["/", PETITION, f"{PETITION}embed/", BADGE])
def test_nothing_else_may_be_framed(
    visitor: Client, petition: Petition, path: str
) -> None:
    response = visitor.get(path)

    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Frame-Options"] == "DENY"


def test_a_card_leads_out_of_its_frame(visitor: Client, petition: Petition) -> None:
    make_entry(petition, 15_261)

    page = visitor.get(CARD).content.decode()

    assert '<base target="_top">' in page
    assert "15,261 supporters" in page
    assert "4,739 more to reach 20,000." in page
    assert f'<a class="button button--wide" href="{PETITION}?via=embed">' in page
    assert "<script" not in page
    assert "Rights Now" in page


def test_the_form_in_a_frame_signs(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    page = visitor.get(FORM).content.decode()
    version = re.search(r'name="version" value="([^"]+)"', page)
    assert version
    assert f'action="{PETITION}sign/"' in page
    assert '<base target="_top">' in page

    answer = visitor.post(f"{PETITION}sign/", {**sign_form, "version": version[1]})

    assert answer.status_code == 303
    assert Signature.objects.get().email == "maya@example.org"


def test_in_french(visitor: Client, petition: Petition) -> None:
    make_translation(petition, "fr", title="Libérez-les")
    make_entry(petition, 15_261)

    for path in (CARD, FORM, BADGE):
        page = visitor.get(f"/fr{path}").content.decode()
        assert "Libérez-les" in page
        assert "15\u202f261 appuis" in page.replace("\xa0", "\u202f")
    card = visitor.get(f"/fr{CARD}").content.decode()
    assert '<html lang="fr">' in card
    assert f'href="/fr{PETITION}?via=embed"' in card


def test_in_the_language_of_the_page_that_it_was_copied_from(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    make_translation(petition, "ar", title="أطلقوا السجناء")
    arabic = f"{PETITION}ar/"
    page = visitor.get(arabic).content.decode()
    assert f'href="{PETITION}embed/?text=ar"' in page

    codes = visitor.get(f"{PETITION}embed/?text=ar").content.decode()
    assert f"src=&quot;{BASE}{CARD}?text=ar&quot;" in codes
    assert f'src="{CARD}?text=ar"' in codes
    assert f"href=&quot;{BASE}{arabic}&quot;" in codes
    # A screen reader reads a frame's title out.
    assert "title=&quot;أطلقوا السجناء&quot;" in codes
    card = visitor.get(f"{CARD}?text=ar").content.decode()
    assert 'lang="ar" dir="rtl"><a href' in card
    assert f'href="{arabic}?via=embed"' in card
    assert oembed(visitor, f"{BASE}{arabic}").json()["title"] == "أطلقوا السجناء"

    form = visitor.get(f"{FORM}?text=ar").content.decode()
    version = re.search(r'name="version" value="([^"]+)"', form)
    assert version
    visitor.post(f"{PETITION}sign/", {**sign_form, "version": version[1]})
    assert Signature.objects.get().text_language == "ar"
    # What there is no text in is as if nobody had asked.
    assert "Free the prisoners" in visitor.get(f"{CARD}?text=de").content.decode()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"state": State.PAUSED}, "Paused"),
        ({"state": State.WON}, "Won"),
        ({"state": State.CLOSED}, "Closed"),
        ({"closes_at": timezone.now() - timedelta(minutes=1)}, "Closed"),
    ],
)
def test_what_cannot_be_signed_has_no_form_in_a_frame(
    visitor: Client, organization: Organization, fields: dict[str, Any], says: str
) -> None:
    make_petition(organization, title="Free the prisoners", **fields)

    for path in FRAMES:
        page = visitor.get(path).content.decode()
        assert "<form" not in page
        assert says in page
        assert "Read the petition" in page


def test_nobody_yet(visitor: Client, petition: Petition) -> None:
    for path in (CARD, BADGE):
        assert "Be the first to sign" in visitor.get(path).content.decode()


def test_a_withdrawn_petition_says_so_in_its_frame(
    visitor: Client, organization: Organization
) -> None:
    make_petition(organization, title="Free the prisoners", state=State.WITHDRAWN)

    for path in FRAMES:
        response = visitor.get(path)
        assert response.status_code == 410
        assert "was withdrawn" in response.content.decode()
        assert "frame-ancestors *" in response.headers["Content-Security-Policy"]
    assert visitor.get(BADGE).status_code == 410
    assert oembed(visitor, f"{BASE}{PETITION}").status_code == 404


def test_a_draft_is_nowhere(visitor: Client, organization: Organization) -> None:
    make_petition(organization, title="Secret plan", state=State.DRAFT)

    for path in (
        "/embed/secret-plan/",
        "/embed/secret-plan/form/",
        "/petitions/secret-plan/badge.svg",
        "/petitions/secret-plan/embed/",
        f"/oembed.json?url={BASE}/petitions/secret-plan/",
    ):
        response = visitor.get(path)
        assert response.status_code == 404
        assert "Secret" not in response.content.decode()


def test_former_addresses_lead_on(visitor: Client, petition: Petition) -> None:
    petition.slug = "free-them"
    petition.save()

    for path in (CARD, FORM, BADGE, f"{PETITION}embed/"):
        response = visitor.get(path)
        assert response.status_code == 301
        assert response.headers["Location"] == path.replace(
            "free-the-prisoners", "free-them"
        )
    assert oembed(visitor, f"{BASE}{PETITION}").status_code == 200


def test_the_badge_is_a_picture_with_words(visitor: Client, petition: Petition) -> None:
    petition.title = 'Free <the> "prisoners" & all'
    petition.save()
    make_entry(petition, 15_261)

    response = visitor.get(BADGE)

    picture = ElementTree.fromstring(response.content)
    space = "{http://www.w3.org/2000/svg}"
    assert response.headers["Content-Type"] == "image/svg+xml"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert picture.get("role") == "img"
    title = picture.find(f"{space}title")
    assert title is not None
    assert title.text == '15,261 supporters: Free <the> "prisoners" & all'
    assert picture.get("aria-labelledby") == title.get("id")
    assert len(response.content) < 1000


@pytest.mark.parametrize(
    ("accent", "fill", "on"),
    [("#ffe100", "#ffe100", "#000000"), ("#5b0f6b", "#5b0f6b", "#ffffff")],
)
def test_the_badge_has_the_organisations_colour(
    visitor: Client, petition: Petition, accent: str, fill: str, on: str
) -> None:
    Organization.objects.update(accent=accent)

    picture = ElementTree.fromstring(visitor.get(BADGE).content)
    fills = [element.get("fill") for element in picture if element.get("fill")]

    assert fills == [fill, on, on]


def test_the_snippets_are_what_they_say(visitor: Client, petition: Petition) -> None:
    page = visitor.get(f"{PETITION}embed/").content.decode()

    codes = [
        html.unescape(code)
        for code in re.findall(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    ]
    addresses = [re.findall(r'src="([^"]*)"', code)[0] for code in codes]
    assert addresses == [f"{BASE}{CARD}", f"{BASE}{FORM}", f"{BASE}{BADGE}"]
    for address in addresses:
        assert visitor.get(address).status_code == 200


def test_a_longer_title_makes_a_higher_frame(
    petition: Petition, organization: Organization
) -> None:
    longer = make_petition(organization, title="Free them " * 15)
    wide = make_petition(organization, title="自由" * 75)

    assert CARD_FRAME.room(petition) < CARD_FRAME.room(longer) < CARD_FRAME.room(wide)


def test_each_question_makes_a_higher_frame(petition: Petition) -> None:
    for question in ("asks_place", "asks_postal_code", "asks_country"):
        without = [FORM_FRAME.room(petition, width) for width in (NARROWEST, WIDEST)]
        setattr(petition, question, True)
        asked = [FORM_FRAME.room(petition, width) for width in (NARROWEST, WIDEST)]
        assert all(more > less for more, less in zip(asked, without, strict=True))


def test_no_frame_is_higher_than_the_highest(petition: Petition) -> None:
    assert Frame("card", lambda petition, width: 9999).room(petition) == HIGHEST


@pytest.mark.parametrize("frame", [CARD_FRAME, FORM_FRAME])
def test_an_element_has_the_room_that_its_width_needs(
    petition: Petition, frame: Frame
) -> None:
    high, low = frame.room(petition, NARROWEST), frame.room(petition, WIDEST)

    found = re.search(
        r'height="(\d+)" style="[^"]*;width:30.0em;height:max\(([0-9.]+)em,(.*)\)"',
        frame.html(petition),
    )

    assert found
    assert int(found[1]) == high > low == pytest.approx(USUAL * float(found[2]), abs=1)
    slopes = re.findall(r"calc\(([0-9.]+)em - ([0-9.]+)cqw\)", found[3])
    for size, width, room in (
        (1, NARROWEST, high), (1, WIDEST, low),
        # Twice as many pixels in both directions, for letters of twice the size.
        (2, 2 * NARROWEST, 2 * high), (2, 2 * WIDEST, 2 * low),
    ):  # fmt: skip
        highest = max(
            size * USUAL * float(start) - float(steep) * width / 100
            for start, steep in slopes
        )
        # Each length is rounded.
        assert highest == pytest.approx(room, abs=4 * size)


def test_a_petitions_page_names_its_card(visitor: Client, petition: Petition) -> None:
    for prefix in ("", "/fr"):
        page = visitor.get(f"{prefix}{PETITION}").content.decode()
        (link,) = re.findall(r'<link[^>]*type="application/json\+oembed"[^>]*>', page)
        href = html.unescape(re.findall(r'href="([^"]*)"', link)[0])
        assert href.startswith(f"{BASE}/oembed.json?url=")
        card = visitor.get(href).json()
        assert f'src="{BASE}{prefix}{CARD}"' in card["html"]


def test_oembed_of_a_petition(visitor: Client, petition: Petition) -> None:
    petition.title = "Free <b>them</b>"
    petition.save()
    height = CARD_FRAME.room(petition)

    card = oembed(visitor, f"{BASE}{PETITION}").json()

    assert card == {
        "version": "1.0",
        "type": "rich",
        "title": "Free <b>them</b>",
        "author_name": "Rights Now",
        "author_url": f"{BASE}/organizations/rights-now/",
        "provider_name": "Petitions",
        "provider_url": f"{BASE}/",
        "cache_age": 600,
        "width": 480,
        "height": height,
        "html": (
            f'<iframe src="{BASE}{CARD}" title="Free &lt;b&gt;them&lt;/b&gt;" '
            f'width="480" height="{height}" style="border:0;max-width:100%" '
            'loading="lazy"></iframe>'
        ),
    }


@pytest.mark.parametrize(
    ("asked", "width", "height"),
    [
        ({}, 480, 0),
        ({"maxwidth": "320"}, 320, 0),
        ({"maxwidth": "4000", "maxheight": "200"}, 480, 200),
        ({"maxwidth": "0", "maxheight": "-1"}, 480, 0),
        ({"maxwidth": "x", "maxheight": "9" * 40}, 480, 0),
        ({"maxwidth": "٣٢", "maxheight": "1e3"}, 480, 0),
    ],
)
def test_oembed_keeps_to_the_room_there_is(
    visitor: Client, petition: Petition, asked: dict[str, str], width: int, height: int
) -> None:
    height = height or CARD_FRAME.room(petition)

    card = oembed(visitor, f"{BASE}{PETITION}", **asked).json()

    assert (card["width"], card["height"]) == (width, height)
    assert f'width="{width}" height="{height}"' in card["html"]


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("", 400),
        (f"{BASE}/", 404),
        (f"{BASE}/petitions/", 404),
        (f"{BASE}/petitions/none/", 404),
        (f"{BASE}/petitions/none/count.json", 404),
        (f"{BASE}/organizations/rights-now/", 404),
        (f"https://elsewhere.example{PETITION}", 404),
        (f"http://testserver.localhost.elsewhere.example{PETITION}", 404),
        (PETITION, 404),
        ("http://[", 404),
        (f"{BASE}{PETITION}%00", 404),
        ("x" * 20_000, 404),
        (f"{BASE}{PETITION}?utm_source=x#y", 200),
        (f"{BASE}/fr{PETITION}", 200),
    ],
)
def test_oembed_knows_petitions_of_this_site_only(
    visitor: Client, petition: Petition, url: str, status: int
) -> None:
    assert oembed(visitor, url).status_code == status


def test_oembed_knows_addresses_in_any_script(
    visitor: Client, organization: Organization
) -> None:
    make_petition(organization, title="أطلقوا سراح السجناء")
    path = "/petitions/أطلقوا-سراح-السجناء/"

    for written in (path, quote(path)):
        card = oembed(visitor, f"{BASE}{written}").json()
        assert card["title"] == "أطلقوا سراح السجناء"


def test_oembed_speaks_json_alone(visitor: Client, petition: Petition) -> None:
    url = f"{BASE}{PETITION}"

    assert oembed(visitor, url, format="xml").status_code == 501
    assert oembed(visitor, url, format="json").status_code == 200
    assert json.loads(oembed(visitor, url, format="xml").content)["status"] == 501


def test_frames_cost_few_statements(
    visitor: Client,
    petition: Petition,
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    costs = {CARD: 5, FORM: 6, BADGE: 5, f"{PETITION}embed/": 5}
    for path, cost in costs.items():
        with django_assert_num_queries(cost):
            assert visitor.get(path).status_code == 200
    with django_assert_num_queries(5):
        oembed(visitor, f"{BASE}{PETITION}")
