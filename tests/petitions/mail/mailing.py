"""Helpers for the tests of mailings: one that is ordered, and rounds of the worker."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from organizations.models import Role, User
from petitions.mail import mailings
from petitions.mail.mailings import Audience
from petitions.models import (
    Mailing,
    MailingRecipient,
    OutgoingMail,
    Petition,
    Signature,
    Update,
)
from petitions.models.mailings import CALL_OFF_WITHIN, update_words
from petitions.states import MailingState
from tests.factories import make_member, make_signature, make_update

# With room for a slow machine: an order may come a while after a test read the clock.
BEGUN = CALL_OFF_WITHIN + timedelta(minutes=2)
"""How long after its order a mailing has surely begun."""


def make_supporter(petition: Petition, email: str = "", **fields: Any) -> Signature:
    """Make a signature of somebody who may be written to."""
    row = make_signature(petition, email, wants_updates=True, **fields)
    # Its own mail has gone out: it does not wait, and a mailing not for it.
    OutgoingMail.objects.filter(signature=row).delete()
    return row


def prepared(update: Update, by: User | None = None, **chosen: Any) -> Mailing:
    now, following = timezone.now(), chosen.pop("next_petition", None)
    mailing = mailings.draft_mailing(update, Audience(**chosen), by, now, following)
    mailings.prepare_mailing(mailing, now)
    return mailing


def shown_to(mailing: Mailing, by: User) -> Mailing:
    """Note that the mail was sent to a member of staff."""
    rows = Mailing.objects.filter(pk=mailing.pk)
    rows.update(test_by=by, tested_at=timezone.now())
    return rows.get()


def ordered(
    update: Update,
    *,
    now: datetime | None = None,
    by: User | None = None,
    **chosen: Any,
) -> Mailing:
    """Return a mailing that somebody ordered at `now`."""
    by = by or make_member(update.petition.organization, Role.OWNER)
    mailing = shown_to(prepared(update, by, **chosen), by)
    mailings.order(mailing, by, now or timezone.now())
    mailing.refresh_from_db()
    return mailing


def news_of(petition: Petition, **fields: Any) -> Update:
    return make_update(petition, title="They are free", **fields)


def rounds(now: datetime | None = None, most: int = 100) -> int:
    """Run rounds of the worker until nothing is left to do; return how many did
    something."""
    now = now or timezone.now() + BEGUN
    for done in range(most):
        if not mailings.advance_mailing(now):
            return done
    raise AssertionError("the worker does not come to an end")


def run(mailing: Mailing) -> Mailing:
    """Run the worker until the mailing has gone out."""
    rounds()
    mailing.refresh_from_db()
    return mailing


def written_to(
    row: Signature, *, is_over: bool = True, next_petition: Petition | None = None
) -> MailingRecipient:
    """Note that a mailing of its petition, which is over, went to somebody."""
    now, petition = timezone.now(), row.petition
    update = petition.updates.first() or make_update(petition)
    given: dict[str, Any] = {"words": update_words(update), "made_at": now}
    given["next_petition"] = next_petition
    if is_over:
        given |= {"state": MailingState.CALLED_OFF, "finished_at": now}
    mailing, _made = Mailing.objects.get_or_create(
        petition=petition, update=update, defaults=given
    )
    assert row.email_key is not None
    return MailingRecipient.objects.create(
        mailing=mailing, update=update, signature=row, email_key=row.email_key,
        state="sent", due_at=now, created_at=now, finished_at=now,
    )  # fmt: skip
