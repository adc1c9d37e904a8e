"""The results of the mails of a mailing after they were handed over: they come back,
or somebody unsubscribes. Each is counted once, in the mailing. Who signed through its
links is counted by their tag (petitions.channels), which names nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Sum
from django.utils.crypto import salted_hmac

from core.mail.transport import mail_domain
from petitions.channels import tag_of_mailing
from petitions.models import ChannelTally, Consent, Mailing, MailingRecipient
from petitions.models.mails import MailState

# How far another clock may differ from ours.
TOLERANCE = timedelta(minutes=1)

CAME_BACK = """
WITH back AS (
    UPDATE petitions_mailingrecipient SET state = 'bounced', reply = %(reason)s
     WHERE id = %(id)s AND state = 'sent'
 RETURNING mailing_id
)
UPDATE petitions_mailing m SET sent = m.sent - 1, bounced = m.bounced + 1
  FROM back WHERE m.id = back.mailing_id
"""
UNSUBSCRIBED = """
WITH left_it AS (
    UPDATE petitions_mailingrecipient SET unsubscribed_at = %(now)s
     WHERE id = %(id)s AND unsubscribed_at IS NULL
 RETURNING mailing_id
)
UPDATE petitions_mailing m SET unsubscribed = m.unsubscribed + 1
  FROM left_it WHERE m.id = left_it.mailing_id
"""


def recipient_message_id(mail: MailingRecipient) -> str:
    """Return the Message-ID, the same at every attempt."""
    value = f"{mail.pk}.{mail.created_at.isoformat()}"
    digest = salted_hmac("petitions.mailing", value, algorithm="sha256").hexdigest()
    return f"<{digest[:32]}@{mail_domain()}>"


def signed_through(mailing: Mailing) -> int:
    """Return how many people have signed by a link in its mails, under any petition of
    the organisation. Later withdrawals stay counted."""
    tallies = ChannelTally.objects.filter(
        petition__organization=mailing.petition.organization_id,
        via=tag_of_mailing(mailing.pk),
    )
    return tallies.aggregate(sum=Sum("confirmed"))["sum"] or 0


def find_bounced_recipient(
    key: UUID, given_id: str, at: datetime
) -> MailingRecipient | None:
    """Return the mail that bounced: the one with this Message-ID, or, where the
    provider has ids of its own, the last one to this mailbox before `at`."""
    taken = MailingRecipient.objects.filter(
        email_key=key,
        state__in=(MailState.SENT, MailState.BOUNCED),
        finished_at__lte=at + TOLERANCE,
    ).order_by("-finished_at")
    if given_id.endswith(f"@{mail_domain()}>"):
        return next(
            (each for each in taken if recipient_message_id(each) == given_id), None
        )
    return taken.first()


def recipient_came_back(mail: MailingRecipient, reason: str) -> None:
    """Record that a mail which was handed over bounced."""
    with connection.cursor() as cursor:
        cursor.execute(CAME_BACK, {"id": mail.pk, "reason": reason[:200]})


def unsubscribed(consent: Consent, *, mailed: datetime, now: datetime) -> None:
    """Count, in its results, that the mail of this organisation which was sent at
    `mailed` made its reader unsubscribe."""
    mail = (
        MailingRecipient.objects.filter(
            email_key=consent.email_key,
            mailing__petition__organization=consent.organization_id,
            finished_at__lte=mailed + TOLERANCE,
        )
        .order_by("-finished_at")
        .first()
    )
    if mail is not None:
        with connection.cursor() as cursor:
            cursor.execute(UNSUBSCRIBED, {"id": mail.pk, "now": now})
