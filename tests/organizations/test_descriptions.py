"""An organisation's name and description in other languages than its own."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import translation

from organizations.models import Description, Organization, User
from tests.factories import make_organization
from tests.helpers import text_of
from tests.petitions.admin.helpers import Login, at_once, member_form

pytestmark = pytest.mark.django_db

OWN = "Its own text is in this language."


def path_of(organization: Organization) -> str:
    return f"/admin/organizations/organization/{organization.pk}/change/"


def row(stored: Description | None = None, **words: str) -> dict[str, str]:
    """One text in the form; of a stored one, the fields that `words` leaves out are as
    they are stored."""
    fields = dict.fromkeys(
        ("name", "legal_name", "text", "cover_description", "website"), ""
    ) | {"privacy_notice": "", "id": ""}
    if stored:
        fields |= {name: getattr(stored, name) for name in fields if name != "id"}
        fields |= {"language": stored.language, "id": str(stored.pk)}
        fields["organization"] = str(stored.organization_id)
    fields |= words
    return {
        **{f"descriptions-0-{name}": value for name, value in fields.items()},
        "descriptions-TOTAL_FORMS": "1",
        "descriptions-INITIAL_FORMS": "1" if stored else "0",
    }


def before_the_rule(organization: Organization, name: str) -> None:
    """Write a text in the organisation's own language, past the trigger."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        organization.descriptions.create(language=organization.language, name=name)
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.fixture
def french(organization: Organization) -> Description:
    return organization.descriptions.create(language="fr", name="Les droits")


# == One in each language ==


def test_the_database_knows_no_second_text_in_its_own_language(
    organization: Organization, french: Description
) -> None:
    organization.descriptions.create(language="en", name="Rights Then")
    with pytest.raises(IntegrityError, match="own text is in"), transaction.atomic():
        at_once()
    organization.descriptions.filter(language="en").delete()
    at_once()
    Organization.objects.update(language="fr")
    with pytest.raises(IntegrityError, match="own text is in"), transaction.atomic():
        at_once()
    Organization.objects.update(language="en")
    at_once()
    Description.objects.update(language="en")
    with pytest.raises(IntegrityError, match="own text is in"), transaction.atomic():
        at_once()
    Description.objects.update(language="fr")


def test_one_that_was_there_before_the_rule_hinders_nothing_else(
    organization: Organization,
) -> None:
    before_the_rule(organization, "Rights Then")
    organization.legal_name = "Rights Now Association"
    organization.save()
    at_once()
    Organization.objects.update(language="fr")
    at_once()


@pytest.mark.parametrize(
    "language", ["en", "English", "anglais", "EN", "en-CA", "en_GB", "English (Canada)"]
)
def test_a_text_in_the_own_language_is_refused_beside_the_field(
    as_user: Login, alice: User, organization: Organization, language: str
) -> None:
    typed = row(language=language, name="Rights Then", text="Kept as it was typed.")

    page = as_user(alice).post(path_of(organization), member_form(organization) | typed)

    assert page.status_code == 200
    assert OWN in text_of(page)
    assert "Kept as it was typed." in page.content.decode()
    assert not organization.descriptions.exists()


@pytest.mark.parametrize(("language", "status"), [("en", 200), ("fr", 302)])
def test_so_it_is_with_a_new_organisation(
    as_user: Login, ada: User, language: str, status: int
) -> None:
    typed = row(language=language, name="Rights Then")

    page = as_user(ada).post(
        "/admin/organizations/organization/add/",
        member_form(Organization(name="New", contact_email="a@example.org")) | typed,
    )

    assert page.status_code == status
    assert (OWN in text_of(page)) == (status == 200)
    assert Description.objects.count() == (status == 302)


def test_one_without_an_organisation_is_told_what_it_lacks() -> None:
    with pytest.raises(ValidationError) as error:
        Description(language="fr", name="Les droits").full_clean()

    assert list(error.value.message_dict) == ["organization"]


def test_the_own_language_does_not_become_that_of_a_text(
    as_user: Login, alice: User, organization: Organization, french: Description
) -> None:
    typed = row(french) | {"language": "fr"}

    page = as_user(alice).post(path_of(organization), member_form(organization) | typed)

    assert page.status_code == 200
    assert OWN in text_of(page)
    organization.refresh_from_db()
    assert organization.language == "en"


def test_the_own_text_and_another_change_places(
    as_user: Login, alice: User, organization: Organization, french: Description
) -> None:
    typed = row(french, language="en", name="Rights Now")
    typed |= {"language": "fr", "name": "Les droits"}

    page = as_user(alice).post(path_of(organization), member_form(organization) | typed)

    assert page.status_code == 302, text_of(page)
    at_once()
    organization.refresh_from_db()
    assert (organization.language, organization.name) == ("fr", "Les droits")
    french.refresh_from_db()
    assert (french.language, french.name) == ("en", "Rights Now")


def test_the_own_language_becomes_that_of_a_text_that_goes(
    as_user: Login, alice: User, organization: Organization, french: Description
) -> None:
    typed = row(french) | {"language": "fr", "descriptions-0-DELETE": "on"}

    page = as_user(alice).post(path_of(organization), member_form(organization) | typed)

    assert page.status_code == 302, text_of(page)
    at_once()
    assert not organization.descriptions.exists()


def test_staff_are_told_which_pages_show_it(
    as_user: Login, alice: User, organization: Organization
) -> None:
    for prefix, hint in (
        ("", "Pages in this language show it."),
        ("fr/", "Les pages dans cette langue l’affichent."),
    ):
        path = path_of(organization).replace("/admin/", f"/admin/{prefix}")
        assert hint in text_of(as_user(alice).get(path))


# == In the order of what is shown ==


def names(rows: Any) -> list[str]:
    return [row.display_name for row in rows]


def test_they_are_in_the_order_of_the_names_that_the_reader_is_shown(
    db: None,
) -> None:
    first = make_organization("Alpha")
    first.descriptions.create(language="fr", name="Zeta")
    make_organization("Beta")
    last = make_organization("Zulu")
    last.descriptions.create(language="fr", name="Ami")
    last.descriptions.create(language="de", name="Mitte")
    described = make_organization("Gamma")
    described.descriptions.create(language="fr", text="Sans autre nom.")
    own = make_organization("Delta", language="fr")
    before_the_rule(own, "Aaa")  # shown to nobody

    for language, order in (
        ("en", ["Alpha", "Beta", "Delta", "Gamma", "Zulu"]),
        ("fr", ["Ami", "Beta", "Delta", "Gamma", "Zeta"]),
    ):
        with translation.override(language):
            assert names(Organization.objects.in_reader_order()) == order


@pytest.mark.parametrize("path", ["/", "/organizations/", "/about/", "/privacy/"])
def test_each_page_lists_them_so(visitor: Client, db: None, path: str) -> None:
    make_organization("Alpha").descriptions.create(language="fr", name="Zeta")
    make_organization("Zulu").descriptions.create(language="fr", name="Ami")
    pages = {prefix: text_of(visitor.get(f"{prefix}{path}")) for prefix in ("", "/fr")}

    assert pages[""].index("Alpha") < pages[""].index("Zulu")
    assert pages["/fr"].index("Ami") < pages["/fr"].index("Zeta")
