"""Telling newsletter tools who may be written to, by signed webhooks
(standardwebhooks.com): who has said yes, and who may not be written to any more.

Triggers queue the mailboxes (petitions/sql/webhooks.sql). What a tool is told of one is
what holds when it is sent, by the same rule as the list that staff download: a tool
that was away learns how it is now, and the last it is told is always right, in
whatever order things happened or were committed. To each tool one message goes after
the other; the next one waits until it has taken the last, or refused that alone. What
is refused alone is tried again by itself, and set aside in the end.
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.client import HTTPException
from queue import Empty, SimpleQueue
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string

from core.http.outgoing import NotPublic, PublicConnection
from core.mail.addresses import address_spellings
from core.mail.leases import pause_after
from core.security import encryption
from petitions.identity import key_ring, same_person
from petitions.models import (
    Consent,
    Petition,
    Signature,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)
from petitions.models.webhooks import TRIES_REFUSED, WebhookProblem
from petitions.privacy.export import HOLDS

logger = logging.getLogger(__name__)

EVENTS_KEPT = timedelta(days=14)
"""How long a tool that takes nothing is tried, and an address kept for it."""
LOG_KEPT = timedelta(days=30)
PATIENCE = 10.0
"""Seconds in which a tool has to answer."""
BATCH = 20
BATCH_SECONDS = 10.0
"""No message of a batch is begun later than this."""
LEASE = timedelta(minutes=1)
"""More than a batch can take: nobody else sends to the same tool meanwhile."""
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
REFUSES_ONE = {400, 409, 422}
"""The answers of tools that will not have one address: the next ones do not wait."""
FIRST_REFUSED = timedelta(minutes=1)
"""The pause after the first refusal of one message, whatever else goes on."""
MOST_AT_ONCE = 16
"""Tools that are told at the same time: a slow one holds up no other."""


# == What it is told ==


@dataclass(frozen=True)
class Message:
    """A message about one mailbox, and the events that it answers."""

    events: Sequence[int]
    body: bytes
    name: str
    """Its webhook-id: the same at each try, and another one as soon as something has
    happened since, when it may say something else."""
    withdraws: bool = False
    refused: int = 0
    """How often the tool has refused it alone."""


def message_about(webhook: Webhook, events: Sequence[WebhookEvent]) -> Message | None:
    """Return what a tool is to be told of the mailbox of these events; None when it
    has never been told of it and need not be: the person did not say yes."""
    email, organization = events[0].email, webhook.organization
    # In upper or lower case it is one address, as in the list that staff download.
    answers = Consent.objects.filter(
        Q(email__in=address_spellings(email)) | Q(email__iexact=email),
        organization=organization, email_key__in=key_ring.keys_of(email),
    )  # fmt: skip
    newest = answers.order_by("-given_at", "-pk").first()
    data: dict[str, Any] = {"email": email, "organization": organization.slug}
    if newest and newest.wants_updates and not is_silent(email):
        kind, at = "consent.given", newest.given_at
        data |= {
            "email": newest.email,
            "name": name_of_supporter(newest),
            "language": newest.language,
            "petition": slug_of_petition(newest),
            "wording_version": newest.wording_version,
        }
    elif any(event.ended_yes for event in events) or (
        answers.filter(wants_updates=True).exists()
    ):
        kind, at = "consent.withdrawn", events[-1].created_at
    else:
        return None
    said = {"type": kind, "timestamp": at.isoformat(), "data": data}
    numbers = [event.pk for event in events]
    # Of two transactions, the one that drew the lower number may commit later.
    name = f"evt_{numbers[-1]}_{len(numbers)}"
    refused = min(event.refused for event in events)
    withdraws = kind == "consent.withdrawn"
    return Message(numbers, json.dumps(said).encode(), name, withdraws, refused)


def is_silent(email: str) -> bool:
    """Return whether mail to this address bounced, or its owner stopped all mail."""
    return any(key_ring.silenced(model.objects.all(), {email}) for model in HOLDS)


def name_of_supporter(given: Consent) -> str:
    """Return the name that was signed with: of two people who share a mailbox, that of
    the one who said yes."""
    rows = Signature.objects.confirmed().filter(
        petition__organization=given.organization_id, wants_updates=True
    )
    with_it = ExpressionWrapper(
        Q(confirmed_at=given.given_at), output_field=BooleanField()
    )
    theirs = same_person.of_address(rows, given.email)
    named = theirs.order_by(with_it.desc(), "-confirmed_at").first()
    return named.name if named else ""


def slug_of_petition(given: Consent) -> str:
    number = given.source.removeprefix("petition:")
    found = Petition.objects.filter(pk=int(number) if number.isdecimal() else 0).first()
    return found.slug if found else ""


@transaction.atomic
def batch_for(webhook: Webhook, now: datetime) -> list[Message]:
    """Return the next messages, one a mailbox, and last those that were refused before
    and are due again. The events are read before what holds: what happens in between
    has an event of its own. Those that nobody need be told of are deleted. All in one
    transaction: meanwhile no address gets another key, by which its answers would not
    be found."""
    waiting = webhook.events.due(now)
    ahead = list(waiting.filter(refused=0).order_by("pk")[:BATCH])
    again = waiting.filter(refused__gt=0).order_by("again_at", "pk")
    # With many waiting, each look for those few would read all.
    ahead += again[: BATCH - len(ahead)] if len(ahead) < BATCH else []
    # What was refused of a mailbox goes with what has happened to it since.
    by_mailbox: dict[str, list[WebhookEvent]] = {event.email: [] for event in ahead}
    for event in webhook.events.filter(email__in=by_mailbox).order_by("pk"):
        by_mailbox[event.email].append(event)
    messages, idle = [], []
    for events in by_mailbox.values():
        if message := message_about(webhook, events):
            messages.append(message)
        else:
            idle += [event.pk for event in events]
    WebhookEvent.objects.filter(pk__in=idle).delete()
    return messages


def signature_headers(
    name: str, body: bytes, secrets: Iterable[str], *, now: datetime
) -> Mapping[str, str]:
    """Return the headers of a message, as Standard Webhooks has them."""
    at = str(int(now.timestamp()))
    content = b".".join((name.encode(), at.encode(), body))
    signatures = (
        hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), content, "sha256")
        for secret in secrets
    )
    return {
        "Content-Type": "application/json",
        "User-Agent": f"petitions ({settings.SITE_URL})",
        "webhook-id": name,
        "webhook-timestamp": at,
        "webhook-signature": " ".join(
            f"v1,{base64.b64encode(each).decode()}" for each in signatures
        ),
    }


# == Sending it ==


@dataclass(frozen=True)
class Try:
    """What came of sending one message."""

    message: str
    at: datetime
    seconds: float
    status: int | None = None
    problem: str = ""
    events: Sequence[int] = ()
    withdraws: bool = False
    refused: int = 0
    """How often it was refused alone before."""

    @property
    def is_refused(self) -> bool:
        """Whether the tool will not have this one, and may have the others."""
        return self.status in REFUSES_ONE


def send_message(
    connection: PublicConnection, message: Message, secrets: Iterable[str]
) -> Try:
    """Send a message and return what came of it."""
    now, begun = timezone.now(), time.monotonic()
    status, problem = None, ""
    headers = signature_headers(message.name, message.body, secrets, now=now)
    try:
        status = connection.post(message.body, headers, within=PATIENCE)
        problem = "" if 200 <= status <= 299 else WebhookProblem.STATUS
    except Exception as error:
        problem = problem_of(error)
        if problem == WebhookProblem.OURS:
            # Not its words, nor where: they may hold the address.
            logger.error("A webhook: %s", type(error).__name__)
    seconds = time.monotonic() - begun
    return Try(
        message.name, now, seconds, status, problem, message.events,
        message.withdraws, message.refused,
    )  # fmt: skip


def problem_of(error: Exception) -> WebhookProblem:
    match error:
        case NotPublic():
            return WebhookProblem.PRIVATE
        case socket.gaierror() | UnicodeError():
            return WebhookProblem.NO_HOST
        case TimeoutError():
            return WebhookProblem.LATE
        case ssl.SSLError():
            return WebhookProblem.CERTIFICATE
        case OSError() | HTTPException():
            return WebhookProblem.CONNECTION
        case _:
            return WebhookProblem.OURS


def send_test_message(webhook: Webhook, *, now: datetime) -> WebhookDelivery:
    """Send a message about nobody while staff wait, and return its line of the log."""
    said = {
        "type": "webhook.test",
        "timestamp": now.isoformat(),
        "data": {"organization": webhook.organization.slug},
    }
    message = Message([], json.dumps(said).encode(), f"test_{get_random_string(12)}")
    try:
        secrets = webhook.signing_secrets(now)
    except encryption.Unreadable:
        tried = Try(message.name, now, 0, problem=WebhookProblem.SECRET)
    else:
        with closing(PublicConnection(webhook.url)) as connection:
            tried = send_message(connection, message, secrets)
    return log_try(webhook, tried, 1)


def log_try(webhook: Webhook, tried: Try, attempt: int) -> WebhookDelivery:
    """Store a line of the log."""
    return WebhookDelivery.objects.create(
        webhook=webhook,
        message=tried.message,
        attempt=attempt,
        tried_at=tried.at,
        milliseconds=round(tried.seconds * 1000),
        status=tried.status,
        problem=tried.problem,
    )


@dataclass
class Courier:
    """Carries the messages: each tool has a thread of its own, which sends a batch and
    never touches the database; the rounds of the loop hand out what is due, and write
    down what came of it. A worker that is killed in between sends a message again, with
    the same id."""

    done: SimpleQueue[tuple[int, list[Try]]] = field(default_factory=SimpleQueue)
    under_way: dict[int, threading.Thread] = field(default_factory=dict)

    def begin(self) -> None:
        """Forget pauses that lie too far ahead, for the clock was set, and encrypt
        secrets by the newest SECRET_KEY."""
        longest = timezone.now() + LONGEST_PAUSE
        Webhook.objects.filter(due_at__gt=longest).update(due_at=longest)
        for webhook in Webhook.objects.all():
            renew_secrets(webhook)

    def round(self, now: datetime) -> bool:
        """For the worker: write down what came of what was sent, and hand out what is
        due; return whether any of it was done."""
        busy = False
        while True:
            try:
                number, tries = self.done.get_nowait()
            except Empty:
                break
            # If the database refuses this, they are sent again when the lease is over.
            del self.under_way[number]
            note_tries(number, tries, now=now)
            busy = True
        due = Webhook.objects.due(now).filter(due_at__lte=now, is_paused=False)
        due = due.exclude(secret="").exclude(pk__in=self.under_way)
        for webhook in due.order_by("due_at")[: MOST_AT_ONCE - len(self.under_way)]:
            busy |= self.send_out(webhook, now)
        return busy

    def send_out(self, webhook: Webhook, now: datetime) -> bool:
        """Lease a webhook and begin to send to it; return whether that was done."""
        rows = Webhook.objects.filter(pk=webhook.pk, due_at=webhook.due_at)
        if not rows.update(due_at=now + LEASE):
            return False
        try:
            secrets = webhook.signing_secrets(now)
        except encryption.Unreadable:
            failed = Try("", now, 0, problem=WebhookProblem.SECRET)
            note_tries(webhook.pk, [failed], now=now)
            return True
        messages = batch_for(webhook, now)
        thread = threading.Thread(
            target=self.carry,
            args=(webhook.pk, webhook.url, secrets, messages),
            name="webhook",
            daemon=True,
        )
        self.under_way[webhook.pk] = thread
        thread.start()
        return True

    def carry(
        self, number: int, url: str, secrets: list[str], messages: list[Message]
    ) -> None:
        """Send messages until one fails that is not refused alone, or the time is
        over."""
        tries: list[Try] = []
        until = time.monotonic() + BATCH_SECONDS
        try:
            with closing(PublicConnection(url)) as connection:
                for message in messages:
                    if time.monotonic() > until:
                        break
                    tries.append(send_message(connection, message, secrets))
                    if tries[-1].problem and not tries[-1].is_refused:
                        break
        finally:
            self.done.put((number, tries))


def note_tries(number: int, tries: Sequence[Try], *, now: datetime) -> None:
    """Log tries to send to a webhook, delete the events that it has been told of, and
    say when it is due again."""
    with transaction.atomic():
        webhook = Webhook.objects.select_for_update(no_key=True).filter(pk=number)
        row = webhook.first()
        if row is None:  # it was deleted meanwhile
            return
        row.due_at, reached = now, False
        failed = [each for each in tries if each.problem]
        for each in tries:
            attempt = each.refused + (1 if reached else row.attempts + 1)
            if each.is_refused and each.refused + 1 >= TRIES_REFUSED:
                each = replace(each, problem=WebhookProblem.SET_ASIDE)
                if each.withdraws:
                    row.incomplete_since = row.incomplete_since or now
            log_try(row, each, attempt)
            if not each.problem:
                WebhookEvent.objects.filter(pk__in=each.events).delete()
            elif each.is_refused:
                put_off_refused(each, now)
            reached = reached or not each.problem or each.is_refused
        if reached:
            row.attempts = 0
            row.failing_since = row.failing_since if failed else None
        if failed:
            row.failing_since = row.failing_since or failed[0].at
        if failed and not failed[-1].is_refused:
            row.due_at = now + pause_after(
                row.attempts, first=FIRST_PAUSE, longest=LONGEST_PAUSE
            )
            row.attempts += 1
        row.save(
            update_fields=["due_at", "attempts", "failing_since", "incomplete_since"]
        )


def put_off_refused(tried: Try, now: datetime) -> None:
    """Have a message that was refused alone wait by itself; after its last try its
    events are erased, and the log keeps that."""
    if tried.problem == WebhookProblem.SET_ASIDE:
        WebhookEvent.objects.filter(pk__in=tried.events).delete()
        return
    pause = pause_after(tried.refused, first=FIRST_REFUSED, longest=EVENTS_KEPT)
    WebhookEvent.objects.filter(pk__in=tried.events).update(
        refused=tried.refused + 1, again_at=now + pause
    )


def renew_secrets(webhook: Webhook) -> None:
    """Encrypt its secrets by the newest SECRET_KEY where they are not yet; leave what
    nobody can read any more, of which its log will tell."""
    for name in ("secret", "former_secret"):
        token = getattr(webhook, name)
        try:
            renewed = encryption.renewed(token) if token else None
        except encryption.Unreadable:
            continue
        if renewed is not None:
            same = Webhook.objects.filter(pk=webhook.pk, **{name: token})
            same.update(**{name: renewed})


COURIER = Courier()


# == What is kept how long ==


def past_events(now: datetime) -> QuerySet[WebhookEvent]:
    """Return the events that no tool has taken for too long, oldest first."""
    old = WebhookEvent.objects.filter(created_at__lt=now - EVENTS_KEPT)
    return old.order_by("created_at")


def drop_events(events: QuerySet[WebhookEvent]) -> None:
    """Delete events, and note that their webhooks have not been told of everything:
    staff are asked to load the list anew."""
    late = Webhook.objects.filter(pk__in=events.values("webhook"))
    late.filter(incomplete_since=None).update(incomplete_since=timezone.now())
    events.delete()


def past_deliveries(now: datetime) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(tried_at__lt=now - LOG_KEPT).order_by(
        "tried_at"
    )
