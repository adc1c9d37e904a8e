"""Telling the administrator by mail, before supporters notice."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail

from config.loops import Loop
from config.models import Alert
from config.probes import read_all

logger = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(hours=1)


def watch(now: datetime) -> bool:
    """Mail about each trouble when it begins, every hour while it lasts, and once
    when it is over. Returns False: nothing is left to do at once."""
    troubles = {found.name: found.trouble for found in read_all(now) if found.trouble}
    for name, trouble in troubles.items():
        alert, _ = Alert.objects.get_or_create(name=name, defaults={"raised_at": now})
        if alert.mailed_at is None or now - alert.mailed_at >= AGAIN_AFTER:
            logger.error("%s", trouble)
            if tell("Attention needed", trouble):
                alert.mailed_at = now
                alert.save(update_fields=["mailed_at"])
    for alert in Alert.objects.exclude(name__in=troubles):
        if alert.mailed_at is not None:
            minutes = (now - alert.raised_at).total_seconds() / 60
            over = f"{alert.name}: over after {minutes:.0f} minutes."
            if not tell("All is well again", over):
                continue
        alert.delete()
    return False


def tell(subject: str, message: str) -> bool:
    """A mail to ALERT_EMAIL; the log has to do when there is none or mail is down.
    Returns False when it is to be tried again."""
    if not settings.ALERT_EMAILS:
        return True
    try:
        send_mail(
            f"[{settings.SITE_URL}] {subject}",
            f"{message}\n\n{settings.SITE_URL}/readyz\n",
            settings.MAIL_FROM,
            settings.ALERT_EMAILS,
        )
    except OSError as error:
        logger.error("The alert could not be mailed: %s", type(error).__name__)
        return False
    return True


# Runs beside the web server as well as in the worker: whichever is alive tells of
# the other. The advisory lock lets one of them speak.
WATCH = Loop("watch", 10, watch)
