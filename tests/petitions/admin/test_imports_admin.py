"""An import from the petition's page to the count, and back, as staff make it."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.models import AuditEntry
from organizations.models import Organization, Role, User
from petitions.admin.imports import name_and_address
from petitions.importing import jobs
from petitions.mail import asking
from petitions.models import ImportPiece, Petition, Signature, SignatureImport
from petitions.signatures import confirming
from petitions.states import Source, State
from tests.factories import make_entry, make_member, make_petition, make_signature
from tests.helpers import text_of
from tests.petitions.admin.helpers import Login
from tests.petitions.importing.files import check, content, numbers, of_people, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(as_user: Login, organization: Organization) -> Any:
    return as_user(make_member(organization, Role.EDITOR))


def address(job: SignatureImport, page: str = "change") -> str:
    return f"/admin/petitions/signatureimport/{job.pk}/{page}/"


def upload(client: Any, petition: Petition, file: bytes, name: str = "a.csv") -> Any:
    return client.post(
        f"/admin/petitions/petition/{petition.pk}/import/",
        {"file": SimpleUploadedFile(name, file)},
    )


LAYOUT = {
    "encoding": "utf-8", "delimiter": ",", "column_0": "email", "column_1": "name",
    "label": "Paper.example", "counted_by": "Bo",
    "counted_at": "2026-01-10",
}  # fmt: skip


def choose(client: Any, job: SignatureImport, **fields: Any) -> Any:
    today = timezone.localdate().isoformat()
    return client.post(
        address(job, "columns"), {**LAYOUT, "counted_at": today, **fields}
    )


def test_from_a_file_to_the_count_and_back(client: Any, petition: Petition) -> None:
    make_signature(petition, "here@planted.example")
    form = f"/admin/petitions/petition/{petition.pk}/import/"
    page = client.get(f"/admin/petitions/petition/{petition.pk}/change/")
    assert form in page.content.decode()
    assert "writes to none of them" in text_of(client.get(form))

    lines = ["ann@planted.example,Ann", "here@planted.example,Here", "=1+1,Bo", ",Cy"]
    answer = upload(client, petition, content(lines))
    job = SignatureImport.objects.get()
    assert answer["Location"] == address(job, "columns")
    page = text_of(client.get(answer["Location"]))
    assert "ann@planted.example" in page
    answer = choose(client, job)
    assert answer["Location"] == address(job)
    assert "Nobody is counted yet" in text_of(client.get(address(job)))
    work(job)

    page = text_of(client.get(address(job)))
    assert "Would be counted 1" in page
    assert "Lines with a fault 1" in page
    assert "=1+1" in page
    answer = client.post(address(job, "faults"))
    assert (
        b"".join(answer.streaming_content)
        .decode()
        .splitlines()[1]
        .startswith("4,Email,'=1+1,")
    )
    assert numbers(petition) == (1, 0)

    client.post(address(job, "begin"))
    work(job)
    page = text_of(client.get(address(job)))
    assert "Count now 1" in page
    assert page.count("You can take this back") == 1
    assert numbers(petition) == (1, 1)
    make_signature(petition, "ann@planted.example")
    assert "since, or were erased 1" in text_of(client.get(address(job)))

    assert "0 people will be taken" in text_of(client.get(address(job, "take-back")))
    client.post(address(job, "take-back"))
    work(job)
    assert job.state == "reversed"
    assert numbers(petition) == (2, 0)
    said = AuditEntry.objects.filter(
        table="petitions_signatureimport", action="note"
    ).order_by("pk")
    assert list(said.values_list("now__said", flat=True)) == [
        "Had the whole file checked", "Downloaded the faults",
        "Had its people counted", "Took the import back",
    ]  # fmt: skip
    assert "planted.example" not in str(list(AuditEntry.objects.values()))


def test_columns_are_chosen_again(client: Any, petition: Petition) -> None:
    upload(client, petition, content(["ann@example.org,Ann"]))
    job = SignatureImport.objects.get()

    wrong = text_of(choose(client, job, column_1="email"))
    assert "not several" in wrong
    nobody = text_of(choose(client, job, column_0="ignored"))
    assert "tick this, or nobody is counted" in nobody
    assert "Say where they signed." in text_of(choose(client, job, label=""))
    job.refresh_from_db()
    assert job.state == "read"

    choose(client, job)
    work(job)
    client.post(address(job, "choose-again"))
    work(job)
    assert job.state == "read"
    client.post(address(job, "call-off"))
    work(job)
    assert job.state == "called_off"
    assert client.get(address(job, "columns")).status_code == 302


def test_staff_are_told_of_people_whom_an_entry_counts(
    client: Any, petition: Petition
) -> None:
    """Nobody can tell whether they are those of the file."""
    page = f"/admin/petitions/petition/{petition.pk}/import/"
    job = check(petition, of_people("ann"))
    assert "by count entries" not in text_of(client.get(page))

    make_entry(petition, 1200, source=Source.PAPER)
    make_entry(petition, 4200, source=Source.IMPORTED)

    for answer in (client.get(page), client.get(address(job))):
        assert "4,200 people are counted elsewhere before already" in text_of(answer)


def test_a_file_is_read_in_another_encoding(client: Any, petition: Petition) -> None:
    upload(client, petition, "Email;Name\nzoe@example.org;Zoë\n".encode("cp1252"))
    job = SignatureImport.objects.get()
    again = {"again": "", "encoding": "cp437", "delimiter": ";"}

    answer = client.post(address(job, "columns"), again)

    page = text_of(client.get(answer["Location"]))
    job.refresh_from_db()
    assert job.layout["delimiter"] == ";"
    assert "Zoδ" in page
    client.post(address(job, "columns"), {**again, "encoding": "cp1252"})
    assert "Zoë" in text_of(client.get(answer["Location"]))


def test_the_columns_of_a_failed_import_are_chosen_anew(
    client: Any, petition: Petition
) -> None:
    """As if a later version had other encodings than the one that stored it."""
    upload(client, petition, of_people("ann", "bo"))
    job = SignatureImport.objects.get()
    choose(client, job)
    SignatureImport.objects.update(layout={**job.layout, "encoding": "none"})
    assert work(job).state == "failed"

    page = text_of(client.get(address(job, "columns")))
    assert "ann@example.org" in page

    choose(client, job)
    assert work(job).state == "checked"
    assert job.found == 2

    client.post(address(job, "choose-again"))
    work(job)
    SignatureImport.objects.update(layout={})
    ImportPiece.objects.update(content=b"")
    page = text_of(client.get(address(job, "columns"), follow=True))
    assert "There is nothing in this file" in page


@pytest.mark.parametrize(
    ("name", "file", "sentence"),
    [
        ("a.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "This is a picture"),
        ("a.csv", b"", "There is nothing in this file"),
        ("a.xlsx", b"PK\x03\x04 broken", "This spreadsheet cannot be read"),
    ],
)
def test_what_is_no_table_is_refused_beside_the_field(
    client: Any, petition: Petition, name: str, file: bytes, sentence: str
) -> None:
    answer = upload(client, petition, file, name)

    assert answer.status_code == 200
    (told,) = answer.context["form"].errors["file"]
    assert sentence in told
    assert not SignatureImport.objects.exists()


def test_a_draft_takes_none(client: Any, petition: Petition) -> None:
    draft = make_petition(petition.organization, state=State.DRAFT)

    upload(client, draft, of_people("ann"))

    page = text_of(client.get(f"/admin/petitions/petition/{draft.pk}/import/"))
    assert "Nobody can be added" in page
    assert not SignatureImport.objects.exists()


def test_a_second_open_import_is_refused_in_a_sentence(
    client: Any, petition: Petition
) -> None:
    check(petition, of_people("ann"))
    upload(client, petition, of_people("bo"))
    second = SignatureImport.objects.latest("pk")

    page = text_of(client.get(choose(client, second)["Location"]))

    assert "It cannot be done now" in page
    second.refresh_from_db()
    assert second.state == "read"


@pytest.mark.parametrize(
    ("role", "sees", "counts"),
    [
        (Role.OWNER, True, True),
        (Role.EDITOR, True, True),
        (Role.MODERATOR, True, False),
        (Role.WRITER, False, False),
        (Role.VIEWER, False, False),
    ],
)
def test_who_sees_lines_and_who_imports(
    as_user: Login, petition: Petition, role: Role, sees: bool, counts: bool
) -> None:
    client = as_user(make_member(petition.organization, role))
    job = check(petition, content(["ann@example.org,Ann", "wimble,Bo"]))

    page = text_of(client.get(address(job)))
    assert ("wimble" in page) is sees
    assert ("Import them" in page) is counts
    form = f"/admin/petitions/petition/{petition.pk}/import/"
    assert client.get(form).status_code == (200 if counts else 403)
    assert client.post(address(job, "faults")).status_code == (200 if sees else 403)
    client.post(address(job, "begin"))
    job.refresh_from_db()
    assert (job.state == "running") is counts


def test_only_columns_that_imports_read_are_asked_for(
    client: Any, petition: Petition
) -> None:
    heading = "Email,Name,Country,Date,City,Town,Verified"
    lines = [
        "ann@planted.example,Ann,Atlantis,1/2/2021,A,B,yes",
        "bo@planted.example,Bo,Canada,32/13/2021,A,B,maybe",
    ]
    upload(client, petition, content(lines, heading))
    job = SignatureImport.objects.get()

    page = client.get(address(job, "columns"))
    offered = [
        {value for value, _label in field.field.choices}
        for field in page.context["form"].column_fields()
    ]
    wanted = {
        "email", "name", "first_name", "last_name", "confirmed", "updates",
        "unsubscribed", "ignored",
    }  # fmt: skip
    assert offered == [wanted] * 7
    assert page.context["doubts"] == []

    others = {f"column_{number}": "ignored" for number in range(2, 6)}
    refused = choose(client, job, **{**others, "column_2": "country"})
    assert refused.status_code == 422
    choose(client, job, **others, column_6="confirmed")
    assert (work(job).found, job.faults) == (1, 1)
    assert job.fault_rows.get().found == "maybe"


def test_a_large_file_comes_by_the_command(
    petition: Petition, tmp_path: Any, capsys: Any
) -> None:
    file = tmp_path / "large.csv"
    file.write_bytes(of_people("ann", "bo"))

    call_command("import_signatures", petition.slug, file)

    job = SignatureImport.objects.get()
    assert address(job, "columns") in capsys.readouterr().out
    assert (job.file_name, job.size) == ("large.csv", file.stat().st_size)
    reading, writing = os.pipe()
    os.write(writing, of_people("cy"))
    os.close(writing)
    call_command("import_signatures", petition.slug, f"/dev/fd/{reading}")
    os.close(reading)
    assert SignatureImport.objects.latest("pk").size == len(of_people("cy"))
    for arguments in (["nowhere", file], [petition.slug, tmp_path / "none.csv"]):
        with pytest.raises(CommandError):
            call_command("import_signatures", *arguments)


def test_a_file_of_many_pieces_is_read_from_anywhere(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petitions.importing.stored_files.PIECE", 7)
    job = check(petition, of_people(*(f"p{number}" for number in range(40))))

    assert (job.lines, job.found, job.faults) == (40, 40, 0)
    assert ImportPiece.objects.count() > 100
    assert jobs.advance_import(timezone.now()) is False


# == Typed from sheets of paper ==


def type_lines(client: Any, petition: Petition, lines: str, **sent: Any) -> Any:
    path = f"/admin/petitions/petition/{petition.pk}/import/"
    return client.post(path, {"lines": lines, **sent})


def test_addresses_on_paper_are_typed_counted_and_asked(
    client: Any, petition: Petition, erin: User
) -> None:
    """Nobody counts twice: not on the sheets and by their address, nor here as well."""
    make_entry(petition, 40, source=Source.PAPER)
    answer = type_lines(
        client,
        petition,
        "Ann Roy, ann@planted.example\r\n\r\nBo Li;bo@planted.example\n"
        "Roy, Cy\tcy@planted.example\nNo Address\ndi@planted.example\n",
    )
    job = SignatureImport.objects.get()
    assert answer["Location"] == address(job, "columns")
    columns = {"column_0": "name", "column_1": "email"}
    choose(client, job, **columns, label="On sheets", asks="on")
    work(job)
    client.post(address(job, "begin"))
    work(job)

    assert (job.counted, job.without_address, job.faults) == (4, 1, 0)
    assert numbers(petition) == (0, 4)
    by_mail = asking.order_asking(job, "paper", erin, timezone.now())
    assert by_mail.number == 3  # whom the line does not name, is not asked
    asking.advance_asking(by_mail.begins_at)
    names = {"Ann Roy", "Bo Li", "Roy, Cy"}
    assert {*Signature.objects.values_list("name", flat=True)} == names
    ann = Signature.objects.get(name="Ann Roy")
    confirming.confirm(ann.pk, now=timezone.now())
    assert numbers(petition) == (1, 3)
    assert Petition.objects.with_counts().get(pk=petition.pk).paper == 40


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("Ann Roy, ann@example.org", ["Ann Roy", "ann@example.org"]),
        ("Ann Roy <ann@example.org>,", ["Ann Roy", "ann@example.org"]),
        ("ann@example.org\tRoy, Ann", ["Roy, Ann", "ann@example.org"]),
        ("ann@example.org", ["", "ann@example.org"]),
        ("Ann Roy", ["Ann Roy", ""]),
        # Told as a fault: nobody knows what the third is.
        ("Ann, ann@example.org, 12", ["Ann, ann@example.org, 12", ""]),
    ],
)
def test_a_typed_line_is_read_as_people_write(line: str, cells: list[str]) -> None:
    assert name_and_address(line) == cells


@pytest.mark.parametrize("sent", [{}, {"file": "both"}])
def test_it_is_a_file_or_lines(
    client: Any, petition: Petition, sent: dict[str, str]
) -> None:
    lines = "Ann, ann@example.org" if sent else ""
    files = {"file": SimpleUploadedFile("a.csv", of_people("bo"))} if sent else {}
    page = text_of(type_lines(client, petition, lines, **files))

    assert "Choose a file, or type lines: one of them." in page
    assert lines in page
    assert not SignatureImport.objects.exists()


@pytest.mark.parametrize("lines", ["\0", "a" * 20_001, "@", ",;,", " \n "])
def test_strange_lines_are_answered(
    client: Any, petition: Petition, lines: str
) -> None:
    assert type_lines(client, petition, lines).status_code in {200, 302}


# == They agreed to be handed over by name ==


@pytest.fixture
def owner(as_user: Login, organization: Organization) -> Any:
    return as_user(make_member(organization, Role.OWNER))


def state_it(client: Any, job: SignatureImport, **fields: Any) -> Any:
    given = {
        "target": job.petition.targets.get().pk,
        "place": "Paper.example",
        "url": "https://paper.example/p",
        "begun_on": "2026-01-05",
        "ended_on": "2026-02-06",
        "words": "Yes, give my name\nto the Minister.",
    }
    return client.post(address(job, "consent"), {**given, **fields})


def test_what_they_agreed_to_is_stated_then_their_names_are_read(
    owner: Any, client: Any, petition: Petition
) -> None:
    lines = ["ann@planted.example,Ann Roy,Hull"]
    upload(client, petition, content(lines, "Email,Name,City"))
    job = SignatureImport.objects.get()
    assert "Place" not in text_of(client.get(address(job, "columns")))
    assert "consent/" not in client.get(address(job)).content.decode()
    assert state_it(client, job).status_code == 403

    assert address(job, "consent") in owner.get(address(job)).content.decode()
    answer = state_it(owner, job)
    assert answer["Location"] == address(job, "consent")
    page = text_of(owner.get(answer["Location"]))
    assert "Minister receives their names" in page
    assert "Yes, give my name to the Minister." in page
    columns = client.get(address(job, "columns"))
    assert "Place" in text_of(columns)
    choose(client, job, column_2="place")
    work(job)

    assert "Yes, give my name" in text_of(client.get(address(job)))
    assert state_it(owner, job)["Location"] == address(job)
    assert (job.people.get().name, job.people.get().place) == ("Ann Roy", "Hull")


def test_a_statement_is_taken_away_before_the_file_is_checked(
    owner: Any, petition: Petition
) -> None:
    upload(
        owner, petition, content(["ann@planted.example,Ann,Hull"], "Email,Name,City")
    )
    job = SignatureImport.objects.get()
    state_it(owner, job)
    stated = job.stated_consents.get()
    assert stated.made_by is not None

    for strange in ("x", "\0", "9" * 30, "-1", "²"):
        owner.post(address(job, "consent"), {"take_away": strange})
        assert job.stated_consents.exists()
    owner.post(address(job, "consent"), {"take_away": str(stated.pk)})
    assert not job.stated_consents.exists()
    assert "Place" not in text_of(owner.get(address(job, "columns")))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"ended_on": "2026-01-04"}, "It ended before it began."),
        ({"ended_on": "2999-01-04"}, "This day is still to come."),
        ({"begun_on": "soon"}, "2031-03-04"),
        ({"words": ""}, "This field is required."),
        ({"place": "\u200b"}, "This field is required."),
        ({"url": "javascript:alert(1)"}, "Enter a valid URL."),
        ({"target": ""}, "This field is required."),
        ({"target": "x\0"}, "not allowed"),
    ],
)
def test_what_is_typed_wrongly_is_said_and_kept(
    owner: Any, petition: Petition, wrong: dict[str, str], sentence: str
) -> None:
    upload(owner, petition, of_people("ann"))
    job = SignatureImport.objects.get()
    answer = state_it(owner, job, **wrong)

    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert "Yes, give my name" in text_of(answer) or "words" in wrong
    assert not job.stated_consents.exists()
