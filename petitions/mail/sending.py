"""Sending a batch of mails to the mail server, at the pace and over the connections
that the server accepts, and recording the result of each mail from its reply."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import Error, connection, models, transaction
from django.utils import timezone

from core.db.database import is_away
from core.mail import capabilities
from core.mail.leases import pause_after
from core.mail.transport import (
    Refused,
    Transport,
    open_transport,
)
from core.switches import SWITCHES
from core.worker.loops import ENDING
from petitions.addresses import domain_of
from petitions.mail import bounces
from petitions.mail.leases import BATCH_TIME, LeasedMail
from petitions.mail.messages import MessageTemplates
from petitions.mail.signed_addresses import return_path
from petitions.models import MailingRecipient, OutgoingMail
from petitions.models.mails import MailState

logger = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(days=2)
# One that was tried less often has waited for something else: mail was stopped.
TRIES = 10
LONGEST_PAUSE = timedelta(hours=1)

# Sent mails are marked together, in one commit, after this time or when there are this
# many. If the process is killed before, these mails are sent once more, with the same
# Message-ID. If the database is away, they are marked as soon as it is back, should it
# be back this soon.
MARK_WITHIN = 0.1  # seconds
MARKS = 50
MARK_PATIENCE = 40.0  # seconds
# How often a round that sends over several connections looks whether it has its lock.
LOOK_EVERY = 0.2  # seconds

# Sets `finished_at` of the mails and adds to the tallies of their petitions, days and
# domains; the tallies in one order, so that connections wait for each other instead of
# deadlocking. Without a join: where statistics are older than a rush of mails, each
# would be compared with all. Nor by their place, as they are leased: what somebody has
# just changed is in another place, and would be sent once more.
FINISH = """
WITH finished AS (
    UPDATE petitions_outgoingmail m
       SET state = %(state)s, leased_until = NULL, attempts = attempts + 1,
           finished_at =
               (%(times)s::timestamptz[])[array_position(%(ids)s::bigint[], m.id)],
           reply = %(reply)s
     WHERE m.id = ANY (%(ids)s::bigint[]) AND m.state = 'due'
 RETURNING m.id, m.petition_id, m.kind, m.signature_id,
           (%(days)s::date[])[array_position(%(ids)s::bigint[], m.id)] AS day,
           (%(domains)s::text[])[array_position(%(ids)s::bigint[], m.id)] AS domain
)
INSERT INTO petitions_mailtally AS t (
    petition_id, day, domain, signed, handed_over, failed, confirmed)
