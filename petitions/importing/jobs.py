"""Importing signatures from a file: the worker checks the whole file, staff look at
what came of it, the worker counts, and staff can have it taken back. All in batches,
each a transaction that also records how far it has come: a worker that is killed at any
point loses nothing and does nothing twice.

The check keeps the keys of the addresses, and counts nobody; importing counts those
very rows. So nothing is imported that was not checked, and duplicates are found in a
file of any length without a list of them in memory. It also keeps the names, where
staff state that their owners agreed to be handed over (StatedConsent).

Nobody is counted twice: whoever has a signature here, a withdrawn one, too, is left
out, and confirming deletes the row of an import in its own statement. Only a
confirmation that is on its way while a batch of the check is written sees no row and is
not seen. Importing begins when all of those have ended, and looks again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.db import Error, IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from core.db.batches import Batches
from core.observability.logs import kind
from core.text.faults import FileProblem
from organizations.models import User
from petitions.identity import key_ring
from petitions.importing.lines import Record
from petitions.importing.rows import CellFault, Cells, Row, read_row
from petitions.importing.stored_files import open_file
from petitions.importing.tables import Layout, records
from petitions.models import (
    AskedMailbox,
    Asking,
    ImportedSignature,
    ImportFault,
    ImportPiece,
    Petition,
    Signature,
    SignatureImport,
)
from petitions.models.imports import (
    ASKING_KEPT,
    CHOOSING,
    FILE_KEPT,
    MOST_FAULTS,
    OPEN,
    UNCOUNTED,
    change_imported,
)
from petitions.regions import is_region, region_said
from petitions.states import (
    PUBLIC_STATES,
    AskingState,
    ImportState,
    SignatureState,
    State,
)

logger = logging.getLogger(__name__)

BATCH = 5_000
"""The most lines that a batch reads, and the most people that it counts."""
BATCHES = Batches(first=500, most=BATCH)
ON_ITS_WAY = timedelta(seconds=60)
"""How long a confirmation may be on its way: more than its request may take."""
LONGEST = 200
"""How much of a faulty cell, or of a heading, is kept."""


class ImportNotPossible(Exception):
    """It cannot be done: another import of the petition is open, this file is imported
    already, or it was done meanwhile."""


# == What staff ask for ==


def is_open_to_imports(petition: Petition) -> bool:
    """Return whether people can be brought in under a petition: one that readers see,
    whose names are not erased. Without the keys of its signers nobody could tell who
    is counted already."""
    return petition.state in PUBLIC_STATES and petition.anonymised_at is None


def begin_check(job: SignatureImport) -> None:
    """Have the worker check the file of `job`, whose columns were chosen; raise
    ImportNotPossible when that cannot be."""
    if not is_open_to_imports(job.petition):
        raise ImportNotPossible
    chosen = (
        "layout", "heading", "label", "counted_by", "counted_at",
        "counts_without_address", "asks",
    )  # fmt: skip
    change(
        SignatureImport.objects.with_file().filter(pk=job.pk, state__in=CHOOSING),
        state=ImportState.CHECKING,
        problem="",
        **{name: getattr(job, name) for name in chosen},
    )


def begin_import(job: SignatureImport, by: User, *, now: datetime) -> None:
    """Have the worker count the people of a file that was checked; raise
    ImportNotPossible when that cannot be."""
    if not is_open_to_imports(job.petition):
        raise ImportNotPossible
    change(
        SignatureImport.objects.filter(pk=job.pk, state=ImportState.CHECKED),
        state=ImportState.RUNNING,
        begun_by=by,
        begun_at=now,
    )


def choose_again(job: SignatureImport) -> None:
    """Have the worker forget what the check has found, so that other columns can be
    chosen; raise ImportNotPossible when that cannot be."""
    open_ones = SignatureImport.objects.with_file().filter(
        pk=job.pk, state__in=(ImportState.CHECKING, ImportState.CHECKED)
    )
    change(open_ones, state=ImportState.REVERSING, becomes=ImportState.READ)


def call_off_import(job: SignatureImport) -> None:
    """Forget an import that has not counted anybody, with its file; have the worker do
    it where a check has found people. Raise ImportNotPossible when it has counted
    any."""
    same = SignatureImport.objects.filter(pk=job.pk)
    with transaction.atomic():
        if same.filter(state__in=CHOOSING).update(state=ImportState.CALLED_OFF):
            erase_import_files(same)
            return
    uncounted = same.filter(state__in=UNCOUNTED)
    change(uncounted, state=ImportState.REVERSING, becomes=ImportState.CALLED_OFF)


def reverse(job: SignatureImport, by: User, *, now: datetime) -> None:
    """Have the worker take away what an import, finished or still at work, has added
    and what has not moved since; raise ImportNotPossible when that is asked for
    already."""
    states = (ImportState.RUNNING, ImportState.DONE)
    with transaction.atomic():
        change(
            SignatureImport.objects.filter(pk=job.pk, state__in=states),
            state=ImportState.REVERSING,
            becomes=ImportState.REVERSED,
            reversed_by=by,
            reversed_at=now,
        )
        job.askings.unfinished().update(state=AskingState.STOPPED, finished_at=now)


def change(jobs: QuerySet[SignatureImport], **values: object) -> None:
    """Change the one import that `jobs` finds; raise ImportNotPossible when it finds
    none, or the database refuses it because of another import."""
    try:
        with transaction.atomic():
            number = jobs.update(**values)
    except IntegrityError as error:
        if "import_one_at_a_time" in str(error) or "import_file_once" in str(error):
            raise ImportNotPossible from None
        raise
    if not number:
        raise ImportNotPossible


# == What the worker does ==


def import_round(now: datetime) -> bool:
    """Run one batch for the worker; return whether more may be waiting."""
    return BATCHES.run(lambda batch: batch if advance_import(now, batch) else 0)


def advance_import(now: datetime, batch: int = 0) -> bool:
    """Run one batch of at most `batch` lines or people (0: `BATCH`) of the oldest
    unfinished import that need not wait; return whether one was run."""
    batch = batch or BATCH
    waits = Q(state=ImportState.RUNNING, checked_at__gt=now - ON_ITS_WAY)
    with transaction.atomic():
        unfinished = SignatureImport.objects.unfinished().exclude(waits)
        job = unfinished.order_by("pk").select_for_update(of=("self",)).first()
        if job is None:
            return False
        if job.state == ImportState.CHECKING:
            check_or_end(job, now, batch)
        elif job.state == ImportState.RUNNING:
            count_batch(job, now, batch)
        else:
            take_away_batch(job, now, batch)
        job.save()
    return True


def check_or_end(job: SignatureImport, now: datetime, size: int) -> None:
    """Check the next batch. Nothing is counted yet, so a mistake of ours ends this
    import alone, instead of being made again for ever and holding up all others."""
    try:
        with transaction.atomic():
            check_batch(job, now, size)
    except Error:
        raise
    except Exception as mistake:
        logger.exception("Import %s could not be checked: %s", job.pk, kind(mistake))
        sentence = gettext(
            "The check broke off: whoever runs this site finds the reason in its log."
        )
        fail(job, sentence)


def fail(job: SignatureImport, sentence: str) -> None:
    """End a check, without saving it: the worker takes away what it has kept."""
    job.problem = sentence[:500]
    job.state, job.becomes = ImportState.REVERSING, ImportState.FAILED


def check_batch(job: SignatureImport, now: datetime, size: int) -> None:
    """Read the next `size` lines, keep the keys of their addresses, and update the
    progress of `job` without saving it. Behind the last line the check ends."""
    try:
        stated = job.is_stated
        whole = Layout.from_json(job.layout).importing(stated)
        layout = whole.counting(stated)
        with open_file(job) as file:
            rest = records(file, layout, position=job.position, line=job.line)
            batch = list(islice(rest, size))
    except FileProblem as problem:
        fail(job, str(problem))
        return
    if not batch:
        job.state, job.checked_at = ImportState.CHECKED, now
        return
    today = timezone.localdate(now)
    rows: list[Row] = []
    may_ask: set[str] = set()
    refused: list[str] = []
    faults: list[CellFault] = []
    for record in batch:
        read = read_row(record, layout, job.heading, today=today)
        if isinstance(read, Row):
            rows.append(read)
            if job.asks and says_no(record, whole):
                refused.append(read.email)
            elif job.asks and read.name:
                may_ask.add(read.email)
        else:
            faults += read
            job.faults += 1
    keep_faults(job, faults)
    people = [row for row in rows if row.email]
    job.without_address += len(rows) - len(people)
    keep_people(job, people, may_ask, stated=stated)
    if refused:
        newest = key_ring.current_keyring().newest
        keys = [newest.key(address) for address in refused if address]
        # Somebody may stand there twice: their no holds.
        job.people.filter(email_key__in=keys).update(may_ask=False)
    job.lines += len(batch)
    job.position, job.line = batch[-1].end, batch[-1].last_line


def keep_faults(job: SignatureImport, faults: Sequence[CellFault]) -> None:
    """Keep the faults, as long as there is room for them."""
    room = MOST_FAULTS - job.fault_rows.count() if faults else 0
    ImportFault.objects.bulk_create(
        ImportFault(
            signature_import=job,
            line=fault.line,
            column=fault.column[:LONGEST],
            found=fault.found[:LONGEST],
            sentence=fault.sentence,
        )
        for fault in faults[:room]
    )


def says_no(record: Record, layout: Layout) -> bool:
    """Return whether a line says that somebody must not be written to, or says
    something about it that nobody understands."""
    cells = Cells(record, layout.columns, ())
    return layout.silent or cells.updates() is False or bool(cells.faults)


def keep_people(
    job: SignatureImport,
    people: Iterable[Row],
    may_ask: Collection[str],
    *,
    stated: bool,
) -> None:
    """Keep a row for each address whose owner is not known under the petition yet, and
    count the others, in `job`. Those of `may_ask` may be asked by mail; where `stated`,
    they agreed to be handed over by name, but who has said “never again” here."""
    ring = key_ring.current_keyring()
    newest = ring.newest
    people = list(people)
    silent = key_ring.suppressed({row.email for row in people}) if stated else set()
    # By the key of the newest version: all keys that rows of this mailbox may have.
    new: dict[UUID, ImportedSignature] = {}
    keys: dict[UUID, list[UUID]] = {}
    for row in people:
        address = row.email
        key = newest.key(address)
        if key in new:
            job.duplicates += 1
            continue
        keys[key] = ring.all_keys(address)
        new[key] = ImportedSignature(
            signature_import=job,
            petition_id=job.petition_id,
            email_key=key,
            address_key=newest.address_key(address),
            email_key_version=newest.number,
            may_ask=address in may_ask,
            **(kept_to_hand_over(row) if stated and address not in silent else {}),
        )
    everything = [key for known in keys.values() for key in known]
    signed = signed_by(job.petition_id, everything)
    imported = dict(
        ImportedSignature.objects.filter(
            petition=job.petition_id, email_key__in=everything
        ).values_list("email_key", "signature_import_id")
    )
    for key, known in keys.items():
        by = {imported[other] for other in known if other in imported}
        if by == {job.pk}:
            job.duplicates += 1
        elif by or not signed.isdisjoint(known):
            job.already += 1
        else:
            continue
        del new[key]
    ImportedSignature.objects.bulk_create(new.values())
    job.found += len(new)


def kept_to_hand_over(row: Row) -> dict[str, str]:
    """Return what is kept of somebody to be handed over, by its columns."""
    if not row.name:
        return {}
    region = region_said(row.country, row.postal_code, row.region)
    return {
        "name": row.name,
        "place": row.place,
        "country": row.country or region[:2],
        "region": region if is_region(region) else "",
    }


def signed_by(petition_id: int, keys: Iterable[UUID]) -> set[UUID]:
    """Return those of `keys` that somebody signed the petition with here and confirmed
    it, whatever became of it: what they said here counts."""
    rows = Signature.objects.filter(petition=petition_id, email_key__in=keys)
    signatures = rows.exclude(state=SignatureState.PENDING)
    return {key for key in signatures.values_list("email_key", flat=True) if key}


def count_batch(job: SignatureImport, now: datetime, size: int) -> None:
    """Count the next `size` people of a file that was checked, and update the progress
    of `job` without saving it."""
    ahead = job.people.filter(pk__gt=job.last_id).order_by("pk")
    rows = list(ahead.select_for_update().values_list("pk", "email_key")[:size])
    # Those whose confirmation was on its way during the check.
    signed = signed_by(job.petition_id, [key for _pk, key in rows])
    twice = [pk for pk, key in rows if key in signed]
    once = [pk for pk, key in rows if key not in signed]
    ImportedSignature.objects.filter(pk__in=twice).delete()
    number = ImportedSignature.objects.filter(pk__in=once).update(counted=True)
    job.already += len(twice)
    if rows:
        job.last_id = rows[-1][0]
    if len(rows) < size:
        if job.counts_without_address:
            # There are some already if keys were erased meanwhile.
            job.keyless += job.without_address
            number += job.without_address
        job.state, job.finished_at = ImportState.DONE, now
        # What could not be read stays for a while: staff may put it right.
        if not (job.asks and job.people.filter(may_ask=True).exists()):
            job.pieces.all().delete()
        job.heading = []
    job.counted += number
    change_imported(Counter({job.petition_id: number}), 1, job.counted_at)


def take_away_batch(job: SignatureImport, now: datetime, size: int) -> None:
    """Take away the next `size` people of an import, and update the progress of `job`
    without saving it."""
    ahead = job.people.order_by("pk").values_list("pk", flat=True)
    numbers = list(ahead[:size])
    gone = ImportedSignature.objects.filter(pk__in=numbers).take_away(now=now)
    job.taken_away += gone.total()
    if len(numbers) == size:
        return
    change_imported(
        Counter({job.petition_id: job.keyless}), -1, timezone.localdate(now)
    )
    job.taken_away += job.keyless
    job.keyless = 0
    job.state, job.becomes = ImportState(job.becomes), ""
    job.fault_rows.all().delete()
    if job.state in CHOOSING:
        job.position = job.line = job.lines = 0
        job.found = job.duplicates = job.already = 0
        job.faults = job.without_address = 0
        job.checked_at = None
    else:
        job.pieces.all().delete()
        job.heading = []
        job.file_erased_at = now


# == The end of the file, and of the keys ==


def past_import_files(now: datetime) -> QuerySet[SignatureImport]:
    """Return the imports whose file, or what could not be read in it, is past its time,
    oldest first. It is kept longer while some of its people are to be asked, and not at
    all under a petition that is withdrawn."""
    askable = ImportedSignature.objects.filter(
        signature_import=OuterRef("pk"), may_ask=True
    )
    asking = Exists(Asking.objects.unfinished().filter(signature_import=OuterRef("pk")))
    past = SignatureImport.objects.with_file().filter(
        Q(made_at__lt=now - FILE_KEPT) & ~(asking & Exists(askable))
        | Q(made_at__lt=now - ASKING_KEPT)
        | Q(petition__state=State.WITHDRAWN, asks=True)
    )
    return past.exclude(state=ImportState.RUNNING).order_by("made_at")


def erase_import_files(jobs: QuerySet[SignatureImport]) -> None:
    """Within a transaction, erase the files of imports, and what could not be read in
    them; call off those that count nobody."""
    # Before what they order, as `lock_import`: so nobody deadlocks.
    locked = SignatureImport.objects.select_for_update(of=("self",), no_key=True)
    list(locked.filter(pk__in=jobs.values("pk")).order_by("pk").values_list("pk"))
    ImportPiece.objects.filter(signature_import__in=jobs).delete()
    ImportFault.objects.filter(signature_import__in=jobs).delete()
    # A file alone is no work for the worker, which has one import of a petition.
    jobs.filter(state__in=CHOOSING).update(state=ImportState.CALLED_OFF)
    uncounted = jobs.filter(state__in=OPEN, begun_at=None)
    uncounted.update(state=ImportState.REVERSING, becomes=ImportState.CALLED_OFF)
    now = timezone.now()
    asking = Asking.objects.unfinished().filter(signature_import__in=jobs)
    asking.update(state=AskingState.STOPPED, finished_at=now)
    # The first line may be a person's, if the file has no heading.
    jobs.update(heading=[], file_erased_at=now)


FORGET = """
WITH gone AS (
    DELETE FROM petitions_importedsignature WHERE id = ANY (%s::bigint[])
 RETURNING signature_import_id, counted
)
UPDATE petitions_signatureimport i SET keyless = i.keyless + gone_of.number
  FROM (SELECT signature_import_id, count(*) AS number FROM gone
         WHERE counted GROUP BY signature_import_id) gone_of
 WHERE i.id = gone_of.signature_import_id
"""


def past_keys(now: datetime) -> QuerySet[ImportedSignature]:
    """Return the people of imports whose petition's names are erased."""
    ended = ImportedSignature.objects.filter(petition__anonymised_at__lte=now)
    return ended.order_by("pk")


def past_asked(now: datetime) -> QuerySet[AskedMailbox]:
    """Return the mailboxes that were asked for a petition whose names are erased."""
    ended = AskedMailbox.objects.filter(petition__anonymised_at__lte=now)
    return ended.order_by("pk")


def forget_keys(people: QuerySet[ImportedSignature]) -> None:
    """Erase the keys of people; those that counted stay in the count as a number."""
    numbers = list(people.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [numbers])
