"""The files of a delivery pack: the list of names, the numbers, and a manifest with the
SHA-256 of each. The letters: `petitions.delivery.letters`."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext, override

from core import slots
from core.http.public_data import full
from core.text.spreadsheets import csv_table
from petitions.counts import by_day, checkpoints
from petitions.models import ImportedSignature, Pack, PackFile, PackPiece
from petitions.regions import (
    is_region,
    named_places,
    region_of,
    subdivision_name,
    without_small,
)
from petitions.signature_fields import LABELS, OPTIONAL, REGION
from petitions.signatures.forms import country_names
from petitions.states import Delivery, Source

NAMES = "names.csv"
COUNTRIES = "countries.csv"
REGIONS = "regions.csv"
DAYS = "days.csv"
MANIFEST = "manifest.json"
PLACES = ("place", REGION, "country")
"""The columns of the list that say where somebody lives, in their order."""
ELSEWHERE = "elsewhere.csv"
AGREEMENTS = "agreements.csv"
ELSEWHERE_COLUMNS = ("name", *PLACES)
"""The columns of the list of those who signed elsewhere, but for their agreement."""
READ = ("pk", "delivery", "comment_approved", "country", "postal_code")
"""The columns of signatures that decide what the list shows, beside those shown."""
PIECES_AT_ONCE = 8

type Row = dict[str, Any]
"""A signature as the list reads it, by column."""


# == Writing ==


def language_of_pack(pack: Pack) -> str:
    """Return the language of the tables: the petition's, as `spoken`."""
    return spoken(pack.petition.language)


def spoken(language: str) -> str:
    """Return the language, or the site's where the interface does not speak it."""
    known = language in dict(settings.LANGUAGES)
    return language if known else str(settings.LANGUAGE_CODE)


def columns_of(pack: Pack) -> list[str]:
    """Return the columns of signatures that the lines of the list are made from."""
    return list({*READ, *pack.columns} - {REGION})


def add_names(pack: Pack, rows: Iterable[Row], *, first: int) -> None:
    """Add lines to the list, numbered from `first`; with its heading when that is 1."""
    with override(language_of_pack(pack)):
        language = language_of_pack(pack)
        lines = [
            [str(number), *(cell(row, name, language) for name in pack.columns)]
            for number, row in enumerate(rows, first)
        ]
        head = [gettext("Number"), *(headings()[name] for name in pack.columns)]
    add_piece(
        pack,
        NAMES,
        csv_table([head, *lines] if first == 1 else lines, begins=first == 1),
    )


def add_elsewhere(pack: Pack, rows: Sequence[ImportedSignature], number: int) -> None:
    """Add lines to the list of those who signed elsewhere, of the agreement with this
    `number`; with its heading when they are the first."""
    before = pack.elsewhere
    with override(language_of_pack(pack)):
        language = language_of_pack(pack)
        lines = [
            [str(line), *elsewhere_cells(row, language), str(number)]
            for line, row in enumerate(rows, before + 1)
        ]
        head = [
            gettext("Number"),
            *(headings()[name] for name in ELSEWHERE_COLUMNS),
            gettext("Agreement"),
        ]
    add_piece(
        pack,
        ELSEWHERE,
        csv_table(lines if before else [head, *lines], begins=not before),
    )


def elsewhere_cells(row: ImportedSignature, language: str) -> list[str]:
    """Return what the list shows of somebody who signed elsewhere."""
    country = country_names(language).get(row.country, row.country)
    return [row.name, row.place, subdivision_name(row.region, language), country]


def headings() -> dict[str, str]:
    """Return the headings of the list's columns in the active language."""
    labels = {
        "name": str(LABELS["name"]),
        "comment": gettext("Reason"),
        REGION: gettext("Region"),
    }
    # All, for lists that were made when others of them were handed over.
    return labels | {field.name: str(field.heading) for field in OPTIONAL}


def cell(row: Row, name: str, language: str) -> str:
    """Return what the list shows of a signature in the column `name`. A comment is
    shown if its owner agreed to that and staff approved it."""
    if name == REGION:
        return subdivision_name(region_of(row["country"], row["postal_code"]), language)
    if name == "comment":
        agreed = row["delivery"] == Delivery.COMMENTS and row["comment_approved"]
        return str(row["comment"]) if agreed else ""
    value = str(row[name])
    return country_names(language).get(value, value) if name == "country" else value


def write_numbers(pack: Pack) -> None:
    """Write the tables by region or by country, where they compare something, and by
    day."""
    language = language_of_pack(pack)
    with override(language):
        head = [gettext("Country"), gettext("Signatures confirmed here")]
        if lines := by_country(pack, language):
            add_piece(pack, COUNTRIES, csv_table([head, *lines], begins=True))
        head = [gettext("Region"), gettext("Signatures confirmed here")]
        if lines := by_region(pack, language):
            add_piece(pack, REGIONS, csv_table([head, *lines], begins=True))
        write_agreements(pack)
        # All, also what public pages show in the next slot.
        with slots.showing(timezone.now()):
            counted = by_day.sources_by_day(pack.petition)
        head = [gettext("Day"), *(str(source.label) for source in Source)]
        days: list[list[str | int]] = [
            [day.isoformat(), *(sources[source] for source in Source)]
            for day, sources in counted
        ]
        add_piece(pack, DAYS, csv_table([head, *days], begins=True))


