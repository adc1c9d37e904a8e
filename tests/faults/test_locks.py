"""What the worker does beside people holds nothing that they write for longer than a
moment, however much there is to do: all loops at work on large tables, and PostgreSQL's
own table of locks watched meanwhile."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from core.worker import loops
from organizations.models import Role
from petitions.models import CountChange, Invalidation, Petition, Signature
from petitions.models.limits import RateLimitBucket
from petitions.models.search import WordSweep
from petitions.signatures import invalidating
from petitions.states import InvalidationState, State
from tests.factories import (
    backdate,
    make_member,
    make_organization,
    make_petition,
    make_signature,
)
from tests.petitions.signatures.invalidations import make_invalidation
from tests.site import until

pytestmark = pytest.mark.faults

# Seconds between two looks; and of a lock, at most.
EVERY = 0.01
LONGEST = 0.2

# Who works is known by the advisory lock of its loop. Table locks that keep others from
# writing, and people who wait for a loop, be it for a table or a row.
LOOK = """
WITH loops AS (
    SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
)
SELECT format('holds %s in %s', l.relation::regclass, l.mode)
  FROM pg_locks l JOIN loops USING (pid)
 WHERE l.locktype = 'relation' AND l.granted
   AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
                  'AccessExclusiveLock')
 UNION ALL
SELECT format('%s waits for a loop: %s', a.pid, left(a.query, 60))
  FROM pg_stat_activity a
 WHERE a.wait_event_type = 'Lock' AND a.pid NOT IN (SELECT pid FROM loops)
   AND pg_blocking_pids(a.pid) && ARRAY(SELECT pid FROM loops)
"""


class Watch:
    """How long each lock was seen, at most."""

    def __init__(self) -> None:
        self.longest: Counter[str] = Counter()
        self.looks = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self) -> None:
        now: Counter[str] = Counter()
        parameters = connection.get_connection_params()
        url = {k: parameters[k] for k in ("dbname", "user", "password", "host", "port")}
        with psycopg.connect(**url, autocommit=True) as database:
            while not self.stop.wait(EVERY):
                seen = {row[0] for row in database.execute(LOOK)}
                # By looks, not by the clock: a machine that stands still is no lock.
                now = Counter({lock: now[lock] + 1 for lock in seen})
                self.longest |= now
                self.looks += 1


@contextmanager
def watched() -> Iterator[Watch]:
    watch = Watch()
    watch.thread.start()
    yield watch
    watch.stop.set()
    watch.thread.join()


SIGNATURES = """
INSERT INTO petitions_signature (petition_id, state, name, email, email_key,
    email_key_version, person, place, postal_code, country, comment,
    comment_approved, show_name, wants_updates, language, text_version, consent_version,
    delivery, weak_signs, created_at, confirmed_at, quarantine_reason)
SELECT %(petition)s, %(state)s::text, 'Maya Tremblay',
       n || '@' || %(domain)s::text,
       gen_random_uuid(), 1, '', '', '', '', '', false, false, false, 'en', 0, 1,
       'number', 0, now() - interval '40 days' + n * interval '1 second',
       CASE %(state)s::text WHEN 'confirmed' THEN now() - interval '39 days' END, ''
  FROM generate_series(1, %(number)s) n
"""
WORDS = """
INSERT INTO petitions_searchword
SELECT DISTINCT translate(md5(n::text), '0123456789', 'ghijklmnop')::varchar(30)
  FROM generate_series(1, 20000) n
"""
TEXTS = """
INSERT INTO petitions_searchdocument (petition_id, organization_id, language, state,
       opens_at, head, whole)
SELECT d.petition_id, d.organization_id, other.language, d.state, d.opens_at, d.head,
       d.whole
  FROM petitions_searchdocument d,
       unnest('{de,es,ru,ar,el,fi,it,nl,pt,sv,tr,hu,da,no,ro}'::text[]) other (language)
 WHERE d.petition_id = %(petition)s
"""
ALLOWANCES = """
INSERT INTO petitions_ratelimitbucket (key, tat, tat_limit)
SELECT gen_random_uuid(), now() - interval '1 day', now() - interval '1 day'
  FROM generate_series(1, %(number)s)
