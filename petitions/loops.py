"""The recurring work of the worker, `manage.py work`."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from core.models import Heartbeat
from core.observability.alerts import WATCH
from core.retention import EXPIRE
from core.security.buckets import PURGE
from core.worker.loops import Loop
from organizations.mailing import SEND as STAFF_MAIL
from organizations.second_factor.lost import REMOVE as REMOVE_FACTORS
from petitions import region_totals, reports
from petitions.abuse import (
    rate_limits,
    source_tallies,
)
from petitions.counts import checkpoints
from petitions.counts.folding import fold_round
from petitions.counts.verifying import verify
from petitions.delivery import making, office
from petitions.importing import jobs
from petitions.mail import asking, mailings, quarantine_notices
from petitions.mail.outbox import begin_sending, send_due
from petitions.mail.reminders import ReminderSweep
from petitions.models import Petition
from petitions.models.petition_lifecycle import NotAllowed
from petitions.privacy import undelivered, webhook_notices
from petitions.privacy.webhooks import COURIER
from petitions.search import (
    reindexing,
    vocabulary,
)
from petitions.signatures import (
    invalidating,
    links,
)

logger = logging.getLogger(__name__)

PROVE_EVERY = timedelta(hours=24)
# The heartbeat that says when the proof last held.
PROVED = "proof of the count"


def clock(now: datetime) -> bool:
    """Close the petitions whose closing date has come. Always return False: nothing
    waits."""
    for petition in Petition.objects.due_to_close(now):
        assert petition.closes_at is not None
        # Staff may have been quicker.
        with suppress(NotAllowed):
            petition.close(now=petition.closes_at)
    return False


def prove(now: datetime) -> bool:
    """Verify the counts once a day. A proof that fails is tried again every round, and
    a probe alerts when none has held for a day. Always return False: nothing waits."""
    last = Heartbeat.objects.filter(name=PROVED).first()
    # One that lies ahead was noted while the clock did, too.
    if last is not None and timedelta(0) <= now - last.beat_at < PROVE_EVERY:
        return False
    wrong = {proof.petition_id for proof in verify() if not proof.holds}
    if wrong:
        logger.error("The proof of the count fails for petitions %s", sorted(wrong))
    else:
        Heartbeat.objects.update_or_create(name=PROVED, defaults={"beat_at": now})
    return False


SWEEP = ReminderSweep()
WORDS = vocabulary.VocabularySweep()

LOOPS = [
    Loop("mail", 0.25, send_due, begin_sending, mails=True),
    Loop("mailings", 1, mailings.advance_mailing, mailings.begin_mailings, mails=True),
    Loop("asks", 1, asking.advance_asking, mails=True),
    Loop("links", 0.5, links.answer_requests),
    Loop("reminders", 30, SWEEP.remind, SWEEP.begin),
    Loop("fold", 0.5, fold_round),
    Loop("clock", 1, clock),
    Loop("reports", 30, reports.mail_reports, mails=True),
    Loop("waiting", 60, quarantine_notices.mail_quarantine_notices, mails=True),
    Loop("limits", 60, rate_limits.purge_round),
    Loop("sources", source_tallies.EVERY, source_tallies.tally),
    Loop("regions", region_totals.EVERY, region_totals.count_regions),
    Loop("jobs", 1, invalidating.invalidation_round),
    Loop("imports", 1, jobs.import_round),
    Loop("packs", 1, making.advance_pack),
    Loop("undelivered", 600, undelivered.remind, mails=True),
    Loop("webhooks", 0.25, COURIER.round, COURIER.begin),
    Loop("webhook notices", 600, webhook_notices.remind_of_webhooks, mails=True),
    Loop("office", 2, office.mail_round, mails=True),
    Loop("search", 30, reindexing.reindex_round),
    Loop("words", vocabulary.EVERY, WORDS.round),
    Loop("proof", 1800, prove),
    Loop("checkpoints", 60, checkpoints.advance_logs),
    STAFF_MAIL,
    REMOVE_FACTORS,
    PURGE,
    EXPIRE,
    WATCH,
]
