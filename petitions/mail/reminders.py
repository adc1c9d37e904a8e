"""Reminders: at most one for each mailbox and petition, about a day after the
confirmation link was sent.

A sweep goes through the pending signatures, one page a round, so that a round costs the
same however many there are. A reminder is a mail of the outbox like others: when it is
sent, the caps and the state of the mailbox are checked again (`petitions.mail.outbox`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from petitions.channels import ASKED_BY_MAIL
from petitions.models.mails import Priority
from petitions.signable import IS_OPEN
from petitions.signatures.tokens import LIFETIME

AFTER = timedelta(hours=20)
"""The link was handed over at least this long ago, and at most `LIFETIME`, while it
works."""
PAGE = 2000
SWEEP_EVERY = timedelta(minutes=10)

# The last confirmation mail handed over to the mailbox decides: its form is the one
# that the owner saw last. Rows locked by a concurrent confirmation or erasure are
# skipped; the next sweep finds those that are still pending.
REMIND = f"""
WITH page AS MATERIALIZED (
    SELECT id, created_at
      FROM petitions_signature
     WHERE state = 'pending' AND created_at <= %(handed_over_by)s
       AND (created_at, id) > (%(created_at)s, %(id)s)
     ORDER BY created_at, id LIMIT %(page)s
), waiting AS MATERIALIZED (
    SELECT s.id, s.petition_id, s.email_key
      FROM page
      JOIN petitions_signature s ON s.id = page.id
      JOIN petitions_petition p ON p.id = s.petition_id
     -- It waits for its owner alone; what is in quarantine waits for staff.
     WHERE s.state = 'pending' AND s.quarantine_reason = ''
       AND s.via <> %(asked)s
       AND {IS_OPEN}
       AND EXISTS (
           SELECT 1 FROM petitions_outgoingmail m
            WHERE m.signature_id = s.id AND m.kind = 'confirm' AND m.state = 'sent'
              AND m.finished_at <= %(handed_over_by)s
              AND m.finished_at > %(handed_over_after)s
              AND NOT EXISTS (
                  SELECT 1 FROM petitions_outgoingmail o
                   WHERE o.email_key = m.email_key AND o.petition_id = m.petition_id
                     AND o.kind = 'confirm' AND o.state = 'sent'
                     AND o.finished_at > m.finished_at))
       AND NOT EXISTS (
           SELECT 1 FROM petitions_outgoingmail r
            WHERE r.petition_id = s.petition_id AND r.email_key = s.email_key
              AND r.kind = 'remind')
       AND NOT EXISTS (
           SELECT 1 FROM petitions_signature c
            WHERE c.petition_id = s.petition_id AND c.email_key = s.email_key
              AND c.person = s.person
              AND (c.state = 'confirmed' OR c.withdrawn_at >= s.created_at))
       AND NOT EXISTS (SELECT 1 FROM petitions_suppression u
                        WHERE u.email_key = s.email_key)
       AND NOT EXISTS (SELECT 1 FROM petitions_bounce b
                        WHERE b.email_key = s.email_key)
       FOR KEY SHARE OF s SKIP LOCKED
), written AS (
    INSERT INTO petitions_outgoingmail (
        petition_id, signature_id, email_key, kind, state, priority, due_at, attempts,
        created_at, reply
    )
    SELECT petition_id, id, email_key, 'remind', 'due', %(priority)s, %(now)s, 0,
           %(now)s, ''
      FROM waiting
        ON CONFLICT (petition_id, email_key) WHERE kind = 'remind' DO NOTHING
)
SELECT created_at, id, (SELECT count(*) FROM page)
  FROM page ORDER BY created_at DESC, id DESC LIMIT 1
"""  # noqa: S608 - a fragment of ours

BEGINNING = (datetime.min.replace(tzinfo=UTC), 0)


@dataclass
class ReminderSweep:
    """The sweep through pending signatures, with the position where the last round
    ended."""

    page: int = PAGE
    position: tuple[datetime, int] = BEGINNING
    next_at: datetime = field(default=BEGINNING[0])

    def begin(self) -> None:
        """Restart from the oldest signature, wherever an earlier worker was."""
        self.position, self.next_at = BEGINNING, BEGINNING[0]

    def remind(self, now: datetime) -> bool:
        """Put the reminders of one page into the outbox; return whether the sweep goes
        on."""
        if now < self.next_at:
            return False
        row = self.read_page(now)
        if row is None or row[2] < self.page:
            self.position, self.next_at = BEGINNING, now + SWEEP_EVERY
            return False
        self.position = row[:2]
        return True

    def read_page(self, now: datetime) -> tuple[datetime, int, int] | None:
        """Run the statement for the next page; return `created_at` and id of its last
        row and how many rows it has, or None if it is empty."""
        parameters: dict[str, Any] = {
            "now": now,
            "handed_over_by": now - AFTER,
            "handed_over_after": now - LIFETIME,
            "created_at": self.position[0],
            "id": self.position[1],
            "page": self.page,
            "priority": Priority.LAST,
            "asked": ASKED_BY_MAIL,
        }
        with connection.cursor() as cursor:
            cursor.execute(REMIND, parameters)
            row: tuple[datetime, int, int] | None = cursor.fetchone()
        return row