"""
CHANGES = """
INSERT INTO petitions_countchange (petition_id, day, source, delta, domain, via)
SELECT %(petition)s, current_date, 'confirmed', 1, 'd' || n %% 500, ''
  FROM generate_series(1, %(number)s) n
"""
MANY = 20_000


def fill(petition: Petition, ended: Petition, attacked: Petition) -> None:
    """Much to do for each loop."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for of, state, domain in (
            (petition, "pending", "late.example.org"),
            (ended, "confirmed", "ended.example.org"),
            (attacked, "confirmed", "bots.example.org"),
        ):
            cursor.execute(
                SIGNATURES,
                {"petition": of.pk, "state": state, "domain": domain, "number": MANY},
            )
        cursor.execute(WORDS)
        cursor.execute(
            "UPDATE petitions_petition SET erasable_from = ended_at WHERE id = %s",
            [ended.pk],
        )
        cursor.execute(TEXTS, {"petition": petition.pk})
        cursor.execute(ALLOWANCES, {"number": MANY})
        cursor.execute(CHANGES, {"petition": attacked.pk, "number": MANY})
        cursor.execute("RESET session_replication_role")
        cursor.execute("ANALYZE")


def again_and_again(
    do: Callable[[], object], pause: float, stop: threading.Event
) -> None:
    try:
        while not stop.wait(pause):
            do()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_no_loop_holds_what_people_write(settings: Settings) -> None:
    # A mail server that is away: what is due stays due.
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    options = {"host": "127.0.0.1", "port": 1, "timeout": 1}
    settings.MAILERS = {"default": {"BACKEND": smtp, "OPTIONS": options}}
    organization = make_organization()
    erin = make_member(organization, Role.EDITOR, "erin@example.org")
    petition, attacked, edited = (make_petition(organization) for _ in range(3))
    ended = make_petition(
        organization,
        state=State.CLOSED,
        ended_at=timezone.now() - timedelta(days=400),
        months_kept=1,
    )
    backdate(ended, erasable_from=timezone.now())
    fill(petition, ended, attacked)
    job = make_invalidation(attacked, domain="bots.example.org")
    job.found = MANY
    invalidating.begin_invalidation(job, erin, now=timezone.now())
    numbers = count(1)

    def write() -> None:
        row = Petition.objects.get(pk=edited.pk)
        row.text = f"Please do, for the time number {next(numbers)}."
        row.save()

    def sign() -> None:
        make_signature(petition, f"somebody{next(numbers)}@example.org")

    def note() -> None:
        with transaction.atomic():  # as the admin does it
            rows = Petition.objects.select_for_update(no_key=True)
            rows.get(pk=ended.pk).save()

    stop = threading.Event()
    people = [
        threading.Thread(target=again_and_again, args=(do, pause, stop))
        for do, pause in ((write, 0.05), (sign, 0.02), (note, 0.5))
    ]
    with watched() as watch:
        for person in people:
            person.start()
        threads = loops.start_threads(loops.WORKER_LOOPS, stop)
        try:
            until(lambda: not left(ended, job), 90, every=0.5)
        finally:
            stop.set()
            for thread in (*people, *threads):
                thread.join(20)
            print(f"\n{watch.looks} looks:", watch.longest.most_common(5))
            print("left:", left(ended, job))
    most = round(LONGEST / EVERY)

    assert watch.looks > 100
    assert {lock: n for lock, n in watch.longest.items() if n > most} == {}


def left(ended: Petition, job: Invalidation) -> list[str]:
    """What the loops have not done yet."""
    job.refresh_from_db()
    ended.refresh_from_db()
    full = timezone.now() - timedelta(hours=12)
    late = Signature.objects.filter(email__endswith="late.example.org")
    jobs = {
        "invalidation": job.state != InvalidationState.DONE,
        "anonymisation": ended.anonymised_at is None,
        "unconfirmed": late.exists(),
        "limits": RateLimitBucket.objects.filter(tat__lt=full).exists(),
        "fold": CountChange.objects.count() > 100,
        "words": not WordSweep.objects.exclude(reached="").exists(),
    }
    return [name for name, waits in jobs.items() if waits]
