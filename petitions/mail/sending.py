"""Handing a batch over, at the pace and over the connections that the mail server
takes, and marking each mail after its reply."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from core.mail import capabilities
from core.mail.transport import (
    Refused,
    Transport,
    open_transport,
)
from petitions.addresses import domain_of
from petitions.mail import bounces
from petitions.mail.messages import MessageTemplates
from petitions.models import DueMail
from petitions.models.mails import MailState

if TYPE_CHECKING:
    from petitions.mail.leases import LeasedMail

logger = logging.getLogger(__name__)

# A batch stops in time for its lease, and so soon that what is more urgent and comes
# in meanwhile is not late.
BATCH_TIME = timedelta(seconds=5)
GIVE_UP_AFTER = timedelta(days=2)
LONGEST_PAUSE = timedelta(hours=1)

# Marks wait for each other this long, or until there are so many: one commit for all.
# A process that is killed meanwhile sends these mails once more, with the same
# Message-ID.
MARK_WITHIN = 0.1  # seconds
MARKS = 50

# `finished_at` of the mails and the tallies of their petitions, days and domains
# together; tallies in one order, so that connections wait for each other at most.
FINISH = """
WITH given AS (
    SELECT * FROM unnest(
        %(ids)s::bigint[], %(times)s::timestamptz[], %(days)s::date[],
        %(domains)s::text[]) AS g (id, finished_at, day, domain)
), finished AS (
    UPDATE petitions_duemail m
       SET state = %(state)s, finished_at = given.finished_at, leased_until = NULL,
           attempts = attempts + 1, reply = %(reply)s
      FROM given
     WHERE m.id = given.id AND m.state = 'due'
 RETURNING m.id, m.petition_id, m.kind, m.signature_id, given.day, given.domain
)
INSERT INTO petitions_mailtally AS t (
    petition_id, day, domain, signed, handed_over, failed, confirmed)
SELECT petition_id, day, domain,
       -- Once for each signature, however often its link was sent.
       count(*) FILTER (WHERE NOT EXISTS (
           SELECT 1 FROM petitions_duemail o
            WHERE o.signature_id = finished.signature_id
              AND o.id <> finished.id AND o.kind = 'confirm'
              AND o.state NOT IN ('due', 'held'))),
       count(*) FILTER (WHERE %(state)s = 'sent'),
       count(*) FILTER (WHERE %(state)s = 'failed'), 0
  FROM finished
 WHERE kind = 'confirm'
 GROUP BY petition_id, day, domain
 ORDER BY petition_id, day, domain
    ON CONFLICT (petition_id, day, domain) DO UPDATE
   SET signed = t.signed + excluded.signed,
       handed_over = t.handed_over + excluded.handed_over,
       failed = t.failed + excluded.failed
"""


class Pace:
    """At most `rate` mails a second, whoever sends them; 0 is as many as possible."""

    def __init__(self, rate: float) -> None:
        self.between = 1 / rate if rate else 0.0
        self.next_at = 0.0
        self.lock = threading.Lock()

    def pause(self) -> float:
        """Seconds until the next mail may go."""
        return max(0.0, self.next_at - time.monotonic())

    def most_in_a_batch(self, size: int) -> int:
        """How many of `size` mails there is time for in one batch."""
        if not self.between:
            return size
        return max(1, min(size, int(BATCH_TIME.total_seconds() / self.between)))

    def take(self, most: float) -> bool:
        """Wait for the turn of one mail; False, at once, when that takes more than
        `most` seconds."""
        with self.lock:
            now = time.monotonic()
            turn = max(self.next_at, now)
            if turn - now > most:
                return False
            self.next_at = turn + self.between
        if turn > now:
            time.sleep(turn - now)
        return True


PACE = Pace(settings.MAIL_RATE)


class Marks:
    """Mails that the server took, on their way into the database."""

    def __init__(self) -> None:
        self.taken: list[tuple[DueMail, datetime]] = []
        self.since = 0.0

    def add(self, mail: DueMail) -> None:
        """After the server's 250."""
        if not self.taken:
            self.since = time.monotonic()
        self.taken.append((mail, timezone.now()))
        if len(self.taken) >= MARKS or time.monotonic() - self.since > MARK_WITHIN:
            self.write()

    def write(self) -> None:
        if self.taken:
            finish_all(self.taken, MailState.SENT)
            self.taken = []


