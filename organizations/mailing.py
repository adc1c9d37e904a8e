"""Outbox of mail to staff: a row is written by a request and sent by the worker.

A mail is leased before it is sent, and its row is deleted afterwards: when a worker
dies in between, the mail goes out twice, and none is lost. Rate limits delay a mail;
mails that say the same become one.
"""

from __future__ import annotations

import logging
import smtplib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation

from core.mail.addresses import account_address
from core.mail.leases import lease_time, pause_after
from core.mail.transport import words
from core.security.buckets import (
    Drawn,
    Rate,
    draw,
)
from core.worker.loops import Loop
from organizations import invitations
from organizations.models import (
    FactorRemoval,
    Invitation,
    StaffMail,
    StaffMailPurpose,
    User,
)

logger = logging.getLogger(__name__)

LONGEST_PAUSE = timedelta(minutes=30)
KEPT = timedelta(days=2)
"""An unsent mail is deleted after this time: it is of no use any more."""

# Rate limits on the mail that a form may cause.
GAP = Rate("staff mail", burst=1, emission_interval=timedelta(minutes=5))
"""Mails that say the same to one mailbox."""
NOTICE_GAP = Rate("staff notice", burst=1, emission_interval=timedelta(days=1))
"""Warnings that say the same to one mailbox."""
MAILBOX = Rate("staff mailbox", burst=10, emission_interval=timedelta(hours=2))
"""Links to one mailbox, which others may cause: anybody asks for a password link in
somebody's name. Whatever tells of a change does not wait for them."""
ORGANIZATION = Rate("invitations", burst=30, emission_interval=timedelta(minutes=2))
"""Invitations by one organisation."""


def request_mail(
    purpose: StaffMailPurpose, address: str, *, language: str, network: str = ""
) -> None:
    """Queue a mail to whoever has an account with this address. Each address costs one
    INSERT alike, so that no response time tells whether it has an account."""
    StaffMail.objects.create(
        purpose=purpose,
        address=account_address(address)[:254],
        language=language,
        network=network,
    )


def send_round(now: datetime) -> bool:
    """For the worker: send the mail that has been due longest; return whether more may
    be due."""
    with transaction.atomic():
        mail = (
            StaffMail.objects.select_for_update(skip_locked=True)
            .filter(due_at__lte=now)
            .order_by("due_at", "pk")
            .first()
        )
        if mail is None:
            return False
        mail.due_at = now + lease_time()
        mail.attempts += 1
        mail.save(update_fields=["due_at", "attempts"])
    with translation.override(language_of_mail(mail)):
        send(mail, now)
    return True


def language_of_mail(mail: StaffMail) -> str:
    """Return the language that its recipient has chosen, else the one it was asked for
    in."""
    user = User.objects.of_address(mail.address).first()
    return (user.language if user else "") or mail.language


def send(mail: StaffMail, now: datetime) -> None:
    """Send one mail and delete its row; schedule a retry after a temporary failure or
    at a rate limit; drop it when it is to nobody or refused for good."""
    message = compose(mail)
    if message is None:
        mail.delete()
        return
    same = StaffMail.objects.filter(
        purpose=mail.purpose,
        address=mail.address,
        invitation=mail.invitation_id,
        network=mail.network,
    )
    others = same.exclude(pk=mail.pk)
    # A mail draws once, for its first try, which a worker that was killed may not have
    # brought to an end.
    has_drawn = mail.attempts > 1 or others.filter(attempts__gt=0).exists()
    others.delete()
    if not has_drawn and (wait := draw(*caps(mail), now=now)):
        retry_staff_mail(mail, now + wait, attempts=mail.attempts - 1)
        return
    try:
        message.send()
    except (OSError, ValueError) as error:
        if refusal := permanent_refusal(error):
            logger.warning("Mail to staff refused: %s", refusal)
            noted(mail, mailed_at=None, reply=refusal)
            mail.delete()
            return
        logger.warning("Mail to staff: %s", type(error).__name__)
        pause = pause_after(
            mail.attempts, first=timedelta(seconds=5), longest=LONGEST_PAUSE
        )
        retry_staff_mail(mail, now + pause)
        return
    noted(mail, mailed_at=timezone.now(), reply="")
    mail.delete()


