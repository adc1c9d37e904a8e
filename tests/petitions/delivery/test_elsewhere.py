"""People who signed elsewhere and agreed there to be handed over by name: a list of
their own in a delivery pack, with what they agreed to, and the office's room."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from core.text.spreadsheets import BOM
from organizations.models import User
from petitions.delivery import expiring, files, office, printing
from petitions.importing import jobs
from petitions.models import ImportedSignature, OfficeLink, Pack, Petition
from petitions.signatures import my_data
from petitions.states import PackContents, TargetKind
from tests.core.pdf.helpers import needs_printing as needs_fonts
from tests.core.pdf.helpers import text_of as text_of_pdf
from tests.factories import make_petition, make_signature
from tests.helpers import text_of
from tests.petitions.delivery.helpers import made, prepared
from tests.petitions.importing.files import (
    NAMED,
    bring_in,
    bring_in_named,
    content,
    count_named,
    state,
    upload,
)

pytestmark = pytest.mark.django_db

LINES = [
    "ann@example.org,Ann Roy,Hull,J8X 1A1,,CA",
    "bo@example.org,=Bo Li,,,,",
    "cy@example.org,,Oka,,,CA",
]


@pytest.fixture
def petition() -> Petition:
    return make_petition(title="Free the prisoners")


def table(pack: Pack, name: str) -> list[list[str]]:
    file = pack.files.filter(name=name).first()
    text = b"".join(files.content_of(file)).decode() if file else ""
    return list(csv.reader(io.StringIO(text.removeprefix(BOM))))


def listed(pack: Pack) -> list[str]:
    return [name for _number, name, *_rest in table(pack, files.ELSEWHERE)[1:]]


def letter(pack: Pack) -> str:
    return office.letter(pack, "en")


def test_they_are_in_a_list_of_their_own(petition: Petition, erin: User) -> None:
    make_signature(petition, "here@example.org", name="Here Poe")
    bring_in_named(petition, erin, LINES)
    pack = made(prepared(petition))

    assert table(pack, files.ELSEWHERE) == [
        ["Number", "Full name", "Place", "Region", "Country", "Agreement"],
        ["1", "Ann Roy", "Hull", "Quebec", "Canada", "1"],
        ["2", "'=Bo Li", "", "", "", "1"],
    ]
    assert table(pack, files.AGREEMENTS)[1:] == [
        ["1", "Paper.example", "", "2026-01-05", "2026-02-06",
         "Yes, give my name to the Minister.", "2"]
    ]  # fmt: skip
    assert "Ann Roy" not in str(table(pack, files.NAMES))
    said = files.manifest(pack)
    assert said["supporters"] == {
        "confirmed": 1, "paper": 0, "imported": 3, "all": 4,
    }  # fmt: skip
    assert said["signed_elsewhere"][0]["names"] == pack.elsewhere == 2
    assert "elsewhere.csv" in {file["name"] for file in said["files"]}
    assert (
        "Of those counted elsewhere before, 2 agreed there that you receive their "
        "names: they are in a list of their own, elsewhere.csv.\n"
        "- 2: Paper.example, 5 January 2026 to 6 February 2026, in these words: “Yes, give "
        "my name to the Minister.”\n\nThey gave their names"
    ) in letter(pack)


def test_the_printed_list_says_what_they_agreed_to(
    petition: Petition, erin: User
) -> None:
    needs_fonts()
    bring_in_named(petition, erin, LINES)
    pack = made(prepared(petition))

    file = pack.files.get(name="elsewhere.pdf")
    printed = text_of_pdf(b"".join(files.content_of(file)))
    for words in ("Signed elsewhere", "Paper.example", "Yes, give my name to", "Ann"):
        assert words in printed


def test_nobody_is_named_without_a_statement_or_to_another_or_in_numbers(
    petition: Petition, erin: User
) -> None:
    other = petition.targets.create(kind=TargetKind.BODY, name="The House", position=2)
    bring_in(petition, erin, content(LINES, NAMED))
    job = upload(petition, content(["di@example.org,Di Ott,,,,"], NAMED))
    state(job, target=other)
    count_named(job, erin)
    numbers = Pack(contents=PackContents.NUMBERS, target=other)
    to_other = Pack(target=other)
    for pack in (numbers, to_other):
        pack.petition, pack.made_by, pack.made_at = petition, erin, timezone.now()
        pack.save()

    assert listed(made(prepared_for(petition, 1))) == []
    assert listed(made(numbers)) == []
    assert "names" not in letter(numbers)
    assert listed(made(to_other)) == ["Di Ott"]


@pytest.mark.parametrize("part", [1, 3])
def test_who_is_left_out_is_in_no_list_and_the_number_is_said(
    client: Any,
    petition: Petition,
    erin: User,
    monkeypatch: pytest.MonkeyPatch,
    part: int,
) -> None:
    monkeypatch.setattr(printing, "PART", part)
    bring_in_named(petition, erin, [*LINES, "x@example.org,Asdf Asdf,,,,"])
    gone = bring_in_named(petition, erin, ["di@example.org,Di Ott,,,,"], label="B")
    pack = prepared(petition)
    for name in ("Asdf Asdf", "Di Ott"):
        person = ImportedSignature.objects.get(name=name)
        pack.left_outs_elsewhere.create(person=person)
    # Whoever confirms here meanwhile is no one that staff left out of the list.
    make_signature(petition, "di@example.org", name="Di Ott", delivery="number")
    assert not gone.people.exists()

    pack = made(pack)

    assert listed(pack) == ["Ann Roy", "'=Bo Li"]
    assert files.manifest(pack)["list"]["left_out_elsewhere"] == 1
    assert "We left out 1 entry of that list that was no name." in letter(pack)
    ends = timezone.now() + timedelta(days=30)
    link = OfficeLink.objects.create(
        pack=pack, made_at=timezone.now(), ends_at=ends, mailboxes="office.example"
    )
    address = urlsplit(office.link_address(link)).path
    there = text_of(client.post(f"{address}names/", {"agreement": "1"}))
    assert ("Ann Roy" in there, "Asdf" in there) == (True, False)
    expiring.erase_pack_files(Pack.objects.filter(pk=pack.pk))
    assert not pack.left_outs_elsewhere.exists()


def prepared_for(petition: Petition, position: int) -> Pack:
    target = petition.targets.get(position=position)
    return Pack.objects.create(petition=petition, target=target, made_at=timezone.now())


@pytest.mark.parametrize("part", [1, 2, 3])
def test_parts_of_any_size_list_everybody_once(
    petition: Petition, erin: User, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    """The file that was uploaded first is checked last."""
    monkeypatch.setattr(printing, "PART", part)
    first = upload(petition, content(LINES, NAMED))
    state(first, words="Words of the first.")
    lines = [f"p{n}@example.org,Pat {'abc'[n]},,,," for n in range(3)]
    bring_in_named(petition, erin, lines, label="Sheets")
    count_named(first, erin)
    pack = made(prepared(petition))

    assert listed(pack) == ["Pat a", "Pat b", "Pat c", "Ann Roy", "'=Bo Li"]
    agreed = [cells[-1] for cells in table(pack, files.ELSEWHERE)[1:]]
    assert agreed == ["1", "1", "1", "2", "2"]
    assert [one.names for one in pack.agreements()] == [3, 2]
    assert table(pack, files.AGREEMENTS)[2][5] == "Words of the first."


def test_who_confirmed_is_in_one_list_and_who_was_taken_back_in_none(
    petition: Petition, erin: User
) -> None:
    job = bring_in_named(petition, erin, LINES)
    make_signature(petition, "ann@example.org", name="Ann Roy", delivery="names")

    pack = made(prepared(petition))
    assert listed(pack) == ["'=Bo Li"]
    assert "Ann Roy" in str(table(pack, files.NAMES))

    jobs.reverse(job, erin, now=timezone.now())
    again = made(prepared(petition))
    assert listed(again) == []
    assert again.agreements() == []


def test_what_is_imported_later_is_not_in_a_pack_that_was_begun(
    petition: Petition, erin: User
) -> None:
    bring_in_named(petition, erin, LINES)
    pack = made(prepared(petition))
    bring_in_named(petition, erin, ["di@example.org,Di Ott,,,,"], label="Sheets")

    assert [one.names for one in pack.agreements()] == [2]
    assert pack.stated().count() == 1


# == The office's room ==


@pytest.fixture
def room(petition: Petition, erin: User) -> OfficeLink:
    bring_in_named(petition, erin, LINES)
    make_signature(petition, "here@example.org", name="Here Poe", delivery="names")
    pack, now = made(prepared(petition)), timezone.now()
    ends = now + timedelta(days=30)
    return OfficeLink.objects.create(
        pack=pack, made_at=now, ends_at=ends, mailboxes="office.example"
    )


def test_the_office_sees_them_apart(client: Any, room: OfficeLink) -> None:
    address = urlsplit(office.link_address(room)).path
    page = text_of(client.get(address))
    assert "2 agreed there that you receive their names" in page
    assert "Yes, give my name to the Minister." in page
    assert "Ann Roy" not in page

    here = text_of(client.post(f"{address}names/"))
    assert "Here Poe" in here
    assert "Ann Roy" not in here
    there = text_of(client.post(f"{address}names/", {"agreement": "1"}))
    assert "Ann Roy" in there
    assert "Quebec" in there
    assert "Here Poe" not in there
    found = text_of(client.post(f"{address}names/", {"agreement": "1", "q": "hull"}))
    assert "Ann Roy" in found
    assert "Bo Li" not in found
    for strange in ("0", "2", "x", "\0", "9" * 30):
        asked = client.post(f"{address}names/", {"agreement": strange})
        assert "Here Poe" in text_of(asked)


def test_whoever_has_their_data_erased_leaves_the_room(
    client: Any, room: OfficeLink
) -> None:
    ann = my_data.DataSubject.owner("ann@example.org")
    my_data.erase_all(ann, now=timezone.now())
    address = urlsplit(office.link_address(room)).path
    there = text_of(client.post(f"{address}names/", {"agreement": "1"}))

    assert "Ann Roy" not in there
    assert "Bo Li" in there
