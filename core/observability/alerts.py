"""Alerts: tell the administrator, by mail and by a POST, before supporters notice."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings
from django.core.mail import send_mail

from core.models import Alert
from core.observability.probes import read_all
from core.worker.loops import Loop

logger = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(hours=1)


def send_alerts(now: datetime) -> bool:
    """Send an alert for each trouble when it begins, every hour while it lasts, and
    once when it is over. Return False: no more work is waiting."""
    troubles = {
        reading.name: reading.trouble for reading in read_all(now) if reading.trouble
    }
    for name, trouble in troubles.items():
        alert, _ = Alert.objects.get_or_create(name=name, defaults={"raised_at": now})
        if is_time_again(alert.mailed_at, now):
            logger.error("%s", trouble)
            if send_alert("Attention needed", trouble):
                alert.mailed_at = now
                alert.save(update_fields=["mailed_at"])
    for alert in Alert.objects.exclude(name__in=troubles):
        if alert.mailed_at is not None:
            minutes = (now - alert.raised_at).total_seconds() / 60
            over = f"{alert.name}: over after {minutes:.0f} minutes."
            if not send_alert("All is well again", over):
                continue
        alert.delete()
    return False


def is_time_again(last: datetime | None, now: datetime) -> bool:
    """Return whether an alert that was sent `last` is to be sent again: after an hour,
    or when the clock was set back since."""
    return last is None or not timedelta(0) <= now - last < AGAIN_AFTER


def send_alert(subject: str, message: str) -> bool:
    """Send a mail to ALERT_EMAIL and a POST to ALERT_URL; if neither is set, the log
    has to do. Return False when neither arrived and it should be tried again."""
    ways = [way for way, wanted in WAYS if wanted()]
    reached = [way(subject, message) for way in ways]
    return not reached or any(reached)


def mailed(subject: str, message: str) -> bool:
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


# The timeout of the POST in seconds.
PATIENCE = 10


def posted(subject: str, message: str) -> bool:
    """POST the alert as JSON; chats (Slack, Mattermost, Rocket.Chat …) show its `text`.
    Return whether it was accepted."""
    alert = {
        "text": f"[{settings.SITE_URL}] {subject}\n\n{message}",
        "site": settings.SITE_URL,
        "subject": subject,
        "message": message,
    }
    request = Request(  # noqa: S310 - settings look at it
        settings.ALERT_URL,
        json.dumps(alert).encode(),
        {"Content-Type": "application/json", "User-Agent": "petitions"},
    )
    try:
        with OPENER.open(request, timeout=PATIENCE):
            return True
    except (OSError, HTTPException, ValueError) as error:
        # Never the error's words: they quote the URL, which is a secret.
        what = f"{type(error).__name__} {getattr(error, 'code', '')}".strip()
        logger.error("The alert could not be posted: %s", what)
        return False


class NoRedirects(HTTPRedirectHandler):
    """Takes a redirect for a refusal: the POST would become a GET, which loses the
    alert, and is answered all the same."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Follow none."""


OPENER = build_opener(NoRedirects)


WAYS: list[tuple[Callable[[str, str], bool], Callable[[], bool]]] = [
    (mailed, lambda: bool(settings.ALERT_EMAILS)),
    (posted, lambda: bool(settings.ALERT_URL)),
]


# Runs beside the web server as well as in the worker: whichever is alive reports that
# the other is not. The advisory lock lets only one of them send.
WATCH = Loop("watch", 10, send_alerts, works_always=True)
