"""The signatures of a petition as a file: each line has what its signer agreed to."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from typing import Any, NamedTuple

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from core.retention import expire
from core.text.spreadsheets import BOM
from organizations.models import Organization, User
from petitions.identity.key_ring import email_key
from petitions.mail import bounces
from petitions.models import (
    Export,
    KeyVersion,
    Petition,
    Signature,
)
from petitions.privacy import signature_export
from petitions.privacy.recorded_exports import Rekeying
from petitions.privacy.signature_export import ExportColumn
from petitions.signatures import consent, withdrawing
from petitions.states import State
from tests.factories import (
    make_organization,
    make_pending,
    make_petition,
    make_signature,
)
from tests.helpers import text_of
from tests.petitions.signatures.invalidations import begin, work

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

NOW = timezone.now()
SIGNED = NOW - timedelta(days=30)
ALL = [column.value for column in ExportColumn if column is not ExportColumn.DAY]


def path_of(petition: Petition) -> str:
    return f"/admin/petitions/petition/{petition.pk}/export/"


def download(
    client: Client, petition: Petition, columns: list[str] = ALL
) -> list[list[str]]:
    """The lines of the file, the headings among them."""
    response = client.post(path_of(petition), {"columns": columns})
    assert response.status_code == 200
    assert response.streaming
    text = b"".join(response).decode()
    assert text.startswith(BOM)
    return list(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))


@pytest.fixture
def asking(organization: Organization) -> Petition:
    """A petition that asks everything."""
    return make_petition(
        organization, delivery="comments", asks_place=True, asks_postal_code=True,
        asks_country=True,
    )  # fmt: skip


# == Every combination ==

DELIVERIES = ("number", "names", "comments")
ANSWERS = (None, False, True)
SINCE = ("", "ended", "suppressed", "bounced", "no elsewhere")
"""What became of the answer whether the organisation may write."""


class Signer(NamedTuple):
    delivery: str
    answer: bool | None
    since: str
    approved: bool


def signers() -> Iterator[Signer]:
    for one in product(DELIVERIES, ANSWERS, SINCE, (False, True)):
        yield Signer(*one)


def sign(petition: Petition, other: Petition, number: int, who: Signer) -> None:
    email = f"signer{number}@example.org"
    mine = make_signature(
        petition, email, now=SIGNED, name=f"Name {number}", place=f"Place {number}",
        postal_code=f"PC {number}", country="CA", comment=f"Reason {number}",
        delivery=who.delivery, wants_updates=who.answer,
    )  # fmt: skip
    Signature.objects.filter(pk=mine.pk).update(comment_approved=who.approved)
    if who.since == "ended" and who.answer is not None:
        consent.record_consent(mine, wants_updates=False, now=NOW)
    elif who.since == "suppressed":
        consent.suppress(email, now=NOW)
    elif who.since == "bounced":
        bounces.record_bounce(email_key(email), "550 5.1.1", now=NOW)
    elif who.since == "no elsewhere":
        make_signature(other, email, wants_updates=False, now=NOW)


def expected(number: int, who: Signer) -> dict[str, str]:
    """What the line of a signer has, said once more in words of this test."""
    by_name = who.delivery != "number"
    says_why = who.delivery == "comments" and who.approved
    may_write = who.answer is True and who.since == ""
    return {
        "day": timezone.localtime(SIGNED).date().isoformat(),
        "name": f"Name {number}" if by_name else "",
        "place": f"Place {number}" if by_name else "",
        "postal_code": f"PC {number}" if by_name else "",
        "country": "Canada",
        "comment": f"Reason {number}" if says_why else "",
        "email": f"signer{number}@example.org" if may_write else "",
    }


@pytest.fixture
def everybody(asking: Petition, organization: Organization) -> list[Signer]:
    other = make_petition(organization)
    found = list(signers())
    for number, who in enumerate(found):
        sign(asking, other, number, who)
    return found


def test_each_line_has_what_its_signer_agreed_to(
    as_user: Login, alice: User, asking: Petition, everybody: list[Signer]
) -> None:
    head, *lines = download(as_user(alice), asking)

    assert head == [
        "Day", "Full name", "Place", "Postal code", "Country", "Reason", "E-mail address",
    ]  # fmt: skip
    wanted = [expected(number, who) for number, who in enumerate(everybody)]
    assert [
        dict(zip(ExportColumn.values, line, strict=True)) for line in lines
    ] == wanted
    # Neither all nor none.
    for column in ("name", "comment", "email"):
        assert 0 < len([line for line in wanted if line[column]]) < len(wanted)


def test_any_choice_of_columns_has_the_same_cells(
    alice: User, asking: Petition, everybody: list[Signer]
) -> None:
    wanted = [expected(number, who) for number, who in enumerate(everybody)]
    for some in (
        chosen for size in range(len(ALL) + 1) for chosen in combinations(ALL, size)
    ):
        columns = [ExportColumn(name) for name in some]
        pieces = signature_export.export_signatures(asking, alice, columns, now=NOW)
        text = b"".join(pieces).decode().removeprefix(BOM)
        _head, *lines = csv.reader(io.StringIO(text, newline=""))
        assert lines == [[one["day"], *(one[name] for name in some)] for one in wanted]


def test_parts_have_every_line_once(
    alice: User,
    asking: Petition,
    everybody: list[Signer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    columns = [ExportColumn.NAME, ExportColumn.EMAIL]
    whole = list(signature_export.export_signatures(asking, alice, columns, now=NOW))
    monkeypatch.setattr(signature_export, "AT_ONCE", 7)

    pieces = list(signature_export.export_signatures(asking, alice, columns, now=NOW))

    assert len(pieces) > 10
    assert b"".join(pieces) == b"".join(whole)
    assert Export.objects.latest("pk").number == len(everybody)


def test_who_does_not_count_has_no_line(
    as_user: Login, alice: User, erin: User, asking: Petition
) -> None:
    agreed: dict[str, Any] = {
        "delivery": "comments", "wants_updates": True, "comment": "Because",
        "country": "CA",
    }  # fmt: skip
    make_signature(asking, "counts@example.org", name="Counts", **agreed)
    make_pending(asking, "waits@example.org", name="Waits", **agreed)
    aside = make_pending(asking, "aside@example.org", name="Aside", **agreed)
    Signature.objects.filter(pk=aside.pk).update(quarantine_reason="signs")
    gone = make_signature(asking, "gone@example.org", name="Withdrawn", **agreed)
    withdrawing.withdraw(gone, now=NOW)
    make_signature(asking, "bot@bots.test", name="Invalid", **agreed)
    work(begin(asking, erin, domain="bots.test"))
    assert Signature.objects.filter(state="invalid").count() == 1
    make_signature(
        make_petition(asking.organization), "other@example.org", name="Other"
    )

    _head, *lines = download(as_user(alice), asking)

    assert [line[1] for line in lines] == ["Counts"]


def test_whose_names_were_erased_have_no_line(
    as_user: Login, alice: User, organization: Organization
) -> None:
    ended = make_petition(organization, delivery="names", state=State.OPEN)
    make_signature(ended, name="Somebody")
    ended.close(now=NOW)
    for _ in range(3):
        expire(NOW + timedelta(days=3650))
    assert Signature.objects.confirmed().count() == 1

    assert download(as_user(alice), ended, ["name", "email"])[1:] == []


def test_two_people_at_one_address_answer_for_themselves(
    as_user: Login, alice: User, organization: Organization
) -> None:
    shared = make_petition(organization, shared_addresses=True, delivery="names")
    both: dict[str, Any] = {"email": "family@example.org", "delivery": "names"}
    make_signature(shared, name="Anna Yes", wants_updates=True, **both)
    make_signature(shared, name="Ben Unasked", **both)

    _head, *lines = download(as_user(alice), shared, ["name", "email"])

    assert [line[1:] for line in lines] == [
        ["Anna Yes", "family@example.org"],
        ["Ben Unasked", ""],
    ]


def test_what_another_organisation_was_answered_counts_nothing_here(
    as_user: Login, alice: User, asking: Petition
) -> None:
    make_signature(asking, "yes@example.org", wants_updates=True, now=SIGNED)
    ended = make_signature(asking, "ended@example.org", wants_updates=True, now=SIGNED)
    consent.record_consent(ended, wants_updates=False, now=SIGNED + timedelta(days=1))
    elsewhere = make_petition(make_organization())
    make_signature(elsewhere, "yes@example.org", wants_updates=False, now=NOW)
    make_signature(elsewhere, "ended@example.org", wants_updates=True, now=NOW)

    _head, *lines = download(as_user(alice), asking, ["email"])

    assert [line[1:] for line in lines] == [["yes@example.org"], [""]]


def test_a_country_of_few_stands_beside_names_only(
    as_user: Login, alice: User, asking: Petition
) -> None:
    for number in range(9):
        make_signature(asking, country="AD", delivery="number", name=f"{number}")
    client = as_user(alice)

    few = download(client, asking, ["country"])[1:]
    make_signature(asking, country="AD", delivery="names", name="Tenth")
    make_signature(asking, country="VA", delivery="names", name="Alone")
    make_signature(asking, country="", delivery="number", name="Unsaid")
    enough = download(client, asking, ["country"])[1:]

    assert [line[1] for line in few] == [""] * 9
    assert [line[1] for line in enough] == ["Andorra"] * 10 + ["Vatican City", ""]


def test_the_day_is_that_of_the_site(
    as_user: Login, alice: User, asking: Petition
) -> None:
    make_signature(asking, now=datetime(2026, 6, 3, 23, 30, tzinfo=UTC))

    with timezone.override("Europe/Paris"):
        _head, line = download(as_user(alice), asking, [])

    assert line == ["2026-06-04"]


def test_cells_are_quoted_and_not_computed(
    as_user: Login, alice: User, asking: Petition
) -> None:
    make_signature(
        asking, name='=HYPERLINK("x")', place='A, "b"', postal_code="x;-1",
        country="BQ", delivery="comments",
    )  # fmt: skip

    _head, line = download(as_user(alice), asking, ALL[:4])

    assert line[1:] == [
        "'=HYPERLINK(\"x\")", 'A, "b"', "x;'-1", "Caribbean Netherlands",
    ]  # fmt: skip


# == The page ==


def test_the_page_says_how_many_lines_carry_a_name(
    as_user: Login, alice: User, asking: Petition
) -> None:
    for number in range(3):
        make_signature(asking, delivery="names" if number else "number")
    make_pending(asking)

    page = as_user(alice).get(path_of(asking))

    assert "2 of 3 lines carry a name" in text_of(page)
    assert "agreed, on signing, that they are handed over by name" in text_of(page)
    assert "when at least 10 signatures come from there" in text_of(page)
    # Addresses are no matter of course.
    content = page.content.decode()
    assert content.count("checked") == len(ALL) - 1
    assert 'value="email"' in content
    assert not Export.objects.exists()


def test_a_column_that_was_never_asked_for_is_not_offered(
    as_user: Login, alice: User, petition: Petition
) -> None:
    make_signature(petition)
    path = path_of(petition)

    page = as_user(alice).get(path).content.decode()
    answer = as_user(alice).post(path, {"columns": ["name", "country"]})

    assert 'value="name"' in page
    assert 'value="country"' not in page
    assert "country is not one of the available choices" in text_of(answer)
    assert not Export.objects.exists()


def test_it_is_on_record_before_the_first_line(
    alice: User, asking: Petition, organization: Organization
) -> None:
    make_signature(asking)

    pieces = signature_export.export_signatures(
        asking, alice, [ExportColumn.NAME], now=NOW
    )

    begun = Export.objects.get()
    assert (begun.kind, begun.petition, begun.organization, begun.state) == (
        "signatures", asking, organization, "begun",
    )  # fmt: skip
    list(pieces)
    ended = Export.objects.get()
    assert (ended.state, ended.number) == ("done", 1)
    other = make_petition(organization)
    changes: list[dict[str, Any]] = [
        {"kind": "supporters", "petition": None}, {"petition": other},
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(IntegrityError, match="for good"), transaction.atomic():
            Export.objects.update(**change)


def test_one_that_is_broken_off_is_recorded_as_that(
    alice: User, asking: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signature_export, "AT_ONCE", 2)
    for _ in range(5):
        make_signature(asking)

    pieces: Any = signature_export.export_signatures(
        asking, alice, [ExportColumn.NAME], now=NOW
    )
    next(pieces), next(pieces)  # the headings, the first part
    pieces.close()

    ended = Export.objects.get()
    assert (ended.state, ended.number) == ("broken_off", 2)


def test_the_database_knows_of_which_petition_it_is(
    alice: User, asking: Petition, organization: Organization
) -> None:
    some: dict[str, Any] = {
        "organization": organization, "made_by": alice, "made_at": NOW, "number": 0
    }  # fmt: skip
    for wrong in (
        {"kind": "signatures"},
        {"kind": "supporters", "petition": asking},
        {"kind": "everything", "petition": asking},
    ):
        with pytest.raises(IntegrityError, match="export_"), transaction.atomic():
            Export.objects.create(**some, **wrong)


def test_none_is_made_while_addresses_change_their_keys(
    as_user: Login, alice: User, asking: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signature_export, "AT_ONCE", 1)
    for _ in range(3):
        make_signature(asking)
    pieces = signature_export.export_signatures(
        asking, alice, [ExportColumn.EMAIL], now=NOW
    )
    next(pieces), next(pieces)
    first = KeyVersion.objects.get()
    KeyVersion.objects.create(
        number=2, rules=first.rules, fingerprint=first.fingerprint
    )

    with pytest.raises(Rekeying):
        list(pieces)
    answer = as_user(alice).post(path_of(asking), {"columns": ["name"]})

    assert answer.status_code == 503
    assert "working on all addresses" in text_of(answer)


@pytest.mark.parametrize(
    ("who", "status"), [("erin", 403), ("bob", 403), ("charlie", 404), ("alice", 200)]
)
def test_only_owners_take_it(
    request: pytest.FixtureRequest,
    as_user: Login,
    asking: Petition,
    who: str,
    status: int,
) -> None:
    client = as_user(request.getfixturevalue(who))

    for method in (client.get, client.post):
        answer = method(path_of(asking))
        assert answer.status_code == status
        b"".join(answer)
    assert Export.objects.exists() is (status == 200)


def test_owners_find_it_on_the_petition(
    as_user: Login, alice: User, erin: User, asking: Petition
) -> None:
    page = f"/admin/petitions/petition/{asking.pk}/change/"

    assert path_of(asking) in as_user(alice).get(page).content.decode()
    assert path_of(asking) not in as_user(erin).get(page).content.decode()


def test_members_read_what_was_taken(
    as_user: Login, alice: User, bob: User, asking: Petition
) -> None:
    make_signature(asking)
    download(as_user(alice), asking)

    listed = text_of(as_user(bob).get("/admin/petitions/export/"))

    assert "Signatures of a petition" in listed
    assert asking.title in listed
