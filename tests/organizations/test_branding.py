"""An organisation's colour: readable whatever it is, and allowed by the policy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from core.http import styles
from core.images import colours
from organizations import branding
from organizations.forms import OrganizationForm
from organizations.models import Organization, User
from petitions.models import Petition
from tests.organizations.styles import inline_styles, style_sources

PROFILE = "/organizations/rights-now/"


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True), st.booleans())
@example("#ffe100", False)
@example("#ffffff", False)
@example("#000000", True)
@example("#808080", True)
def test_whatever_the_colour_its_words_can_be_read(accent: str, dark: bool) -> None:
    look = branding.scheme(accent, dark=dark)
    grounds = [*branding.grounds(dark), look.accent_soft]

    assert colours.least_contrast(look.accent, grounds) >= colours.TEXT
    assert colours.least_contrast(look.accent_strong, grounds) >= colours.TEXT
    assert colours.contrast(look.on_brand, look.brand) >= colours.TEXT
    # What marks a button off from the page, and the bar from its track.
    assert colours.contrast(look.brand_edge, grounds[0]) >= colours.SHAPE
    line = colours.parse_colour(styles.colour_tokens(dark=dark)["line"])
    assert colours.contrast(look.accent, line) >= colours.SHAPE


def test_a_colour_that_can_be_read_is_kept() -> None:
    look = branding.scheme("#1f6f5c", dark=False)
    assert (
        look.brand == look.accent == look.brand_edge == colours.parse_colour("#1f6f5c")
    )


@pytest.mark.parametrize(
    "path",
    [PROFILE, "/petitions/free-the-prisoners/", "/fr/petitions/free-the-prisoners/"],
)
def test_the_policy_names_exactly_the_styles_of_the_page(
    visitor: Client, organization: Organization, petition: Petition, path: str
) -> None:
    plain = visitor.get("/privacy/")
    organization.accent = "#aa3300"
    organization.save()

    for _ in range(2):  # rendered, and from the page cache
        page = visitor.get(path)
        styled = inline_styles(page)
        assert [styles.SITE, branding.css("#aa3300")] == styled
        hashes = [styles.hash_of(css) for css in styled]
        assert style_sources(page) == ["'self'", *hashes]
    tag = page.headers["ETag"]
    unchanged = visitor.get(path, headers={"if-none-match": tag})
    assert unchanged.status_code == 304
    assert style_sources(unchanged) == style_sources(page)
    assert style_sources(plain) == ["'self'", styles.SITE_HASH]
    assert style_sources(visitor.get("/privacy/")) == style_sources(plain)


def test_an_answer_to_a_form_has_the_colour_too(
    visitor: Client, organization: Organization, petition: Petition
) -> None:
    organization.accent = "#aa3300"
    organization.save()

    page = visitor.post("/petitions/free-the-prisoners/sign/", {"name": ""})

    assert page.status_code == 422
    assert styles.hash_of(branding.css("#aa3300")) in style_sources(page)


def form(organization: Organization, **given: str) -> OrganizationForm:
    values = {
        "name": organization.name,
        "slug": organization.slug,
        "language": "en",
        **given,
    }
    return OrganizationForm(values, instance=organization)


@pytest.mark.parametrize("typed", ["#AA3300", "aa3300", " #aa3300 "])
def test_a_colour_is_taken_as_people_write_it(
    organization: Organization, typed: str
) -> None:
    found = form(organization, accent=typed)
    assert found.is_valid(), found.errors
    assert found.cleaned_data["accent"] == "#aa3300"


@pytest.mark.parametrize("typed", ["red", "#a30", "#aa33001", "rgb(1,2,3)", "#gg0000"])
def test_what_is_no_colour_is_refused_beside_the_field(
    organization: Organization, typed: str
) -> None:
    assert "such as #0b5f6b" in form(organization, accent=typed).errors["accent"][0]


def test_pages_elsewhere_one_a_line(organization: Organization) -> None:
    found = form(
        organization, links="https://www.instagram.com/us\r\n\r\n https://x.com/us "
    )
    assert found.is_valid(), found.errors
    saved = found.save()
    assert saved.named_links == [
        ("https://www.instagram.com/us", "Instagram"),
        ("https://x.com/us", "X"),
    ]
    wrong = form(organization, links="https://x.com/us\njavascript:alert(1)").errors
    assert str(wrong["links"][0]).startswith("Line 2: ")


def test_an_address_that_is_no_address_breaks_no_page(
    organization: Organization,
) -> None:
    """The database takes “https://[”, and urlsplit raises."""
    organization.links = ["https://["]
    assert organization.named_links == [("https://[", "[")]


@pytest.mark.parametrize(
    "values", [{"accent": "red"}, {"accent": "#AA3300"}, {"cover": "covers/a.webp"}]
)
def test_the_database_refuses_it_as_well(
    organization: Organization, values: dict[str, str]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Organization.objects.filter(pk=organization.pk).update(**values)


def test_the_admin_shows_how_a_colour_looks(
    as_user: Callable[[User], Client], alice: User, organization: Organization
) -> None:
    organization.accent = "#ffe100"
    organization.save()
    page = as_user(alice).get(
        f"/admin/organizations/organization/{organization.pk}/change/"
    )
    text = page.content.decode()
    assert text.count('class="accent-looks"') == 2
    assert "so links and lines are darker" in text
