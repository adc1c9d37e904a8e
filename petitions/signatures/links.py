"""Mailing links that only the owner of a mailbox may have: to confirm one signature, or
to manage all signatures of an address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from core.db.database import repeatable
from petitions.channels import ASKED_BY_MAIL
from petitions.identity import (
    key_ring,
    same_person,
)
from petitions.models import (
    LinkRequest,
    OutgoingMail,
    Signature,
)
from petitions.models.mails import MailKind, MailState, Priority
from petitions.signatures import confirming
from petitions.states import SignatureState

# The privacy notice promises that unconfirmed signatures are erased after this time.
UNCONFIRMED_KEPT = timedelta(days=30)


@repeatable
def send_again(signature: Signature, *, now: datetime) -> None:
    """Put a new confirmation mail for a pending signature into the outbox; the worker's
    caps still apply. Do nothing for a signature older than `UNCONFIRMED_KEPT`, for
    asking for links must not keep it for ever, nor for one whose confirmation would
    come too late to count."""
    with transaction.atomic():
        locked = lock_signature(signature)
        if (
            locked is not None
            and locked.state == SignatureState.PENDING
            and now - locked.created_at < UNCONFIRMED_KEPT
            and locked.email_key
            and not locked.quarantine_reason
            and not locked.mails.filter(state=MailState.DUE).exists()
            and confirming.is_in_time(signature, now=now, to_be_mailed=True)
        ):
            OutgoingMail.objects.create(
                petition_id=locked.petition_id,
                signature=locked,
                email_key=locked.email_key,
                due_at=now,
                created_at=now,
            )


def lock_signature(signature: Signature) -> Signature | None:
    """Lock the signature until the transaction ends and return its current row; None
    when it has been erased. The lock keeps it from being erased before a mail that
    needs it is stored."""
    rows = Signature.objects.filter(pk=signature.pk)
    return rows.select_for_update(no_key=True, of=("self",)).first()


# The most requests for links that one round answers.
LINKS_AT_ONCE = 100


def ask_links(address: str, kind: MailKind, *, now: datetime) -> None:
    """Record that somebody typed `address` to be sent links of this kind; the worker
    answers later. The statements are the same whether or not the address has signed
    anything, so that timing does not tell."""
    known = key_ring.keys_of(address)
    LinkRequest.objects.create(email_keys=known, kind=kind, asked_at=now)


def answer_requests(now: datetime) -> bool:
    """Put the mails for a batch of link requests into the outbox; return whether more
    may be waiting."""
    with transaction.atomic():
        asked = list(
            LinkRequest.objects.select_for_update(skip_locked=True).order_by("pk")[
                :LINKS_AT_ONCE
            ]
        )
        for known, kind in dict.fromkeys(
            (tuple(row.email_keys), row.kind) for row in asked
        ):
            if kind == MailKind.ALL:
                send_signed(known, now=now)
            else:
                send_all_again(known, now=now)
        LinkRequest.objects.filter(pk__in=[row.pk for row in asked]).delete()
    return len(asked) == LINKS_AT_ONCE


def send_signed(known: Sequence[UUID], *, now: datetime) -> None:
    """Put into the outbox the mails that link to all signatures of the person with the
    email keys `known`: one mail for each spelling of the address that was used. Put
    none there if the person has signed nothing, or if such a mail waits already."""
    newest = Signature.objects.filter(email_key__in=known)
    for signature in newest.order_by("email", "-pk").distinct("email"):
        mail_links(signature, now=now)


@repeatable
def mail_links(
    signature: Signature, *, now: datetime, priority: Priority = Priority.LATER
) -> None:
    """Put into the outbox the mail that links to all signatures of this exact address,
    unless one is waiting already or the signature has been erased meanwhile. With the
    priority FIRST it is sent although its owner wants no mail: it was asked for by a
    link that we had mailed there, so that mail may begin again."""
    waiting = OutgoingMail.objects.filter(
        kind=MailKind.ALL, state=MailState.DUE, priority=priority
    )
    with_address = same_person.of_address(Signature.objects.all(), signature.email)
    with transaction.atomic():
        locked = lock_signature(signature)
        if (
            locked is None
            or locked.email_key is None
            or waiting.filter(signature__in=with_address).exists()
        ):
            return
        OutgoingMail.objects.create(
            petition_id=locked.petition_id,
            signature=locked,
            email_key=locked.email_key,
            kind=MailKind.ALL,
            priority=priority,
            due_at=now,
            created_at=now,
        )


def send_all_again(known: Sequence[UUID], *, now: datetime) -> None:
    """Put new confirmation mails into the outbox for the mailbox with the email keys
    `known`: on each petition for each person's newest pending signature, one for each
    spelling of the address that was used. Whoever was asked because of an import has
    sent no form, and has had the one mail about it."""
    newest = (
        Signature.objects.pending()
        .filter(email_key__in=known, quarantine_reason="")
        .exclude(via=ASKED_BY_MAIL)
        .order_by("petition", "person", "email", "-pk")
        .distinct("petition", "person", "email")
    )
    for signature in newest:
        send_again(signature, now=now)


@repeatable
def end_links(address: str, *, made_before: datetime) -> None:
    """Invalidate every link for managing signatures that was mailed to this address
    before `made_before`."""
    same_person.of_address(Signature.objects.all(), address).update(
        links_ended_at=made_before
    )
