"""The worker is killed while it checks a file of people who signed elsewhere, and while it
counts them, and people sign and confirm: everybody is counted once."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from tests.faults.conftest import Parts
from tests.faults.load import SLUG
from tests.site import is_running, until

pytestmark = pytest.mark.faults

LINES = int(os.environ.get("IMPORT_LINES", "20000"))
# In each hundred lines one has no address, and every tenth is another once more.
BAD, DOUBLE = LINES // 100, LINES // 10
PEOPLE = LINES - BAD - DOUBLE
# With the time that a loaded machine takes.
PATIENCE = 60 + LINES / 200

UPLOAD = """
from tempfile import TemporaryFile
from django.utils import timezone
from organizations.models import User
from petitions.importing import jobs, stored_files
from petitions.importing.columns import COUNTED
from petitions.importing.tables import guess
from petitions.models import Petition, SignatureImport
job = SignatureImport(
    petition=Petition.objects.get(slug={slug!r}), made_by=User.objects.first(),
    made_at=timezone.now(), label="Elsewhere", counted_by="Elsewhere",
)
with TemporaryFile() as file:
    file.write(b"Full name,Email\\n")
    for n in range({lines}):
        address = "nobody" if n % 100 == 50 else f"p{{n - n % 10 // 9}}@elsewhere.example.org"
        file.write(f"Pat Roy,{{address}}\\n".encode())
    file.seek(0)
    stored_files.keep_file(job, "signers.csv", file)
with stored_files.open_file(job) as file:
    guessed = guess(file, name=job.file_name, only=COUNTED)
job.layout, job.heading = guessed.layout.as_json(), guessed.heading
jobs.begin_check(job)
print("import", job.pk)
"""
BEGIN = """
from django.utils import timezone
from organizations.models import User
from petitions.importing import jobs
from petitions.models import SignatureImport
job = SignatureImport.objects.get(pk={number})
jobs.begin_import(job, User.objects.first(), now=timezone.now())
"""
REVERSE = """
from django.utils import timezone
from organizations.models import User
from petitions.importing import jobs
from petitions.models import SignatureImport
job = SignatureImport.objects.get(pk={number})
jobs.reverse(job, User.objects.first(), now=timezone.now())
"""
# Without the minute in which confirmations on their way may still end.
NO_WAIT = """
UPDATE petitions_signatureimport SET checked_at = checked_at - interval '1 minute'
 WHERE id = %s
"""
RESULT = """
SELECT state, lines, found, duplicates, faults, already, counted, taken_away
  FROM petitions_signatureimport WHERE id = %s
"""
LEFT = """
SELECT count(*) FROM petitions_importedsignature WHERE signature_import_id = %s
"""

# Whoever waits for a row of the people is the worker, in the middle of a batch.
MIDDLE = """
SELECT id FROM petitions_importedsignature WHERE signature_import_id = %s
 ORDER BY id OFFSET %s LIMIT 1 FOR UPDATE
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE wait_event_type = 'Lock' AND query LIKE '%%petitions_importedsignature%%'
"""


def test_everybody_is_counted_once_whatever_fails(parts: Parts) -> None:
    site = parts.site

    def run(code: str, **values: object) -> str:
        done = site.manage("shell", "-c", code.format(**values))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kill() -> None:
        (worker,) = until(lambda: site.processes("manage.py work"), 30)
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        until(lambda: not is_running(worker), 10)

    def result() -> tuple[Any, ...]:
        (row,) = site.sql(RESULT, number)
        return tuple(row)

    def ends(state: str) -> None:
        until(lambda: result()[0] == state, PATIENCE, every=0.5)

    def kill_in_the_middle_of(code: str) -> None:
        with psycopg.connect(parts.cluster.url()) as connection:
            connection.execute(MIDDLE, [number, PEOPLE // 2])
            run(code, number=number)
            until(lambda: site.sql(WAITING) != [(0,)], 60, every=0.05)
            kill()

    with parts.load() as load:
        until(lambda: len(load.confirmed) > 3, 30)
        number = int(run(UPLOAD, slug=SLUG, lines=LINES).split()[-1])
        until(lambda: result()[1], PATIENCE, every=0.05)
        kill()
        checked = result()[1]
        ends("checked")
        site.sql(NO_WAIT, number)
        kill_in_the_middle_of(BEGIN)
        ends("done")
        imported = result()
        kill_in_the_middle_of(REVERSE)
        ends("reversed")
    load.prove("import", "3 × worker", f"{PEOPLE} people of {LINES} lines")

    assert 0 < checked < LINES, "the check was over too soon: import more lines"
    assert imported == ("done", LINES, PEOPLE, DOUBLE, BAD, 0, PEOPLE, 0)
    assert result() == ("reversed", LINES, PEOPLE, DOUBLE, BAD, 0, PEOPLE, PEOPLE)
    assert site.sql(LEFT, number) == [(0,)]
