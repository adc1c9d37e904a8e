"""What is measured about signing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Min, Sum

from config.models import Heartbeat
from config.probes import STARTED_AT, Reading, probe
from petitions.loops import PROVE_EVERY, PROVED
from petitions.models import Change, DueMail, Total
from petitions.models.mails import MailState

# Confirmations that wait longer than this are worth waking somebody.
LATE_AFTER = 300
# A proof takes place daily, and gets an hour to succeed.
UNPROVED_AFTER = PROVE_EVERY + timedelta(hours=1)


@probe
def mail(now: datetime) -> list[Reading]:
    """How many mails are due, and since when the oldest waits."""
    due = DueMail.objects.filter(state=MailState.DUE, due_at__lte=now).aggregate(
        number=Count("pk"), oldest=Min("due_at")
    )
    age = (now - due["oldest"]).total_seconds() if due["oldest"] else 0.0
    trouble = ""
    if age > LATE_AFTER:
        trouble = (
            f"{due['number']} confirmation mails wait, the oldest for {age:.0f} s. Is "
            "the mail server up? Try `manage.py check_mail --to you@example.org`."
        )
    return [
        Reading("mails_due", due["number"], "Mails that are due"),
        Reading("mail_wait_seconds", age, "Age of the oldest due mail", trouble),
    ]


@probe
def counts(now: datetime) -> list[Reading]:
    """How many signatures are counted, and how many changes wait for the fold."""
    confirmed = Total.objects.aggregate(sum=Sum("confirmed"))["sum"] or 0
    return [
        Reading("signatures_confirmed", confirmed, "Confirmed signatures, folded"),
        Reading("changes_unfolded", Change.objects.count(), "Changes not folded yet"),
    ]


@probe
def proof(now: datetime) -> list[Reading]:
    """How long ago the proof of the count held for the last time."""
    last = Heartbeat.objects.filter(name=PROVED).first()
    age = now - (last.beat_at if last else min(STARTED_AT, now))
    return [
        Reading(
            "proof_age_seconds",
            age.total_seconds(),
            "Time since the proof of the count last held",
            "The count could not be proved for more than a day. See what "
            "`manage.py verify_counts` prints."
            if age > UNPROVED_AFTER
            else "",
        )
    ]
