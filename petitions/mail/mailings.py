"""Mailings: staff prepare one, see it in their own mailbox and order it; the worker
finds the recipients in batches and writes to them.

Each batch of finding is a transaction that also records how far it has come; each batch
of sending is leased and marked as that of any mail (petitions.mail.sending). So a
worker that is killed at any point loses nobody, and writes again at most to those whose
marks it had not made, with the same Message-ID."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import make_msgid
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from core.mail.transport import Refused, mail_domain, open_transport
from organizations.models import Organization, User
from petitions.identity import key_ring
from petitions.mail import audience, news, sending
from petitions.mail.leases import BATCH, DAY
from petitions.models import (
    Asking,
    Mailing,
    MailingRecipient,
    OutgoingMail,
    Petition,
    Signature,
    Update,
)
from petitions.models.mailings import BEGUN, CALL_OFF_WITHIN, NOT_BEGUN, update_words
from petitions.models.mails import MailKind, MailState, Priority
from petitions.states import (
    PUBLIC_STATES,
    AskingState,
    MailingScope,
    MailingState,
)

logger = logging.getLogger(__name__)

RECIPIENTS_KEPT = timedelta(days=90)
"""How long it is known to whom a mailing went."""
# The same update can be sent again this long after the first time: as long as it is
# surely known who has had it.
AGAIN_WITHIN = timedelta(days=80)
# Mailings that were ordered within this time count together, when one person may order
# them only up to a number: else they would be ordered in slices.
COUNTED_TOGETHER = timedelta(days=7)
# How often MAIL_WARM_UP doubles, once a day: by then, a bound would be no bound.
LONGEST_WARM_UP = 20
# Days beyond which it does not matter when the last of a mailing goes out.
FAR_OFF = 9_999
# When nobody was written to for this long although people wait, something is wrong.
STANDS_STILL_AFTER = timedelta(minutes=15)


NOT_REACHABLE = _(
    "Every mail names where you can be reached: enter a postal address and a contact "
    "e-mail of the organisation first."
)


class MailingNotPossible(Exception):
    """Raised when a request of staff cannot be met; `sentence` says why."""

    def __init__(self, sentence: StrOrPromise) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


# == What staff do ==


@dataclass(frozen=True)
class Audience:
    """Whom staff choose."""

    scope: MailingScope = MailingScope.PETITION
    languages: Sequence[str] = ()
    countries: Sequence[str] = ()
    since: date | None = None


def draft_mailing(
    update: Update,
    chosen: Audience,
    by: User | None,
    now: datetime,
    next_petition: Petition | None = None,
) -> Mailing:
    """Return a mailing of an update, not stored yet. Its recipients can sign
    `next_petition` with one press."""
    return Mailing(
        petition=update.petition,
        update=update,
        scope=chosen.scope,
        languages=list(chosen.languages),
        countries=list(chosen.countries),
        since=chosen.since,
        next_petition=next_petition,
        words=update_words(update),
        made_by=by,
        made_at=now,
    )


def why_not_mailed(update: Update, now: datetime) -> StrOrPromise:
    """Return why an update cannot be sent by mail, "" when it can."""
    organization = update.petition.organization
    if not update.is_published(now) or update.petition.state not in PUBLIC_STATES:
        return _("Only what readers can see is sent by mail: publish it first.")
    if not organization.can_ask_updates:
        return NOT_REACHABLE
    sent = update.mailings.filter(begins_at__lt=now - AGAIN_WITHIN)
    if sent.exclude(people=0).exists():
        return _(
            "This was sent so long ago that it is no longer known to whom. Write a new "
            "update."
        )
    return ""


def changed_since(mailing: Mailing) -> StrOrPromise:
    """Return what to do when the update does not say any more what would be sent; ""
    while it does."""
    if mailing.state in BEGUN:
        if not mailing.is_reworded:
            return ""
        return _(
            "The update was changed since: stop this, and send the update again. "
            "Whoever has had it does not get it twice."
        )
    if mailing.words == update_words(mailing.update):
        return ""
    return _("The update was changed since: call this off, and prepare it anew.")


def prepare_mailing(mailing: Mailing, now: datetime) -> None:
    """Store a draft. Raise MailingNotPossible when it cannot be sent, or when another
    one of the petition is not over."""
    if sentence := why_not_mailed(mailing.update, now):
        raise MailingNotPossible(sentence)
    try:
        with transaction.atomic():
            mailing.save(force_insert=True)
    except IntegrityError as error:
        if "mailing_one_at_a_time" not in str(error):
            raise
        raise MailingNotPossible(
            _("Another mailing of this petition is not over yet.")
        ) from None


def ask_test(mailing: Mailing, by: User) -> bool:
    """Have the worker send the mail to whoever asks, in each language."""
    return changed(
        mailing, [MailingState.PREPARING], test_by=by, test_due=True, tested_at=None,
        test_reply="",
    )  # fmt: skip


def order(mailing: Mailing, by: User, now: datetime) -> None:
    """Order a mailing that whoever orders it has had as a mail. It begins ten minutes
    later, or after a second person has approved it. Raise MailingNotPossible, or
    OperationalError when counting the people takes too long."""
    if sentence := why_not_mailed(mailing.update, now):
        raise MailingNotPossible(sentence)
    if mailing.tested_at is None or mailing.test_by_id != by.pk:
        raise MailingNotPossible(_("Send it to yourself first, and read what you get."))
    if sentence := changed_since(mailing):
        raise MailingNotPossible(sentence)
    if mailing.next_petition and not mailing.next_petition.is_open(now):
        raise MailingNotPossible(
            _(
                "The next petition cannot be signed any more: call this off, and "
                "prepare it anew."
            )
        )
    if key_ring.state()[1]:
        raise MailingNotPossible(
            _("The site is working on all addresses: try again later.")
        )
    number = audience.count_recipients(mailing, now)
    if not number:
        raise MailingNotPossible(_("There is nobody to write to."))
    newest = Signature.objects.aggregate(newest=Max("pk"))["newest"] or 0
    with transaction.atomic():
        # One order after the other, so that each counts the one before.
        organizations = Organization.objects.select_for_update(no_key=True)
        organization = organizations.get(pk=mailing.petition.organization_id)
        above = organization.mailing_approval_above
        people = number + ordered_alone(organization, now)
        needs_approval = above is not None and people > above
        state = MailingState.WAITING if needs_approval else MailingState.ORDERED
        ordered = changed(
            mailing, [MailingState.PREPARING], {"tested_at": mailing.tested_at},
            state=state, ordered_by=by, ordered_at=now, number=number, up_to=newest,
            needs_approval=needs_approval, begins_at=now + CALL_OFF_WITHIN,
        )  # fmt: skip
    if not ordered:
        raise MailingNotPossible(
            _("Somebody else has changed this meanwhile: look again.")
        )


def ordered_alone(organization: Organization, now: datetime) -> int:
    """Return how many people the mailings went to, or are to go to, that were lately
    ordered for an organisation without a second person; those who are asked by mail to
    confirm are among them."""
    lately = {"ordered_at__gt": now - COUNTED_TOGETHER, "needs_approval": False}
    ordered: tuple[QuerySet[Any], ...] = (
        Mailing.objects.filter(petition__organization=organization, **lately).exclude(
            state=MailingState.CALLED_OFF
        ),
        Asking.objects.filter(
            signature_import__petition__organization=organization, **lately
        ).exclude(state=AskingState.CALLED_OFF),
    )
    return sum(rows.aggregate(sum=Sum("number"))["sum"] or 0 for rows in ordered)


def approve(mailing: Mailing, by: User, now: datetime) -> None:
    """Approve what somebody else has ordered."""
    if mailing.ordered_by_id == by.pk:
        raise MailingNotPossible(
            _("Somebody else than who ordered it has to approve it.")
        )
    if sentence := why_not_mailed(mailing.update, now) or changed_since(mailing):
        raise MailingNotPossible(sentence)
    approved = changed(
        mailing, [MailingState.WAITING], state=MailingState.ORDERED, approved_by=by,
        approved_at=now, begins_at=now + CALL_OFF_WITHIN,
    )  # fmt: skip
    if not approved:
        raise MailingNotPossible(
            _("Somebody else has changed this meanwhile: look again.")
        )


def call_off_mailing(mailing: Mailing, now: datetime) -> bool:
    """Call off a mailing that has not begun; return False when it has."""
    over: dict[str, Any] = {"state": MailingState.CALLED_OFF, "finished_at": now}
    return changed(mailing, NOT_BEGUN, **over, test_due=False)


def pause(mailing: Mailing) -> bool:
    return changed(mailing, [MailingState.SENDING], state=MailingState.PAUSED)


def go_on_with_mailing(mailing: Mailing, now: datetime) -> bool:
    """Go on with a mailing after a pause. Raise MailingNotPossible when its update says
    something else by now."""
    if sentence := changed_since(mailing):
        raise MailingNotPossible(sentence)
    goes: dict[str, Any] = {"state": MailingState.SENDING, "goes_since": now}
    return changed(mailing, [MailingState.PAUSED], **goes)


def stop(mailing: Mailing, now: datetime) -> bool:
    """End a mailing that has begun; whoever was not written to yet is not."""
    return changed(mailing, BEGUN, state=MailingState.STOPPED, finished_at=now)


def stop_abandoned(now: datetime) -> int:
    """Stop the mailings that have not gone on for as long as it is known to whom they
    went: paused, or not public any more. Return how many there were."""
    begun = Mailing.objects.filter(state__in=BEGUN)
    abandoned = quiet_since(begun, now - RECIPIENTS_KEPT)
    return abandoned.update(state=MailingState.STOPPED, finished_at=now)


def changed(
    mailing: Mailing,
    states: Sequence[MailingState],
    also: dict[str, Any] | None = None,
    **values: Any,
) -> bool:
    """Change a mailing that is in one of `states`; return False when it is not, or when
    it is not as `also` says."""
    rows = Mailing.objects.filter(pk=mailing.pk, state__in=states, **(also or {}))
    return bool(rows.update(**values))


# == What the worker does ==


class Turns:
    """Mailings of several petitions take turns: a small one does not wait for a large
    one."""

    last = 0

    def next(self, now: datetime) -> Mailing | None:
        """Return the next mailing to go on with."""
        rows = Mailing.objects.to_send(now).select_related(
            "petition__organization", "update__petition", "next_petition"
        )
        after = rows.filter(pk__gt=self.last).order_by("pk").first()
        mailing = after or rows.order_by("pk").first()
        self.last = mailing.pk if mailing else 0
        return mailing


TURNS = Turns()


def begin_mailings() -> None:
    """Prepare a worker that has just started: end the leases of an earlier one, and
    make due what was postponed while the clock was ahead."""
    due = MailingRecipient.objects.filter(
        state=MailState.DUE, mailing__state=MailingState.SENDING
    )
    now = timezone.now()
    held = Q(leased_until__isnull=False) | Q(due_at__gt=now + sending.LONGEST_PAUSE)
    due.filter(held).update(leased_until=None, due_at=Least(F("due_at"), now))


def advance_mailing(now: datetime) -> bool:
    """Do one batch: send a test mail, find some recipients of the mailing whose turn it
    is, or write to some; return whether anything was done."""
    if send_test(now):
        return True
    if key_ring.state()[1]:
        return False  # mailboxes change their keys, and no answer is found by them
    mailing = TURNS.next(now)
    if mailing is None:
        return False
    if mailing.state == MailingState.ORDERED:
        return start_mailing(mailing, now)
    if sentence := changed_since(mailing):
        logger.warning("Mailing %s is interrupted: %s", mailing.pk, sentence)
        return pause(mailing)
    if mailing.filled_at is None:
        return fill(mailing, now)
    return send_some(mailing, now)


def start_mailing(mailing: Mailing, now: datetime) -> bool:
    """Begin with what was ordered, or call it off if it could not be ordered now."""
    if sentence := why_not_mailed(mailing.update, now) or changed_since(mailing):
        logger.warning("Mailing %s is called off: %s", mailing.pk, sentence)
        return call_off_mailing(mailing, now)
    goes: dict[str, Any] = {"state": MailingState.SENDING, "goes_since": now}
    return changed(mailing, [MailingState.ORDERED], **goes)


def fill(mailing: Mailing, now: datetime) -> bool:
    """Find the next recipients."""
    with transaction.atomic():
        rows = Mailing.objects.select_for_update(of=("self",), no_key=True)
        locked = rows.filter(
            pk=mailing.pk, state=MailingState.SENDING, filled_at=None
        ).first()
        if locked is None:  # paused or stopped meanwhile
            return True
        left = [
            petition
            for petition in audience.audience_petitions(mailing)
            if petition >= locked.at_petition
        ]
        if not left:
            locked.filled_at = now
            locked.save(update_fields=["filled_at"])
            return True
        after = locked.last_id if left[0] == locked.at_petition else 0
        part = audience.fill_part(mailing, left[0], after, now)
        locked.people += part.added
        locked.at_petition, locked.last_id = left[0], part.last_id
        if part.signatures < audience.PART:
            locked.at_petition, locked.last_id = left[0] + 1, 0
        locked.save(update_fields=["people", "at_petition", "last_id"])
    return True


def send_some(mailing: Mailing, now: datetime) -> bool:
    """Write to the next recipients; mark the mailing as sent when none is left."""
    if news.confirmations_wait() or sending.PACE.pause() > 1:
        return False
    left = left_today(now) - asks_waiting(now)
    most = min(sending.PACE.most_in_a_batch(BATCH), left)
    if most <= 0:
        return False
    leased = news.lease_some(mailing, now, most)
    if not leased:
        due = mailing.recipients.filter(state=MailState.DUE)
        if due.exists():
            return False
        done = MailingState.DONE
        return changed(mailing, [MailingState.SENDING], state=done, finished_at=now)
    sending.Batch(leased, news.NewsOutbox(mailing, leased)).send(1)
    return True


def asks_waiting(now: datetime) -> int:
    """Return how many mails wait by which people of imports are asked."""
    waiting = OutgoingMail.objects.filter(state=MailState.DUE, priority=Priority.BULK)
    return waiting.filter(due_at__lte=now).count()


def left_today(now: datetime) -> int:
    """Return how many mails that staff have ordered may go out now, by MAIL_PER_DAY,
    for which others count, and by MAIL_WARM_UP. Confirmations never wait for either."""
    return left_of(now - DAY, now)


def left_of(since: datetime, now: datetime) -> int:
    """Return the same after what went out from `since` until now."""
    most: int = settings.MAIL_PER_DAY
    warm_up = warm_up_share(timezone.localdate(now))
    lately = {"finished_at__gt": since, "finished_at__lte": now}
    news_sent = MailingRecipient.objects.filter(**lately)
    left = []
    states = [MailState.SENT, MailState.BOUNCED]
    if most:
        others = OutgoingMail.objects.filter(**lately, state__in=states)
        left.append(most - others[:most].count() - news_sent[:most].count())
    if warm_up is not None:
        asked = OutgoingMail.objects.filter(
            **lately, kind=MailKind.ASK, state__in=states
        )
        gone = news_sent[:warm_up].count() + asked[:warm_up].count()
        left.append(warm_up - gone)
    return min(left, default=BATCH)


def warm_up_share(day: date) -> int | None:
    """Return how many mails of mailings may go out in a day by MAIL_WARM_UP; None
    without it, and once it is over."""
    if not settings.MAIL_WARM_UP:
        return None
    first, number = settings.MAIL_WARM_UP
    doubled = max((day - first).days, 0)
    return None if doubled > LONGEST_WARM_UP else number * 2**doubled


@dataclass(frozen=True)
class MailingPace:
    """How a mailing goes on that does not go out in one day."""

    today: int
    left: int
    """How many are still to be written to."""
    until: date
    """The day on which the last are, if nothing else is sent meanwhile."""


def pace(mailing: Mailing, people: int, now: datetime) -> MailingPace | None:
    """Return how a mailing to so many `people` goes on; None if nothing bounds it."""
    most: int = settings.MAIL_PER_DAY
    day = timezone.localdate(now)
    left = people - mailing.sent - mailing.failed - mailing.bounced
    if not most and warm_up_share(day) is None:
        return None
    # What went out yesterday counts for 24 hours, and so not until the end of this day.
    midnight = timezone.localtime(now).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    today = max(0, left_of(midnight, now))
    rest = left - today
    if rest <= 0:
        return None
    while rest > 0 and (share := warm_up_share(day + DAY)) is not None:
        day += DAY
        rest -= min(share, most or share)
    if rest > 0:
        day += DAY * (min(-(-rest // most), FAR_OFF) if most else 1)
    return MailingPace(today, left, day)


def quiet_since(mailings: QuerySet[Mailing], since: datetime) -> QuerySet[Mailing]:
    """Return those of `mailings` that began, or went on after a pause, before `since`,
    and have found nobody and written to nobody since then."""
    recipients = MailingRecipient.objects.filter(mailing=OuterRef("pk"))
    moved = recipients.filter(Q(finished_at__gt=since) | Q(created_at__gt=since))
    began = Q(goes_since__lte=since) | Q(goes_since=None, begins_at__lte=since)
    return mailings.filter(began, ~Exists(moved))


def standing_still(now: datetime) -> QuerySet[Mailing]:
    """Return the mailings that should go on and do not: nothing is in their way, people
    wait, and for `STANDS_STILL_AFTER` none was found or written to."""
    since = now - STANDS_STILL_AFTER
    if key_ring.state()[1] or any(left_today(at) <= 0 for at in (since, now)):
        return Mailing.objects.none()
    recipients = MailingRecipient.objects.filter(mailing=OuterRef("pk"))
    due = recipients.filter(state=MailState.DUE)
    # Those whose own servers let them wait have a later time; all, when none was taken.
    waits = Q(Exists(due.filter(due_at__lte=since))) | Q(Exists(due), sent=0)
    return quiet_since(
        Mailing.objects.to_send(now).filter(waits | Q(filled_at=None)), since
    )


def interrupted(now: datetime) -> list[Mailing]:
    """Return the mailings that stand still and cannot go on, because their update says
    something else by now: staff have to stop them."""
    paused = Mailing.objects.filter(state=MailingState.PAUSED).select_related("update")
    still = quiet_since(paused, now - STANDS_STILL_AFTER)
    return [mailing for mailing in still if mailing.is_reworded]


def send_test(now: datetime) -> bool:
    """Send one mailing, in each language, to the member of staff who asked for it, with
    links that lead nowhere; return whether one was due."""
    mailing = (
        Mailing.objects.filter(test_due=True, state=MailingState.PREPARING)
        .select_related("petition__organization", "update__petition", "test_by")
        .order_by("pk")
        .first()
    )
    if mailing is None:
        return False
    reply = ""
    try:
        if mailing.test_by is None:
            raise Refused(550, "5.1.1")
        with open_transport() as transport:
            for message in test_mails(mailing, mailing.test_by, now):
                transport.send(settings.MAIL_FROM, mailing.test_by.email, message)
    except Refused as refusal:
        reply = refusal.status
    except OSError:
        reply = "421"  # away; whoever asked tries again, and others do not wait
    except Exception:  # no text that staff write holds up the mailings of others
        logger.exception("The test mail of mailing %s could not be made", mailing.pk)
        reply = "500"
    rows = Mailing.objects.filter(pk=mailing.pk, test_due=True, test_by=mailing.test_by)
    rows.filter(state=MailingState.PREPARING).update(
        test_due=False, tested_at=None if reply else now, test_reply=reply[:20]
    )
    return True


def test_mails(mailing: Mailing, to: User, now: datetime) -> list[bytes]:
    """Return the mail in each language that readers of this site may get it in."""
    outbox = news.NewsOutbox(mailing)
    return [
        outbox.frame(language, reading).message(
            to.email, 0, make_msgid(domain=mail_domain()), now
        )
        for language, reading in frames(mailing)
    ]


def frames(mailing: Mailing) -> list[tuple[str, str]]:
    """Return the mails that there are: the language around the words, and that of the
    words. Words in a language of the interface have that around them."""
    texts = [words.language for words in mailing.texts]
    interface = [code for code, _name in settings.LANGUAGES]
    frames = [
        (text if text in interface else settings.LANGUAGE_CODE, text) for text in texts
    ]
    frames += [(code, texts[0]) for code in interface if code not in texts]
    return frames
