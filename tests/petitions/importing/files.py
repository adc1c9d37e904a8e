"""Helpers for tests of imports of signatures."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from organizations.models import User
from petitions.counts import verifying
from petitions.importing import jobs, stored_files
from petitions.importing.tables import guess
from petitions.models import Petition, SignatureImport, StatedConsent
from petitions.states import ImportState

NAMED = "Email,Name,City,Postal code,State,Country"


def content(lines: Iterable[str], heading: str = "Email,Name") -> bytes:
    return "".join(f"{line}\n" for line in (heading, *lines)).encode()


def of_people(*names: str) -> bytes:
    """Return a file of people with these names before the @."""
    return content(f"{name}@example.org,{name.title()} Roy" for name in names)


def upload(
    petition: Petition, file: bytes, by: User | None = None, **fields: Any
) -> SignatureImport:
    """Make an import of a file whose columns are as guessed."""
    found = guess(io.BytesIO(file))
    job = SignatureImport(
        petition=petition,
        file_name="signers.csv",
        made_by=by,
        made_at=timezone.now(),
        layout=found.layout.as_json(),
        heading=found.heading,
        **{"label": "On paper.example", **fields},
    )
    with transaction.atomic():
        stored_files.store_file(job, [file])
    return job


def work(job: SignatureImport, batch: int = 0) -> SignatureImport:
    """Run the worker until it has nothing to do, as soon as it may; prove the count
    after each batch."""
    job.refresh_from_db()
    is_running = job.state == ImportState.RUNNING
    now = timezone.now() + (jobs.ON_ITS_WAY if is_running else timedelta())
    while jobs.advance_import(now, batch):
        assert proved(job.petition)
    job.refresh_from_db()
    return job


def check(petition: Petition, file: bytes, **fields: Any) -> SignatureImport:
    job = upload(petition, file, **fields)
    jobs.begin_check(job)
    return work(job)


def bring_in(
    petition: Petition, by: User, file: bytes, **fields: Any
) -> SignatureImport:
    """Check a file and import it."""
    job = check(petition, file, **fields)
    jobs.begin_import(job, by, now=timezone.now())
    work(job)
    assert job.state == ImportState.DONE
    return job


def state(job: SignatureImport, **fields: Any) -> StatedConsent:
    """State that its people agreed to be handed over by name."""
    given = {
        "target": job.petition.targets.first(),
        "place": "Paper.example",
        "begun_on": date(2026, 1, 5),
        "ended_on": date(2026, 2, 6),
        "words": "Yes, give my name to the Minister.",
        "made_at": timezone.now(),
    }
    return StatedConsent.objects.create(signature_import=job, **{**given, **fields})


def bring_in_named(
    petition: Petition, by: User, lines: Iterable[str], **fields: Any
) -> SignatureImport:
    """Import a file of people who agreed to be handed over by name."""
    job = upload(petition, content(lines, NAMED), **fields)
    state(job)
    return count_named(job, by)


def count_named(job: SignatureImport, by: User) -> SignatureImport:
    """Check a file and import it; it is done now, although `work` does not wait."""
    jobs.begin_check(job)
    jobs.begin_import(work(job), by, now=timezone.now())
    work(job)
    job.finished_at = timezone.now()
    job.save()
    return job


def proved(petition: Petition) -> bool:
    return all(p.holds for p in verifying.verify() if p.petition_id == petition.pk)


def numbers(petition: Petition) -> tuple[int, int]:
    """Return how many were confirmed here, and how many imported."""
    row = Petition.objects.with_counts().get(pk=petition.pk)
    return row.confirmed, row.imported
