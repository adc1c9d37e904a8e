"""Importing signatures from a file: what the worker does, and who counts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from core.retention import expire
from organizations.models import User
from petitions.counts import folding
from petitions.identity import key_ring
from petitions.importing import jobs
from petitions.importing.lines import Record
from petitions.importing.rows import CellFault, Row, read_row
from petitions.models import (
    Consent,
    CountChange,
    CountLeaf,
    DailyTotal,
    ImportedSignature,
    ImportFault,
    ImportPiece,
    OutgoingMail,
    Petition,
    SignatureImport,
    Translation,
)
from petitions.models.imports import FILE_KEPT
from petitions.signatures import (
    confirming,
    invalidating,
    links,
    my_data,
    rekeying,
    withdrawing,
)
from petitions.signatures.confirming import Confirmation
from petitions.states import ImportState, State
from tests.factories import (
    backdate,
    make_pending,
    make_petition,
    make_signature,
    make_translation,
)
from tests.helpers import text_of
from tests.parallel import all_at_once
from tests.petitions.importing.files import (
    bring_in,
    check,
    content,
    numbers,
    of_people,
    proved,
    upload,
    work,
)
from tests.petitions.signatures.invalidations import begin as begin_invalidation
from tests.petitions.signatures.invalidations import work as work_invalidation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _keys_as_the_database_says() -> Iterator[None]:
    key_ring.forget_keyring()
    yield
    key_ring.forget_keyring()


# == Checked, imported, taken back ==


def test_a_file_is_checked_then_imported_then_taken_back(
    petition: Petition, erin: User
) -> None:
    make_signature(petition, "here@example.org")
    withdrawing.withdraw(
        make_signature(petition, "withdrawn@example.org"), now=timezone.now()
    )
    make_pending(petition, "pending@example.org")
    lines = [
        "ann@example.org,Ann",
        "ANN@example.org,Ann again",
        "here@example.org,Here",
        "withdrawn@example.org,Withdrawn",
        "pending@example.org,Pending",
        ",Nobody knows",
        "no address,Bo",
    ]
    before = numbers(petition)

    job = check(petition, content(lines))

    assert job.state == ImportState.CHECKED
    assert (job.lines, job.found, job.duplicates, job.already) == (7, 2, 1, 2)
    assert (job.without_address, job.faults, job.would_count) == (1, 1, 2)
    fault = job.fault_rows.get()
    assert (fault.line, fault.column, fault.found) == (8, "Email", "no address")
    assert numbers(petition) == before
    assert not CountChange.objects.filter(source="imported").exists()

    jobs.begin_import(job, erin, now=timezone.now())
    work(job)

    assert (job.state, job.counted, job.still_counted) == ("done", 2, 2)
    assert numbers(petition) == (before[0], 2)
    assert not ImportPiece.objects.exists()
    folding.fold()
    assert proved(petition)
    assert numbers(petition) == (before[0], 2)

    jobs.reverse(job, erin, now=timezone.now())
    work(job)

    assert (job.state, job.taken_away, job.moved) == ("reversed", 2, 0)
    assert numbers(petition) == before
    assert not ImportedSignature.objects.exists()
    folding.fold()
    assert proved(petition)
    imported = CountLeaf.objects.filter(petition=petition, source="imported")
    assert sorted(imported.values_list("delta", flat=True)) == [-2, 2]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 5000])
def test_batches_of_any_size_come_to_the_same(
    petition: Petition, erin: User, size: int
) -> None:
    lines = [f"p{n % 9}@example.org,Pat {n}" for n in range(12)]
    lines += ["nothing,Bo", ",Nobody"]
    job = upload(petition, content(lines), counts_without_address=True)
    jobs.begin_check(job)

    work(job, size)
    found = (job.lines, job.found, job.duplicates, job.faults, job.without_address)
    jobs.begin_import(job, erin, now=timezone.now())
    work(job, size)

    assert found == (14, 9, 3, 1, 1)
    assert (job.counted, job.keyless, numbers(petition)) == (10, 1, (0, 10))
    jobs.reverse(job, erin, now=timezone.now())
    work(job, size)
    assert (job.taken_away, job.keyless, numbers(petition)) == (10, 0, (0, 0))


def test_lines_without_an_address_count_only_when_staff_say_so(
    petition: Petition, erin: User
) -> None:
    file = content(["Ann,Oslo", "Bo,Lima"], heading="Name,City")

    first = bring_in(petition, erin, file)
    assert (first.counted, numbers(petition)) == (0, (0, 0))

    jobs.reverse(first, erin, now=timezone.now())
    work(first)
    second = bring_in(petition, erin, file, counts_without_address=True)
    assert (second.counted, numbers(petition)) == (2, (0, 2))
    assert not ImportedSignature.objects.exists()
    assert proved(petition)


def test_a_person_in_two_files_counts_once(petition: Petition, erin: User) -> None:
    bring_in(petition, erin, of_people("ann", "bo"))

    second = bring_in(petition, erin, of_people("bo", "cy"))

    assert (second.counted, second.already) == (1, 1)
    assert numbers(petition) == (0, 3)
    other = make_petition(petition.organization)
    assert bring_in(other, erin, of_people("ann")).counted == 1


def test_numbers_stand_on_the_day_that_staff_say(
    petition: Petition, erin: User
) -> None:
    day = timezone.localdate() - timedelta(days=40)
    backdate(petition, started_on=day)
    petition.refresh_from_db()
    job = bring_in(petition, erin, of_people("ann"), counted_at=day)
    folding.fold()
    assert list(DailyTotal.objects.values_list("day", "number")) == [(day, 1)]

    make_signature(petition, "ann@example.org")
    folding.fold()
    today = timezone.localdate()
    rows = DailyTotal.objects.filter(day=today).order_by("source")
    assert list(rows.values_list("source", "number")) == [
        ("confirmed", 1), ("imported", -1),
    ]  # fmt: skip
    assert (numbers(petition), job.moved) == ((1, 0), 1)


def test_a_file_that_cannot_be_read_leaves_nothing_and_can_be_read_anew(
    petition: Petition,
) -> None:
    job = upload(petition, of_people("ann", "bo", "cy"))
    layout = job.layout
    jobs.begin_check(job)
    jobs.advance_import(timezone.now(), 2)
    # As if a later version had other encodings.
    SignatureImport.objects.update(layout={**layout, "encoding": "none"})
    work(job)

    assert job.state == ImportState.FAILED
    assert job.problem
    assert (job.lines, job.found) == (0, 0)
    assert not ImportedSignature.objects.exists()

    job.layout = layout
    jobs.begin_check(job)
    work(job)
    assert (job.state, job.found, job.problem) == ("checked", 3, "")


def test_other_columns_take_nobody_from_the_count(petition: Petition) -> None:
    heading = "Email,Name,City,Country,Date,Newsletter"
    lines = [
        "ann@example.org,Ann,http://a.example,Atlantis,31/31/2021,maybe",
        "bo@example.org,Bo,Lima,Peru,2021-01-02,yes",
    ]

    job = check(petition, content(lines, heading))

    assert (job.found, job.faults) == (2, 0)


def test_a_mistake_in_the_check_ends_this_import_alone(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = upload(petition, of_people("ann", "wimble", "cy"))
    other = upload(make_petition(petition.organization), of_people("bo"))
    for one in (job, other):
        jobs.begin_check(one)

    def mistaken(record: Record, *args: Any, **kwargs: Any) -> Row | list[CellFault]:
        if "wimble" in record.cells[0]:
            raise ValueError(record.cells[0])
        return read_row(record, *args, **kwargs)

    monkeypatch.setattr(jobs, "read_row", mistaken)
    work(job, 1)

    assert (job.state, job.found, job.lines) == (ImportState.FAILED, 0, 0)
    assert "broke off" in job.problem
    assert "wimble" not in job.problem
    assert not job.people.exists()
    assert work(other).state == ImportState.CHECKED


def test_columns_can_be_chosen_again_after_the_check(petition: Petition) -> None:
    job = check(petition, content(["ann@example.org,Ann", "x,Bo"]))
    assert (job.found, job.faults) == (1, 1)

    jobs.choose_again(job)
    work(job)

    assert job.state == ImportState.READ
    assert (job.lines, job.found, job.faults) == (0, 0, 0)
    assert not ImportedSignature.objects.exists()
    assert not ImportFault.objects.exists()
    jobs.begin_check(job)
    assert work(job).found == 1


def test_what_is_called_off_leaves_nothing(petition: Petition, erin: User) -> None:
    job = check(petition, of_people("ann", "bo"))

    jobs.call_off_import(job)
    work(job)

    assert job.state == ImportState.CALLED_OFF
    assert not ImportedSignature.objects.exists()
    assert not ImportPiece.objects.exists()
    for act in (jobs.begin_check, jobs.choose_again, jobs.call_off_import):
        with pytest.raises(jobs.ImportNotPossible):
            act(job)
    with pytest.raises(jobs.ImportNotPossible):
        jobs.begin_import(job, erin, now=timezone.now())


def test_it_can_be_stopped_on_the_way(petition: Petition, erin: User) -> None:
    job = check(petition, of_people("ann", "bo", "cy"))
    jobs.begin_import(job, erin, now=timezone.now())
    jobs.advance_import(timezone.now() + jobs.ON_ITS_WAY, 2)
    assert numbers(petition) == (0, 2)

    jobs.reverse(job, erin, now=timezone.now())
    work(job)

    assert (job.state, numbers(petition)) == ("reversed", (0, 0))
    with pytest.raises(jobs.ImportNotPossible):
        jobs.reverse(job, erin, now=timezone.now())


def test_one_is_open_under_a_petition_and_no_file_counts_twice(
    petition: Petition, erin: User
) -> None:
    first = check(petition, of_people("ann"))
    second = upload(petition, of_people("bo"))
    with pytest.raises(jobs.ImportNotPossible):
        jobs.begin_check(second)
    jobs.begin_import(first, erin, now=timezone.now())
    work(first)

    again = check(petition, of_people("ann"))
    with pytest.raises(jobs.ImportNotPossible):
        jobs.begin_import(again, erin, now=timezone.now())
    jobs.call_off_import(again)
    work(again)
    jobs.reverse(first, erin, now=timezone.now())
    work(first)
    assert bring_in(petition, erin, of_people("ann")).counted == 1


@pytest.mark.parametrize("state", [State.DRAFT, State.WITHDRAWN])
def test_under_a_draft_or_a_withdrawn_petition_nothing_is_imported(
    petition: Petition, erin: User, state: State
) -> None:
    closed = make_petition(petition.organization, state=State.CLOSED)
    assert bring_in(closed, erin, of_people("ann")).counted == 1
    other = make_petition(petition.organization, state=State.OPEN)
    job = check(other, of_people("ann"))
    if state == State.WITHDRAWN:
        other.withdraw(now=timezone.now())
    else:
        Petition.objects.filter(pk=other.pk).update(state=state)
    job.refresh_from_db()

    with pytest.raises(jobs.ImportNotPossible):
        jobs.begin_import(job, erin, now=timezone.now())
    with pytest.raises(jobs.ImportNotPossible):
        jobs.begin_check(upload(job.petition, of_people("bo")))


def test_the_words_are_frozen_once_people_are_imported(
    petition: Petition, erin: User
) -> None:
    french = make_translation(petition, "fr")
    job = check(petition, of_people("ann"))
    assert not petition.has_signatures
    Petition.objects.filter(pk=petition.pk).update(title="Another title")

    jobs.begin_import(job, erin, now=timezone.now())
    work(job)

    assert Petition.objects.get(pk=petition.pk).has_signatures
    assert french.is_frozen
    for rows in (Petition.objects.all(), Translation.objects.all()):
        with pytest.raises(IntegrityError, match="are frozen"), transaction.atomic():
            rows.update(title="A third")


def test_the_database_keeps_imports(petition: Petition) -> None:
    job = upload(petition, of_people("ann"))

    with pytest.raises(IntegrityError, match="take it back"), transaction.atomic():
        SignatureImport.objects.filter(pk=job.pk).delete()


# == Whoever confirms here ==


def test_whoever_confirms_here_moves(petition: Petition, erin: User) -> None:
    job = bring_in(petition, erin, of_people("ann", "bo"))
    make_signature(petition, "someone@example.org")
    assert numbers(petition) == (1, 2)

    make_signature(petition, "Ann@Example.org")

    assert numbers(petition) == (2, 1)
    assert proved(petition)
    assert (job.moved, job.still_counted) == (1, 1)
    folding.fold()
    assert proved(petition)
    jobs.reverse(job, erin, now=timezone.now())
    work(job)
    assert (numbers(petition), job.taken_away, job.moved) == ((2, 0), 1, 1)


def test_whoever_confirms_while_a_file_is_only_checked_is_not_imported(
    petition: Petition, erin: User
) -> None:
    job = check(petition, of_people("ann", "bo"))

    make_signature(petition, "ann@example.org")
    assert numbers(petition) == (1, 0)
    jobs.begin_import(job, erin, now=timezone.now())
    work(job)

    assert (numbers(petition), job.counted) == ((1, 1), 1)


def test_both_people_at_a_shared_address_count_and_the_import_does_not(
    petition: Petition, erin: User
) -> None:
    shared = make_petition(petition.organization, shared_addresses=True)
    bring_in(shared, erin, of_people("home"))

    make_signature(shared, "home@example.org", name="Maya")
    assert numbers(shared) == (1, 0)
    make_signature(shared, "home@example.org", name="Noah")
    assert numbers(shared) == (2, 0)
    assert proved(shared)


def test_a_confirmation_that_is_refused_moves_nobody(
    petition: Petition, erin: User
) -> None:
    waiting = make_pending(petition, "ann@example.org")
    bring_in(petition, erin, of_people("ann"))
    now = timezone.now()
    petition.close(now=now)
    backdate(petition, ended_at=now - timedelta(days=9))

    outcome, _slug = confirming.confirm(waiting.pk, now=now)

    assert outcome is Confirmation.TOO_LATE
    assert numbers(petition) == (0, 1)


def test_an_invalidated_signature_is_not_imported_and_comes_back_once(
    petition: Petition, erin: User
) -> None:
    make_signature(petition, "ann@example.org")
    invalidation = begin_invalidation(petition, erin, domain="example.org")
    work_invalidation(invalidation)

    job = bring_in(petition, erin, of_people("ann", "bo"))
    assert (job.counted, job.already) == (1, 1)
    now = timezone.now()
    invalidating.reverse_invalidation(invalidation, erin, "A school", now=now)
    work_invalidation(invalidation)

    assert numbers(petition) == (1, 1)


# == Keys of former versions ==


def rekey() -> None:
    version = rekeying.start_version(now=timezone.now())
    ring = key_ring.current_keyring()
    list(rekeying.rekey_signatures(rekeying.outdated(ring), ring, now=timezone.now()))
    rekeying.finish_version(version, now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_people_are_known_by_keys_of_former_versions(
    petition: Petition, erin: User
) -> None:
    waiting = make_pending(petition, "ann@example.org")
    first = bring_in(petition, erin, of_people("ann", "bo", "cy"))
    rekey()

    second = bring_in(petition, erin, of_people("bo", "dee"))
    assert (second.counted, second.already) == (1, 1)
    confirming.confirm(waiting.pk, now=timezone.now())
    make_signature(petition, "bo@example.org")
    make_signature(petition, "new@example.org")

    assert numbers(petition) == (3, 2)
    assert (first.moved, second.moved) == (2, 0)
    assert proved(petition)


@pytest.mark.django_db(transaction=True)
def test_a_confirmation_while_a_rekey_runs_moves_too(
    petition: Petition, erin: User
) -> None:
    waiting = make_pending(petition, "ann@example.org")
    bring_in(petition, erin, of_people("ann"))
    rekeying.start_version(now=timezone.now())

    confirming.confirm(waiting.pk, now=timezone.now())

    assert numbers(petition) == (1, 0)


# == At the same time, and killed ==


@pytest.mark.django_db(transaction=True)
def test_a_confirmation_on_its_way_during_the_check_is_not_counted_twice(
    petition: Petition, erin: User
) -> None:
    """It has looked for rows of imports before the check wrote them, and the check does
    not see it yet. Importing begins when it has ended, and sees it."""
    waiting = make_pending(petition, "ann@example.org")
    job = upload(petition, of_people("ann", "bo"))
    jobs.begin_check(job)
    confirmed, go_on = threading.Event(), threading.Event()
    ended: list[str] = []

    def confirm() -> None:
        try:
            with transaction.atomic():
                confirming.confirm(waiting.pk, now=timezone.now())
                confirmed.set()
                assert go_on.wait(timeout=120)
            ended.append("confirmed")
        finally:
            connection.close()

    thread = threading.Thread(target=confirm)
    thread.start()
    assert confirmed.wait(timeout=120)
    work(job)
    assert job.state == ImportState.CHECKED
    assert ImportedSignature.objects.count() == 2
    now = timezone.now()
    jobs.begin_import(job, erin, now=now)
    assert not jobs.advance_import(now)
    go_on.set()
    thread.join()
    assert ended == ["confirmed"]

    work(job)
    assert (job.counted, numbers(petition)) == (1, (1, 1))


@pytest.mark.django_db(transaction=True)
def test_sixteen_confirmations_while_a_file_is_counted(
    petition: Petition, erin: User
) -> None:
    names = [f"p{number}" for number in range(16)]
    waiting = [make_pending(petition, f"{name}@example.org") for name in names]
    job = check(petition, of_people(*names, "other"))
    jobs.begin_import(job, erin, now=timezone.now())
    now = timezone.now()

    def count() -> None:
        while jobs.advance_import(now + jobs.ON_ITS_WAY, 3):
            pass

    acts: list[Callable[[], object]] = [count]
    acts += [partial(confirming.confirm, row.pk, now=now) for row in waiting]
    all_at_once(acts)
    work(job)

    assert numbers(petition) == (16, 1)
    assert proved(petition)


@pytest.mark.django_db(transaction=True)
def test_two_begun_at_once_are_one(petition: Petition, erin: User) -> None:
    job = check(petition, of_people("ann"))

    def begin() -> bool:
        try:
            jobs.begin_import(job, erin, now=timezone.now())
        except jobs.ImportNotPossible:
            return False
        return True

    assert sorted(all_at_once([begin] * 4)) == [False, False, False, True]
    later = timezone.now() + jobs.ON_ITS_WAY
    all_at_once([lambda: jobs.advance_import(later)] * 4)
    work(job)
    assert numbers(petition) == (0, 1)


KILLED = """
import django, os, signal
django.setup()
from django.db.models import Model
from django.utils import timezone
from petitions.importing import jobs
from petitions.models import SignatureImport
saved = SignatureImport.save
rounds = 0
def killed(self, *args, **kwargs):
    saved(self, *args, **kwargs)
    if rounds == 2:
        # All is written, nothing is committed.
        os.kill(os.getpid(), signal.SIGKILL)
