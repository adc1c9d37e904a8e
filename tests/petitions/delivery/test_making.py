"""Delivery packs: whose name is in the list, whether the numbers agree with it, and what
a killed worker leaves."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from core.models import AuditEntry
from core.pdf.fonts import NoFonts
from core.pdf.rendering import NotRendered, Rendered
from core.text.spreadsheets import BOM
from petitions.counts import checkpoints, folding
from petitions.delivery import expiring, files, making, office, printing
from petitions.models import (
    Invalidation,
    LeftOut,
    Pack,
    PackFile,
    PackPiece,
    Petition,
    Signature,
)
from petitions.signature_fields import REGION
from petitions.signatures import withdrawing
from petitions.states import Delivery, ListParts, PackContents, PackState, State
from tests.core.pdf.helpers import needs_printing as needs_fonts
from tests.core.pdf.helpers import text_of
from tests.factories import (
    make_entry,
    make_pending,
    make_petition,
    make_signature,
    make_translation,
)
from tests.petitions.delivery.helpers import erase, made, prepared

pytestmark = pytest.mark.django_db


def content(pack: Pack, name: str) -> str:
    file = pack.files.get(name=name)
    return b"".join(files.content_of(file)).decode()


def listed(pack: Pack) -> list[list[str]]:
    """Return the lines of the list without its heading."""
    if not pack.files.filter(name=files.NAMES).exists():
        return []
    return list(csv.reader(io.StringIO(content(pack, files.NAMES))))[1:]


# == Whose name is in the list ==


@pytest.fixture
def petition() -> Petition:
    return make_petition(
        title="Free the prisoners", delivery=Delivery.COMMENTS, asks_place=True
    )


STANDINGS = ["confirmed", "pending", "withdrawn", "invalid", "later", "erased", "out"]


@pytest.mark.parametrize(
    ("consent", "standing", "contents"),
    list(product(Delivery.values, STANDINGS, PackContents.values)),
)
def test_each_signature_is_in_the_list_as_it_agreed(
    petition: Petition, consent: str, standing: str, contents: str
) -> None:
    make = make_pending if standing == "pending" else make_signature
    row = make(petition, name="Maya Tremblay", delivery=consent, comment="Because.")
    pack = prepared(petition, contents=contents)
    if standing == "withdrawn":
        withdrawing.withdraw(row, now=timezone.now())
    if standing == "invalid":
        reason = Invalidation.objects.create(
            petition=petition, domain="example.org", reason="Bots", found=1, up_to=0,
            made_at=timezone.now(), as_of=timezone.now(),
        )  # fmt: skip
        Signature.objects.filter(pk=row.pk).update(state="invalid", invalidation=reason)
    if standing == "later":
        later = timezone.now() + timedelta(minutes=1)
        Signature.objects.filter(pk=row.pk).update(confirmed_at=later)
    if standing == "out":
        LeftOut.objects.create(pack=pack, signature=row)
    if standing == "erased":
        erase(row)

    pack = made(pack)

    counts = standing in ("confirmed", "erased", "out")
    agreed = consent != Delivery.NUMBER and contents == PackContents.NAMES
    named = counts and agreed and standing == "confirmed"
    out = standing == "out" and agreed
    assert [line[1] for line in listed(pack)] == (["Maya Tremblay"] if named else [])
    assert (pack.names, pack.left_out) == (int(named), int(out))
    assert pack.number_only == int(counts and not named and not out)
    assert sum(pack.countries.values()) == pack.confirmed == int(counts)


@pytest.mark.parametrize(
    ("consent", "approved", "said"),
    [
        (Delivery.COMMENTS, True, "Because."),
        (Delivery.COMMENTS, False, ""),
        (Delivery.NAMES, True, ""),
    ],
)
def test_a_comment_is_in_the_list_if_its_owner_and_staff_agreed(
    petition: Petition, consent: str, approved: bool, said: str
) -> None:
    make_signature(petition, delivery=Delivery.COMMENTS, comment="One that is in it.")
    Signature.objects.update(comment_approved=True)
    row = make_signature(petition, delivery=consent, comment="Because.")
    Signature.objects.filter(pk=row.pk).update(comment_approved=approved)

    pack = made(prepared(petition))

    assert listed(pack)[1][-1] == said


# == The files ==


def test_columns_that_nobody_filled_in_are_left_out(petition: Petition) -> None:
    make_signature(petition, name="Ann", place="Ottawa")
    make_signature(petition, name="=1+1", place="")

    pack = made(prepared(petition))

    text = content(pack, files.NAMES)
    assert text.startswith(BOM + "Number,Full name,Place\r\n")
    assert listed(pack) == [["1", "Ann", "Ottawa"], ["2", "'=1+1", ""]]


def test_the_list_goes_on_over_batches(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "PART", 2)
    kept = Delivery.NUMBER
    for number in range(7):
        make_signature(
            petition, name=f"N{number}", delivery=kept if number == 3 else "names"
        )
    out = Signature.objects.get(name="N5")
    pack = prepared(petition)
    LeftOut.objects.create(pack=pack, signature=out)

    pack = made(pack)

    names = ["N0", "N1", "N2", "N4", "N6"]
    assert listed(pack) == [[str(n), name] for n, name in enumerate(names, 1)]
    assert (pack.names, pack.number_only, pack.left_out) == (5, 1, 1)
    assert pack.files.get(name=files.NAMES).pieces.count() == 3


def test_numbers_letters_and_manifest_agree(petition: Petition) -> None:
    make_translation(petition, "fr", title="Libérez les prisonniers")
    for _ in range(3):
        make_signature(petition)
    make_entry(petition, 40, source="paper")
    folding.fold()
    signed = checkpoints.sign_checkpoint(petition.pk, now=timezone.now())
    assert signed is not None

    pack = made(prepared(petition))

    with zipfile.ZipFile(io.BytesIO(b"".join(files.as_zip(pack)))) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read(files.MANIFEST))
        for entry in manifest["files"]:
            there = archive.read(entry["name"])
            assert hashlib.sha256(there).hexdigest() == entry["sha256"]
            assert len(there) == entry["size"]
        assert len(archive.namelist()) == len(manifest["files"]) + 1
        english = archive.read("letter-en.txt").decode()
        french = archive.read("letter-fr.txt").decode()
    numbers = {"confirmed": 3, "paper": 40, "imported": 0, "all": 43}
    assert manifest["supporters"] == numbers
    assert manifest["checkpoint"] == signed.note
    assert "43 people support this petition" in english
    assert "- on paper: 40.\n" in english
    assert "counted elsewhere" not in english
    assert "\n\n\n" not in english
    assert not any(line.endswith(" ") for line in english.splitlines())
    assert "Free the prisoners" in english
    assert "Libérez les prisonniers" in french
    assert "&" not in english + french


def test_the_days_have_what_public_pages_do_not_show_yet(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = timezone.now() - timedelta(seconds=30)
    monkeypatch.setattr("core.slots.moment_of_slot", lambda: earlier)
    make_signature(petition)

    text = content(made(prepared(petition)), files.DAYS)

    _head, today = csv.reader(io.StringIO(text))
    assert today == [timezone.localdate().isoformat(), "1", "0", "0"]


def told(pack: Pack) -> list[list[str]]:
    """What the tables of a pack tell of where people live."""
    tables = pack.files.filter(name__in=[files.COUNTRIES, files.REGIONS])
    return [
        line
        for file in tables
        for line in list(csv.reader(io.StringIO(content(pack, file.name))))[1:]
    ]


def sign(petition: Petition, number: int, **values: Any) -> None:
    for _ in range(number):
        make_signature(petition, **values)


def test_countries_with_few_signatures_stand_together(petition: Petition) -> None:
    Petition.objects.filter(pk=petition.pk).update(asks_country=True)
    sign(petition, 12, country="CA")
    sign(petition, 11, country="DE")
    sign(petition, 1, country="FR")
    sign(petition, 1, country="BE")
    sign(petition, 1)

    pack = made(prepared(petition))

    # Not of those three alone, and not by taking the others from the sum.
    assert told(pack) == [["Canada", "12"], ["Other places, or not said", "14"]]
    assert "France" not in office.letter(pack, "en")
    assert pack.countries == {"CA": 12, "": 14}


QUEBEC = {"country": "CA", "postal_code": "H2X 1Y4"}
ONTARIO = {"country": "CA", "postal_code": "K1A 0B1"}


def test_the_numbers_by_region() -> None:
    petition = make_petition(delivery=Delivery.NAMES, asks_postal_code=True)
    sign(petition, 12, **QUEBEC)
    sign(petition, 11, **ONTARIO)
    sign(petition, 1, country="CA", postal_code="V8W 1P6")
    make_signature(petition, country="", delivery=Delivery.NUMBER)

    pack = made(prepared(petition))

    lines = list(csv.reader(io.StringIO(content(pack, files.REGIONS))))
    assert lines == [
        [BOM + "Region", "Signatures confirmed here"],
        ["Quebec, Canada", "12"],
        ["Other places, or not said", "13"],
    ]
    # The number of Canada, less that of Quebec, would tell of the one that said none.
    assert told(pack) == lines[1:]
    assert pack.regions == {"CA-QC": 12, "": 13}


def test_a_number_by_region_moves_by_ten_over_packs_and_what_readers_see() -> None:
    petition = make_petition(delivery=Delivery.NUMBER, asks_postal_code=True)
    sign(petition, 12, **QUEBEC)
    sign(petition, 15, **ONTARIO)
    first = [["Ontario, Canada", "15"], ["Quebec, Canada", "12"]]
    assert told(made(prepared(petition))) == first
    assert dict(petition.region_totals.values_list("region", "number")) == {
        "CA-QC": 12, "CA-ON": 15, "": 0,
    }  # fmt: skip

    sign(petition, 1, **QUEBEC)
    now = [["Ontario, Canada", "15"], ["Other places, or not said", "13"]]
    assert told(made(prepared(petition)))[-1] == now[-1]
    sign(petition, 9, **QUEBEC)
    assert told(made(prepared(petition))) == [
        ["Quebec, Canada", "22"], ["Ontario, Canada", "15"],
    ]  # fmt: skip


def test_where_too_many_have_gone_a_pack_tells_no_region() -> None:
    petition = make_petition(delivery=Delivery.NUMBER, asks_postal_code=True)
    sign(petition, 15, **QUEBEC)
    sign(petition, 15, **ONTARIO)
    made(prepared(petition))
    for row in list(petition.signatures.order_by("pk"))[10:20]:
        withdrawing.withdraw(row, now=timezone.now())
    before = dict(petition.region_totals.values_list("region", "number"))

    pack = made(prepared(petition))

    assert told(pack) == []
    assert pack.regions == {"": 20}
    assert dict(petition.region_totals.values_list("region", "number")) == before


def test_of_a_postal_code_the_list_has_the_region_alone() -> None:
    petition = make_petition(delivery=Delivery.NAMES, asks_postal_code=True)
    make_signature(petition, name="Ann", country="CA", postal_code="H2X 1Y4")
    make_signature(petition, name="Bo", country="DE", postal_code="10115")

    pack = made(prepared(petition))

    assert pack.columns == ["name", REGION, "country"]
    assert listed(pack) == [
        ["1", "Ann", "Quebec", "Canada"],
        ["2", "Bo", "", "Germany"],
    ]
    for file in pack.files.all():
        assert b"H2X" not in b"".join(files.content_of(file)), file.name


def test_no_numbers_by_region_where_no_region_is_known(petition: Petition) -> None:
    make_signature(petition, country="CA")

    pack = made(prepared(petition))

    assert not pack.files.filter(name=files.REGIONS).exists()


@pytest.fixture
def by_region(monkeypatch: pytest.MonkeyPatch) -> Pack:
    """A pack whose list is printed by region: 24 of Quebec and 12 of Ontario, of which
    every third has a name in the number only, then one each from elsewhere."""
    needs_fonts()
    monkeypatch.setattr(printing, "PART", 5)
    petition = make_petition(
        delivery=Delivery.NAMES, asks_postal_code=True, asks_country=True
    )
    codes = ["H2X 1Y4", "K1A 0B1", "H2X 1Y4"] * 12 + ["V8W 1P6", ""]
    for number, code in enumerate(codes):
        make_signature(petition, name=f"N{number:02}", country="CA", postal_code=code)
    make_signature(petition, name="Hidden", country="CA", delivery=Delivery.NUMBER)
    return prepared(petition, parts=ListParts.REGION)


def test_a_list_in_parts_by_region(by_region: Pack) -> None:
    pack = made(by_region)

    printed = {
        file.name: text_of(b"".join(files.content_of(file)))
        for file in pack.files.filter(name__startswith="names-")
    }
    assert list(printed) == [
        *(f"names-{number:03}-CA-QC.pdf" for number in range(1, 6)),
        *(f"names-{number:03}-CA-ON.pdf" for number in range(6, 9)),
        "names-009-other.pdf",
    ]
    names = [re.findall(r"N\d\d", text) for text in printed.values()]
    quebec = [f"N{number:02}" for number in range(36) if number % 3 != 1]
    ontario = [f"N{number:02}" for number in range(36) if number % 3 == 1]
    assert names == [
        *(quebec[first : first + 5] for first in range(0, 24, 5)),
        *(ontario[first : first + 5] for first in range(0, 12, 5)),
        ["N36", "N37"],
    ]
    first = " ".join(printed["names-001-CA-QC.pdf"].split())
    assert "Part 1 of 9" in first
    assert "Region Quebec, Canada Signatures 5" in first
    assert "Other regions, or not said" in printed["names-009-other.pdf"]
    assert [line[1] for line in listed(pack)] == [f"N{n:02}" for n in range(38)]


def test_by_region_a_part_is_printed_again_after_a_kill(by_region: Pack) -> None:
    now = timezone.now()
    making.begin_pack(by_region, now=now)
    once = {}
    while True:
        by_region.refresh_from_db()
        if by_region.is_listed:
            again = printing.print_next(by_region)
            if again is None:
                break
            # What a killed worker had printed is printed once more, and is the same.
            once[again.name] = again.pdf and again.pdf.content
        making.advance_pack(now)
    while making.advance_pack(now):
        pass

    kept = {
        file.name: b"".join(files.content_of(file))
        for file in by_region.files.filter(name__startswith="names-")
    }
    assert len(kept) == 9
    assert kept == once


def test_names_listed_by_a_release_without_regions_are_printed_by_number(
    by_region: Pack,
) -> None:
    making.begin_pack(by_region, now=timezone.now())
    making.advance_pack(timezone.now())
    Pack.objects.update(names_by_region={}, regions={})
    while making.advance_pack(timezone.now()):
        pass

    names = by_region.files.filter(name__startswith="names-").values_list("name")
    assert list(names) == [(f"names-{number:03}.pdf",) for number in range(1, 9)]
    assert not by_region.files.filter(name=files.REGIONS).exists()


def test_the_same_zip_each_time(petition: Petition) -> None:
    make_signature(petition)
    pack = made(prepared(petition))

    assert b"".join(files.as_zip(pack)) == b"".join(files.as_zip(pack))


def test_the_log_has_an_entry_for_each_step_and_none_for_a_batch(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "PART", 1)
    for _ in range(4):
        make_signature(petition)

    pack = made(prepared(petition))

    entries = AuditEntry.objects.filter(table="petitions_pack").order_by("pk")
    states = [(entry.now or {}).get("state") for entry in entries]
    assert states == ["preparing", "running", "done"]
    assert pack.names == 4


# == Beginning, killing, calling off ==


def test_a_killed_batch_is_written_again_and_nothing_twice(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "PART", 1)
    for number in range(3):
        make_signature(petition, name=f"N{number}")
    pack = prepared(petition)
    making.begin_pack(pack, now=timezone.now())
    making.advance_pack(timezone.now())

    real = Pack.save

    def killed(self: Pack, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Pack, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            making.advance_pack(timezone.now())
    while making.advance_pack(timezone.now()):
        pass

    pack.refresh_from_db()
    assert [line[1] for line in listed(pack)] == ["N0", "N1", "N2"]


@pytest.mark.parametrize("state", [State.DRAFT, State.WITHDRAWN])
def test_what_is_not_public_is_not_delivered(state: State) -> None:
    pack = prepared(make_petition(state=state))

    with pytest.raises(making.PackNotPossible):
        making.begin_pack(pack, now=timezone.now())


def test_one_pack_of_a_petition_is_made_at_a_time(petition: Petition) -> None:
    first, second = prepared(petition), prepared(petition)
    making.begin_pack(first, now=timezone.now())

    with pytest.raises(making.PackNotPossible):
        making.begin_pack(second, now=timezone.now())
    with pytest.raises(making.PackNotPossible):
        making.begin_pack(first, now=timezone.now())


def test_a_pack_is_called_off_until_it_is_made(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "PART", 1)
    make_signature(petition)
    make_signature(petition)
    pack, other = prepared(petition), prepared(petition)
    making.begin_pack(pack, now=timezone.now())
    making.advance_pack(timezone.now())

    assert making.call_off_pack(pack)

    pack.refresh_from_db()
    assert (pack.state, pack.files.count()) == (PackState.CALLED_OFF, 0)
    assert not making.advance_pack(timezone.now())
    made(other)
    assert not making.call_off_pack(other)


# == What the database holds ==


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE petitions_pack SET names = names + 1",
        "UPDATE petitions_pack SET state = 'running', finished_at = NULL",
        "DELETE FROM petitions_pack",
        "UPDATE petitions_packfile SET sha256 = ''",
        "DELETE FROM petitions_packfile",
        (
            "INSERT INTO petitions_packfile (pack_id, name, size, sha256)"
            " SELECT id, 'more', 0, '' FROM petitions_pack"
        ),
        "UPDATE petitions_packpiece SET content = ''",
        (
            "INSERT INTO petitions_packpiece (file_id, position, content)"
            " SELECT id, 99, '' FROM petitions_packfile"
        ),
    ],
)
def test_what_was_made_stays_as_it_was_made(petition: Petition, change: str) -> None:
    make_signature(petition)
    made(prepared(petition))

    with pytest.raises(DatabaseError, match="stays on record"), transaction.atomic():
        connection.cursor().execute(change)


@pytest.mark.parametrize("why", ["time", "names"])
def test_files_are_erased_and_what_they_were_stays(
    petition: Petition, why: str
) -> None:
    make_signature(petition)
    row = make_signature(petition)
    pack = prepared(petition)
    LeftOut.objects.create(pack=pack, signature=row)
    made(pack)
    now = timezone.now()
    assert not expiring.past_pack_files(now).exists()
    if why == "time":
        now += timedelta(days=31)
    else:
        Petition.objects.filter(pk=petition.pk).update(
            state=State.CLOSED, ended_at=now, anonymised_at=now
        )

    expiring.erase_pack_files(expiring.past_pack_files(now))

    pack.refresh_from_db()
    assert pack.files_erased_at
    assert not PackPiece.objects.exists()
    assert not LeftOut.objects.exists()
    assert all(PackFile.objects.values_list("sha256", flat=True))
    assert (pack.names, pack.left_out) == (1, 1)


@pytest.mark.parametrize("batches", [None, 0, 1])
def test_a_pack_that_was_never_finished_is_called_off_in_time(
    petition: Petition, batches: int | None
) -> None:
    make_signature(petition)
    pack = prepared(petition)
    if batches is not None:
        making.begin_pack(pack, now=timezone.now())
        for _ in range(batches):
            making.advance_pack(timezone.now())
    now = timezone.now() + timedelta(days=31)

    expiring.erase_pack_files(expiring.past_pack_files(now))

    pack.refresh_from_db()
    assert (pack.state, PackPiece.objects.count()) == (PackState.CALLED_OFF, 0)
    assert not making.advance_pack(timezone.now())
    assert not expiring.past_pack_files(now).exists()


# == The printed list ==


def test_the_list_is_printed_in_parts_as_it_is_in_the_csv(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_fonts()
    monkeypatch.setattr(printing, "PART", 2)
    for name in ("Ann", "=1+1", "Zoé"):
        make_signature(petition, name=name, place="Ottawa")

    pack = made(prepared(petition))

    names = list(
        pack.files.filter(name__startswith="names-").values_list("name", flat=True)
    )
    assert names == ["names-001.pdf", "names-002.pdf"]
    first, second = (
        text_of(b"".join(files.content_of(pack.files.get(name=name)))) for name in names
    )
    assert ("Ann" in first, "=1+1" in first, "'=1+1" in first) == (True, True, False)
    assert ("Zoé" in second, "Ann" in second, "Ottawa" in second) == (True, False, True)
    assert (pack.printed, pack.unprinted, pack.replaced) == (2, 0, 0)


def test_characters_that_no_font_has_are_counted(petition: Petition) -> None:
    needs_fonts()
    make_signature(petition, name="Ann \ue000\ue001")

    pack = made(prepared(petition))

    assert pack.files.filter(name="names.pdf").exists()
    assert files.manifest(pack)["list"]["characters_not_printed"] == 2
    assert "\ue000" in content(pack, files.NAMES)


@pytest.mark.parametrize("error", [NotRendered("Too much"), NoFonts("None")])
def test_a_part_that_cannot_be_printed_stops_no_delivery(
    petition: Petition, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_args: Any) -> None:
        raise error

    monkeypatch.setattr(printing, "render_part", fail)
    make_signature(petition, name="Ann")

    pack = made(prepared(petition))

    assert [line[1] for line in listed(pack)] == ["Ann"]
    assert not pack.files.filter(name="names.pdf").exists()
    assert files.manifest(pack)["list"]["parts_not_printed"] == 1


def test_a_part_that_could_not_be_printed_is_tried_once_more(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine was out of memory, or stood still: that passes."""
    tries: list[int] = []

    def fail_once(*_args: Any) -> Rendered:
        tries.append(1)
        if len(tries) == 1:
            raise NotRendered("It was ended by SIGKILL")
        return Rendered(b"%PDF", 0, 1)

    monkeypatch.setattr(printing, "render_part", fail_once)
    make_signature(petition, name="Ann")

    pack = made(prepared(petition))

    assert content(pack, "names.pdf") == "%PDF"
    assert (pack.printed, pack.unprinted, len(tries)) == (1, 0, 2)


