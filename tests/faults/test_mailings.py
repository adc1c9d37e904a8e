"""An update goes out to many while the worker is killed, the mail server is away and
people sign: each gets it once, but for the marks of a group, and confirmations do not
wait for it."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter, defaultdict
from contextlib import suppress
from typing import Any

import pytest

from petitions.mail.sending import MARKS
from tests.faults.conftest import Parts, seconds
from tests.faults.load import SLUG
from tests.site import is_running, until

pytestmark = pytest.mark.faults

NUMBER = int(os.environ.get("MAILING_RECIPIENTS", "2000"))
KILLS = 5
SLOW = 0.004  # seconds that the mail server takes for a mail
AT_ONCE = 5.0
"""Seconds within which a pause holds, and most confirmations are mailed."""

SUPPORTERS = """
WITH signed AS (
    INSERT INTO petitions_signature (petition_id, state, name, email, email_key,
        email_key_version, person, place, postal_code, country, comment,
        comment_approved, show_name, wants_updates, language, text_version,
        consent_version, delivery, weak_signs, created_at, confirmed_at,
        quarantine_reason)
    SELECT p.id, 'confirmed', 'Maya Tremblay', n || '@news.example.org',
           gen_random_uuid(), 1, '', '', '', '', '', false, false, true,
           CASE WHEN n %% 3 = 0 THEN 'fr' ELSE 'en' END, 0, 1, 'number', 0,
           now() - interval '2 days', now() - interval '2 days', ''
      FROM petitions_petition p, generate_series(1, %s) n WHERE p.slug = %s
 RETURNING petition_id, email, email_key, language, confirmed_at
), changed AS (
    INSERT INTO petitions_countchange (petition_id, day, source, delta, domain, via)
    SELECT petition_id, current_date - 2, 'confirmed', 1, '', '' FROM signed
)
INSERT INTO petitions_consent (organization_id, email, email_key, email_key_version,
    wants_updates, wording_version, language, sender, source, given_at)
SELECT p.organization_id, s.email, s.email_key, 1, true, 1, s.language, 'Us',
       'petition:' || p.id, s.confirmed_at
  FROM signed s JOIN petitions_petition p ON p.id = s.petition_id
"""
ORDER = """
from datetime import timedelta
from django.utils import timezone
from organizations.models import Organization, User
from petitions.mail import mailings
from petitions.models import Mailing, Petition, Update
then = timezone.now() - timedelta(minutes=11)
Organization.objects.update(mailing_gap_days=0)
petition, by = Petition.objects.get(slug={slug!r}), User.objects.first()
update = Update.objects.create(
    petition=petition, title="They are free", text="There is news.",
    published_at=then, number=petition.updates.count() + 100,
)
mailing = mailings.draft_mailing(update, mailings.Audience(), by, then)
mailings.prepare_mailing(mailing, then)
Mailing.objects.filter(pk=mailing.pk).update(test_by=by, tested_at=then)
mailing.refresh_from_db()
mailings.order(mailing, by, then)
print("mailing", mailing.pk)
"""
PROGRESS = "SELECT state, people, sent FROM petitions_mailing WHERE id = %s"
SET = "UPDATE petitions_mailing SET state = %s, finished_at = %s WHERE id = %s RETURNING now()"
LEASED = """
SELECT count(*) FROM petitions_mailingrecipient
 WHERE mailing_id = %s AND leased_until IS NOT NULL
"""
LAST = """
SELECT extract(epoch FROM max(finished_at) - %s) FROM petitions_mailingrecipient
 WHERE mailing_id = %s
"""
# How long confirmations took from the form to the mail server.
LATE = """
SELECT percentile_cont(0.95) WITHIN GROUP (
           ORDER BY extract(epoch FROM m.finished_at - m.created_at)),
       max(extract(epoch FROM m.finished_at - m.created_at)), count(*)
  FROM petitions_outgoingmail m JOIN petitions_signature s ON s.id = m.signature_id
 WHERE m.state = 'sent' AND m.kind = 'confirm' AND s.email LIKE %s
   AND m.created_at > %s
