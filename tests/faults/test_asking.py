"""People of an import are asked by mail while the worker is killed and people sign: each
is asked once, but for the marks of a group, and confirmations do not wait for it."""

from __future__ import annotations

import os
import signal
from collections import Counter, defaultdict
from contextlib import suppress
from typing import Any

import pytest

from petitions.mail.asking import UNDER_WAY
from tests.faults.conftest import Parts
from tests.faults.load import SLUG
from tests.site import is_running, until

pytestmark = pytest.mark.faults

NUMBER = int(os.environ.get("PEOPLE_ASKED", "300"))
KILLS = 3
AT_ONCE = 5.0
"""Seconds within which most confirmations are mailed."""

ORDER = """
import io
from datetime import timedelta
from django.utils import timezone
from organizations.models import User
from petitions.importing import jobs, stored_files
from petitions.mail import asking
from petitions.models import Petition, SignatureImport
now = timezone.now()
petition, by = Petition.objects.get(slug={slug!r}), User.objects.first()
people = "".join(f"p{{n}}@asked.example.org,Pat Roy\\n" for n in range({number}))
job = SignatureImport(
    petition=petition, made_by=by, made_at=now, label="Elsewhere", asks=True
)
stored_files.keep_file(job, "asked.csv", io.BytesIO(f"Email,Name\\n{{people}}".encode()))
jobs.begin_check(job)
while jobs.advance_import(timezone.now()):
    pass
job.refresh_from_db()
jobs.begin_import(job, by, now=now)
while jobs.advance_import(timezone.now() + 2 * jobs.ON_ITS_WAY):
    pass
job.refresh_from_db()
made = asking.order_asking(job, "Change.example", by, now - timedelta(minutes=11))
print("asking", made.pk)
"""
PROGRESS = "SELECT state, asked FROM petitions_asking WHERE id = %s"
MAILS = """
SELECT count(*), count(*) FILTER (WHERE state = 'sent')
  FROM petitions_outgoingmail WHERE kind = 'ask'
"""
LATE = """
SELECT percentile_cont(0.95) WITHIN GROUP (
           ORDER BY extract(epoch FROM m.finished_at - m.created_at)), count(*)
  FROM petitions_outgoingmail m JOIN petitions_signature s ON s.id = m.signature_id
 WHERE m.state = 'sent' AND m.kind = 'confirm' AND s.email LIKE %s
   AND m.created_at > %s
"""


def test_each_is_asked_once_whatever_fails(parts: Parts) -> None:
    site, mailbox = parts.site, parts.mail.mailbox
    seen = len(mailbox.envelopes)
    with parts.load() as load:
        domain = f"%@{load.mark}.example.org"
        until(lambda: len(load.confirmed) > 3, 30)
        done = site.manage("shell", "-c", ORDER.format(slug=SLUG, number=NUMBER))
        assert done.returncode == 0, done.stderr
        asking = int(done.stdout.split()[-1])
        ((steady,),) = site.sql("SELECT now()")

        def sent() -> int:
            return int(site.sql(MAILS)[0][1])

        until(sent, 60)
        ((undisturbed, measured),) = until(
            lambda: [row for row in site.sql(LATE, domain, steady) if row[1]], 30
        )
        for _ in range(KILLS):
            before = sent()
            assert before < NUMBER, "it was over too soon: ask more"
            (worker,) = until(lambda: site.processes("manage.py work"), 30)
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
            until(lambda pid=worker: not is_running(pid), 10)  # type: ignore[misc]
            until(lambda before=before: sent() > before, 60)  # type: ignore[misc]
        # The one mail whose conversation broke off is not waited for.
        due = "UPDATE petitions_outgoingmail SET due_at = now() WHERE attempts > 0 AND state = 'due'"
        until(
            lambda: site.sql(due) or site.sql(MAILS) == [(NUMBER, NUMBER)],
            60 + NUMBER / 5,
            every=0.5,
        )
        until(lambda: site.sql(PROGRESS, asking)[0][0] == "done", 30)
        asked = [
            mail
            for mail in mailbox.since(seen)
            if str(mail["To"]).endswith("@asked.example.org")
        ]
    times = Counter(str(message["To"]) for message in asked)
    ids = defaultdict[str, set[Any]](set)
    for message in asked:
        ids[str(message["To"])].add(str(message["Message-ID"]))
    twice = sum(number - 1 for number in times.values())
    notes = (
        f"{len(times)} of {NUMBER} were asked, {twice} mails twice; 95 % of {measured} "
        f"confirmations meanwhile within {undisturbed:.1f} s"
    )
    load.prove("asking", f"{KILLS} × worker", notes)

    assert len(times) == NUMBER
    assert site.sql(PROGRESS, asking) == [("done", NUMBER)]
    assert site.sql(
        "SELECT count(*) FROM petitions_askedmailbox WHERE asking_id = %s", asking
    ) == [(NUMBER,)]
    assert all(len(found) == 1 for found in ids.values())
    assert twice <= KILLS * UNDER_WAY
    assert undisturbed < AT_ONCE