def write_agreements(pack: Pack) -> None:
    """Write what those who signed elsewhere agreed to, by the numbers in their list;
    nothing where it has nobody."""
    head = [
        gettext("Agreement"), gettext("Where"), gettext("Address"), gettext("From"),
        gettext("Until"), gettext("In these words"), gettext("Names"),
    ]  # fmt: skip
    lines = [list(map(str, one.values())) for one in agreed_elsewhere(pack)]
    if lines:
        add_piece(pack, AGREEMENTS, csv_table([head, *lines], begins=True))


def agreed_elsewhere(pack: Pack) -> list[dict[str, Any]]:
    """Return where, when and in which words those who signed elsewhere agreed."""
    return [
        {
            "agreement": one.number,
            "where": one.consent.place,
            "address": one.consent.url,
            "from": one.consent.begun_on.isoformat(),
            "until": one.consent.ended_on.isoformat(),
            "words": one.consent.words,
            "names": one.names,
        }
        for one in pack.agreements()
    ]


def by_country(pack: Pack, language: str) -> list[tuple[str, int]]:
    """Return the number of signatures confirmed here by country, as `named_places`;
    none where they are told by region: of two tables each would tell what the other
    hides."""
    return (
        [] if any(map(is_region, numbers_shown(pack))) else lines_shown(pack, language)
    )


def by_region(pack: Pack, language: str) -> list[tuple[str, int]]:
    """Return the number of signatures confirmed here by region and, where none is
    known, country, as `named_places`; none where all are countries."""
    return (
        lines_shown(pack, language) if any(map(is_region, numbers_shown(pack))) else []
    )


def lines_shown(pack: Pack, language: str) -> list[tuple[str, int]]:
    return named_places(numbers_shown(pack), language)


def numbers_shown(pack: Pack) -> dict[str, int]:
    """Return the numbers by region that may be shown; those by country where some of a
    pack were counted by a release that did not know regions."""
    known = sum(pack.regions.values()) == pack.confirmed
    return without_small(pack.regions if known else pack.countries)


def add_piece(pack: Pack, name: str, content: bytes) -> None:
    """Add a piece to a file of the pack, which is made if it is not there."""
    file, _made = PackFile.objects.get_or_create(pack=pack, name=name)
    last = file.pieces.aggregate(last=Max("position"))["last"] or 0
    PackPiece.objects.create(file=file, position=last + 1, content=content)


def seal_files(pack: Pack) -> None:
    """Store the size and the SHA-256 of each file."""
    for file in pack.files.all():
        digest, size = hashlib.sha256(), 0
        for piece in content_of(file):
            digest.update(piece)
            size += len(piece)
        file.sha256, file.size = digest.hexdigest(), size
        file.save(update_fields=["sha256", "size"])


# == Reading ==


def content_of(file: PackFile) -> Iterator[bytes]:
    """Yield the content of a file in pieces, a few in memory at a time."""
    last = 0
    while pieces := list(file.pieces.filter(position__gt=last)[:PIECES_AT_ONCE]):
        for piece in pieces:
            yield bytes(piece.content)
        last = pieces[-1].position


class Erased(Exception):
    """A file was erased while it was read."""


def whole_content(file: PackFile) -> Iterator[bytes]:
    """Yield the content of a file of a pack that is made; raise Erased, so that nobody
    takes what there was for the whole, when it was erased meanwhile."""
    size = 0
    for piece in content_of(file):
        size += len(piece)
        yield piece
    if size != file.size:
        raise Erased


def manifest(pack: Pack) -> dict[str, Any]:
    """Return what the pack is, its numbers, and the name, size (bytes) and SHA-256 of
    each of its files."""
    petition = pack.petition
    assert pack.as_of is not None
    assert pack.finished_at is not None
    signed = checkpoints.signed_at(pack.petition_id, pack.finished_at)
    return {
        "petition": petition.title,
        "address": full(petition.get_absolute_url()),
        "organization": petition.organization.translated(
            "name", petition.language
        ).text,
        "for": pack.target.label_with_office,
        "as_of": pack.as_of.isoformat(),
        "made_at": pack.finished_at.isoformat(),
        "supporters": {
            "confirmed": pack.confirmed,
            "paper": pack.paper,
            "imported": pack.imported,
            "all": pack.number,
        },
        "list": {
            "names": pack.names,
            "number_only": pack.number_only,
            "left_out": pack.left_out,
            "left_out_elsewhere": pack.left_out_elsewhere,
            "parts_not_printed": pack.unprinted,
            "characters_not_printed": pack.replaced,
        },
        # Of those imported: who agreed there that their names are handed over.
        "signed_elsewhere": agreed_elsewhere(pack),
        "files": [
            {"name": file.name, "size": file.size, "sha256": file.sha256}
            for file in pack.files.all()
        ],
        # For whoever wants to compare later what the site says of its count.
        "checkpoint": signed and signed.note,
    }


class Pipe(io.RawIOBase):
    """The buffer that a ZIP file is written into, and taken from piece by piece."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.waiting.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken, self.waiting = b"".join(self.waiting), []
        return taken


def as_zip(pack: Pack) -> Iterator[bytes]:
    """Yield the files of a pack and its manifest as a ZIP file, the same bytes each
    time."""
    assert pack.finished_at is not None
    pipe = Pipe()
    time = timezone.localtime(pack.finished_at).timetuple()[:6]
    words = json.dumps(manifest(pack), ensure_ascii=False, indent=2).encode()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [
            (MANIFEST, iter([words])),
            *((file.name, whole_content(file)) for file in pack.files.all()),
        ]:
            info = zipfile.ZipInfo(name, time)
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as entry:
                for piece in content:
                    entry.write(piece)
                    yield pipe.take()
    yield pipe.take()
