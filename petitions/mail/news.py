"""Sending the mails of a mailing: who is still to be written to, what the mail says,
and what became of it. The batch and its marks are those of `petitions.mail.sending`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q, Subquery, Value
from django.db.models.functions import Upper
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from core.i18n.languages import is_of_interface, said
from core.mail.transport import mail_domain
from petitions.channels import html_with_tags, tag_of_mailing, tagged, with_tags
from petitions.counts import checkpoints
from petitions.identity import key_ring
from petitions.mail import bounces, sending
from petitions.mail.leases import LEASE, lease
from petitions.mail.messages import (
    LINKS,
    MessageTemplate,
    headers,
    links_in,
    placeholder,
)
from petitions.mail.results import recipient_message_id
from petitions.mail.signed_addresses import return_path
from petitions.models import (
    Bounce,
    Consent,
    Mailing,
    MailingRecipient,
    OutgoingMail,
    Petition,
    Signature,
)
from petitions.models.mails import MailState, Priority
from petitions.names import folded_name
from petitions.signable import is_open
from petitions.signatures.tokens import AddressPurpose
from petitions.states import MailingState, SignatureState
from petitions.templatetags.timeline_tags import update_html

LEASE_NEWS = LEASE.format(
    table="petitions_mailingrecipient",
    narrowed="AND mailing_id = %(mailing)s",
    order="id",
)
# How often a batch looks whether it is to go on, at most.
LOOK_EVERY = 0.5  # seconds
# Confirmations go first: when one has waited for longer than the worker takes for it,
# the mail server has no room for news.
CONFIRMATION_LATE = timedelta(seconds=1)

# Without a join, as `sending.FINISH`.
FINISH = """
WITH finished AS (
    UPDATE petitions_mailingrecipient r
       SET state = %(state)s, leased_until = NULL, attempts = attempts + 1,
           finished_at =
               (%(times)s::timestamptz[])[array_position(%(ids)s::bigint[], r.id)],
           reply = %(reply)s
     WHERE r.id = ANY (%(ids)s::bigint[]) AND r.state = 'due'
 RETURNING r.mailing_id
)
UPDATE petitions_mailing m
   SET sent = m.sent + CASE WHEN %(state)s = 'sent' THEN n.number ELSE 0 END,
       failed = m.failed + CASE WHEN %(state)s = 'failed' THEN n.number ELSE 0 END
  FROM (SELECT mailing_id, count(*) AS number FROM finished GROUP BY mailing_id) n
 WHERE m.id = n.mailing_id
