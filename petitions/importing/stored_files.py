"""The file of an import of signatures, in pieces in the database: the worker may run on
another machine than the one that staff sent it to."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, cast

from django.db import transaction

from core.text.characters import clean_line
from petitions.importing.columns import IMPORTED, imported
from petitions.importing.sheets import as_csv, is_sheet
from petitions.importing.tables import Guess, guess
from petitions.models import ImportPiece, SignatureImport
from petitions.models.imports import CHOOSING

LONGEST_NAME = 200
PIECE = 2**20
"""The bytes of a piece: all but the last have as many."""


class StoredFile(io.RawIOBase):
    """The content of an import's file, of which a piece is read when it is needed."""

    def __init__(self, job: SignatureImport) -> None:
        self.job = job
        self.at = 0
        self.held: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.job.size}
        self.at = max(0, bases[whence] + offset)
        return self.at

    def readinto(self, buffer: Any) -> int:
        number, offset = divmod(self.at, PIECE)
        if self.held[0] != number:
            piece = self.job.pieces.filter(position=number).first()
            self.held = number, bytes(piece.content) if piece else b""
        part = self.held[1][offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self.at += len(part)
        return len(part)


def open_file(job: SignatureImport) -> BinaryIO:
    """Return the file of an import, to be read from anywhere."""
    return cast("BinaryIO", io.BufferedReader(StoredFile(job)))


def keep_file(job: SignatureImport, name: str, file: BinaryIO) -> None:
    """Save a new import with a file of this name, a sheet as CSV, and with what its
    columns seem to be; raise FileProblem for what cannot be read."""
    file.seek(0)
    start = file.read(4096)
    file.seek(0)
    readable = as_csv(file) if is_sheet(start) else file
    guessed = guess(readable, name=name, only=IMPORTED)
    job.file_name = clean_line(name)[:LONGEST_NAME]
    job.layout, job.heading = guessed.layout.as_json(), guessed.heading
    readable.seek(0)
    with transaction.atomic():
        store_file(job, iter(lambda: readable.read(PIECE), b""))


def guessed_anew(
    job: SignatureImport, encoding: str = "", delimiter: str = ""
) -> Guess:
    """Return what the columns of an import's file seem to be, with this encoding and
    delimiter if they are given; raise FileProblem for what cannot be read."""
    with open_file(job) as file:
        return guess(
            file,
            name=job.file_name,
            encoding=encoding,
            delimiter=delimiter,
            only=imported(job.is_stated),
        )


def guess_again(job: SignatureImport, encoding: str = "", delimiter: str = "") -> None:
    """Store what the columns of a file whose columns are not chosen yet seem to be;
    raise FileProblem likewise."""
    guessed = guessed_anew(job, encoding, delimiter)
    choosing = SignatureImport.objects.filter(pk=job.pk, state__in=CHOOSING)
    choosing.update(layout=guessed.layout.as_json(), heading=guessed.heading)


def store_file(job: SignatureImport, content: Iterable[bytes]) -> None:
    """Save a new import with the content of its file; set its size and SHA-256. Call it
    in a transaction."""
    job.size = 0
    job.save(force_insert=True)
    digest = hashlib.sha256()
    for position, piece in enumerate(pieces_of_content(content)):
        digest.update(piece)
        job.size += len(piece)
        ImportPiece.objects.create(
            signature_import=job, position=position, content=piece
        )
    job.sha256 = digest.hexdigest()
    job.save(update_fields=["size", "sha256"])


def pieces_of_content(content: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content in pieces of PIECE bytes, the last one shorter."""
    held = b""
    for part in content:
        held += part
        while len(held) >= PIECE:
            yield held[:PIECE]
            held = held[PIECE:]
    if held:
        yield held