SignatureImport.save = killed
job = SignatureImport.objects.get()
later = jobs.ON_ITS_WAY * (job.state == "running")
while jobs.advance_import(timezone.now() + later, 3):
    rounds += 1
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_loses_nothing_and_doubles_nothing(
    petition: Petition, erin: User
) -> None:
    lines = [f"p{n % 20}@example.org,Pat" for n in range(25)]
    job = upload(petition, content(lines))
    jobs.begin_check(job)

    for lines_read in (6, 12, 18):
        killed_once()
        job.refresh_from_db()
        assert job.lines == lines_read
    work(job)
    assert (job.lines, job.found, job.duplicates) == (25, 20, 5)
    jobs.begin_import(job, erin, now=timezone.now())
    killed_once()
    assert numbers(petition) == (0, 6)
    assert proved(petition)
    work(job)
    assert numbers(petition) == (0, 20)
    jobs.reverse(job, erin, now=timezone.now())
    killed_once()
    assert numbers(petition) == (0, 14)
    work(job)
    assert numbers(petition) == (0, 0)


def killed_once() -> None:
    url = connection.settings_dict
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": (
            f"postgresql://{url['USER']}:{url['PASSWORD']}@{url['HOST']}:{url['PORT']}"
            f"/{url['NAME']}"
        ),
    }
    command = [sys.executable, "-c", KILLED]
    done = subprocess.run(command, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL


# == The end of the data ==


def test_a_file_that_is_not_imported_goes_after_some_days(petition: Petition) -> None:
    job = check(petition, content(["ann@example.org,Ann", "x,Bo"]))
    expire(timezone.now() + FILE_KEPT - timedelta(hours=1))
    assert ImportPiece.objects.exists()

    expire(timezone.now() + FILE_KEPT + timedelta(hours=1))
    work(job)

    assert job.state == ImportState.CALLED_OFF
    assert job.file_erased_at
    for model in (ImportPiece, ImportFault, ImportedSignature):
        assert not model.objects.exists()


def test_faults_of_an_imported_file_go_after_some_days(
    petition: Petition, erin: User
) -> None:
    job = bring_in(petition, erin, content(["ann@example.org,Ann", "x,Bo"]))
    assert ImportFault.objects.count() == 1

    expire(timezone.now() + FILE_KEPT + timedelta(hours=1))

    assert not ImportFault.objects.exists()
    assert (work(job).state, numbers(petition)) == ("done", (0, 1))


def test_keys_go_with_the_names_and_the_number_stays(
    petition: Petition, erin: User
) -> None:
    now = timezone.now()
    job = bring_in(petition, erin, of_people("ann", "bo", "cy"))
    make_signature(petition, "ann@example.org")
    petition.close(now=now)
    backdate(petition, ended_at=now - timedelta(days=3650), erasable_from=now)
    while max(expire(now).values()):
        assert proved(petition)

    assert not ImportedSignature.objects.exists()
    job.refresh_from_db()
    assert (job.keyless, job.moved, numbers(petition)) == (2, 1, (1, 2))
    assert proved(petition)
    jobs.reverse(job, erin, now=now)
    work(job)
    assert numbers(petition) == (1, 0)


def test_keys_that_go_while_people_are_counted_stay_a_number(
    petition: Petition, erin: User
) -> None:
    lines = ["ann@example.org,Ann", "bo@example.org,Bo", ",Cy"]
    job = check(petition, content(lines), counts_without_address=True)
    now = timezone.now()
    jobs.begin_import(job, erin, now=now)
    assert jobs.advance_import(now + jobs.ON_ITS_WAY, 1)
    petition.close(now=now)
    backdate(petition, ended_at=now - timedelta(days=3650), erasable_from=now)
    while max(expire(now).values()):
        assert proved(petition)
    assert not ImportedSignature.objects.exists()

    work(job)

    assert (job.state, job.counted, job.keyless) == ("done", 2, 2)
    assert numbers(petition) == (0, 2)
    assert job.moved == 0


def test_the_first_line_goes_with_the_file(petition: Petition, erin: User) -> None:
    """In a file without a heading it is somebody's signature."""
    lines = content(["Bo Day,Paris"], heading="Ann Roy,Berlin")
    done = upload(petition, lines, counts_without_address=True)
    columns = {**done.layout, "columns": ["name", "place"]}
    SignatureImport.objects.filter(pk=done.pk).update(layout=columns)
    done.refresh_from_db()
    jobs.begin_check(done)
    assert work(done).state == ImportState.CHECKED, done.problem
    jobs.begin_import(done, erin, now=timezone.now())
    called_off, forgotten = upload(petition, lines), upload(petition, lines)
    assert done.heading == called_off.heading == ["Ann Roy", "Berlin"]
    jobs.call_off_import(called_off)

    assert work(done).state == ImportState.DONE
    work(called_off)
    expire(timezone.now() + FILE_KEPT + timedelta(hours=1))

    forgotten.refresh_from_db()
    called_off.refresh_from_db()
    assert [done.heading, called_off.heading, forgotten.heading] == [[], [], []]


def test_files_that_nobody_came_back_to_go_together(
    petition: Petition, erin: User
) -> None:
    """One import of a petition is at work at a time; files alone are no work."""
    first, second = upload(petition, of_people("ann")), upload(petition, b"E-Mail\nx\n")
    work(check(petition, of_people("bo")))

    jobs.call_off_import(first)
    expire(timezone.now() + FILE_KEPT + timedelta(hours=1))

    for job in (first, second):
        job.refresh_from_db()
        assert job.state == ImportState.CALLED_OFF
        assert job.file_erased_at
    assert not ImportPiece.objects.exists()


def test_a_persons_own_key_is_shown_and_erased(petition: Petition, erin: User) -> None:
    job = bring_in(petition, erin, of_people("ann", "bo"))
    checked = check(make_petition(petition.organization), of_people("ann"))
    subject = my_data.DataSubject.owner("ann@example.org")
    other_spelling = my_data.DataSubject.owner("an+n@example.org")

    found = my_data.everything_about(subject)["signed_elsewhere"]
    assert [row["counted"] for row in found] == [True, False]
    my_data.erase_all(other_spelling, now=timezone.now())
    assert ImportedSignature.objects.count() == 3
    my_data.erase_all(subject, now=timezone.now())

    assert (numbers(petition), job.moved) == ((0, 1), 1)
    assert checked.people.count() == 0
    assert proved(petition)
    assert my_data.DataSubject.owner("ann@example.org").is_unknown


def test_nobody_is_mailed(petition: Petition, erin: User) -> None:
    bring_in(petition, erin, of_people("ann", "bo"))

    assert not OutgoingMail.objects.exists()
    assert not Consent.objects.exists()


def test_who_asks_for_a_link_is_told_that_the_organisation_answers_for_a_file(
    visitor: Client, petition: Petition, erin: User
) -> None:
    bring_in(petition, erin, of_people("ann"))

    answer = visitor.post("/signed/", {"email": "ann@example.org"})
    page = text_of(visitor.get(answer.headers["Location"]))
    links.answer_requests(timezone.now())

    assert not OutgoingMail.objects.exists()
    assert "cannot send you a link: ask that organisation" in page
    assert "its organisation erases it at your request" in text_of(
        visitor.get("/privacy/")
    )
