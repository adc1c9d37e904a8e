"""Probes of signing: what is measured, and when that wakes somebody."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from ipaddress import ip_interface

from django.conf import settings
from django.db.models import Count, Min, Q, Sum
from django.urls import reverse
from django.utils import timezone

from core.models import Heartbeat
from core.observability.probes import (
    STARTED_AT,
    Reading,
    probe,
)
from core.security.client_network import block_of
from core.switches import SWITCHES
from petitions.abuse.source_tallies import (
    HOUR,
    PART,
    outliers,
)
from petitions.checks import WRONG_KEY, secret_is_known
from petitions.loops import PROVE_EVERY, PROVED
from petitions.mail.mailings import STANDS_STILL_AFTER, interrupted, standing_still
from petitions.models import (
    CountChange,
    OutgoingMail,
    RetentionLimit,
    Signature,
    SourceTally,
    Total,
)
from petitions.models.mails import MailState, Priority
from petitions.privacy.expiry import announced
from petitions.states import QuarantineReason

# Seconds that a confirmation mail may wait before somebody is alerted.
LATE_AFTER = 300
# This many refusals within an hour are more than mistyped addresses.
MANY_FAILED = 10
# Of the newest signatures so many are looked at for their networks, and so few without
# one tell that a proxy is not declared.
NEWEST, ENOUGH = 50, 10
OR_A_PROXY = (
    "If it is that of a proxy or CDN in front, name it in TRUSTED_PROXIES: until then "
    "its visitors share the limits of one network, and people are turned away."
)
DAY = timedelta(days=1)
# A proof takes place daily, and gets another hour to succeed.
UNPROVED_AFTER = PROVE_EVERY + timedelta(hours=1)


@probe
def retention_limit(now: datetime) -> list[Reading]:
    """Measure how many names wait to be erased because RETENTION_MONTHS was lowered."""
    waiting, trouble = 0, ""
    newest = list(RetentionLimit.objects.order_by("-pk")[:2])
    if len(newest) == 2:
        limit, before = newest
        if limit.months < before.months and limit.holds_from > now:
            waiting = sum(petition.names for petition in announced(now))
        if waiting:
            trouble = (
                f"RETENTION_MONTHS was lowered to {limit.months}: names of "
                f"{waiting:,} people are erased on "
                f"{timezone.localdate(limit.holds_from)}. To call it off, set "
                f"RETENTION_MONTHS={before.months} again before."
            )
    return [
        Reading(
            "retention_names_waiting",
            waiting,
            "Names that wait to be erased because RETENTION_MONTHS was lowered",
            trouble,
        )
    ]


@probe
def mail(now: datetime) -> list[Reading]:
    """Measure how many mails are due and how long the oldest has waited; alert when
    confirmations are late or most mails are refused."""
    # Reminders have the lowest priority, and may wait.
    urgent = Q(priority__lt=Priority.LAST)
    due = OutgoingMail.objects.filter(state=MailState.DUE, due_at__lte=now).aggregate(
        number=Count("pk"), oldest=Min("due_at", filter=urgent)
    )
    age = (now - due["oldest"]).total_seconds() if due["oldest"] else 0.0
    since = now - timedelta(seconds=LATE_AFTER)
    sent = OutgoingMail.objects.filter(state=MailState.SENT, finished_at__gt=since)
    # Retried again and again, while nothing else gets out either.
    stuck = OutgoingMail.objects.filter(
        urgent, state=MailState.DUE, attempts__gt=0, created_at__lte=since
    ).aggregate(oldest=Min("created_at"))["oldest"]
    if stuck and not sent.exists():
        age = max(age, (now - stuck).total_seconds())
    hour = OutgoingMail.objects.filter(
        finished_at__gt=now - timedelta(hours=1)
    ).aggregate(
        failed=Count("pk", filter=Q(state=MailState.FAILED)),
        sent=Count("pk", filter=Q(state=MailState.SENT)),
    )
    trouble = ""
    # What waits because somebody stopped it is told by that probe.
    if age > LATE_AFTER and SWITCHES.get().sends_mail:
        trouble = (
            f"Confirmation mails wait, the oldest for {age:.0f} s. Is the mail server "
            "up? Try `manage.py check_mail --to you@example.org`."
        )
    refused = ""
    if hour["failed"] >= MANY_FAILED and hour["failed"] > hour["sent"]:
        refused = (
            f"{hour['failed']} mails were refused for good within an hour, "
            f"{hour['sent']} were taken. Read the worker's log, and ask the mail "
            "provider whether it blocks this site."
        )
    return [
        Reading(
            "mails_failed_in_an_hour",
            hour["failed"],
            "Mails refused for good within the last hour",
            refused,
        ),
        Reading("mails_due", due["number"], "Mails that are due"),
        Reading("mail_wait_seconds", age, "Age of the oldest due mail", trouble),
    ]


@probe
def mailings(now: datetime) -> list[Reading]:
    """Measure how many mailings stand still although people wait for them."""
    numbers = sorted(each.pk for each in (*standing_still(now), *interrupted(now)))
    trouble = ""
    if numbers and SWITCHES.get().sends_mail:
        page = reverse("admin:petitions_mailing_change", args=[numbers[0]])
        trouble = (
            f"A mailing ({len(numbers)} in all) has not come further for "
            f"{STANDS_STILL_AFTER // timedelta(minutes=1)} minutes: "
            f"{settings.SITE_URL}{page}. Is the mail server up, or do confirmations "
            "take all the pace there is, or was its update changed meanwhile? Read the "
            "worker's log."
        )
    return [
        Reading(
            "mailings_standing_still",
            len(numbers),
            "Mailings that have not come further although people wait for them",
            trouble,
        )
    ]


@probe
def counts(now: datetime) -> list[Reading]:
    """Measure how many signatures are counted, and how many changes wait for the
    fold."""
    confirmed = Total.objects.aggregate(sum=Sum("confirmed"))["sum"] or 0
    return [
        Reading("signatures_confirmed", confirmed, "Confirmed signatures, folded"),
        Reading(
            "changes_unfolded", CountChange.objects.count(), "Changes not folded yet"
        ),
    ]


@probe
def proof(now: datetime) -> list[Reading]:
    """Measure how long ago the proof of the count last held; alert when that is longer
    than UNPROVED_AFTER."""
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


@probe
def sources(now: datetime) -> list[Reading]:
    """Measure how many networks and mail domains stand out in this hour and the one
    before."""
    # `networks` measures the signatures whose network nobody knows.
    outlying = [outlier for outlier in outliers(now - 2 * HOUR) if outlier.source]
    trouble = ""
    if outlying:
        most = max(outlying, key=lambda outlier: outlier.signed)
        page = reverse("admin:petitions_petition_figures", args=[most.petition.pk])
        trouble = (
            f"{most.signed} of {most.of} signatures within an hour came from one "
            f"{most.kind.label.lower()}. It may be a school, or a program. See "
            f"{settings.SITE_URL}{page}"
        )
        if most.kind == SourceTally.Kind.NETWORK:
            trouble += f" {OR_A_PROXY}"
    return [
        Reading(
            "sources_standing_out",
            len(outlying),
            "Networks and mail domains that brought very many within an hour",
            trouble,
        )
    ]


@probe
def networks(now: datetime) -> list[Reading]:
    """Measure of how many of the newest signatures nobody knows the network; alert when
    it is more than one in `PART`, however slowly they arrive."""
    newest = Signature.objects.order_by("-pk").values_list("created_at", "network")
    lately = [
        network for created_at, network in newest[:NEWEST] if created_at > now - DAY
    ]
    unknown = lately.count(None)
    trouble = (
        f"Of {unknown} of the newest {len(lately)} signatures nobody knows the "
        "network, so no limit holds for it and one machine can sign without end. Does "
        "the proxy in front set X-Forwarded-For, and does TRUSTED_PROXIES name that "
        "proxy?"
    )
    # A demonstration stays on this machine, whose address is nobody's network.
    is_told = unknown >= ENOUGH and unknown * PART > len(lately) and not settings.DEMO
    blocks = Counter(block_of(ip_interface(each).ip) for each in lately if each)
    most = max(blocks.values(), default=0)
    return [
        Reading(
            "signatures_of_unknown_networks",
            unknown,
            f"Of the newest {NEWEST} signatures, those of a day whose network nobody "
            "knows",
            trouble if is_told else "",
        ),
        Reading(
            "signatures_of_one_network",
            most,
            f"Of the newest {NEWEST} signatures, those of a day from the network that "
            "brought most of them",
            # A school signs for an hour; a proxy brings everybody.
            f"The newest {NEWEST} signatures came from one network. {OR_A_PROXY}"
            if most == NEWEST
            else "",
        ),
    ]


@probe
def bursts(now: datetime) -> list[Reading]:
    """Measure how many signatures of the last hour are in quarantine because too many
    came at once with mail domains that are new here."""
    waiting = Signature.objects.quarantined().filter(
        quarantine_reason=QuarantineReason.BURST
    )
    number = waiting.filter(created_at__gt=now - HOUR).count()
    page = reverse("admin:petitions_signature_changelist")
    trouble = (
        f"{number} signatures of the last hour wait until staff have looked: too many "
        "came at once with mail domains that are new here. Release what is in order, "
        f"remove the rest: {settings.SITE_URL}{page}?aside={QuarantineReason.BURST}"
    )
    return [
        Reading(
            "signatures_set_aside_in_an_hour",
            number,
            "Signatures of the last hour with mail domains that are new, set aside",
            trouble if number else "",
        )
    ]


@probe
def email_key(now: datetime) -> list[Reading]:
    """Measure whether EMAIL_KEY is the right one; under another nobody can sign."""
    known = secret_is_known()
    return [
        Reading(
            "email_key_known",
            float(known),
            "1 when EMAIL_KEY is the one that signatures are counted by",
            "" if known else WRONG_KEY,
            stops_forms=True,
        )
    ]
