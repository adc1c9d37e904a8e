"""The worker is killed, again and again, while it makes a delivery pack: in the end it is
the same, byte for byte, as one that nothing disturbed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from petitions.loops import LOOPS
from tests.faults.load import SLUG
from tests.site import Site, is_running, until

pytestmark = pytest.mark.faults

AS_OF = "2026-11-01T12:00:00+00:00"
# Four batches of names, and four printed parts.
NUMBER, PARTS = 9_000, 4
SIGNATURES = """
INSERT INTO petitions_signature (petition_id, state, name, email, email_key,
    email_key_version, person, place, postal_code, country, comment, comment_approved,
    show_name, wants_updates, language, text_version, consent_version, delivery,
    weak_signs, created_at, confirmed_at, quarantine_reason)
SELECT p.id, 'confirmed', 'Maya Tremblay ' || n, n || '@packs.example.org',
       gen_random_uuid(), 1, '', '', '', '', '', false, false, false, 'en', 0, 1,
       'names', 0, timestamptz '2026-10-01', timestamptz '2026-10-02', ''
  FROM petitions_petition p, generate_series(1, %s) n WHERE p.slug = %s
"""
# A piece takes so long to write that the worker can be killed meanwhile.
SLOW = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$;
CREATE TRIGGER slow AFTER INSERT ON petitions_packpiece
FOR EACH ROW EXECUTE FUNCTION slow()
"""
BEGIN = """
from datetime import datetime
from petitions.delivery import making
from petitions.models import Pack, Petition
now = datetime.fromisoformat({as_of!r})
petition = Petition.objects.get(slug={slug!r})
pack = Pack.objects.create(
    petition=petition, target=petition.targets.first(), made_at=now, contents="names"
)
making.begin_pack(pack, now=now)
print("pack", pack.pk)
"""
PROGRESS = "SELECT state, last_id, printed, unprinted FROM petitions_pack WHERE id = %s"
FILES = """
SELECT f.name, f.size, f.sha256, string_agg(p.content, '' ORDER BY p.position)
  FROM petitions_packfile f JOIN petitions_packpiece p ON p.file_id = f.id
 WHERE f.pack_id = %s GROUP BY f.id ORDER BY f.name
"""
NUMBERS = """
SELECT names, number_only, left_out, paper, imported, countries, printed, unprinted
  FROM petitions_pack WHERE id = %s
"""
# Whether the loop is in the middle of writing a piece.
WRITES = """
SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
 WHERE l.locktype = 'advisory' AND l.objid = %s::bigint::oid
   AND a.wait_event = 'PgSleep'
"""
LOCK = next(loop for loop in LOOPS if loop.name == "packs").lock


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site.begun().start()
    site.sql(SIGNATURES, NUMBER, SLUG)
    site.sql(SLOW)
    yield site
    site.remove()


def begun(site: Site) -> int:
    done = site.manage("shell", "-c", BEGIN.format(as_of=AS_OF, slug=SLUG))
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def progress(site: Site, pack: int) -> Any:
    return site.sql(PROGRESS, pack)[0]


def wait_until_made(site: Site, pack: int) -> None:
    until(lambda: progress(site, pack)[0] == "done", 120, every=0.2)


def writes(site: Site) -> bool:
    return site.sql(WRITES, LOCK) != [(0,)]


def printer(site: Site) -> int:
    """The process that prints; 0 when there is none."""
    return next(iter(site.processes("core/pdf/child.py")), 0)


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not is_running(pid))


def test_a_pack_is_the_same_however_often_its_worker_is_killed(site: Site) -> None:
    undisturbed = begun(site)
    wait_until_made(site, undisturbed)
    pack = begun(site)

    def reached(last: bool, printed: int) -> bool:
        _state, last_id, number, _unprinted = progress(site, pack)
        return bool(last_id) == last and number == printed

    points: dict[str, Callable[[], Any]] = {
        "first names": lambda: reached(False, 0) and writes(site),
        "more names": lambda: reached(True, 0) and writes(site),
        "printing": lambda: reached(True, 0) and printer(site),
        "keeping a part": lambda: reached(True, 0) and writes(site),
        "printing another": lambda: reached(True, 2) and printer(site),
        "printing the letter": lambda: reached(True, PARTS) and printer(site),
        "finishing": lambda: reached(True, PARTS) and writes(site),
    }
    for name, is_reached in points.items():
        until(is_reached, 60, every=0.01)
        child = printer(site)
        (worker,) = site.processes("manage.py work")
        kill(worker)
        print(f"killed: {name}, {progress(site, pack)}")
        if child:
            # It ends with the worker.
            until(lambda pid=child: not is_running(pid), 5)  # type: ignore[misc]
    wait_until_made(site, pack)

    assert site.sql(FILES, pack) == site.sql(FILES, undisturbed)
    printed = [f[0] for f in site.sql(FILES, pack) if f[0].endswith(".pdf")]
    assert len([name for name in printed if name.startswith("names-")]) == PARTS
    assert "letter-en.pdf" in printed
    assert site.sql(NUMBERS, pack) == site.sql(NUMBERS, undisturbed)

    # The process that prints is killed by itself, as when memory is scarce.
    pack = begun(site)
    kill(until(lambda: printer(site), 60, every=0.01))
    wait_until_made(site, pack)
    assert site.sql(FILES, pack) == site.sql(FILES, undisturbed)


def test_a_worker_that_hangs_in_a_transaction_lets_go_of_its_rows(site: Site) -> None:
    """After half a minute, also with no other worker to notice it."""
    pack = begun(site)
    until(lambda: writes(site), 60, every=0.01)
    (worker,) = site.processes("manage.py work")
    os.kill(worker, signal.SIGSTOP)

    def is_free() -> bool:
        with suppress(psycopg.errors.LockNotAvailable):
            site.sql(
                "SELECT 1 FROM petitions_pack WHERE id = %s FOR UPDATE NOWAIT", pack
            )
            return True
        return False

    assert not is_free()
    until(is_free, 60, every=0.5)
    assert "idle-in-transaction timeout" in (site.var / "log/postgres.log").read_text()
    os.kill(worker, signal.SIGCONT)
    wait_until_made(site, pack)
