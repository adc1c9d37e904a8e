"""Entering paper signatures in the admin, from the petition's page to the count."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from core.models import AuditAction, AuditEntry
from organizations.models import Organization, Role
from petitions.models import CountEntry, EnteredCount, Petition, Scan
from petitions.states import EnteredState
from tests.factories import make_member, make_petition
from tests.helpers import text_of
from tests.petitions.admin.helpers import Login
from tests.project.two_people import LIST, change

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 Sheets of paper"


@pytest.fixture
def careful(organization: Organization) -> Organization:
    """An organisation in which a second person confirms more than 100."""
    organization.count_approval_above = 100
    organization.save()
    return organization


def enter(client: Client, petition: Petition, scan: bytes = b"", **fields: str) -> Any:
    typed: dict[str, Any] = {
        "source": "paper", "number": "101", "label": "Sheets 1-40",
        "place": "Ottawa", "counted_by": "Erin",
        "counted_at": timezone.localdate().isoformat(), **fields,
    }  # fmt: skip
    if scan:
        typed["scan"] = SimpleUploadedFile("sheets.pdf", scan)
    page = f"{LIST}{petition.pk}/enter/"
    return client.post(page, typed, follow=True)


def address(entered: EnteredCount, page: str) -> str:
    return f"/admin/petitions/enteredcount/{entered.pk}/{page}/"


def test_from_the_sheets_to_the_count(
    as_user: Login, careful: Organization, petition: Petition
) -> None:
    erin, bo = (as_user(make_member(careful, Role.EDITOR)) for _ in range(2))
    page = erin.get(f"{LIST}{petition.pk}/change/")
    assert f"{LIST}{petition.pk}/enter/" in page.content.decode()

    said = text_of(enter(erin, petition, PDF))
    entered = EnteredCount.objects.get()
    assert "It is not counted yet: somebody else has to confirm it." in said
    assert "Somebody else has to confirm it before it counts." in said
    assert "Count 101 supporters" not in said
    assert not CountEntry.objects.exists()

    assert "Count 101 supporters" in text_of(bo.get(address(entered, "change")))
    scan = bo.get(address(entered, "scan"))
    assert (scan.content, scan["Content-Type"]) == (PDF, "application/pdf")
    assert scan["Content-Disposition"].startswith("attachment")
    look = AuditEntry.objects.filter(action=AuditAction.LOOK).latest("pk")
    assert look.table == "petitions_enteredcount"

    bo.get(address(entered, "confirm"))
    assert not CountEntry.objects.exists()
    bo.post(address(entered, "confirm"))
    entered.refresh_from_db()
    assert entered.state == EnteredState.COUNTED
    assert petition.count_entries.get().number == 101
    assert "Sheets 1-40" in text_of(bo.get(f"{LIST}{petition.pk}/enter/"))


def test_whoever_entered_it_cannot_confirm_it(
    as_user: Login, careful: Organization, petition: Petition
) -> None:
    erin = as_user(make_member(careful, Role.EDITOR))
    enter(erin, petition)
    entered = EnteredCount.objects.get()

    said = text_of(erin.post(address(entered, "confirm"), follow=True))
    assert "whoever entered it cannot confirm it" in said
    assert not CountEntry.objects.exists()

    erin.post(address(entered, "refuse"))
    entered.refresh_from_db()
    assert entered.state == EnteredState.REFUSED


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"scan": b"MZ a program"}, "This is no PDF, JPEG or PNG."),
        ({"number": "0"}, "Enter a number from 1 to ten million"),
        ({"number": "-5"}, "Enter a number from 1 to ten million"),
        ({"number": "many"}, "Enter a whole number."),
        ({"label": ""}, "This field is required."),
        ({"counted_at": "2999-01-01"}, "That day has yet to come."),
        ({"source": "signed"}, "Select a valid choice."),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_beside_its_field(
    as_user: Login,
    organization: Organization,
    petition: Petition,
    fields: dict[str, Any],
    sentence: str,
) -> None:
    client = as_user(make_member(organization, Role.EDITOR))

    page = enter(client, petition, place="Saint-Jérôme", **fields)

    assert page.status_code == 422
    assert sentence in text_of(page)
    assert 'value="Saint-Jérôme"' in page.content.decode()
    assert not EnteredCount.objects.exists()


def test_a_label_twice_is_asked_about(
    as_user: Login, careful: Organization, petition: Petition
) -> None:
    client = as_user(make_member(careful, Role.EDITOR))
    for number in ("5", "500"):
        label = f"Sheets of {number}"
        enter(client, petition, number=number, label=label)

        page = enter(client, petition, number="6", label=label)

        assert "An entry with this label is there already." in text_of(page)
    assert EnteredCount.objects.count() == 2


def test_a_draft_takes_none(as_user: Login, organization: Organization) -> None:
    draft = make_petition(organization, state="draft")
    client = as_user(make_member(organization, Role.EDITOR))

    page = enter(client, draft)

    assert "Nobody can be added to a petition that is a draft" in text_of(page)
    # It may have become one meanwhile: what was typed is still there.
    assert 'value="Sheets 1-40"' in page.content.decode()
    assert not EnteredCount.objects.exists()


def test_the_form_of_a_petition_does_not_lead_around_the_second_person(
    as_user: Login, careful: Organization, petition: Petition
) -> None:
    client = as_user(make_member(careful, Role.EDITOR))
    rows: dict[str, str] = {"count_entries-TOTAL_FORMS": "2"}
    for number in range(2):
        rows |= {
            f"count_entries-{number}-source": "imported",
            f"count_entries-{number}-number": "60",
            f"count_entries-{number}-label": f"Elsewhere {number}",
            f"count_entries-{number}-counted_at": timezone.localdate().isoformat(),
        }

    page = change(f"{LIST}{petition.pk}/change/", client, **rows)()

    assert "enter them with “Enter paper signatures”" in text_of(page)
    assert not CountEntry.objects.exists()


def test_a_scan_is_seen_by_who_may_see_supporters(
    as_user: Login, organization: Organization, petition: Petition
) -> None:
    enter(as_user(make_member(organization, Role.EDITOR)), petition, PDF)
    entered = EnteredCount.objects.get()
    writer = as_user(make_member(organization, Role.WRITER))

    assert writer.get(address(entered, "change")).status_code == 200
    assert writer.get(address(entered, "scan")).status_code == 403

    client = as_user(make_member(organization, Role.EDITOR))
    assert "Erase the scan" in text_of(client.get(address(entered, "change")))
    client.post(address(entered, "erase-scan"))
    assert not Scan.objects.exists()
    moderator = as_user(make_member(organization, Role.MODERATOR))
    assert moderator.get(address(entered, "scan")).status_code == 404
