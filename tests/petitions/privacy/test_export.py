"""An organisation's own list: who is in it, who may take it, what is recorded."""

from __future__ import annotations

import csv
import io
import re
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core.db.database import patience
from organizations.models import Organization, User
from petitions.identity.key_ring import email_key
from petitions.mail import bounces
from petitions.models import Bounce, Consent, Export, Petition, Signature
from petitions.privacy import export
from petitions.signatures import (
    consent,
    withdrawing,
)
from tests.factories import make_organization, make_petition, make_signature
from tests.helpers import text_of

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

NOW = timezone.now()


def path_of(organization: Organization) -> str:
    return f"/admin/petitions/export/new/{organization.pk}/"


def download(client: Client, organization: Organization) -> list[list[str]]:
    """The lines of the file, without the headings."""
    response = client.post(path_of(organization))
    assert response.status_code == 200
    assert response.streaming
    text = b"".join(response).decode()
    assert text.startswith("\ufeff")
    head, *lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    assert head == [
        "E-mail address", "Name", "Language", "Said yes on", "Wording of the question",
        "Petition",
    ]  # fmt: skip
    return lines


def yes(petition: Petition, email: str, **fields: Any) -> Signature:
    return make_signature(petition, email, updates=True, **fields)


def test_an_owner_downloads_who_said_yes(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    yes(petition, "Zoé@example.org", name="Zoé D’Été", language="fr")
    make_signature(petition, "no@example.org", updates=False)
    make_signature(petition, "unasked@example.org")
    Consent.objects.update(given_at=NOW.replace(2026, 6, 3, 9, 5))
    client = as_user(alice)

    page = text_of(client.get(path_of(organization)))
    lines = download(client, organization)

    assert "1 address whose owner said yes" in page
    assert "recorded for good" in page
    assert lines == [
        ["Zoé@example.org", "Zoé D’Été", "fr", "2026-06-03 09:05", "1", petition.title]
    ]
    (record,) = Export.objects.all()
    assert (record.organization, record.made_by, record.number) == (
        organization,
        alice,
        1,
    )


def test_the_newest_answer_holds(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    other = make_petition(organization, title="Another")
    earlier, later = NOW - timedelta(days=2), NOW - timedelta(days=1)
    yes(petition, "stopped@example.org", now=earlier)
    make_signature(other, "Stopped@example.org", updates=False, now=later)
    make_signature(petition, "began@example.org", updates=False, now=earlier)
    yes(other, "began@example.org", name="New Name", now=later)
    yes(petition, "twice@example.org", name="Old Name", now=earlier)
    yes(other, "TWICE@example.org", name="Later Name", now=later)

    lines = download(as_user(alice), organization)

    assert [line[:2] + line[5:] for line in lines] == [
        ["began@example.org", "New Name", "Another"],
        ["TWICE@example.org", "Later Name", "Another"],
    ]


def test_who_wants_no_mail_or_gets_none_is_not_in_it(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    for name in ("silent", "gone", "back", "stays"):
        yes(petition, f"{name}@example.org")
    consent.suppress("silent@example.org", now=NOW)
    for name in ("gone", "back"):
        bounces.mark(email_key(f"{name}@example.org"), "550 5.1.1", now=NOW)
    Bounce.objects.filter(pk=email_key("back@example.org")).delete()

    lines = download(as_user(alice), organization)

    assert [line[0] for line in lines] == ["back@example.org", "stays@example.org"]


def test_it_holds_no_other_organisations_supporters(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    elsewhere = make_petition(make_organization())
    yes(elsewhere, "theirs@example.org", name="Their Name")
    yes(elsewhere, "both@example.org", name="Name Elsewhere")
    yes(petition, "both@example.org", name="Name Here", now=NOW - timedelta(days=9))
    make_signature(elsewhere, "mixed@example.org", updates=False)
    yes(petition, "mixed@example.org", now=NOW - timedelta(days=8))

    lines = download(as_user(alice), organization)

    assert [line[:2] for line in lines] == [
        ["both@example.org", "Name Here"],
        ["mixed@example.org", "Maya Tremblay"],
    ]


def test_a_consent_outlives_the_name(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    signature = yes(petition, "maya@example.org")
    withdrawing.withdraw(signature, now=NOW)

    assert download(as_user(alice), organization)[0][:2] == ["maya@example.org", ""]


def test_an_empty_list_is_a_file_and_a_record(
    as_user: Login, alice: User, organization: Organization
) -> None:
    assert download(as_user(alice), organization) == []
    assert Export.objects.get().number == 0


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("＝1+1", "'＝1+1"),
        ("Jean-Luc", "Jean-Luc"),
        ("Ann;=1+1", "Ann;'=1+1"),
        ('Ann; "=1+1', "Ann; \"'=1+1"),
        ('"=1+1', "\"'=1+1"),
        ("Ann\t@SUM(A1)", "Ann\t'@SUM(A1)"),
        ("Ann;;＝1", "Ann;;'＝1"),
        ("Ann; Jean-Luc", "Ann; Jean-Luc"),
        ('Anne "Nan" O’Neil, Dr', 'Anne "Nan" O’Neil, Dr'),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(typed: str, shown: str) -> None:
    assert export.safe(typed) == shown


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_whatever_a_name_is_the_file_can_be_read(name: str) -> None:
    data = b"".join(export.written([(name, "next")])).decode()

    ((cell, after),) = csv.reader(
        io.StringIO(data.removeprefix("\ufeff"), newline=""), strict=True
    )
    assert cell == export.safe(name)
    assert after == "next"
    assert not cell.startswith(export.FORMULA)
    if not export.BEGINNING.search(name):
        assert cell in (name, f"'{name}")


@given(st.text(alphabet="a;|\t\n\r \"'=+-@＝,"), st.sampled_from(";\t|"))
def test_no_cell_is_a_formula_wherever_columns_are_parted(name: str, at: str) -> None:
    data = b"".join(export.written([("x", name, "next")])).decode()

    for line in data.removeprefix("\ufeff").splitlines():
        for cell in line.split(at):
            assert not re.match('[ "]*[=+@＝-]', cell), cell


def test_a_formula_in_a_name_arrives_as_text(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    yes(petition, "=cmd@example.org", name='=HYPERLINK("http://evil.example","x")')

    ((address, name, *_rest),) = download(as_user(alice), organization)

    assert address == "'=cmd@example.org"
    assert name.startswith("'=HYPERLINK")


@pytest.mark.parametrize(
    ("who", "status"), [("erin", 403), ("bob", 403), ("charlie", 404), ("ada", 200)]
)
def test_only_owners_take_the_list(
    request: pytest.FixtureRequest,
    as_user: Login,
    organization: Organization,
    who: str,
    status: int,
) -> None:
    client = as_user(request.getfixturevalue(who))

    for method in (client.get, client.post):
        assert method(path_of(organization)).status_code == status
    assert Export.objects.exists() is (status == 200)


def test_nobody_takes_it_without_a_login(
    visitor: Client, organization: Organization
) -> None:
    here = path_of(organization)

    asked = visitor.get(here)
    over = visitor.post(here)

    assert asked.headers.get("Location") == f"/admin/login/?next={here}"
    # Whose login has ended is told so, and comes back here.
    assert over.status_code == 403
    assert "Nothing was saved or done." in text_of(over)
    assert f'name="next" value="{here}"' in over.content.decode()
    assert not Export.objects.exists()


@pytest.mark.parametrize("number", ["0", "999999999", "9" * 30])
def test_a_list_of_nobody_is_not_found(as_user: Login, ada: User, number: str) -> None:
    answer = as_user(ada).get(f"/admin/petitions/export/new/{number}/")

    assert answer.status_code == 404


def test_looking_takes_nothing(
    as_user: Login, alice: User, organization: Organization
) -> None:
    as_user(alice).get(path_of(organization))

    assert not Export.objects.exists()


def test_another_site_cannot_make_an_owner_take_it(
    alice: User, organization: Organization
) -> None:
    client = Client(headers={"host": "localhost"}, enforce_csrf_checks=True)
    client.force_login(alice)

    assert client.post(path_of(organization)).status_code == 403
    assert not Export.objects.exists()


def test_all_members_see_who_took_it_and_nobody_changes_that(
    as_user: Login, alice: User, bob: User, charlie: User, organization: Organization
) -> None:
    download(as_user(alice), organization)
    record = Export.objects.get()
    here = f"/admin/petitions/export/{record.pk}"

    assert "alice@example.org" in text_of(as_user(bob).get("/admin/petitions/export/"))
    page = as_user(alice).get(f"{here}/change/").content.decode()
    assert "_save" not in page
    assert as_user(alice).post(f"{here}/delete/", {"post": "yes"}).status_code == 403
    assert "alice@" not in text_of(as_user(charlie).get("/admin/petitions/export/"))
    for change in (
        lambda: Export.objects.update(number=0),
        lambda: Export.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="for good"), transaction.atomic():
            change()


def test_owners_find_it_on_their_organisation(
    as_user: Login, alice: User, erin: User, organization: Organization
) -> None:
    page = f"/admin/organizations/organization/{organization.pk}/change/"

    assert path_of(organization) in as_user(alice).get(page).content.decode()
    assert path_of(organization) not in as_user(erin).get(page).content.decode()


def test_it_is_recorded_before_the_first_line_leaves(
    alice: User, organization: Organization, petition: Petition
) -> None:
    yes(petition, "maya@example.org")

    pieces = export.export(organization, alice, now=NOW)

    assert Export.objects.get().number == 1
    assert b"maya@" in b"".join(pieces)


@pytest.mark.django_db(transaction=True)
def test_memory_does_not_grow_with_the_list(
    alice: User, organization: Organization, petition: Petition
) -> None:
    def peak(number: int) -> tuple[int, int]:
        """Bytes of the file, and the most memory that was held at once."""
        with transaction.atomic(), patience("0"), connection.cursor() as cursor:
            cursor.execute("TRUNCATE petitions_consent")
            cursor.execute(
                """
                INSERT INTO petitions_consent (organization_id, email, email_key,
                    updates, wording_version, language, sender, source, given_at)
                SELECT %s, 'signer' || n || '@example.org', gen_random_uuid(), true, 1,
                       'en', '', 'petition:' || %s, now()
                  FROM generate_series(1, %s) n""",
                [organization.pk, petition.pk, number],
            )
        tracemalloc.start()
        size = sum(map(len, export.export(organization, alice, now=NOW)))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size, most

    small, memory_of_small = peak(3_000)
    large, memory_of_large = peak(30_000)

    assert large > 9 * small
    assert memory_of_large < 1.3 * memory_of_small
    assert Export.objects.order_by("pk").last().number == 30_000  # type: ignore[union-attr]


def test_a_long_list_has_time_and_room(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    yes(petition, "zoe@example.org")
    client, seen = as_user(alice), []

    def setting(name: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute(f"SHOW {name}")
            return str(cursor.fetchone()[0])

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        if 'FROM "petitions_consent"' in sql and sql.startswith("SELECT"):
            seen.append((setting("statement_timeout"), setting("work_mem")))
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        assert client.get(path_of(organization)).status_code == 200
        download(client, organization)

    assert set(seen) == {("5min", "256MB")}
    assert (setting("statement_timeout"), setting("work_mem")) == ("15s", "4MB")