SELECT petition_id, day, domain,
       -- Counted once for each signature, however often its link was sent.
       count(*) FILTER (WHERE NOT EXISTS (
           SELECT 1 FROM petitions_outgoingmail o
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
    """A rate limit for all connections together: at most `rate` mails a second; 0 means
    no limit."""

    def __init__(self, rate: float) -> None:
        self.between = 1 / rate if rate else 0.0
        self.next_at = 0.0
        self.lock = threading.Lock()

    def pause(self) -> float:
        """Return the seconds until the next mail may be sent."""
        return max(0.0, self.next_at - time.monotonic())

    def most_in_a_batch(self, size: int) -> int:
        """Return how many of `size` mails can be sent within `BATCH_TIME`, at least
        1."""
        if not self.between:
            return size
        return max(1, min(size, int(BATCH_TIME.total_seconds() / self.between)))

    def take(self, most: float) -> bool:
        """Wait for the turn of one mail and return True; return False at once when that
        would take more than `most` seconds."""
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


class Outbox[M](Protocol):
    """The mails that a batch sends, and how they are sent: those that signatures cause
    (`SignatureMails`), or news (`petitions.mail.news`)."""

    def sender(self, mail: M) -> str:
        """Return the address that it comes back to."""

    def address(self, mail: M) -> str: ...
    def message(self, mail: M) -> bytes: ...
    def finish(
        self, mails: list[tuple[M, datetime]], state: MailState, reply: str = ""
    ) -> None:
        """Mark mails, each with its time, as finished with `state`."""

    def as_it_is_now(self, mail: M) -> M | None:
        """Return a mail that is about to be sent; None when it is not to be sent after
        all, which is then noted."""

    def retry_later(self, mail: M, reply: str) -> None: ...
    def bounced(self, mail: M, reason: str, now: datetime) -> None:
        """Record that there is no such mailbox."""

    def release(self, mails: list[M]) -> None:
        """End the lease of mails that were not attempted."""

    def may_go_on(self) -> bool:
        """Return whether the worker may begin another mail."""


class Marks[M]:
    """Mails that the server accepted but that are not marked as sent in the database
    yet."""

    def __init__(self, outbox: Outbox[M]) -> None:
        self.outbox = outbox
        self.taken: list[tuple[M, datetime]] = []
        self.since = 0.0

    def add(self, mail: M) -> None:
        """Note a mail after the server's 250, and write the marks if they are many or
        old enough."""
        if not self.taken:
            self.since = time.monotonic()
        self.taken.append((mail, timezone.now()))
        if len(self.taken) >= MARKS or time.monotonic() - self.since > MARK_WITHIN:
            self.write()

    def write(self) -> None:
        """Mark the noted mails as sent in the database. If the connection to it is
        lost, mark them over a new one and raise the error all the same: the lock of the
        loop is lost, too."""
        if not self.taken:
            return
        taken, self.taken = self.taken, []
        try:
            self.outbox.finish(taken, MailState.SENT)
        except Error as error:
            if is_away(error) and not connection.in_atomic_block:
                finish_later(lambda: self.outbox.finish(taken, MailState.SENT))
            raise


class Batch[M: OutgoingMail | MailingRecipient]:
    """The mails of one outbox that this worker has leased, sent over one or more
    connections. Those not attempted when it ends are due again at once."""

    def __init__(self, mails: list[M], outbox: Outbox[M]) -> None:
        self.outbox = outbox
        self.lock = threading.Lock()
        self.unsent = deque(mails)
        self.failures: list[Exception] = []
        self.is_over = False

    def send(self, connections: int) -> None:
        """Send as many mails as there is time for and end the lease of the rest; raise
        the first failure of a connection after all have stopped."""
        try:
            if connections == 1:
                self.converse()
            else:
                self.converse_in_parallel(connections)
        finally:
            self.outbox.release(list(self.unsent))

    def converse(self) -> None:
        """Send mails over one connection, one after the other, until none is left, time
        is up, mail is stopped, or the worker ends."""
        marks = Marks(self.outbox)
        with open_transport() as transport:
            # From now on: many servers let a stranger wait before they greet.
            stop_at = time.monotonic() + BATCH_TIME.total_seconds()
            capabilities.learn(transport.is_international)
            try:
                while (left := stop_at - time.monotonic()) > 0 and self.unsent:
                    if self.is_over or not self.outbox.may_go_on():
                        return
                    if PACE.pause():
                        marks.write()
                    if not PACE.take(left):
                        return
                    try:
                        leased = self.unsent.popleft()
                    except IndexError:  # another connection was quicker
                        return
                    if (mail := self.outbox.as_it_is_now(leased)) is not None:
                        self.attempt(transport, mail, marks)
            finally:
                marks.write()

    def converse_in_parallel(self, connections: int) -> None:
        """Run `converse` in threads; raise the first failure after all have ended. When
        this thread's session is lost, and with it the lock of the loop, they end at
        their next mail: another worker may send the rest."""
        # Daemon threads: a worker told to stop does not wait for a slow server.
        threads = [
            threading.Thread(target=self.converse_alone, daemon=True)
            for _ in range(min(connections, len(self.unsent)))
        ]
        for thread in threads:
            thread.start()
        try:
            while alive := [thread for thread in threads if thread.is_alive()]:
                alive[0].join(LOOK_EVERY)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
        finally:
            self.is_over = True
            for thread in threads:
                thread.join()
        if self.failures:
            raise self.failures[0]

    def converse_alone(self) -> None:
        """Run `converse` in a thread of its own and keep its failure; close the
        thread's database connection."""
        try:
            self.converse()
        except Exception as failure:
            self.failures.append(failure)
        finally:
            connection.close()

    def attempt(self, transport: Transport, mail: M, marks: Marks[M]) -> None:
        """Send one mail and record the result; raise OSError when the connection
        broke."""
        outbox = self.outbox
        try:
            with self.lock:  # so that a frame is built once
                message = outbox.message(mail)
        except Exception:
            logger.exception("%s %s could not be written", name_in_log(mail), mail.pk)
            outbox.retry_later(mail, "could not be written")
            return
        try:
            transport.send(outbox.sender(mail), outbox.address(mail), message)
        except Refused as refusal:
            logger.warning(
                "%s %s refused: %s", name_in_log(mail), mail.pk, refusal.code
            )
            self.handle_refusal(mail, refusal)
        except OSError:
            # The connection broke: perhaps because of this very mail, so the others
            # of the batch do not wait behind it.
            outbox.retry_later(mail, "connection lost")
            raise
        else:
            marks.add(mail)

    def handle_refusal(self, mail: M, refusal: Refused) -> None:
        """Mark a mail that the server refused as failed if the refusal is permanent and
        about the recipient, otherwise retry it later; record a bounce if there is no
        such mailbox."""
        if not (refusal.permanent and refusal.of_recipient):
            self.outbox.retry_later(mail, str(refusal))
            return
        now = timezone.now()
        with transaction.atomic():
            self.outbox.finish([(mail, now)], MailState.FAILED, str(refusal))
            if refusal.no_such_mailbox:
                self.outbox.bounced(mail, refusal.status, now)


def name_in_log(mail: OutgoingMail | MailingRecipient) -> str:
    """Return what the log calls it."""
    return "Mail" if isinstance(mail, OutgoingMail) else "Mail of a mailing"


def may_go_on() -> bool:
    """Return whether the worker may begin another mail."""
    return not ENDING.is_set() and SWITCHES.get().sends_mail


class SignatureMails:
    """The outbox of the mails that signatures cause."""

    def __init__(self, now: datetime) -> None:
        self.frames = MessageTemplates(now)

    def sender(self, mail: LeasedMail) -> str:
        return return_path(mail.pk, now=timezone.now())

    def address(self, mail: LeasedMail) -> str:
        assert mail.signature is not None  # it is due
        return mail.signature.email

    def message(self, mail: LeasedMail) -> bytes:
        return self.frames.message(
            mail, mail.counted_since, mail.counted_name or "", mail.asking
        )

    def finish(
        self,
        mails: list[tuple[LeasedMail, datetime]],
        state: MailState,
        reply: str = "",
    ) -> None:
        finish_all(mails, state, reply)

    def as_it_is_now(self, mail: LeasedMail) -> LeasedMail | None:
        return mail  # what is sent was decided a moment ago

    def retry_later(self, mail: LeasedMail, reply: str) -> None:
        retry_later(mail, reply, self)

    def bounced(self, mail: LeasedMail, reason: str, now: datetime) -> None:
        address = self.address(mail)
        bounces.record_bounce(mail.email_key, reason, now=now, address=address)

    def release(self, mails: list[LeasedMail]) -> None:
        end_lease(mails, OutgoingMail)

    def may_go_on(self) -> bool:
        return may_go_on()


def mark_finished(
    mail: OutgoingMail, state: MailState, now: datetime, reply: str = ""
) -> None:
    """Mark one mail as finished with `state` and add it to its tally."""
    finish_all([(mail, now)], state, reply)


def finish_all(
    mails: Sequence[tuple[OutgoingMail, datetime]], state: MailState, reply: str = ""
) -> None:
    """Mark mails, each with its time, as finished with `state`, and add them to their
    tallies."""
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


def finish_later(finish: Callable[[], None]) -> None:
    """Mark mails as sent as soon as the database is back. If it stays away for longer
    than `MARK_PATIENCE`, or the worker ends, they are sent once more."""
    until = time.monotonic() + MARK_PATIENCE
    while time.monotonic() < until:
        connection.close()
        try:
            finish()
        except Error as error:
            if not is_away(error) or ENDING.wait(0.2):
                return
        else:
            return


def postpone(mail: OutgoingMail, until: datetime) -> None:
    """Make a mail due at `until`, and end its lease."""
    OutgoingMail.objects.filter(pk=mail.pk, state=MailState.DUE).update(
        due_at=until, leased_until=None
    )


def retry_later[M: OutgoingMail | MailingRecipient](
    mail: M, reply: str, outbox: Outbox[M]
) -> None:
    """Make a mail due again after a pause that doubles with each attempt, up to
    `LONGEST_PAUSE`; after `GIVE_UP_AFTER` and `TRIES`, mark it as failed."""
    now = timezone.now()
    if now - mail.created_at > GIVE_UP_AFTER and mail.attempts >= TRIES:
        outbox.finish([(mail, now)], MailState.FAILED, reply)
        return
    pause = pause_after(
        mail.attempts, first=timedelta(seconds=30), longest=LONGEST_PAUSE
    )
    rows = type(mail)._default_manager.filter(pk=mail.pk, state=MailState.DUE)
    rows.update(
        due_at=now + pause,
        leased_until=None,
        attempts=mail.attempts + 1,
        reply=reply[:200],
    )


def end_lease(
    mails: Sequence[OutgoingMail | MailingRecipient], model: type[models.Model]
) -> None:
    """End the lease of mails that were not attempted."""
    rows = model._default_manager.filter(pk__in=[mail.pk for mail in mails])
    rows.filter(state=MailState.DUE).update(leased_until=None)
