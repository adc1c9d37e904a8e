"""The public pages, as a visitor without JavaScript gets them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from core.http.cache_policy import page_cache
from organizations.models import Organization
from petitions.models import Correction, Petition, Target
from petitions.states import State
from tests.factories import (
    backdate,
    make_entry,
    make_organization,
    make_petition,
    make_signature,
)
from tests.helpers import text_of

pytestmark = pytest.mark.django_db


def test_home_shows_open_petitions_and_organisations(
    visitor: Client, petition: Petition
) -> None:
    make_petition(title="A draft", state=State.DRAFT)
    make_petition(title="Long over", state=State.CLOSED)

    text = text_of(visitor.get("/"))

    assert "Free the prisoners" in text
    assert "Rights Now" in text
    assert "A draft" not in text
    assert "Long over" not in text


def test_the_list_is_newest_first_and_pages(
    visitor: Client, organization: Organization
) -> None:
    now = timezone.now()
    for number in range(23):
        make_petition(
            organization,
            title=f"Number {number:02}",
            opens_at=now - timedelta(days=number + 1),
        )

    first, second = visitor.get("/petitions/"), visitor.get("/petitions/?page=2")

    assert [f"Number {n:02}" in text_of(first) for n in (0, 19, 20)] == [
        True,
        True,
        False,
    ]
    assert "Page 1 of 2" in text_of(first)
    assert [f"Number {n:02}" in text_of(second) for n in (19, 20, 22)] == [
        False,
        True,
        True,
    ]
    assert b'rel="prev"' in second.content


@pytest.mark.parametrize("page", ["0", "3", "-1", "x", "1.5", "٢", "9" * 30, "%00"])
def test_a_page_that_is_not_there_is_404(visitor: Client, page: str) -> None:
    make_petition()

    assert visitor.get(f"/petitions/?page={page}").status_code == 404


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("torture", True),
        ("TREATY torture", True),
        ("stephane", True),
        ("Stéphane dion", True),
        ("foreign affairs", True),
        ("rights now", True),
        ("torture whales", False),
        ("%", False),
        ("_____", False),
        ("\x00torture", True),
    ],
)
def test_search_ignores_case_and_accents(
    visitor: Client, organization: Organization, words: str, found: bool
) -> None:
    petition = make_petition(
        organization, title="Sign the treaty to end torture", target="Stéphane Dion"
    )
    petition.targets.update(office="Minister of Foreign Affairs")

    response = visitor.get("/petitions/", {"q": words})

    assert ("Nothing was found" not in text_of(response)) is found
    # Who has found nothing sees what is new.
    assert b"Sign the treaty" in re.sub(rb"</?mark>", b"", response.content)
    assert b'content="noindex"' in response.content


def test_a_petition_shows_whom_it_petitions_and_how_far_it_is(
    visitor: Client, petition: Petition
) -> None:
    petition.targets.update(name="Stéphane Dion", office="Minister of Foreign Affairs")
    Target.objects.create(
        petition=petition, position=2, name="Ralph Goodale", office="Minister of Safety"
    )
    make_entry(petition, 15_200)
    make_entry(petition, 60, source="paper")
    make_signature(petition)

    text = text_of(visitor.get("/petitions/free-the-prisoners/"))

    assert (
        "Petitioning Stéphane Dion, Minister of Foreign Affairs, and Ralph Goodale, "
        "Minister of Safety"
    ) in text
    assert "15,261 supporters. 4,739 more to reach 20,000." in text
    assert (
        "1 confirmed by e-mail here. 60 signed on paper. 15,200 counted elsewhere before."
    ) in text
    assert "By Rights Now" in text
    assert (
        "Stéphane Dion and Ralph Goodale receive the number of supporters, not your name."
    ) in text


def test_progress_is_a_native_element(visitor: Client, petition: Petition) -> None:
    make_signature(petition)

    page = visitor.get(petition.get_absolute_url()).content.decode()

    assert '<progress max="100" value="1"></progress>' in page


def test_nobody_yet_is_an_invitation(visitor: Client, petition: Petition) -> None:
    assert "Be the first to sign" in text_of(visitor.get(petition.get_absolute_url()))


def test_a_draft_does_not_exist_for_the_public(visitor: Client) -> None:
    petition = make_petition(state=State.DRAFT)
    later = make_petition(opens_at=timezone.now() + timedelta(days=1))

    for hidden in (petition, later):
        base = hidden.get_absolute_url()
        for path in (
            base,
            f"{base}count.json",
            f"{base[:-1]}.json",
            f"{base}thank-you/",
        ):
            assert visitor.get(path).status_code == 404
        form = {"name": "Maya", "email": "maya@example.org"}
        assert visitor.post(f"{base}sign/", form).status_code == 404


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (State.CLOSED, "Closed on 5 June 2026 with 2 supporters. They said no."),
        (State.WON, "Won. They said no. (5 June 2026) 2 supporters made it possible."),
    ],
)
def test_an_ended_petition_keeps_its_count_and_loses_its_form(
    visitor: Client, petition: Petition, state: State, sentence: str
) -> None:
    make_entry(petition, 2)
    ended_at = timezone.make_aware(
        timezone.datetime(2026, 6, 5, 12)  # type: ignore[attr-defined]
    )
    backdate(
        petition,
        state=state,
        outcome="They said no.",
        ended_at=ended_at,
        opens_at=ended_at - timedelta(days=90),
    )

    response = visitor.get(petition.get_absolute_url())

    assert sentence in text_of(response)
    assert b"<form" not in response.content
    assert "Other petitions by Rights Now" in text_of(response)


def test_a_withdrawn_petition_leaves_a_dated_line(
    visitor: Client, petition: Petition
) -> None:
    make_entry(petition, 50)
    petition.outcome = "The law was dropped."
    petition.ended_at = timezone.now()
    petition.state = State.WITHDRAWN
    petition.save()

    gone = visitor.get(petition.get_absolute_url())
    profile = text_of(visitor.get("/organizations/rights-now/"))

    assert gone.status_code == 410
    today = f"{timezone.localdate():%-d %B %Y}"
    assert (
        "This petition was withdrawn Free the prisoners Rights Now withdrew it on "
        f"{today} . It can no longer be signed, and is not counted any more. "
        "The law was dropped."
    ) in text_of(gone)
    assert f"{today} : “Free the prisoners” The law was dropped." in profile
    assert "0 Supporters" in profile
    assert "Started 0 petitions" in profile


def test_corrections_are_dated_and_visible(visitor: Client, petition: Petition) -> None:
    Correction.objects.create(petition=petition, text="There are **nine** of them.")

    page = visitor.get(petition.get_absolute_url())

    assert (
        f"Corrections The text above stays as people signed it. {timezone.localdate():%-d %B %Y}"
        in text_of(page)
    )
    assert b"<strong>nine</strong>" in page.content
    assert b'name="version" value="1.1.number.' in page.content


def test_names_are_shown_only_when_their_owners_ticked_the_box(
    visitor: Client, petition: Petition
) -> None:
    make_signature(
        petition, name="Shown Person", show_name=True, comment="Not read yet"
    )
    make_signature(petition, name="Hidden Person", comment="Secret")
    approved = make_signature(
        petition, name="Other Person", show_name=True, comment="Yes!"
    )
    approved.comment_approved = True
    approved.save()

    text = text_of(visitor.get(petition.get_absolute_url()))

    assert "Shown Person" in text
    assert "Yes!" in text
    for hidden in ("Hidden Person", "Secret", "Not read yet"):
        assert hidden not in text


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Free Phyoe Phyoe Aung!", "free-phyoe-phyoe-aung"),
        ("Libérez-les, c'est l'heure", "libérez-les-cest-lheure"),
        ("أوقفوا التعذيب", "أوقفوا-التعذيب"),
        ("हिन्दी में याचिका", "हिन्दी-में-याचिका"),
        ("停止酷刑", "停止酷刑"),
        ("Ａ ﬁne", "a-fine"),
        ("!!!", "petition"),
        ("🕊️", "petition"),
    ],
)
def test_letters_of_any_script_give_a_usable_address(
    visitor: Client, title: str, slug: str
) -> None:
    petition = make_petition(title=title)

    assert petition.slug == slug
    assert visitor.get(petition.get_absolute_url()).status_code == 200


def test_the_same_title_twice_gives_two_addresses() -> None:
    one, two, three = (make_petition(title="Stop it") for _ in range(3))

    assert [one.slug, two.slug, three.slug] == ["stop-it", "stop-it-2", "stop-it-3"]


def test_a_former_address_redirects_for_good(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    petition.slug = "new-name"
    petition.save()

    moved = visitor.get("/petitions/free-the-prisoners/")

    assert moved.status_code == 301
    assert moved.headers["Location"] == "/petitions/new-name/"
    tagged = visitor.get("/petitions/free-the-prisoners/?via=poster")
    assert tagged.headers["Location"] == "/petitions/new-name/?via=poster"
    signed = visitor.post("/petitions/free-the-prisoners/sign/", sign_form)
    assert signed.status_code == 303
    assert signed.headers["Location"].startswith("/petitions/new-name/check-inbox/")


def test_a_former_address_of_one_that_was_withdrawn_leads_to_its_notice(
    visitor: Client, petition: Petition
) -> None:
    petition.slug = "new-name"
    petition.save()
    petition.withdraw(now=timezone.now())

    page = visitor.get("/petitions/free-the-prisoners/")
    data = visitor.get("/petitions/free-the-prisoners.json", follow=True)
    oembed = visitor.get(
        "/oembed.json",
        {"url": f"{settings.SITE_URL}/petitions/free-the-prisoners/"},
    )

    assert (page.status_code, page.headers["Location"]) == (301, "/petitions/new-name/")
    notice = visitor.get(page.headers["Location"])
    assert notice.status_code == 410
    assert "This petition was withdrawn" in text_of(notice)
    assert data.status_code == 410
    assert oembed.status_code == 404


def test_nobody_else_gets_a_former_address(petition: Petition) -> None:
    title = petition.title
    petition.slug = "new-name"
    petition.save()

    same = make_petition(title=title)

    assert same.slug == "free-the-prisoners-2"
    same.slug = "free-the-prisoners"
    with pytest.raises(ValidationError) as refused:
        same.full_clean()
    assert refused.value.message_dict == {
        "slug": ["Another page has, or had, this address."]
    }
    # Its own it may have back.
    petition.slug = "free-the-prisoners"
    petition.full_clean()
    petition.save()
    assert petition.get_absolute_url() == "/petitions/free-the-prisoners/"


def test_the_count_as_data(visitor: Client, petition: Petition) -> None:
    make_signature(petition)
    make_entry(petition, 60, source="paper")
    make_entry(petition, 400)

    response = visitor.get("/petitions/free-the-prisoners/count.json")

    assert response.json() == {
        "supporters": 461,
        "confirmed": 1,
        "paper": 60,
        "imported": 400,
    }
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_a_petition_as_data_holds_no_personal_data(
    visitor: Client, petition: Petition
) -> None:
    make_signature(petition, "maya@example.org", name="Maya Tremblay", show_name=True)

    response = visitor.get("/petitions/free-the-prisoners.json")

    data = response.json()
    assert data["title"] == "Free the prisoners"
    assert data["targets"] == [{"name": "Minister", "office": "", "organisation": ""}]
    assert data["supporters"] == 1
    assert "Maya" not in json.dumps(data)
    assert "maya@" not in json.dumps(data)


def test_text_for_those_who_share_the_link(visitor: Client, petition: Petition) -> None:
    petition.summary = 'They are <innocent> & "free"'
    petition.save()

    page = visitor.get(petition.get_absolute_url()).content.decode()

    assert '<meta property="og:title" content="Free the prisoners">' in page
    assert 'content="They are &lt;innocent&gt; &amp; &quot;free&quot;">' in page
    assert (
        '<meta property="og:url" content="http://testserver.localhost/petitions/'
        in page
    )


def test_markdown_cannot_harm_and_asks_nobody_else(visitor: Client) -> None:
    petition = make_petition(
        text="# Head\n\n<script>alert(1)</script> ![x](https://evil.example/p.png) "
        "[a](javascript:alert(1)) [b](https://good.example) <img src=x onerror=y>"
    )

    page = visitor.get(petition.get_absolute_url()).content.decode()

    assert "<script>alert" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
    assert '<a href="https://good.example" rel="nofollow noopener ugc">b</a>' in page
    assert "<h2>Head</h2>" in page


def test_a_petition_in_another_language_says_so(visitor: Client) -> None:
    petition = make_petition(language="fr", title="Libérez-les")

    page = visitor.get(petition.get_absolute_url()).content.decode()

    assert '<h1 lang="fr" dir="ltr">Libérez-les</h1>' in page
    assert '<html lang="en">' in page


def test_the_same_page_in_french(visitor: Client, petition: Petition) -> None:
    path = "/petitions/free-the-prisoners/"

    response = visitor.get(f"/fr{path}")

    page = response.content.decode()
    assert '<html lang="fr">' in page
    assert response.headers["Content-Language"] == "fr"
    assert f'hreflang="en" href="http://testserver.localhost{path}"' in page
    assert f'<a href="{path}" lang="en" hreflang="en">English</a>' in page
    assert f'action="/fr{path}sign/"' in page


def test_what_is_received_names_nobody_who_is_not_somebody(visitor: Client) -> None:
    petition = make_petition(target=None, delivery="names", asks_place=True)

    text = text_of(visitor.get(petition.get_absolute_url()))

    assert "Petitioning: to be announced" in text
    assert "The person petitioned receives your name and place, nothing else." in text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Minister receives the number of supporters, not your name."),
        ({"delivery": "names"}, "Minister receives your name, nothing else."),
        (
            {"delivery": "names", "asks_country": True},
            "Minister receives your name and place, nothing else.",
        ),
        (
            {"delivery": "comments"},
            "Minister receives your name and comment, nothing else.",
        ),
        (
            {"delivery": "comments", "asks_place": True},
            "Minister receives your name, place and comment, nothing else.",
        ),
    ],
)
def test_what_is_received_is_what_was_asked(
    visitor: Client, fields: dict[str, Any], sentence: str
) -> None:
    petition = make_petition(**fields)

    assert sentence in text_of(visitor.get(petition.get_absolute_url()))


def test_nobody_yet_is_not_said_of_an_ended_petition(visitor: Client) -> None:
    petition = make_petition(target=None, state=State.CLOSED)

    text = text_of(visitor.get(petition.get_absolute_url()))

    assert "Petitioning" not in text
    profile = text_of(visitor.get(petition.organization.get_absolute_url()))
    assert "No supporters" in profile
    assert "Be the first" not in profile


def test_nobody_is_invited_to_sign_while_it_is_paused(visitor: Client) -> None:
    petition = make_petition(state=State.PAUSED)
    embed = f"/embed/{petition.slug}/"

    for path in (petition.get_absolute_url(), "/petitions/", embed):
        text = text_of(visitor.get(path))
        assert "No supporters" in text, path
        assert "Be the first" not in text, path


def test_an_organisation_without_contact_does_not_ask_to_write(visitor: Client) -> None:
    petition = make_petition(make_organization(contact_email=""))

    assert b'name="updates"' not in visitor.get(petition.get_absolute_url()).content


def test_extra_fields_are_asked_only_when_wanted(visitor: Client) -> None:
    plain = visitor.get(make_petition().get_absolute_url()).content
    asking = make_petition(asks_place=True, asks_postal_code=True, asks_country=True)
    page = visitor.get(asking.get_absolute_url()).content

    for name in (b"place", b"postal_code", b"country"):
        assert b'name="%b"' % name not in plain
        assert b'name="%b"' % name in page
    assert b'<option value="CA">Canada</option>' in page


LISTS = ["/", "/petitions/", "/petitions/?q=petition", "/organizations/rights-now/"]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_costs_as_many_queries_for_one_row_as_for_three(
    visitor: Client,
    organization: Organization,
    path: str,
    django_assert_num_queries: Any,
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from core.http.cache_policy import page_cache

    visitor.get("/erased/")  # whose site it is, is known from here on
    make_signature(make_petition(organization))
    with CaptureQueriesContext(connection) as one:
        assert visitor.get(path).status_code == 200
    for _ in range(2):
        make_signature(make_petition(organization))
    page_cache.clear()

    with django_assert_num_queries(len(one)):
        assert visitor.get(path).status_code == 200


@pytest.mark.parametrize("slug", ["liberte\u0301", "\uff46\uff55\uff4c\uff4c"])
def test_an_address_in_another_unicode_form_is_found(
    visitor: Client, organization: Organization, slug: str
) -> None:
    petition = make_petition(organization, slug=slug)

    assert visitor.get(petition.get_absolute_url()).status_code == 200
    assert visitor.get(f"/petitions/{slug}/").status_code == 200


def test_an_address_that_comes_apart_is_none(visitor: Client, db: None) -> None:
    # NFKC makes “1.” of it.
    assert visitor.get("/petitions/\u2488/sign/").status_code == 404


def test_data_name_the_site_and_not_the_host_that_was_asked(
    visitor: Client, petition: Petition
) -> None:
    for path in (
        "/petitions/free-the-prisoners.json",
        "/organizations/rights-now.json",
    ):
        data = visitor.get(path, headers={"host": "testserver.localhost:6666"}).json()
        assert data["url"].startswith("http://testserver.localhost/")


def test_a_petition_withdrawn_before_it_opened_was_never_there(
    visitor: Client, organization: Organization
) -> None:
    """As a former release allowed."""
    petition = make_petition(
        organization,
        opens_at=timezone.now() + timedelta(days=9),
        title="Not yet said",
        state=State.WITHDRAWN,
    )

    assert "Not yet said" not in text_of(visitor.get(organization.get_absolute_url()))
    for behind in ("", "badge.svg", "embed/", "updates.atom", "count.json", "report/"):
        response = visitor.get(f"{petition.get_absolute_url()}{behind}")
        assert response.status_code == 404, behind
    assert visitor.get(f"/embed/{petition.slug}/").status_code == 404
    assert visitor.get(f"/petitions/{petition.slug}.json").status_code == 404


def test_the_former_address_of_one_that_has_not_opened_leads_nowhere(
    visitor: Client, organization: Organization
) -> None:
    petition = make_petition(organization, opens_at=timezone.now() + timedelta(days=9))
    former = petition.get_absolute_url()
    petition.slug = "a-secret-plan"
    petition.save()

    assert visitor.get(former).status_code == 404


def test_a_name_that_staff_withheld_is_not_shown(
    visitor: Client, petition: Petition
) -> None:
    signature = make_signature(petition, name="Rude Words", show_name=True)
    assert "Rude Words" in text_of(visitor.get(petition.get_absolute_url()))
    page_cache.clear()

    signature.name_withheld = True
    signature.save()

    assert "Rude Words" not in text_of(visitor.get(petition.get_absolute_url()))


def test_the_other_language_leads_to_the_same_results(visitor: Client) -> None:
    make_petition(title="Déclaration")

    page = visitor.get("/petitions/?q=d%C3%A9c&utm_source=x").content.decode()

    assert '<a href="/fr/petitions/?q=d%C3%A9c" lang="fr" hreflang="fr">' in page
