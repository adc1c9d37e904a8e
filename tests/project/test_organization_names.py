"""An organisation has a name of its own in another language, and whatever shows a
reader who it is says it in theirs."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from core.http.cache_policy import page_cache
from organizations.context import ONLY, load_only_organization
from organizations.models import Description, Organization
from organizations.passwords import own_words
from petitions.delivery import files
from petitions.mail.messages import build
from petitions.models import Consent, Petition
from petitions.models.mails import MailKind
from petitions.models.packs import PackPiece
from petitions.sharing import cards
from petitions.signatures import confirming
from petitions.signatures.consent import record_consent
from petitions.signatures.tokens import TokenPurpose, make_token
from tests.core.pdf import helpers as pdf
from tests.factories import (
    make_entry,
    make_organization,
    make_pending,
    make_petition,
    make_signature,
    make_translation,
    make_update,
)
from tests.helpers import text_of
from tests.petitions.delivery.helpers import made, prepared
from tests.petitions.search.helpers import find
from tests.project.addresses import PATHS

pytestmark = pytest.mark.django_db

OWN = "Rights Now"
FRENCH = "Les droits d’abord"
# A file; examples of data, which has all names; no organisation of this site.
OF_NO_READER = {"media", "petitions:developers", "petitions:style_guide"}


@pytest.fixture
def francophone(organization: Organization) -> Organization:
    Description.objects.create(
        organization=organization, language="fr", name=FRENCH, text="Nous."
    )
    return organization


def test_no_french_page_has_the_english_name(
    visitor: Client, site: dict[str, str], francophone: Organization
) -> None:
    told = 0
    for name, path in PATHS.items():
        if name in OF_NO_READER:
            continue
        page_cache.clear()
        page = visitor.get(f"/fr{path.format(**site)}", follow=True)
        if page.status_code == 200:
            text = page.content.decode(errors="replace")
            if '<html lang="fr"' in text or 'xml:lang="fr"' in text:
                assert OWN not in text, path
                told += FRENCH in text
    assert told > 30


def test_no_english_page_has_the_french_name(
    visitor: Client, site: dict[str, str], francophone: Organization
) -> None:
    for name, path in PATHS.items():
        if name in OF_NO_READER:
            continue
        page = visitor.get(path.format(**site), follow=True)
        text = page.content.decode(errors="replace")
        if page.status_code == 200 and '<html lang="en"' in text:
            assert FRENCH not in text, path


@pytest.mark.parametrize("kind", list(MailKind))
def test_a_french_mail_comes_from_the_french_name(
    francophone: Organization, petition: Petition, kind: MailKind
) -> None:
    for language, name in (("en", OWN), ("fr", FRENCH)):
        mail = build(kind, petition, language, None)
        with translation.override(language):
            whole = f"{mail.text}{mail.html}"
        assert name in whole
        assert (FRENCH if name == OWN else OWN) not in whole
    # Encoded, for it is not ASCII.
    assert b"From: =?utf-8?" in mail.headers
    assert b"Rights Now" not in mail.headers


def test_one_petition_in_two_languages_has_the_name_of_each(
    francophone: Organization, petition: Petition
) -> None:
    """The card, the letter and the printed list that go with it."""
    make_translation(petition, "fr")
    read = Petition.objects.for_reading().get()
    for language, name in (("en", OWN), ("fr", FRENCH)):
        with translation.override(language):
            assert cards.card_of(read).organization == name
            assert cards.card_of_organization(francophone, 5).title == name
    make_signature(petition)
    pack = made(prepared(petition))
    letters = {
        piece.file.name: bytes(piece.content).decode()
        for piece in PackPiece.objects.filter(file__name__endswith=".txt")
    }
    assert OWN in letters["letter-en.txt"]
    assert FRENCH not in letters["letter-en.txt"]
    assert FRENCH in letters["letter-fr.txt"]
    assert OWN not in letters["letter-fr.txt"]
    assert pack.number == 1


@pytest.mark.parametrize(("language", "name"), [("en", OWN), ("fr", FRENCH)])
def test_a_printed_list_comes_from_the_name_in_its_language(
    francophone: Organization, language: str, name: str
) -> None:
    pdf.needs_printing()
    petition = make_petition(francophone, language=language, delivery="names")
    make_signature(petition)
    pack = made(prepared(petition))
    piece = PackPiece.objects.get(file__pack=pack, file__name="names.pdf")

    printed = pdf.text_of(bytes(piece.content))

    assert name in printed
    assert (FRENCH if name == OWN else OWN) not in printed


@pytest.mark.parametrize(
    ("legal", "french_legal", "sender"),
    [
        ("", "", FRENCH),
        ("Rights Now Inc.", "", "Rights Now Inc."),
        ("", "Droits inc.", "Droits inc."),
        ("Rights Now Inc.", "Droits inc.", "Droits inc."),
    ],
)
def test_a_consent_names_who_asked_as_the_form_did(
    francophone: Organization,
    petition: Petition,
    visitor: Client,
    legal: str,
    french_legal: str,
    sender: str,
) -> None:
    """The statement that confirms makes the imprint in SQL, a correction in Python."""
    Organization.objects.update(legal_name=legal)
    Description.objects.update(legal_name=french_legal)
    signature = make_pending(petition, language="fr", wants_updates=True)
    confirming.confirm(signature.pk, now=timezone.now())
    signature.refresh_from_db()
    with translation.override("fr"):
        signature = type(signature).objects.get(pk=signature.pk)
        record_consent(signature, wants_updates=False, now=timezone.now())

    senders = [consent.sender for consent in Consent.objects.order_by("pk")]
    assert senders == [f"{sender}, 1 Main Street\nOttawa, contact@example.org"] * 2
    page = text_of(visitor.get(f"/fr{petition.get_absolute_url()}"))
    assert f"{sender} peut" in page


def test_it_is_found_by_either_name_from_the_moment_it_has_it(
    organization: Organization,
) -> None:
    petition = make_petition(organization, title="Alpha")

    def found(words: str) -> bool:
        return list(find(words).texts) == [petition.pk]

    assert not found("tournesol")
    described = Description.objects.create(
        organization=organization, language="fr", name="Tournesol"
    )
    assert found("tournesol")
    assert found("rights")
    Description.objects.update(name="Coquelicot")
    assert found("coquelicot")
    assert not found("tournesol")
    described.delete()
    assert not found("coquelicot")
    assert found("rights")


def test_as_data_it_has_all_its_names(
    visitor: Client, francophone: Organization
) -> None:
    francophone.descriptions.create(language="ar", text="من نحن")
    names = [{"language": "fr", "name": FRENCH}]

    one = visitor.get("/organizations/rights-now.json").json()
    (listed,) = visitor.get("/organizations.json").json()["organizations"]

    assert (one["name"], one["names"]) == (OWN, names)
    assert (listed["name"], listed["names"]) == (OWN, names)


def test_what_is_empty_is_shown_as_it_was_written(
    visitor: Client, organization: Organization
) -> None:
    """Each part by itself; and the address follows the first name alone."""
    Organization.objects.update(
        description="Who we are.", website="https://example.org/",
        privacy_notice="https://example.org/privacy",
    )  # fmt: skip
    path = f"/fr{organization.get_absolute_url()}"
    described = Description.objects.create(
        organization=organization, language="fr", website="https://example.org/fr"
    )
    page = visitor.get(path).content.decode()
    assert OWN in page
    assert "Who we are." in page
    assert 'href="https://example.org/fr"' in page
    assert 'href="https://example.org/privacy"' in page

    page_cache.clear()
    Description.objects.filter(pk=described.pk).update(name=FRENCH)
    page = visitor.get(path).content.decode()
    assert re.search(rf"<h1[^>]*>{FRENCH}</h1>", page)
    assert "Who we are." in page
    organization.refresh_from_db()
    assert organization.slug == "rights-now"


@pytest.mark.parametrize(
    "values",
    [{}, {"name": "\u200b"}, {"text": "x", "name": " \u2003"}, {"name": "a\nb"}],
)
def test_a_translation_says_something(
    organization: Organization, values: dict[str, str]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Description.objects.create(organization=organization, language="fr", **values)


@pytest.mark.parametrize(
    "name",
    ["العدالة الآن", "<b>Droits</b> & cie", "D" * 200, "權利", "O’Droits « ! »"],
)
def test_any_name_is_shown_as_it_is_written(
    visitor: Client, organization: Organization, name: str
) -> None:
    Description.objects.create(organization=organization, language="fr", name=name)
    make_entry(make_petition(organization), 3)

    for path in ("/fr/", "/fr/organizations/", "/fr/petitions/", "/fr/about/"):
        page = visitor.get(path).content.decode()
        assert (
            name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in page
        ), path
        assert "<b>Droits" not in page


def test_names_cost_the_same_for_many_as_for_one(visitor: Client, db: None) -> None:
    """On the pages, in the feed and in the list of what one has signed."""
    paths = [
        "/fr/",
        "/fr/about/",
        "/fr/petitions/",
        "/fr/organizations/rights-now.atom",
    ]
    costs: list[list[int]] = []
    for number in (2, 7):
        for _ in range(number):
            known = Organization.objects.filter(slug="rights-now").first()
            theirs = make_organization() if known else make_organization(OWN)
            theirs.descriptions.create(language="fr", name=f"{FRENCH} {theirs.pk}")
            for petition in (make_petition(theirs), make_petition(known or theirs)):
                make_update(petition)
                mine = make_signature(petition, "maya@example.org")
        token = make_token(TokenPurpose.ALL, mine.pk, now=timezone.now())
        page_cache.clear()
        ONLY.forget()
        costs.append([])
        for path in (*paths, f"/fr/signed/{token}/"):
            with CaptureQueriesContext(connection) as queries:
                assert FRENCH in visitor.get(path).content.decode(), path
            asked = [query["sql"] for query in queries]
            costs[-1].append(sum("organizations_description" in sql for sql in asked))

    # Another section of a page may ask once more, another organisation never.
    assert max(costs[0]) <= 4
    assert max(costs[1]) <= 4


def test_no_password_is_made_of_any_of_the_names(db: None) -> None:
    theirs = make_organization("Rights Now")
    theirs.descriptions.create(language="fr", name="Tournesol solidaire")

    for word in ("rightsnow", "tournesolsolidaire", "solidaire"):
        assert word in own_words(None)


@pytest.mark.parametrize("name", ["權利組織", "ສິດທິ", "𐓏𐓘𐓻𐓘𐓻𐓟", "સંસ્થા", "人権 now"])
def test_a_picture_has_the_own_name_where_its_font_lacks_the_letters(
    organization: Organization, petition: Petition, name: str
) -> None:
    organization.descriptions.create(language="fr", name=name)
    read = Petition.objects.for_reading().get()

    with translation.override("fr"):
        assert read.organization.display_name == name
        assert cards.card_of(read).organization == OWN
        card = cards.card_of_organization(read.organization, 5)
        assert (card.title, card.rtl) == (OWN, False)
        assert cards.card_of_site(read.organization).title == OWN


@pytest.mark.parametrize("name", ["منظمة الحقوق", "Δικαιώματα", FRENCH, "Droits 🎉"])
def test_a_picture_has_a_name_whose_letters_its_font_has(
    organization: Organization, petition: Petition, name: str
) -> None:
    organization.descriptions.create(language="fr", name=name)
    read = Petition.objects.for_reading().get()

    with translation.override("fr"):
        assert cards.card_of(read).organization == name


def test_data_in_a_language_has_the_name_in_that(
    visitor: Client, francophone: Organization
) -> None:
    """What is not of a reader is in the language that the petition was written in."""
    written = make_petition(francophone, language="fr")
    other = make_petition(francophone, language="de")
    own = make_petition(francophone)

    for one, name in ((written, FRENCH), (other, OWN), (own, OWN)):
        data = visitor.get(f"/petitions/{one.slug}.json").json()
        assert data["organization"] == name
        make_signature(one)
        assert files.manifest(made(prepared(one)))["organization"] == name
    (page,) = [visitor.get("/petitions.json").json()]
    named = {one["data"]: one["organization"] for one in page["petitions"]}
    assert sorted(named.values()) == [FRENCH, OWN, OWN]


def test_a_name_is_not_asked_of_a_database_that_is_away() -> None:
    """The organisation that speaks on error pages has its names with it."""
    found = Organization.objects.create(name=OWN)
    Description.objects.create(organization=found, language="fr", name=FRENCH)
    only = load_only_organization()
    assert only is not None
    with translation.override("fr"), CaptureQueriesContext(connection) as queries:
        assert only.display_name == FRENCH
    assert len(queries) == 0