def noted(mail: StaffMail, **outcome: Any) -> None:
    """Record the outcome of a mail in its invitation, where the inviter sees it."""
    if mail.invitation_id is not None:
        Invitation.objects.filter(pk=mail.invitation_id).update(**outcome)


def retry_staff_mail(
    mail: StaffMail, due_at: datetime, attempts: int | None = None
) -> None:
    """Make the mail due at `due_at`; `attempts` replaces the number of attempts so
    far."""
    mail.due_at = due_at
    if attempts is not None:
        mail.attempts = max(0, attempts)
    mail.save(update_fields=["due_at", "attempts"])


def caps(mail: StaffMail) -> list[Drawn]:
    """Return the draws from rate limits that a mail costs."""
    about = f"{mail.purpose}:{mail.invitation_id}:{mail.network}:{mail.address}"
    warning = mail.purpose in (
        StaffMailPurpose.FAILURES,
        StaffMailPurpose.NETWORK,
        StaffMailPurpose.CODES,
    )
    drawn = [(NOTICE_GAP if warning else GAP).of(about)]
    if mail.purpose in (StaffMailPurpose.PASSWORD, StaffMailPurpose.INVITATION):
        drawn.append(MAILBOX.of(mail.address))
    if mail.invitation is not None:
        drawn.append(ORGANIZATION.of(str(mail.invitation.organization_id)))
    return drawn


def permanent_refusal(error: Exception) -> str:
    """Return the mail server's words when it refuses this address for good, "" when a
    retry may help."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reply = next(iter(error.recipients.values()))
        return f"{code} {words(reply)}" if code >= 500 else ""
    # Django cannot write the address at all.
    return "553 not an address" if isinstance(error, ValueError) else ""


def compose(mail: StaffMail) -> EmailMessage | None:
    """Compose the message in the active language; return None when it has no recipient:
    the invitation is over, or no active account has the address."""
    context: dict[str, object] = {
        "site_url": settings.SITE_URL,
        "address": mail.address,
        "network": mail.network,
        "at": mail.created_at,
    }
    if mail.purpose == StaffMailPurpose.INVITATION:
        invitation = mail.invitation
        if invitation is None or not invitations.can_be_accepted(invitation):
            return None
        context |= {
            "invitation": invitation,
            "organization": invitation.organization,
            "by": invitation.invited_by,
            "link": invitations.acceptance_url(invitation),
            "days": invitations.KEPT.days,
        }
    else:
        user = User.objects.of_address(mail.address).filter(is_active=True).first()
        if user is None:
            return None
        context["user"] = user
        if mail.purpose == StaffMailPurpose.PASSWORD:
            context["link"] = invitations.password_link(user)
        if mail.purpose == StaffMailPurpose.REMOVAL:
            from organizations.second_factor import lost  # which writes mails

            removal = FactorRemoval.objects.filter(user=user).first()
            if removal is None:
                return None
            context |= {"removal": removal, "link": lost.calling_off_link(removal)}
    name = f"emails/staff_{mail.purpose}"
    subject = render_to_string(f"{name}.subject.txt", context)
    return EmailMessage(
        " ".join(subject.split()),
        render_to_string(f"{name}.txt", context),
        settings.MAIL_FROM,
        [mail.address],
    )


def begin_staff_mail() -> None:
    """Make all mail due, when a worker starts or the clock was set: leases are an
    earlier worker's, and times may lie a day ahead. Rate limits hold nevertheless."""
    now = timezone.now()
    StaffMail.objects.filter(due_at__gt=now).update(due_at=now)
    StaffMail.objects.filter(created_at__gt=now).update(created_at=now)


SEND = Loop("staff mail", 1, send_round, begin_staff_mail)
