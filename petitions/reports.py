"""Messages from visitors: store them, and notify those whom they are for."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, ngettext

from core.text.numbers import Counted
from organizations.mailing import permanent_refusal
from organizations.models import Organization, User
from organizations.rights import Right, roles_with
from petitions.models import Petition, Report
from petitions.signatures.forms import ReportForm

logger = logging.getLogger(__name__)

# The shortest time between two notices to one organisation, however many write.
TELL_EVERY = timedelta(hours=1)


def report(petition: Petition | None, form: ReportForm, *, now: datetime) -> Report:
    """Store what a valid form says, about a petition or about the site."""
    return Report.objects.create(
        petition=petition,
        reason=form.cleaned_data["reason"],
        text=form.cleaned_data["text"],
        email=form.cleaned_data["email"],
        language=get_language() or settings.LANGUAGE_CODE,
        is_trapped=form.is_trapped,
        created_at=now,
    )


def mail_reports(now: datetime) -> bool:
    """For the worker: mail each organisation whose messages nobody has been told of,
    unless it had a notice lately. Always return False: what waits, waits for its
    hour."""
    for number in Report.objects.untold().receivers():
        reports = Report.objects.received_by(number)
        if reports.filter(told_at__gt=now - TELL_EVERY, told_at__lte=now).exists():
            continue
        waiting = list(reports.untold().values_list("pk", flat=True))
        organization = Organization.objects.get(pk=number) if number else None
        try:
            mail_report_notice(organization, len(waiting))
        except OSError as error:
            logger.warning("Staff could not be told: %s", type(error).__name__)
            return False
        Report.objects.filter(pk__in=waiting).update(told_at=now)
    return False


def mail_report_notice(organization: Organization | None, number: int) -> None:
    """Mail that so many messages wait, and where; nothing that a stranger typed."""
    recipients = receivers(organization)
    if not recipients:
        return
    page = reverse("admin:petitions_report_changelist")
    subject = ngettext(
        "A visitor has written to you",
        "%(number)s visitors have written to you",
        number,
    ) % {"number": Counted(number)}
    context = {
        "organization": organization,
        "number": number,
        "link": f"{settings.SITE_URL}{page}?handled=no",
    }
    send_mail(
        subject,
        render_to_string("emails/reports.txt", context),
        settings.MAIL_FROM,
        recipients,
    )


def notify(
    organization: Organization,
    right: Right,
    subject: str,
    template: str,
    context: dict[str, Any],
) -> bool:
    """Mail those who have a right in an organisation; return whether that need not be
    tried again: it is sent, or never will be."""
    try:
        send_mail(
            subject,
            render_to_string(template, context),
            settings.MAIL_FROM,
            receivers(organization, right),
        )
    except OSError as error:
        logger.warning("Staff could not be told: %s", type(error).__name__)
        return bool(permanent_refusal(error))
    return True


def receivers(
    organization: Organization | None, right: Right = Right.MODERATE
) -> list[str]:
    """Return the addresses to notify: those who have the right in the organisation,
    else its contact; for the site, or where there is nobody else, those who run the
    site."""
    if organization is not None:
        staff = User.objects.filter(
            is_active=True,
            wants_notices=True,
            memberships__organization=organization,
            memberships__role__in=roles_with(right),
        )
        addresses = list(staff.order_by("pk").values_list("email", flat=True))
        if addresses:
            return addresses
        if organization.contact_email:
            return [organization.contact_email]
    administrators = User.objects.filter(is_active=True, is_superuser=True)
    return settings.ALERT_EMAILS or list(
        administrators.order_by("pk").values_list("email", flat=True)
    )
