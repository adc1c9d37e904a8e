"""A file of signatures is imported while the worker is killed in the middle of its
batches and people sign: each person in it counts once, and all of them can be taken
back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from petitions.loops import LOOPS
from tests.faults.conftest import Parts
from tests.faults.load import SLUG
from tests.site import is_running, until

pytestmark = pytest.mark.faults

LINES = int(os.environ.get("IMPORT_LINES", "20000"))
KILLS = 3
PATIENCE = 120 + LINES / 500
# A batch takes so long to write that the worker can be killed meanwhile.
SLOW = """
CREATE FUNCTION slow_import() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep(0.1); RETURN NULL; END $$;
CREATE TRIGGER slow_import AFTER INSERT OR UPDATE OR DELETE
    ON petitions_importedsignature EXECUTE FUNCTION slow_import()
"""
CHECK = """
from datetime import date
from petitions.importing import jobs
from petitions.importing.columns import COUNTED
from petitions.importing.stored_files import open_file
from petitions.importing.tables import guess
from petitions.models import SignatureImport
job = SignatureImport.objects.latest("pk")
with open_file(job) as file:
    guessed = guess(file, name=job.file_name, only=COUNTED)
job.layout, job.heading = guessed.layout.as_json(), guessed.heading
job.label = job.counted_by = "Elsewhere"
job.counted_at = date(2026, 1, 31)
jobs.begin_check(job)
print("import", job.pk)
"""
DO = """
from django.utils import timezone
from organizations.models import User
from petitions.importing import jobs
from petitions.models import SignatureImport
job = SignatureImport.objects.latest("pk")
jobs.{verb}(job, User.objects.first(), now=timezone.now())
"""
PROGRESS = "SELECT state, lines, last_id, taken_away FROM petitions_signatureimport"
NUMBERS = """
SELECT lines, faults, duplicates, already, found, counted FROM petitions_signatureimport
"""
TOTAL = """
SELECT imported FROM petitions_total t JOIN petitions_petition p ON p.id = t.petition_id
 WHERE p.slug = %s
"""
# Whether the loop is in the middle of writing a batch.
WRITES = """
SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
 WHERE l.locktype = 'advisory' AND l.objid = %s::bigint::oid
   AND a.wait_event = 'PgSleep'
"""
LOCK = next(loop for loop in LOOPS if loop.name == "imports").lock


def file_lines(here: list[str]) -> Iterator[str]:
    """A file of which one line in a hundred has no address, one in ten is there twice
    in other letters, and the first few have signed here."""
    yield "Full name;Email;Signed on\n"
    for number in range(LINES):
        address = f"n{number}@elsewhere.example.org"
        if number < len(here):
            address = here[number]
        elif number % 100 == 50:
            address = "nobody at all"
        elif number % 10 == 9:
            address = f"N{number - 1}@Elsewhere.example.ORG"
        yield f"Maya Tremblay;{address};2026-01-15\n"


def run(parts: Parts, script: str) -> None:
    done = parts.site.manage("shell", "-c", script)
    assert done.returncode == 0, done.stderr


def progress(parts: Parts) -> Any:
    return parts.site.sql(PROGRESS)[0]


def kill_in_a_batch(parts: Parts, state: str) -> None:
    """Kill the worker while it writes, and wait until the next goes on."""
    site = parts.site
    (worker,) = until(lambda: site.processes("manage.py work"), 30)
    until(lambda: site.sql(WRITES, LOCK) != [(0,)], 60, every=0.01)
    before = progress(parts)
    assert before[0] == state, "it was over too soon: import more lines"
    with suppress(ProcessLookupError):
        os.kill(worker, signal.SIGKILL)
    until(lambda: not is_running(worker), 10)
    until(lambda: progress(parts) != before, 60)


def test_a_file_counts_once_however_often_the_worker_is_killed(
    parts: Parts, tmp_path: Path
) -> None:
    site = parts.site
    site.sql(SLOW)
    ((before,),) = site.sql(TOTAL, SLUG)
    with parts.load() as load:
        until(lambda: len(load.confirmed) > 3, 30)
        here = sorted(load.confirmed)[:3]
        file = tmp_path / "signatures.csv"
        file.write_text("".join(file_lines(here)), encoding="cp1252")
        stored = site.manage("import_signatures", SLUG, str(file))
        assert stored.returncode == 0, stored.stderr

        started = time.monotonic()
        run(parts, CHECK)
        for _ in range(KILLS):
            kill_in_a_batch(parts, "checking")
        until(lambda: progress(parts)[0] == "checked", PATIENCE, every=0.5)
        checked = time.monotonic() - started
        load.goes_on()
        # Nobody's confirmation has been on its way for so long.
        ago = "UPDATE petitions_signatureimport SET checked_at = checked_at - interval '1 hour'"
        site.sql(ago)
        started = time.monotonic()
        run(parts, DO.format(verb="begin_import"))
        for _ in range(KILLS):
            kill_in_a_batch(parts, "running")
        until(lambda: progress(parts)[0] == "done", PATIENCE, every=0.5)
        counted_in = time.monotonic() - started
        load.goes_on()
    notes = (
        f"{LINES:,} lines checked in {checked:.0f} s, counted in {counted_in:.0f} s, "
        f"at most 0.1 s of each batch slowed down"
    )
    load.prove("import", f"{2 * KILLS} × worker", notes)

    faults, doubles = LINES // 100, LINES // 10
    people = LINES - faults - doubles - len(here)
    expected = (LINES, faults, doubles, len(here), people, people)
    assert site.sql(NUMBERS) == [expected]
    assert site.sql(TOTAL, SLUG) == [(before + people,)]

    run(parts, DO.format(verb="reverse"))
    kill_in_a_batch(parts, "reversing")
    until(lambda: progress(parts)[0] == "reversed", PATIENCE, every=0.5)
    until(lambda: site.sql(TOTAL, SLUG) == [(before,)], 20)
    assert progress(parts)[3] == people
    load.prove("import taken back", "1 × worker")