"""


def begun(parts: Parts) -> int:
    done = parts.site.manage("shell", "-c", ORDER.format(slug=SLUG))
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def progress(parts: Parts, mailing: int) -> Any:
    return parts.site.sql(PROGRESS, mailing)[0]


def sent(parts: Parts, mailing: int) -> int:
    return int(progress(parts, mailing)[2])


def goes_on(parts: Parts, mailing: int, more: int = 60, patience: float = 60) -> None:
    """Wait until more are sent, or all are."""
    state, _people, before = progress(parts, mailing)
    until(
        lambda: (
            progress(parts, mailing)[0] == "done"
            or sent(parts, mailing) >= before + more
        ),
        patience,
    )
    assert state != "done", "it was over too soon: send to more, or slower"


def ended_after(parts: Parts, mailing: int, state: str) -> float:
    """Pause or stop a mailing; the seconds in which mails still went out."""
    finished = "now" if state == "stopped" else None
    ((at,),) = parts.site.sql(SET, state, finished, mailing)
    until(lambda: parts.site.sql(LEASED, mailing) == [(0,)], 30)
    ((last,),) = parts.site.sql(LAST, at, mailing)
    return max(0.0, float(last))


def test_each_gets_it_once_whatever_fails(parts: Parts) -> None:
    site, mailbox = parts.site, parts.mail.mailbox
    site.sql(SUPPORTERS, NUMBER, SLUG)
    seen, mailbox.delay = len(mailbox.envelopes), SLOW
    try:
        with parts.load() as load:
            domain = f"%@{load.mark}.example.org"
            until(lambda: len(load.confirmed) > 3, 30)
            ((steady,),) = site.sql("SELECT now()")
            mailing = begun(parts)
            until(lambda: sent(parts, mailing) > 100, 60)
            load.goes_on()
            ((undisturbed, longest, measured),) = site.sql(LATE, domain, steady)
            paused = ended_after(parts, mailing, "paused")
            assert sent(parts, mailing) < NUMBER
            site.sql(SET, "sending", None, mailing)
            goes_on(parts, mailing)
            for _ in range(KILLS):
                (worker,) = until(lambda: site.processes("manage.py work"), 30)
                with suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
                until(lambda pid=worker: not is_running(pid), 10)  # type: ignore[misc]
                goes_on(parts, mailing)
            (away,) = seconds("MAIL_AWAY_SECONDS", "3")[:1]
            with parts.mail.away():
                gone_at = time.monotonic()
                while time.monotonic() - gone_at < away:
                    load.goes_on()
            # The one mail whose conversation broke off is not waited for.
            due = "UPDATE petitions_mailingrecipient SET due_at = now() WHERE attempts > 0 AND state = 'due'"
            site.sql(due)
            until(
                lambda: site.sql(due) or progress(parts, mailing)[0] == "done",
                60 + NUMBER / 20,
                every=0.5,
            )
            news = [m for m in mailbox.since(seen) if m["List-Id"]]
            stopped_one = begun(parts)
            until(lambda: sent(parts, stopped_one) > 50, 60)
            stopped = ended_after(parts, stopped_one, "stopped")
        # Its confirmations may have been on their way when the server went.
        site.sql("UPDATE petitions_outgoingmail SET due_at = now() WHERE attempts > 0")
    finally:
        mailbox.delay = 0.0

    times = Counter(str(message["To"]) for message in news)
    ids = defaultdict(set)
    for message in news:
        ids[str(message["To"])].add(str(message["Message-ID"]))
    twice = sum(number - 1 for number in times.values())
    state, people, number = progress(parts, mailing)
    notes = (
        f"{len(times)} of {NUMBER} got it, {twice} mails twice; pause held after "
        f"{paused:.1f} s, stop after {stopped:.1f} s; 95 % of {measured} confirmations "
        f"meanwhile within {undisturbed:.1f} s, all within {longest:.1f} s"
    )
    faults = f"{KILLS} × worker, mail server away for {away:g} s"
    load.prove("mailing", faults, notes)

    mine = {to for to in times if to.endswith("@news.example.org")}
    assert len(mine) == NUMBER
    assert (state, people) == ("done", number)
    assert all(len(found) == 1 for found in ids.values())
    assert twice <= (KILLS + 1) * MARKS
    assert paused < AT_ONCE
    assert stopped < AT_ONCE
    assert measured > 0
    assert undisturbed < AT_ONCE
    state, people, number = progress(parts, stopped_one)
    assert (state, number < people) == ("stopped", True)
