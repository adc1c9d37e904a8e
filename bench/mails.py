"""Mails per second: what the worker hands over, as a share of what `smtplib` does with
bytes that are ready, both into the same sink."""

from __future__ import annotations

import smtplib
import time

from bench.report import Figure, Ratios, Slice, pair
from bench.site import Bench

BAR = 0.50

# Finish the outgoing mails that earlier slices left, so that each round sends its own.
CLEAR = """
UPDATE petitions_outgoingmail SET state = 'covered', finished_at = now(),
       leased_until = NULL
 WHERE state = 'due'
"""
# New people, eight of ten with one provider.
DUE = """
WITH signed AS (
    INSERT INTO petitions_signature (
        petition_id, state, name, email, email_key, email_key_version, person, place,
        postal_code, country, comment, comment_approved, show_name, wants_updates,
        language, text_version, consent_version, delivery, weak_signs, created_at)
    SELECT %(petition)s, 'pending', 'Maya Tremblay',
           'due' || n || '@' || CASE WHEN n %% 5 > 0 THEN 'gmail.com'
                                     ELSE 'd' || n %% 3000 || '.example.org' END,
           gen_random_uuid(), 1, '', '', '', '', '', false, false, true, 'en', 0, 1,
           'number', 0, now()
      FROM generate_series(1, %(number)s) n
    RETURNING id, petition_id, email_key, created_at
)
INSERT INTO petitions_outgoingmail (
    petition_id, signature_id, email_key, kind, state, due_at, attempts, created_at,
    reply)
SELECT petition_id, id, email_key, 'confirm', 'due', created_at, 0, created_at, ''
  FROM signed
"""


def mails(bench: Bench, rounds: int, number: int = 1000) -> Ratios:
    """Measure slices of `number` mails; exit unless the worker has sent each."""
    database = bench.biggest
    message = a_message(bench)

    def ready_made() -> float:
        with smtplib.SMTP("127.0.0.1", bench.sink_port) as smtp:
            smtp.ehlo()
            started = time.monotonic()
            for index in range(number):
                smtp.sendmail("bench@example.org", [f"due{index}@gmail.com"], message)
            return number / (time.monotonic() - started)

    def the_worker() -> float:
        from django.utils import timezone

        from petitions.mail.outbox import send_due

        database.execute(DUE, {"petition": bench.petition, "number": number})
        started = time.monotonic()
        while send_due(timezone.now()):
            pass
        taken = time.monotonic() - started
        ((left,),) = database.execute(
            "SELECT count(*) FROM petitions_outgoingmail WHERE state <> 'sent'"
            "   AND created_at > now() - interval '1 minute'"
        )
        if left:
            raise SystemExit(f"{left} of {number} mails were not sent")
        return number / taken

    slices: dict[str, tuple[Slice, Slice]] = {"mails": (the_worker, ready_made)}
    database.execute(CLEAR)
    database.settle()
    rates = pair(slices, rounds, "mails")
    return Ratios(
        "mails",
        f"Mails into a local sink, {number:,} a slice, {len(message):,} bytes each",
        ("of ready-made", "worker/s", "smtplib/s"),
        [Figure(name, pairs, at_least=BAR) for name, pairs in rates.items()],
    )


def a_message(bench: Bench) -> bytes:
    """Return the bytes of a mail as the worker sends them."""
    from django.utils import timezone, translation

    from petitions.mail.messages import build
    from petitions.models import Petition
    from petitions.models.mails import MailKind

    petition = Petition.objects.for_reading().get(pk=bench.petition)
    with translation.override("en"):
        frame = build(MailKind.CONFIRM, petition, "en", None)
    return frame.message("due@example.org", 1, "<1@example.org>", timezone.now())
