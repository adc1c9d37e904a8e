"""How a link to each page looks where it is shared: every page either says all that a
preview needs, or says that it is not to be passed on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.http.cache_policy import CacheAudience, policy_of
from core.i18n.languages import path_in
from organizations.context import ONLY
from organizations.models import FormerOrganizationSlug, Organization
from petitions.models import FormerPetitionSlug, Petition
from petitions.sharing import previews
from petitions.states import State
from tests.factories import (
    make_entry,
    make_organization,
    make_petition,
    make_translation,
    make_update,
)
from tests.petitions.sharing.previews import (
    HOST,
    NOINDEX,
    page_at,
    picture_at,
    tags,
    told,
)
from tests.project.addresses import NAMES, PATHS, PETITION

pytestmark = pytest.mark.django_db

# Pages that people pass on: everything about a petition, an organisation, the site.
PASSED_ON = {
    "home",
    "organizations:index",
    "organizations:profile",
    *(
        f"petitions:{name}"
        for name in (
            "index", "topic", "petition", "text", "updates", "update", "reasons",
            "history", "about", "accessibility", "contact", "developers", "how_we_count",
            "check", "privacy", "poster", "sheet", "embed", "thank_you", "check_inbox",
        )
    ),
}  # fmt: skip
# Those of them that search engines should not list beside the petition.
UNLISTED = {
    f"petitions:{n}" for n in ("poster", "sheet", "embed", "thank_you", "check_inbox")
}
# Pages for frames: the page around a frame is the one to pass on.
FRAMES = {"petitions:card", "petitions:card_form"}
# The admin has its own pages, behind a login, and a header says noindex.
STAFF = {
    "admin:*",
    "admin_in_language",
    "accept_invitation",
    "glued_link",
    *(n for n in NAMES if "password" in n),
}


@pytest.mark.parametrize(
    ("name", "language"),
    [
        (name, language)
        for name in NAMES
        if name not in STAFF
        for language in ("en", "fr")
        if language == "en" or name.startswith(("home", "organizations", "petitions"))
    ],
)
def test_each_page_says_what_a_link_to_it_looks_like_or_that_it_is_none_to_pass_on(
    visitor: Client, site: dict[str, str], name: str, language: str
) -> None:
    path = path_in(language, PATHS[name].format(**site))
    answer = visitor.get(path, headers={"sec-fetch-site": "same-origin"})
    body = b"".join(answer) if answer.streaming else answer.content
    if not body or not answer.headers.get("Content-Type", "").startswith("text/html"):
        assert name not in PASSED_ON
        return
    page = body.decode()
    if name not in PASSED_ON:
        assert tags(page) == {}
        assert NOINDEX in page
        assert 'rel="canonical"' not in page or name in FRAMES
        return
    assert answer.status_code == 200
    one = told(page)
    assert (NOINDEX in page) is (name in UNLISTED)
    assert one["image"].startswith(f"{HOST}/fr/" if language == "fr" else f"{HOST}/")
    # Whoever opens it from there sees the same page.
    again = page_at(visitor, one["url"].removeprefix(HOST), cookie="")
    assert told(again)["url"] == one["url"]
    picture_at(visitor, one)
    for secret in site.values():
        assert secret not in page


def test_no_page_for_one_person_is_passed_on() -> None:
    kept_apart = {n for n in NAMES if policy_of(n).audience is CacheAudience.PERSONAL}

    assert kept_apart & PASSED_ON == {"petitions:check_inbox"}


# == Each state ==


@pytest.mark.parametrize("state", [State.OPEN, State.PAUSED, State.CLOSED, State.WON])
@pytest.mark.parametrize(
    "behind", ["", "reasons/", "history/", "updates/", "updates/1/"]
)
def test_a_petition_in_each_public_state(
    visitor: Client, state: State, behind: str
) -> None:
    made = make_petition(slug="rivers", title="Clean rivers", state=state)
    make_update(made, title="Fish are back")

    one = told(page_at(visitor, f"/petitions/rivers/{behind}"))

    title = "Fish are back" if behind == "updates/1/" else "Clean rivers"
    assert title in one["title"]
    assert one["url"] == f"{HOST}/petitions/rivers/{behind}"
    ended = {State.CLOSED: "Closed", State.WON: "Won"}.get(state, "")
    assert one["image:alt"] == " – ".join(filter(None, ["Clean rivers", ended]))


@pytest.mark.parametrize("state", [State.DRAFT, State.WITHDRAWN, "scheduled"], ids=str)
@pytest.mark.parametrize("behind", ["", "reasons/", "history/", "updates/", "poster/"])
def test_what_the_public_does_not_see_has_no_preview(
    visitor: Client, state: str, behind: str
) -> None:
    later = timezone.now() + timedelta(days=1)
    more: dict[str, Any] = {"state": state}
    if state == "scheduled":
        more = {"state": State.OPEN, "opens_at": later}
    make_petition(slug="rivers", title="Clean rivers", **more)

    answer = visitor.get(f"/petitions/rivers/{behind}", follow=True)

    page = answer.content.decode()
    assert answer.status_code in {404, 410}
    assert tags(page) == {}
    assert NOINDEX in page
    assert visitor.get("/petitions/rivers/share.png").status_code == 404


def test_a_page_with_what_somebody_typed_is_none_to_pass_on(
    visitor: Client, petition: Petition
) -> None:
    answer = visitor.post(f"{PETITION}/sign/", {"name": "", "email": "a@example.org"})

    assert answer.status_code == 422
    assert tags(answer.content.decode()) == {}
    assert NOINDEX in answer.content.decode()


def test_former_addresses_lead_to_the_one_in_the_preview(
    visitor: Client, petition: Petition, organization: Organization
) -> None:
    FormerPetitionSlug.objects.create(slug="old", petition=petition)
    FormerOrganizationSlug.objects.create(slug="past", organization=organization)

    for old, new in (
        ("/petitions/old/", f"{PETITION}/"),
        ("/petitions/old/reasons/", f"{PETITION}/reasons/"),
        ("/petitions/old/share.png?v=x", f"{PETITION}/share.png?v=x"),
        ("/organizations/past/", organization.get_absolute_url()),
        (
            "/organizations/past/share.png",
            f"{organization.get_absolute_url()}share.png",
        ),
    ):
        answer = visitor.get(old)
        assert (answer.status_code, answer.headers["Location"]) == (301, new)


# == Each language ==


def test_the_language_of_the_words_is_named_not_that_of_the_page(
    visitor: Client, petition: Petition
) -> None:
    make_translation(petition, "ar", title="أنهار", text="نظيفة.")
    own = told(page_at(visitor, f"/fr{PETITION}/"))
    french = told(page_at(visitor, "/fr/petitions/"))
    arabic = told(page_at(visitor, f"{PETITION}/ar/"))
    news = told(page_at(visitor, f"{PETITION}/updates/?text=ar"))

    assert own["locale"] == "en_US"
    assert french["locale"] == "fr_CA"
    assert french["title"] == "Toutes les pétitions"
    assert (arabic["locale"], arabic["title"]) == ("ar_AR", "أنهار")
    assert arabic["url"] == f"{HOST}{PETITION}/ar/"
    assert news["url"] == f"{HOST}{PETITION}/updates/?text=ar"
    assert news["title"] == "Updates: أنهار"
    assert "text=ar" in news["image"]


# == Pages of many, searches ==


def test_words_that_a_link_searches_for_are_not_said_by_the_site(
    visitor: Client, petition: Petition
) -> None:
    make_organization("Another")
    for path in ("/petitions/", petition.organization.get_absolute_url()):
        page = page_at(visitor, f"{path}?q=swindlers")

        one = told(page)
        assert NOINDEX in page
        assert "swindlers" not in "".join(one.values())
        assert one["url"] == f"{HOST}{path}"


def test_a_page_further_behind_is_known_by_its_number(visitor: Client) -> None:
    organization = make_organization("Many")
    for _number in range(25):
        make_petition(organization)
    make_organization("Another")

    for path in ("/petitions/", organization.get_absolute_url()):
        assert told(page_at(visitor, f"{path}?page=2"))["url"] == f"{HOST}{path}?page=2"


# == Whose picture ==


def test_the_picture_of_an_organisation_changes_with_what_it_shows(
    visitor: Client, organization: Organization
) -> None:
    petition = make_petition(organization)
    make_organization("Another")
    make_entry(petition, 11)
    path = organization.get_absolute_url()
    before = told(page_at(visitor, path))
    answer = visitor.get(before["image"].removeprefix(HOST))
    Organization.objects.filter(pk=organization.pk).update(accent="#aa1144")
    coloured = told(page_at(visitor, path))
    make_entry(petition, 100)
    after = told(page_at(visitor, path))

    assert before["image:alt"] == "Rights Now – 10+ supporters"
    assert after["image:alt"] == "Rights Now – 100+ supporters"
    assert len({one["image"] for one in (before, coloured, after)}) == 3
    # As long as a picture is the one that its URL names, caches keep it for ever.
    assert "immutable" in answer.headers["Cache-Control"]
    late = visitor.get(before["image"].removeprefix(HOST))
    assert "immutable" not in late.headers["Cache-Control"]


def test_the_site_of_one_organisation_speaks_in_its_name(
    visitor: Client, organization: Organization
) -> None:
    one = told(page_at(visitor, "/about/"))
    home = told(page_at(visitor, "/"))

    assert one["site_name"] == one["image:alt"] == "Rights Now"
    assert home["url"] == f"{HOST}{organization.get_absolute_url()}"

    make_organization("Another")
    ONLY.forget()
    several = told(page_at(visitor, "/about/"))
    assert (several["site_name"], several["image:alt"]) == (
        "Petitions", "Add your name where it counts",
    )  # fmt: skip


# == What strangers write into titles and texts ==

TITLES = [
    'He said "no" & left',
    "It’s <b>ours</b>",
    "&amp; &lt;tag&gt; &#39;",
    "Save the 🐟🏳️‍🌈 river",
    "حرروا السجناء (2026)!",
    "Mixed עברית and English",
    "L" * 200,
    "👩‍👩‍👧‍👦" * 20,
    "100 % “sure” – really…",
    "{{ title }} {% now %}",
    "'single' `ticks`",
    "a\u00a0b\u202fc",
    "ﬁ ﬂ ½ ™",
    "한국어 제목",
    "สิทธิมนุษยชน",
    "-->",
    '" onload="alert(1)',
    "https://example.org/a?b=1&c=2",
    "C++ / C#",
    "x",
]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_arrives_as_it_was_typed(visitor: Client, title: str) -> None:
    petition = make_petition(slug="odd", title=title, text="Please do.")
    make_update(petition, title=title)

    one = told(page_at(visitor, "/petitions/odd/"))
    news = told(page_at(visitor, "/petitions/odd/updates/1/"))
    behind = told(page_at(visitor, "/petitions/odd/reasons/"))

    assert one["title"] == news["title"] == title
    assert behind["title"] == f"Why people sign: {title}"
    assert one["image:alt"] == title
    picture_at(visitor, one)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"summary": "One\nline\r\n\r\n and  more"}, "One line and more"),
        ({"ask": "Do\nit"}, "Do it"),
        ({"summary": "Short", "ask": "Ask"}, "Short"),
        ({"text": "# Head\n\nThe **bold** [river](https://a.example) & we"},
         "The bold river & we"),
        ({"text": "Plain *not* bold\nat all", "text_format": "plain"},
         "Plain *not* bold at all"),
        ({"text": "# Only a heading", "title": "Clean rivers"}, "Clean rivers"),
        ({"summary": "w " * 150}, "w " * 99 + "w…"),
        ({"summary": "<i>&copy;</i>"}, "<i>&copy;</i>"),
    ],
)  # fmt: skip
def test_what_is_told_below_a_title(
    visitor: Client, written: dict[str, Any], said: str
) -> None:
    make_petition(**{"slug": "odd", "text": "Please do.", **written})

    assert told(page_at(visitor, "/petitions/odd/"))["description"] == said


@pytest.mark.parametrize(
    ("language", "locale"),
    [
        ("zh-Hans", "zh_CN"), ("zh-Hant", "zh_TW"), ("zh", "zh_CN"),
        ("sr-Latn", "sr_RS"), ("sr-Cyrl", "sr_RS"), ("pa-Arab", "pa_PK"),
        ("crk", "crk_CA"), ("en-Shaw", "en_US"), ("tlh", "tlh"),
    ],
)  # fmt: skip
def test_a_language_in_its_usual_script_has_a_place_too(
    language: str, locale: str
) -> None:
    assert previews.locale(language) == locale


GLUED = [
    ")", ").", "&fbclid=abc", "%20", "%E2%80%8B", "%E2%80%9D", "<br>", "**", "/", "_",
    "%C2%A0and", "%E3%80%82", "*", "&", ",",
]  # fmt: skip


@pytest.mark.parametrize("glued", GLUED)
@pytest.mark.parametrize("slash", ["/", ""])
@pytest.mark.parametrize("name", ["petitions:petition", "petitions:updates"])
def test_what_is_glued_to_a_link_does_not_hide_the_page(
    visitor: Client, site: dict[str, str], name: str, slash: str, glued: str
) -> None:
    """A bracket, a full stop, what a network adds: as chats and texts pass links on."""
    for language in ("en", "fr"):
        path = path_in(language, PATHS[name].format(**site))
        if slash + glued == "/":
            continue  # the page itself
        answer = visitor.get(path[:-1] + slash + glued + "?via=mail")
        assert (answer.status_code, answer["Location"]) == (302, f"{path}?via=mail")
        assert answer["Cache-Control"] == "no-store"


def test_a_link_typed_in_capitals_or_with_doubled_slashes_leads_to_its_page(
    visitor: Client, petition: Petition
) -> None:
    page = petition.get_absolute_url()
    for path in (page.upper(), page.title(), "/" + page, page.replace("/", "//")):
        assert visitor.get("http://localhost" + path)["Location"] == page, path


@pytest.mark.parametrize("prefix", ["/FR", "/Fr", "/fR", "//FR", "/FR/"])
def test_a_language_in_capitals_leads_to_the_page_in_it(
    visitor: Client, petition: Petition, prefix: str
) -> None:
    for page in ("/", "/petitions/", "/about/", petition.get_absolute_url()):
        for path in (prefix + page, (prefix + page).upper()):
            whole = f"http://localhost{path}?via=mail"
            answer = visitor.get(whole)
            assert answer.status_code == 302, path
            assert answer["Location"] == f"/fr{page}?via=mail"
            assert answer["Cache-Control"] == "no-store"
            assert visitor.head(whole)["Location"] == answer["Location"]
            assert visitor.post(whole).status_code == 404


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/FR/signed/", "/fr/signed/"),
        ("/FR/Signed/", "/fr/signed/"),
        ("/EN/signed/", "/signed/"),
        ("/FR/petitions.json", "/petitions.json"),
        ("/En/petitions/free-the-prisoners/count.json",
         "/petitions/free-the-prisoners/count.json"),
        ("/FR/admin/login/", "/admin/fr/login/"),
    ],
)  # fmt: skip
def test_so_it_is_for_pages_with_a_rule_of_their_own(
    visitor: Client, petition: Petition, path: str, page: str
) -> None:
    answer = visitor.get(path)
    assert answer.status_code in (301, 302)
    assert answer["Location"] == page
    assert visitor.post(path).status_code in (403, 404, 405)


def test_a_prefix_for_the_language_that_has_none_is_left_out(
    visitor: Client, petition: Petition
) -> None:
    page = petition.get_absolute_url()
    for prefix in ("/en", "/EN", "/En"):
        assert visitor.get(f"{prefix}{page}")["Location"] == page
        assert visitor.get(f"{prefix}/")["Location"] == "/"
    for path in (f"/de{page}", f"/frx{page}", "/FR/x/y/"):
        assert visitor.get(path).status_code == 404, path


def test_no_other_site_and_no_token_is_reached_by_a_mended_link(
    visitor: Client, petition: Petition
) -> None:
    assert visitor.post(f"{petition.get_absolute_url()})").status_code == 404
    for path in (
        "//evil.example/", "//evil.example/%2e%2e", "/nothing/here)", "/no-such)",
        "/Confirm/AbC/", "/petitions/nothing/", "/petitions/a/b/c/)", "/admin/x)",
    ):  # fmt: skip
        answer = visitor.get(f"http://localhost{path}")
        assert "evil" not in answer.headers.get("Location", "")
        assert not answer.headers.get("Location", "").startswith("//")
