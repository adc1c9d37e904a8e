"""Mailing an organisation that signatures wait in quarantine until its staff have
looked: only its staff can tell whether these are people they know."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Count
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import ngettext

from core.security.buckets import (
    Rate,
    draw,
    may_draw,
)
from core.text.numbers import Counted
from organizations.models import Organization
from petitions.models import Signature
from petitions.reports import receivers
from petitions.states import QuarantineReason

logger = logging.getLogger(__name__)

# The first notice is sent at once, the next one after this period.
MAILS = Rate("signatures that wait", 1, timedelta(hours=6))
LATELY = timedelta(hours=1)


def mail_quarantine_notices(now: datetime) -> bool:
    """Mail each organisation with signatures that were put in quarantine lately because
    too many came from a mail domain that is new. Run by the worker; return False: the
    next round can wait."""
    bursts = Signature.objects.quarantined().filter(
        quarantine_reason=QuarantineReason.BURST
    )
    lately = bursts.filter(created_at__gt=now - LATELY)
    for number in set(lately.values_list("petition__organization_id", flat=True)):
        drawn = MAILS.of(str(number))
        # Drawn once it is sent: when the worker is killed meanwhile, a notice twice is
        # better than none.
        if not may_draw(drawn, now=now):
            continue
        of_these = bursts.filter(petition__organization=number)
        counted = of_these.aggregate(n=Count("pk"))["n"]
        try:
            mail_quarantine_notice(Organization.objects.get(pk=number), counted)
        except OSError as error:
            logger.warning("Staff could not be told: %s", type(error).__name__)
            return False
        draw(drawn, now=now)
    return False


def mail_quarantine_notice(organization: Organization, number: int) -> None:
    """Mail the staff how many signatures wait, and a link to them; nothing that a
    stranger typed."""
    page = reverse("admin:petitions_signature_changelist")
    subject = ngettext(
        "A signature waits until you have looked at it",
        "%(number)s signatures wait until you have looked at them",
        number,
    ) % {"number": Counted(number)}
    context = {
        "organization": organization,
        "number": number,
        "link": f"{settings.SITE_URL}{page}?aside={QuarantineReason.BURST}",
    }
    send_mail(
        subject,
        render_to_string("emails/waiting.txt", context),
        settings.MAIL_FROM,
        receivers(organization),
    )
