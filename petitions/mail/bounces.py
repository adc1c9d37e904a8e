"""Mail that came back: the mailbox is left alone for a while, and a signature that
nobody can have confirmed is taken from the count.

A server may say so at once (`petitions.mail.sending`), or hours after it took the mail
(`petitions.mail.webhooks`). What is kept is a key and a code, never an address or
words."""

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
from petitions.mail.messages import message_id
from petitions.models import Bounce, Consent, DueMail, Signature
from petitions.models.mails import UNFINISHED, MailKind, MailState
from petitions.signatures import (
    withdrawing,
)
from petitions.states import Withdrawal

logger = logging.getLogger(__name__)

# A mailbox is tried again after this: a mistyped domain may have come to life.
HELD_FOR = timedelta(days=30)
# Records of mails are kept for so long; what is older cannot be judged any more.
RECORDS_KEPT = timedelta(days=30)
# The provider's clock and ours.
TOLERANCE = timedelta(minutes=1)

NOT_TRIED = "not tried"
"""Begins the reply of a mail to a mailbox that is held."""

# The tally says of the day's mails how many arrived: this one did not.
CAME_BACK = """
WITH bounced AS (
    UPDATE petitions_duemail SET state = 'bounced', reply = %(reason)s
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
    """Write to this address no more for a while, or, without one, to none of this
    mailbox, and take back what nobody can have confirmed. Saying it twice does no
    harm. `key` is that of its mails."""
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
    """A mail that was handed over came back `at` that time. `given_id` is what the
    provider calls it: our Message-ID, or an id of its own."""
    with transaction.atomic():
        mail = find_mail(key, given_id, at)
        if mail is not None:
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


def find_mail(key: UUID, given_id: str, at: datetime) -> DueMail | None:
    """The mail that came back: the one with this Message-ID, or, when the provider
    has ids of its own, the last one that went to the mailbox before. A report that
    comes twice finds the same."""
    taken = (
        DueMail.objects.filter(
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


def withdraw_bounced(key: UUID, *, now: datetime) -> None:
    """Take from the count, as of today, what this mailbox counts for although each
    mail that could have led to it is known to have come back: nobody can have read
    the link. In doubt it stays."""
    refused = Q(state=MailState.FAILED, attempts=1) & (
        Q(reply__startswith="5") | Q(reply__startswith=NOT_TRIED)
    )
    lost = Q(state=MailState.BOUNCED) | refused
    mails = DueMail.objects.filter(email_key=key)
    own = mails.filter(
        lost,
        signature=OuterRef("pk"),
        kind__in=(MailKind.CONFIRM, MailKind.REMIND),
    )
    # Handed over, or tried and perhaps taken, before somebody confirmed.
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
        # Nor did anybody agree to be written to.
        Consent.objects.filter(
            organization=signature.petition.organization_id,
            email_key=key,
            source=f"petition:{signature.petition_id}",
        ).delete()
        logger.warning(
            "Signature %s is withdrawn: each mail to it came back", signature.pk
        )
