"""The import of a file of signatures: lines checked and counted per second, as a share
of PostgreSQL's own COPY of the same lines into a table without an index; and the memory
that it takes. One line in a hundred has no address, one in ten is there twice."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import count
from tempfile import TemporaryFile

from bench.report import Figure, Ratios, Slice, pair
from bench.site import Bench, resident

HEADING = "Full name,Email,Signed on\n"
LINES_AT_ONCE = 10_000


def importing(bench: Bench, rounds: int) -> Ratios:
    from django.db import connection
    from django.utils import timezone

    from petitions.importing import jobs, stored_files
    from petitions.importing.columns import COUNTED
    from petitions.importing.tables import guess
    from petitions.models import Petition, SignatureImport
    from petitions.states import ImportState
    from tests.factories import make_user

    database = bench.biggest
    size = database.size
    petition = Petition.objects.get(pk=bench.petition)
    user, numbers, memory = make_user(), count(1), [0.0]

    def bare() -> float:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE bare (name text, email text, day text)")
            started = time.monotonic()
            with cursor.copy("COPY bare FROM STDIN WITH (FORMAT csv)") as copy:
                for block in blocks_of_lines(0, size):
                    copy.write(block)
            seconds = time.monotonic() - started
            cursor.execute("DROP TABLE bare")
        return size / seconds

    def imported() -> float:
        now = timezone.now()
        job = SignatureImport(petition=petition, made_at=now)
        with TemporaryFile() as file:
            file.write(HEADING.encode())
            for block in blocks_of_lines(next(numbers), size):
                file.write(block)
            file.seek(0)
            before, started = resident(os.getpid()), time.monotonic()
            stored_files.keep_file(job, "signatures.csv", file)
        with stored_files.open_file(job) as opened:
            guessed = guess(opened, name=job.file_name, only=COUNTED)
        job.layout, job.heading = guessed.layout.as_json(), guessed.heading
        job.label = job.counted_by = "Elsewhere"
        job.counted_at = timezone.localdate(now)
        jobs.begin_check(job)
        while jobs.advance_import(timezone.now()):
            memory.append(resident(os.getpid()) - before)
        jobs.begin_import(job, user, now=timezone.now())
        while jobs.advance_import(timezone.now() + 2 * jobs.ON_ITS_WAY):
            memory.append(resident(os.getpid()) - before)
        seconds = time.monotonic() - started
        job.refresh_from_db()
        assert job.state == ImportState.DONE
        assert job.counted == size - job.faults - job.duplicates > 0
        return job.lines / seconds

    slices: dict[str, tuple[Slice, Slice]] = {"lines": (imported, bare)}
    rates = pair(slices, rounds, "import")
    note = f"at most {max(memory):.0f} MB more than before"
    return Ratios(
        "import",
        f"A file of {size:,} signatures, of PostgreSQL’s COPY of its lines",
        ("of COPY", "imported/s", "copied/s"),
        [Figure(name, pairs, note=note) for name, pairs in rates.items()],
    )


def blocks_of_lines(file: int, size: int) -> Iterator[bytes]:
    """Yield the lines of a file, which no other file has, in blocks."""
    for first in range(0, size, LINES_AT_ONCE):
        numbers = range(first, min(first + LINES_AT_ONCE, size))
        yield "".join(line(file, number) for number in numbers).encode()


def line(file: int, number: int) -> str:
    address = f"n{number - number % 10 // 9}@file{file}.example.org"
    if number % 100 == 50:
        address = "nobody at all"
    return f"Maya Tremblay,{address},2026-01-15\n"