class Batch:
    """Mails that this worker has leased, on their way over one connection or more.
    What was not attempted when it ends is due again at once."""

    def __init__(self, mails: list[LeasedMail], now: datetime) -> None:
        self.frames = MessageTemplates(now)
        self.lock = threading.Lock()
        self.unsent = deque(mails)
        self.stop_at = time.monotonic() + BATCH_TIME.total_seconds()
        self.failures: list[Exception] = []

    def send(self, connections: int) -> None:
        """Send all there is time for; raises the first failure, when all have
        stopped, after which the rest is due again."""
        try:
            if connections == 1:
                self.converse()
            else:
                self.converse_in_parallel(connections)
        finally:
            DueMail.objects.filter(
                pk__in=[mail.pk for mail in self.unsent], state=MailState.DUE
            ).update(leased_until=None)

    def converse(self) -> None:
        """One connection: it takes the next mail as soon as it is done with one."""
        marks = Marks()
        with open_transport() as transport:
            capabilities.learn(transport.is_international)
            try:
                while (left := self.stop_at - time.monotonic()) > 0 and self.unsent:
                    if PACE.pause():
                        marks.write()
                    if not PACE.take(left):
                        return
                    try:
                        mail = self.unsent.popleft()
                    except IndexError:  # another connection was quicker
                        return
                    self.attempt(transport, mail, marks)
            finally:
                marks.write()

    def converse_in_parallel(self, connections: int) -> None:
        # Daemons: a worker that is told to stop does not wait for a slow server.
        threads = [
            threading.Thread(target=self.converse_alone, daemon=True)
            for _ in range(min(connections, len(self.unsent)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failures:
            raise self.failures[0]

    def converse_alone(self) -> None:
        """In a thread, with its own connection to the database."""
        try:
            self.converse()
        except Exception as failure:
            self.failures.append(failure)
        finally:
            connection.close()

    def attempt(self, transport: Transport, mail: LeasedMail, marks: Marks) -> None:
        """Send one mail and mark what came of it."""
        assert mail.signature is not None
        try:
            with self.lock:  # so that a frame is built once
                message = self.frames.message(
                    mail, mail.counted_since, mail.counted_name or ""
                )
        except Exception:
            logger.exception("Mail %s could not be written", mail.pk)
            retry_later(mail, "could not be written")
            return
        try:
            transport.send(settings.MAIL_FROM, mail.signature.email, message)
        except Refused as refusal:
            logger.warning("Mail %s refused: %s", mail.pk, refusal.code)
            handle_refusal(mail, refusal)
        except OSError:
            # The connection broke: perhaps because of this very mail, so the others
            # of the batch do not wait behind it.
            retry_later(mail, "connection lost")
            raise
        else:
            marks.add(mail)


def handle_refusal(mail: DueMail, refusal: Refused) -> None:
    """What the server said of one mail: over, or another time."""
    if not (refusal.permanent and refusal.of_recipient):
        retry_later(mail, str(refusal))
        return
    now = timezone.now()
    with transaction.atomic():
        mark_finished(mail, MailState.FAILED, now, str(refusal))
        if refusal.no_such_mailbox:
            assert mail.signature is not None  # it was due
            bounces.record_bounce(
                mail.email_key, refusal.status, now=now, address=mail.signature.email
            )


def mark_finished(
    mail: DueMail, state: MailState, now: datetime, reply: str = ""
) -> None:
    """Mark a mail as done with and count it in its tally."""
    finish_all([(mail, now)], state, reply)


def finish_all(
    mails: list[tuple[DueMail, datetime]], state: MailState, reply: str = ""
) -> None:
    """Mark mails, each with its time, and count them."""
    parameters: dict[str, Any] = {
        "ids": [mail.pk for mail, _ in mails],
        "times": [now for _, now in mails],
        "days": [timezone.localdate(mail.created_at) for mail, _ in mails],
        "domains": [
            domain_of(mail.signature.email) if mail.signature else ""
            for mail, _ in mails
        ],
        "state": state,
        "reply": reply[:200],
    }
    with connection.cursor() as cursor:
        cursor.execute(FINISH, parameters)


def postpone(mail: DueMail, until: datetime) -> None:
    DueMail.objects.filter(pk=mail.pk, state=MailState.DUE).update(
        due_at=until, leased_until=None
    )


def retry_later(mail: DueMail, reply: str) -> None:
    """Try again later, each time after twice as long; give up after two days."""
    now = timezone.now()
    if now - mail.created_at > GIVE_UP_AFTER:
        mark_finished(mail, MailState.FAILED, now, reply)
        return
    pause = min(timedelta(seconds=30) * 2**mail.attempts, LONGEST_PAUSE)
    DueMail.objects.filter(pk=mail.pk, state=MailState.DUE).update(
        due_at=now + pause,
        leased_until=None,
        attempts=mail.attempts + 1,
        reply=reply[:200],
    )