def test_the_printed_letter_says_what_the_text_says(petition: Petition) -> None:
    needs_fonts()
    make_translation(petition, "fr", title="Libérez les prisonniers")
    make_signature(petition, country="CA")
    make_signature(petition, country="FR")
    make_entry(petition, number=40, source="paper")

    pack = made(prepared(petition))

    for code in ("en", "fr"):
        text = content(pack, f"letter-{code}.txt").split()
        pdf = pack.files.get(name=f"letter-{code}.pdf")
        printed = text_of(b"".join(files.content_of(pdf)), "-raw").split()
        # Items of the list begin with a dot there, not with a dash.
        assert not set(text) - set(printed) - {"-"}
        assert {"42", "40"} <= set(printed)


def test_the_printed_letter_is_of_the_moment_of_the_count(petition: Petition) -> None:
    """Who signs while the pack is made is in none of its numbers."""
    needs_fonts()
    make_signature(petition)
    pack = prepared(petition)
    making.begin_pack(pack, now=timezone.now())
    make_signature(petition)

    while making.advance_pack(timezone.now()):
        pass

    pdf = pack.files.get(name="letter-en.pdf")
    printed = " ".join(text_of(b"".join(files.content_of(pdf))).split())
    assert "Total 1" in printed
    assert re.search(r"Supporters over time .* 1 \d+ \w+ \d{4}", printed)
    assert "2 " + "people" not in printed


