"""Mailing somebody the links that only the owner of a mailbox has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from core.db.database import repeatable
from petitions.identity import (
    key_ring,
    same_person,
)
from petitions.models import (
    DueMail,
    LinkRequest,
    Signature,
)
from petitions.models.mails import MailKind, MailState, Priority
from petitions.signatures import confirming
from petitions.states import SignatureState

# Unconfirmed signatures are promised to be erased after this long.
UNCONFIRMED_KEPT = timedelta(days=30)


@repeatable
def send_again(signature: Signature, *, now: datetime) -> None:
    """Make a new mail due for a pending signature; the caps of the worker hold. Not
    for one past its time: asking for a link must not keep it for ever; nor for one
    that comes too late to count."""
    with transaction.atomic():
        held = hold(signature)
        if (
            held is not None
            and held.state == SignatureState.PENDING
            and now - held.created_at < UNCONFIRMED_KEPT
            and held.email_key
            and not held.aside
            and not held.mails.filter(state=MailState.DUE).exists()
            and confirming.is_in_time(signature, now=now, to_be_mailed=True)
        ):
            DueMail.objects.create(
                petition_id=held.petition_id,
                signature=held,
                email_key=held.email_key,
                due_at=now,
                created_at=now,
            )


def hold(signature: Signature) -> Signature | None:
    """The signature as it is now, held until the transaction ends: it cannot be erased
    before a mail is there that needs it. None when it was."""
    rows = Signature.objects.filter(pk=signature.pk)
    return rows.select_for_update(no_key=True, of=("self",)).first()


LINKS_AT_ONCE = 100


def ask_links(address: str, kind: MailKind, *, now: datetime) -> None:
    """Note that somebody typed an address to be sent links of a kind: the same
    statements, whether or not it has signed anything."""
    known = key_ring.keys_of(address)
    LinkRequest.objects.create(email_keys=known, kind=kind, asked_at=now)


def answer_requests(now: datetime) -> bool:
    """Make the mails due that were asked for; returns whether more may be waiting."""
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
    """Make the mails due that lead one person to all they have signed, one to each
    spelling of the address that was used; none to one that has signed nothing, or that
    has just been asked for."""
    newest = Signature.objects.filter(email_key__in=known)
    for signature in newest.order_by("email", "-pk").distinct("email"):
        mail_links(signature, now=now)


@repeatable
def mail_links(signature: Signature, *, now: datetime) -> None:
    """Make the mail due that leads to all that was signed with this very address,
    unless one waits already, or the signature was erased meanwhile."""
    waiting = DueMail.objects.filter(kind=MailKind.ALL, state=MailState.DUE)
    with_address = same_person.of_address(Signature.objects.all(), signature.email)
    with transaction.atomic():
        held = hold(signature)
        if (
            held is None
            or held.email_key is None
            or waiting.filter(signature__in=with_address).exists()
        ):
            return
        DueMail.objects.create(
            petition_id=held.petition_id,
            signature=held,
            email_key=held.email_key,
            kind=MailKind.ALL,
            priority=Priority.LATER,
            due_at=now,
            created_at=now,
        )


def send_all_again(known: Sequence[UUID], *, now: datetime) -> None:
    """A new mail for each person's newest pending signature under each petition, to
    each spelling of the address that was used."""
    newest = (
        Signature.objects.pending()
        .filter(email_key__in=known, aside="")
        .order_by("petition", "person", "email", "-pk")
        .distinct("petition", "person", "email")
    )
    for signature in newest:
        send_again(signature, now=now)


def end_links(address: str, *, made_before: datetime) -> None:
    """End every link that was mailed to this address before, to manage signatures."""
    same_person.of_address(Signature.objects.all(), address).update(
        links_ended_at=made_before
    )
