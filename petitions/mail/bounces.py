"""Bounces: a mailbox whose mail came back gets no mail for a while, and a signature
that nobody can have confirmed is taken from the count.

A server may report a bounce at once (`petitions.mail.sending`), or hours after it
accepted the mail (`petitions.mail.webhooks`, `petitions.mail.incoming`). Only a key and
a status code are kept, never an address or words.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from core.mail.transport import mail_domain
from petitions.addresses import domain_of
from petitions.identity import key_ring
from petitions.mail import results
from petitions.mail.messages import message_id
from petitions.mail.results import TOLERANCE
from petitions.models import (
    Bounce,
    MailingRecipient,
    OutgoingMail,
    Signature,
)
from petitions.models.mails import UNFINISHED, MailKind, MailState
from petitions.signatures import (
    consent,
    withdrawing,
)
from petitions.states import Withdrawal

logger = logging.getLogger(__name__)

# A mailbox is tried again after this time: a mistyped domain may exist by then.
HELD_FOR = timedelta(days=30)
# Records of mails are kept this long; older signatures cannot be judged any more.
RECORDS_KEPT = timedelta(days=30)

NOT_TRIED = "not tried"
"""The beginning of the reply recorded for a mail that was not sent because its mailbox
had bounced."""

# The tally counts how many of the day's mails were handed over: this one came back. Of
# an erased signature's, no reply is kept.
CAME_BACK = """
WITH bounced AS (
    UPDATE petitions_outgoingmail
       SET state = 'bounced',
           reply = CASE WHEN signature_id IS NULL THEN '' ELSE %(reason)s END
     WHERE id = %(id)s AND state = 'sent'
 RETURNING petition_id, kind
)
UPDATE petitions_mailtally t
   SET handed_over = GREATEST(t.handed_over - 1, 0), failed = t.failed + 1
  FROM bounced
 WHERE t.petition_id = bounced.petition_id AND bounced.kind = 'confirm'
   AND t.day = %(day)s AND t.domain = %(domain)s
"""


def record_bounce(key: UUID, reason: str, *, now: datetime, address: str = "") -> None:
    """Send no mail to this address for a while, or, without an address, to the whole
    mailbox, and withdraw signatures that nobody can have confirmed. Idempotent. `key`
    is the key of the bounced mails."""
    newest = key_ring.current_keyring().newest
    said: dict[str, Any] = {"since": now, "reason": reason[:20]}
    with transaction.atomic():
        if address:
            Bounce.objects.add_address(address, newest, **said)
            Bounce.objects.filter(pk=newest.key(address)).update(**said)
        else:
            Bounce.objects.update_or_create(email_key=key, defaults=said)
        withdraw_bounced(key, now=now)


def came_back(
    key: UUID,
    recipient: str,
    *,
    given_id: str,
    reason: str,
    no_such_mailbox: bool,
    at: datetime,
    now: datetime,
) -> None:
    """Record that a mail which had been handed over bounced at the time `at`.
    `given_id` is the provider's id of it: our Message-ID, or an id of its own."""
    with transaction.atomic():
        mail = find_bounced_mail(key, given_id, at)
        news = results.find_bounced_recipient(key, given_id, at)
        if news and (mail is None or is_later(news, mail)):
            results.recipient_came_back(news, reason)
        elif mail is not None:
            address = mail.signature.email if mail.signature else recipient
            with connection.cursor() as cursor:
                cursor.execute(
                    CAME_BACK,
                    {
                        "id": mail.pk,
                        "reason": reason[:200],
                        "day": timezone.localdate(mail.created_at),
                        "domain": domain_of(address),
                    },
                )
        if no_such_mailbox:
            record_bounce(key, reason, now=now, address=recipient)
        else:
            withdraw_bounced(key, now=now)


def find_bounced_mail(key: UUID, given_id: str, at: datetime) -> OutgoingMail | None:
    """Return the mail that bounced: the one with this Message-ID, or, if the provider
    uses ids of its own, the last one sent to the mailbox before `at`. A report that
    arrives twice finds the same mail. None if there is none."""
    taken = (
        OutgoingMail.objects.filter(
            email_key=key,
            state__in=(MailState.SENT, MailState.BOUNCED),
            finished_at__lte=at + TOLERANCE,
        )
        .select_related("signature")
        .order_by("-finished_at")
    )
    if given_id.endswith(f"@{mail_domain()}>"):
        return next((mail for mail in taken if message_id(mail) == given_id), None)
    return taken.first()


def is_later(news: MailingRecipient, mail: OutgoingMail) -> bool:
    """Return whether the one of a mailing was handed over after the other one."""
    assert news.finished_at is not None
    assert mail.finished_at is not None
    return news.finished_at > mail.finished_at


def withdraw_bounced(key: UUID, *, now: datetime) -> None:
    """Withdraw, as of today, the confirmed signatures of this mailbox for which every
    mail that could have led to the confirmation is known to have bounced: nobody can
    have read the link. In doubt a signature stays."""
    refused = Q(state=MailState.FAILED, attempts=1) & (
        Q(reply__startswith="5") | Q(reply__startswith=NOT_TRIED)
    )
    lost = Q(state=MailState.BOUNCED) | refused
    mails = OutgoingMail.objects.filter(email_key=key)
    own = mails.filter(
        lost,
        signature=OuterRef("pk"),
        kind__in=(MailKind.CONFIRM, MailKind.REMIND, MailKind.ASK),
    )
    # Mails handed over, or tried and perhaps accepted, before the confirmation.
    others = (
        mails.exclude(lost)
        .exclude(state=MailState.COVERED)
        .exclude(state__in=UNFINISHED, attempts=0)
        .filter(created_at__lte=OuterRef("confirmed_at"))
    )
    nobody_confirmed = (
        Signature.objects.confirmed()
        .filter(Exists(own), ~Exists(others), email_key=key)
        .filter(created_at__gt=now - RECORDS_KEPT)
        .select_related("petition")
    )
    for signature in nobody_confirmed:
        withdrawing.withdraw(signature, now=now, because=Withdrawal.BOUNCED)
        # Then nobody consented to updates either.
        consent.forget_answers(signature)
        logger.warning(
            "Signature %s is withdrawn: each mail to it came back", signature.pk
        )