"""


class LeasedRecipient(MailingRecipient):
    """A recipient with the newest answer to the organisation, as
    `load_leased_recipients` loads them."""

    consent: int | None
    wants: bool | None
    had_another: bool
    """Whether another mailing of the organisation went to the mailbox lately."""
    may_press = False
    """Whether the mail is to offer the next petition; see `looks_at_group`."""

    class Meta:
        proxy = True

    @property
    def reading(self) -> str:
        """The language that they read what they signed in."""
        assert self.signature is not None  # it is written to
        return self.signature.text_language or self.signature.language


def lease_some(mailing: Mailing, now: datetime, most: int) -> list[LeasedRecipient]:
    """Lease at most `most` recipients of a mailing that are due, and return them in
    their order. Whether each is still to be written to is looked at when it is its turn
    (`NewsOutbox.as_it_is_now`)."""
    ids = lease(now, most, LEASE_NEWS, mailing=mailing.pk)
    return list(LeasedRecipient.objects.filter(pk__in=ids).order_by("pk"))


def load_leased_recipients(
    ids: Iterable[int], mailing: Mailing
) -> list[LeasedRecipient]:
    """Return recipients with the newest answer of each."""
    newest = (
        Consent.objects.filter(
            organization=mailing.petition.organization_id,
            email_key=OuterRef("signature__email_key"),
        )
        .annotate(upper=Upper("email"))
        .filter(
            Q(email=OuterRef("signature__email"))
            | Q(upper=Upper(OuterRef("signature__email")))
        )
        .order_by("-given_at", "-pk")
    )
    rows = LeasedRecipient.objects.filter(pk__in=list(ids)).select_related("signature")
    answer: dict[str, Any] = {
        "consent": Subquery(newest.values("pk")[:1]),
        "wants": Subquery(newest.values("wants_updates")[:1]),
        "had_another": had_another(mailing),
    }
    return list(rows.annotate(**answer).order_by("pk"))


def had_another(mailing: Mailing) -> Exists | Value:
    """Return whether a recipient got another mailing of the organisation lately, as
    `audience` has it, by the days that its owner has set by now."""
    organization = mailing.petition.organization
    days = organization.mailing_gap_days
    if not days or mailing.ordered_at is None:
        return Value(False)
    others = MailingRecipient.objects.filter(
        email_key=OuterRef("email_key"),
        mailing__petition__organization=organization.pk,
        state__in=(MailState.SENT, MailState.BOUNCED),
        finished_at__gt=mailing.ordered_at - timedelta(days=days),
    )
    return Exists(others.exclude(mailing=mailing.pk))


def signed_already(
    recipients: Sequence[LeasedRecipient], petition: Petition
) -> set[int]:
    """Return the numbers of those of `recipients` who are counted under a petition, or
    were until they or staff took that back: the link would not bring it back."""
    keys = [each.signature.email_key for each in recipients if each.signature]
    rows = Signature.objects.filter(petition=petition, email_key__in=keys)
    signed = rows.exclude(state=SignatureState.PENDING)
    counted = set(signed.values_list("email_key", "person"))
    return {
        each.pk
        for each in recipients
        if (mine := each.signature)
        for person in ("", folded_name(mine.name) if petition.shared_addresses else "")
        if (mine.email_key, person) in counted
    }


def divided(
    recipients: list[LeasedRecipient],
) -> tuple[list[LeasedRecipient], list[LeasedRecipient]]:
    """Return those who are still to be written to, and the others: they have taken back
    their yes or their signature since they were found, want no mail any more, their
    mailbox does not exist, or it has had another mailing so lately that this one is
    left out."""
    addresses = {
        each.signature.email
        for each in recipients
        if each.signature and each.signature.email
    }
    quiet = key_ring.suppressed(addresses) | key_ring.silenced(
        Bounce.objects.all(), addresses
    )
    stay: list[LeasedRecipient] = []
    go: list[LeasedRecipient] = []
    for each in recipients:
        signature = each.signature  # None when it was erased
        wanted = (
            signature
            and signature.state == SignatureState.CONFIRMED
            and signature.email_key
            and each.wants
            and signature.email not in quiet
            and not each.had_another
        )
        (stay if wanted else go).append(each)
    return stay, go


class NewsOutbox:
    """The outbox of a mailing, for the recipients that were leased."""

    def __init__(
        self, mailing: Mailing, leased: Sequence[LeasedRecipient] = ()
    ) -> None:
        self.mailing = mailing
        self.frames: dict[tuple[str, str, bool], MessageTemplate] = {}
        self.turns = [each.pk for each in leased]
        self.group: dict[int, LeasedRecipient | None] = {}
        self.keys = key_ring.state()[0] if leased else 0
        self.goes_on = True
        self.look_at = 0.0

    def sender(self, mail: LeasedRecipient) -> str:
        purpose = AddressPurpose.RETURN_NEWS
        return return_path(mail.pk, now=timezone.now(), purpose=purpose)

    def address(self, mail: LeasedRecipient) -> str:
        assert mail.signature is not None  # it is written to
        return mail.signature.email

    def as_it_is_now(self, mail: LeasedRecipient) -> LeasedRecipient | None:
        """Return a recipient with the signature and answer of this moment, which are
        read for a group of them. One who is not to be written to is forgotten; when the
        mailing is not to go on, one is due again."""
        if mail.pk not in self.group and not self.looks_at_group(mail):
            self.release([mail])
            return None
        return self.group[mail.pk]

    def looks_at_group(self, first: LeasedRecipient) -> bool:
        """Read the next recipients; return False when the mailing is not to go on."""
        self.look_at = 0.0
        if not self.may_go_on():
            return False
        begin = self.turns.index(first.pk)
        turns = self.turns[begin : begin + sending.MARKS]
        to_write, others = divided(load_leased_recipients(turns, self.mailing))
        self.note_who_may_press(to_write)
        if not self.keys_stand():  # an answer may have been looked for by another key
            return False
        # Nothing is kept of whom nothing was sent to.
        MailingRecipient.objects.filter(pk__in=[each.pk for each in others]).delete()
        self.group = dict.fromkeys(turns) | {each.pk: each for each in to_write}
        return True

    def note_who_may_press(self, recipients: Sequence[LeasedRecipient]) -> None:
        """Note who can still sign the next petition."""
        number = self.mailing.next_petition_id or 0
        rows = Petition.objects.open(timezone.now())
        following = rows.filter(pk=number).first() if number else None
        signed = signed_already(recipients, following) if following else set()
        for each in recipients:
            each.may_press = following is not None and each.pk not in signed

    def message(self, mail: LeasedRecipient) -> bytes:
        signature = mail.signature
        assert signature is not None  # it is written to
        frame = self.frame(signature.language, mail.reading, mail.may_press)
        return frame.message(
            signature.email,
            signature.pk,
            recipient_message_id(mail),
            timezone.now(),
            consent_id=mail.consent or 0,
            recipient_id=mail.pk,
        )

    def frame(
        self, language: str, reading: str, may_press: bool = True
    ) -> MessageTemplate:
        """Return the mail in a language of the interface, with the words for those who
        read in `reading`, made once; with `may_press`, it offers the next petition."""
        key = (language, self.mailing.words_in(reading).language, may_press)
        if key not in self.frames:
            self.frames[key] = build_news(self.mailing, *key)
        return self.frames[key]

    def finish(
        self,
        mails: list[tuple[LeasedRecipient, datetime]],
        state: MailState,
        reply: str = "",
    ) -> None:
        with connection.cursor() as cursor:
            given: dict[str, Any] = {
                "ids": [mail.pk for mail, _ in mails],
                "times": [now for _, now in mails],
                "state": state,
                "reply": reply[:200],
            }
            cursor.execute(FINISH, given)

    def retry_later(self, mail: LeasedRecipient, reply: str) -> None:
        sending.retry_later(mail, reply, self)

    def bounced(self, mail: LeasedRecipient, reason: str, now: datetime) -> None:
        address = self.address(mail)
        bounces.record_bounce(mail.email_key, reason, now=now, address=address)

    def release(self, mails: list[LeasedRecipient]) -> None:
        sending.end_lease(mails, MailingRecipient)

    def may_go_on(self) -> bool:
        """Return whether the next mail may be begun: staff have not paused or stopped
        it, readers see what it says, no confirmation waits, and mailboxes keep their
        keys."""
        if not sending.may_go_on():
            return False
        if time.monotonic() >= self.look_at:
            self.goes_on = (
                is_said(self.mailing) and not confirmations_wait() and self.keys_stand()
            )
            self.look_at = time.monotonic() + LOOK_EVERY
        return self.goes_on

    def keys_stand(self) -> bool:
        """Return whether mailboxes have the same keys as when it began."""
        return key_ring.state() == (self.keys, False)


def is_said(mailing: Mailing) -> bool:
    """Return whether a mailing is still being sent, and readers see what it says."""
    rows = Mailing.objects.to_send(timezone.now()).filter(state=MailingState.SENDING)
    now = rows.select_related("update__petition").filter(pk=mailing.pk).first()
    return now is not None and not now.is_reworded


def confirmations_wait() -> bool:
    """Return whether a confirmation is later than it should be."""
    return OutgoingMail.objects.filter(
        state=MailState.DUE,
        priority=Priority.FIRST,
        due_at__lte=timezone.now() - CONFIRMATION_LATE,
    ).exists()


def build_news(
    mailing: Mailing, language: str, reading: str, may_press: bool
) -> MessageTemplate:
    """Render the mail of a mailing in a language of the interface, with its words in
    the language `reading`; with `may_press`, it offers the next petition."""
    organization = mailing.petition.organization
    words = mailing.words_in(reading)
    # Of one moment, for all: whoever keeps the mail can compare it later.
    as_of = mailing.ordered_at or timezone.now()
    with translation.override(language):
        text = "" if is_of_interface(words.language) else words.language
        tag = tag_of_mailing(mailing.pk)
        update, petition = mailing.update, mailing.update.petition
        own = petition.address(text if text in petition.languages else "")
        is_signed = is_open(petition, timezone.now())
        following = mailing.next_petition if may_press else None
        if following:
            following.reading = text if text in following.languages else ""
        context: dict[str, Any] = {
            "organization": organization,
            "site": settings.SITE_HOST,
            "language": language,
            "words": words,
            "text": with_tags(words.text, settings.SITE_URL, tag),
            "html": html_with_tags(update_html(words), settings.SITE_URL, tag),
            "address": tagged(settings.SITE_URL + update.address(text), tag),
            "petition": tagged(settings.SITE_URL + own, tag) if is_signed else "",
            "following": following,
            "signed": checkpoints.signed_at(mailing.petition_id, as_of),
            "check_link": settings.SITE_URL + reverse("petitions:check"),
            "operator": said(settings.OPERATOR),
            **{name: placeholder(name) for name in LINKS},
        }
        subject = render_to_string("emails/news.subject.txt", context)
        plain = render_to_string("emails/news.txt", context)
        html = render_to_string("emails/news.html", context)
        links = links_in(plain)
        head = headers(
            organization,
            " ".join(subject.split()),
            language,
            list_id=f"<news.{organization.pk}.{mail_domain()}>",
            feedback_id=(
                f"{mailing.pk}:{mailing.petition_id}:news:org{organization.pk:05d}"
            ),
        )
    return MessageTemplate(
        headers=head,
        text=plain.strip() + "\n",
        html=html.strip() + "\n",
        links=links,
        one_click="unsubscribe_link",
    )
