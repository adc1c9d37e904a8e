"""Text that was decoded in the wrong encoding once: the import refuses it in every
text, and the admin warns of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from organizations.models import Organization, User
from petitions.models import Petition
from tests.petitions.admin.helpers import LIST, Login, form, member_form
from tests.petitions.importing.helpers import file_of, refusal, run

pytestmark = pytest.mark.django_db

ANEW = "export it anew, as UTF-8."
JOSE = f"“JosÃ©” was once read in a wrong encoding: write “José”, or {ANEW}"
PETITION = "organization.petitions[0]"


def told(tmp_path: Path, content: Any) -> list[str]:
    """Return the faults without the file's name and their lines."""
    return [line.split(": ", 2)[2] for line in refusal(tmp_path, content)]


@pytest.mark.parametrize(
    "key",
    ["name", "legal_name", "description", "postal_address", "charity_number", "privacy_notice"],
)  # fmt: skip
def test_it_is_refused_in_each_text_of_an_organisation(
    tmp_path: Path, key: str
) -> None:
    content = file_of({"title": "A"}, **{key: "JosÃ©"})

    assert told(tmp_path, content) == [f"organization.{key}: {JOSE}"]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"title": "JosÃ©"}, "title"),
        ({"text": "JosÃ©"}, "text"),
        ({"text": "<p>Jos&Atilde;&copy;</p>", "text_format": "html"}, "text"),
        ({"ask": "JosÃ©"}, "ask"),
        ({"summary": "JosÃ©"}, "summary"),
        ({"outcome": "JosÃ©", "state": "won"}, "outcome"),
        ({"counted_by": "JosÃ©", "supporters": 5}, "counted_by"),
        ({"target": "JosÃ©"}, "target"),
        ({"target": {"name": "A", "office": "JosÃ©"}}, "target.office"),
        ({"targets": ["A", {"name": "JosÃ©"}]}, "targets[1].name"),
        ({"translations": {"fr": {"title": "JosÃ©", "text": "x"}}}, "translations.fr.title"),
        ({"translations": {"fr": {"title": "x", "text": "JosÃ©"}}}, "translations.fr.text"),
        ({"translations": {"fr": {"title": "x", "text": "x", "addressees": "JosÃ©"}}}, "translations.fr.addressees"),
    ],
)  # fmt: skip
def test_it_is_refused_in_each_text_of_a_petition(
    tmp_path: Path, more: dict[str, Any], path: str
) -> None:
    content = file_of({"title": "A", **more})
    if "targets" in more:
        del content["organization"]["petitions"][0]["target"]

    assert told(tmp_path, content) == [f"{PETITION}.{path}: {JOSE}"]


def test_what_cannot_be_put_right_is_named_all_the_same(tmp_path: Path) -> None:
    content = file_of({"title": "A", "text": "Say â€œnoâ€\ufffd now"}, name="Jos\ufffd")

    assert told(tmp_path, content) == [
        "organization.name: Character 4 (U+FFFD) cannot be read. Type it anew.",
        f"{PETITION}.text: “Say â€œnoâ€\ufffd now” was once read in a wrong encoding: {ANEW}",
    ]


def test_of_many_such_titles_the_first_is_told_with_the_lines_of_the_others(
    tmp_path: Path,
) -> None:
    content = file_of(*({"title": f"QuÃ©bec {number}"} for number in range(11)))

    lines = ", ".join(str(8 + 5 * number) for number in range(1, 11))
    (only,) = told(tmp_path, content)
    assert only == (
        f"{PETITION}.title: “QuÃ©bec 0” was once read in a wrong encoding: write "
        f"“Québec 0”, or {ANEW} The same in 10 more places, lines {lines}."
    )


def test_capitals_between_quotation_marks_are_imported(tmp_path: Path) -> None:
    title = "«AMANH\u00c3\u00bb EM SÃO PAULO: NÃO À PRISÃO"

    run(tmp_path, file_of({"title": title}, language="pt"))

    assert Petition.objects.get().title == title


def warnings(answer: Any) -> list[str]:
    """Return the warnings on a page of the admin."""
    shown = answer.context["messages"]
    return [str(message) for message in shown if message.level_tag == "warning"]


def looks_like(field: str, said: str, meant: str) -> str:
    return (
        f"{field}: “{said}” looks like letters read in a wrong encoding, for “{meant}”. "
        "It was saved so: look at it."
    )


def test_staff_are_warned_of_it_in_each_text_of_a_petition(
    as_user: Login, erin: User, organization: Organization
) -> None:
    typed = form(
        organization=organization.pk,
        title="QuÃ©bec",
        text="Donâ€™t.",
        **{"targets-0-name": "JosÃ©"},
    )

    answer = as_user(erin).post(f"{LIST}add/", typed, follow=True)

    assert Petition.objects.get().title == "QuÃ©bec"
    assert warnings(answer)[:3] == [
        looks_like("Title", "QuÃ©bec", "Québec"),
        looks_like("Text", "Donâ€™t.", "Don’t."),
        looks_like("Name", "JosÃ©", "José"),
    ]


def test_staff_are_warned_of_it_in_the_profile_of_an_organisation(
    as_user: Login, alice: User, organization: Organization
) -> None:
    typed = member_form(
        organization, description="Libertà: Â£5", legal_name="Droits Ã‰tÃ©"
    )
    address = reverse("admin:organizations_organization_change", args=[organization.pk])

    answer = as_user(alice).post(address, typed, follow=True)

    organization.refresh_from_db()
    assert organization.description == "Libertà: Â£5"
    assert {
        looks_like("Description", "Libertà: Â£5", "Libertà: £5"),
        looks_like("Legal name", "Droits Ã‰tÃ©", "Droits Été"),
    } <= {*warnings(answer)}
