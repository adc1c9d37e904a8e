"""Telling owners that a newsletter tool is behind: it may write to people who have said
no."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, override

from core.security.buckets import Rate, draw, may_draw
from organizations.rights import Right
from petitions.delivery.files import spoken
from petitions.models import Webhook
from petitions.reports import notify

BEHIND_FOR = timedelta(days=1)
WEEKLY = Rate("webhook behind", 1, timedelta(days=7))


def remind_of_webhooks(now: datetime) -> bool:
    """For the worker: mail the owners of each tool that is a day behind, once a week.
    Return False: the next round can wait."""
    for webhook in Webhook.objects.behind(now - BEHIND_FOR):
        drawn = WEEKLY.of(str(webhook.pk))
        # Drawn once it is sent: a notice twice is better than none.
        if may_draw(drawn, now=now) and tell_of_webhook(webhook):
            draw(drawn, now=now)
    return False


def tell_of_webhook(webhook: Webhook) -> bool:
    """Mail the owners; return whether that need not be tried again."""
    page = reverse("admin:petitions_webhook_change", args=[webhook.pk])
    with override(spoken(webhook.organization.language)):
        context = {"webhook": webhook, "link": f"{settings.SITE_URL}{page}"}
        return notify(
            webhook.organization,
            Right.CONNECT,
            gettext("A newsletter tool is not up to date"),
            "emails/webhook_behind.txt",
            context,
        )