@pytest.mark.parametrize("error", [NotRendered("Too much"), NoFonts("None")])
def test_a_letter_that_cannot_be_printed_stops_no_delivery(
    petition: Petition, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_args: Any) -> None:
        raise error

    monkeypatch.setattr("petitions.delivery.letters.render_letter", fail)
    make_translation(petition, "fr", title="Libérez les prisonniers")
    make_signature(petition)
    pack = prepared(petition)
    making.begin_pack(pack, now=timezone.now())

    rounds = 0
    while making.advance_pack(timezone.now()):
        rounds += 1
        assert rounds < 20

    pack.refresh_from_db()
    assert pack.state == PackState.DONE
    assert "1 person supports" in content(pack, "letter-en.txt")
    assert "1 personne" in content(pack, "letter-fr.txt")
    assert not pack.files.filter(name__startswith="letter-", name__endswith=".pdf")


def test_a_letter_that_could_not_be_printed_is_tried_once_more(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def fail_once(*_args: Any) -> Rendered:
        tries.append(1)
        if len(tries) == 1:
            raise NotRendered("It was ended by SIGKILL")
        return Rendered(b"%PDF", 0, 1)

    monkeypatch.setattr("petitions.delivery.letters.render_letter", fail_once)

    pack = made(prepared(petition, contents=PackContents.NUMBERS))

    assert content(pack, "letter-en.pdf") == "%PDF"
    assert len(tries) == 2


def test_a_pack_that_is_called_off_while_it_is_printed_stays_so(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_signature(petition, name="Ann")
    pack = prepared(petition)
    making.begin_pack(pack, now=timezone.now())
    making.advance_pack(timezone.now())

    def call_off_first(*_args: Any) -> Rendered:
        making.call_off_pack(pack)
        return Rendered(b"%PDF", 0, 1)

    monkeypatch.setattr(printing, "render_part", call_off_first)
    assert making.advance_pack(timezone.now())

    pack.refresh_from_db()
    assert (pack.state, pack.files.count()) == (PackState.CALLED_OFF, 0)
