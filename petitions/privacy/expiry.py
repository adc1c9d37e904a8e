"""How supporters' data is erased at the end of its time; `petitions.privacy.rules` says
which data, and when.

Names and addresses of a petition that has ended are erased in batches, in the order of
their ids. Each batch is a transaction that also records how far it came, so that a
worker that is killed goes on where the last one stopped."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Case, Exists, F, Func, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Greatest, Least
from django.utils import timezone

from core.db.batches import Batches
from core.retention import Rows, months_before
from petitions.mail.bounces import HELD_FOR
from petitions.mail.leases import DAY
from petitions.mail.mailings import RECIPIENTS_KEPT, stop_abandoned
from petitions.models import (
    Bounce,
    Consent,
    MailingRecipient,
    MailTally,
    MergedSignature,
    OfficeAnswer,
    OutgoingMail,
    Petition,
    Report,
    RetentionLimit,
    Scan,
    Signature,
    SourceTally,
    SupporterRequest,
)
from petitions.models.mailings import OVER
from petitions.models.mails import MailKind
from petitions.models.offices import OFFICE_ANSWERS_KEPT
from petitions.signature_fields import ERASED
from petitions.signatures.links import UNCONFIRMED_KEPT
from petitions.signatures.tokens import LIFETIME
from petitions.states import SignatureState

MAILS_KEPT = timedelta(days=30)
NETWORKS_KEPT = timedelta(days=30)
ANSWERS_KEPT = 36
"""Months that an answer about updates is kept as evidence once it no longer holds."""
LOWERED = Batches(first=20, most=500, least=1)
DOMAINS_KEPT = timedelta(days=90)
# A mail domain with fewer signers than this nearly tells who they are.
RARE = 10
RARE_DOMAINS_KEPT = timedelta(days=2)
# How long messages from visitors are kept after they were handled, and in any case.
HANDLED_KEPT = timedelta(days=30)
REPORTS_KEPT = 6
"""Months that a message is kept in any case."""
REQUESTS_KEPT = 36
"""Months that the register of supporters' requests is kept as evidence."""


# == Signatures that nobody confirmed ==


def unconfirmed(now: datetime) -> QuerySet[Signature]:
    """Return the pending signatures that are past their time, oldest first. One whose
    link was sent again is kept for as long as the mail says that this link works."""
    link = OutgoingMail.objects.filter(
        signature=OuterRef("pk"), finished_at__gt=now - LIFETIME, state="sent"
    )
    old = Signature.objects.pending().filter(created_at__lt=now - UNCONFIRMED_KEPT)
    return old.filter(~Exists(link)).order_by("created_at")


def delete_with_mails(signatures: QuerySet[Signature]) -> None:
    OutgoingMail.objects.filter(signature__in=signatures).delete()
    signatures.delete()


# == Mail ==


def finished_mails(now: datetime) -> QuerySet[OutgoingMail]:
    """Return the outgoing mails that were finished more than `MAILS_KEPT` ago, oldest
    first. Those of a pending signature are kept until it is erased: its time to
    confirm, and whether it was tallied, are counted from its first mail."""
    old = OutgoingMail.objects.filter(finished_at__lt=now - MAILS_KEPT)
    waiting = Q(signature__state=SignatureState.PENDING, signature__isnull=False)
    return old.exclude(waiting).order_by("finished_at")


def mails_of_erased(now: datetime) -> QuerySet[OutgoingMail]:
    """Return the outgoing mails of erased signatures. They are kept for a day, the time
    that the rate limits of a mailbox look back."""
    mails = OutgoingMail.objects.filter(signature=None, finished_at__lt=now - DAY)
    # A reminder is kept longer: without its record the next form would cause another.
    mails = mails.exclude(kind=MailKind.REMIND)
    return mails.order_by("finished_at")


class Recipients(Rows):
    """The expiry of recipients of mailings that are over. One that does not go on any
    more is stopped first: otherwise it would never be over."""

    def erase(self, now: datetime, batch: int) -> int:
        stop_abandoned(now)
        return super().erase(now, batch)


def former_recipients(now: datetime) -> QuerySet[MailingRecipient]:
    """Return the recipients that were found too long ago, of mailings that are over:
    while one goes on, it has to know whom it has still to write to."""
    old = MailingRecipient.objects.filter(created_at__lt=now - RECIPIENTS_KEPT)
    return old.filter(mailing__state__in=OVER).order_by("created_at")


def recipients_of_erased(now: datetime) -> QuerySet[MailingRecipient]:
    """Return the recipients of mailings whose signature was erased, once nothing more
    can lead to the same mail: the mailing is over, and their mailbox has signed nothing
    else."""
    mailbox = Signature.objects.filter(email_key=OuterRef("email_key"))
    erased = MailingRecipient.objects.filter(signature=None, mailing__state__in=OVER)
    return erased.filter(~Exists(mailbox)).order_by("pk")


def former_bounces(now: datetime) -> QuerySet[Bounce]:
    return Bounce.objects.filter(since__lt=now - HELD_FOR).order_by("since")


def named_domains(now: datetime) -> QuerySet[MailTally]:
    """Return the tallies that still name a mail domain although that no longer helps to
    see whether mail arrives there."""
    today = timezone.localdate(now)
    rare = Q(
        day__lt=today - RARE_DOMAINS_KEPT, signed__lt=RARE, confirmed__lt=RARE
    )  # fmt: skip
    tallies = MailTally.objects.exclude(domain="")
    return tallies.filter(rare | Q(day__lt=today - DOMAINS_KEPT)).order_by("day", "pk")


# The figures of each day stay, without the domain.
DROP_NAMES = """
WITH named AS (
    DELETE FROM petitions_mailtally WHERE id = ANY(%s)
 RETURNING petition_id, day, signed, handed_over, failed, confirmed
)
INSERT INTO petitions_mailtally AS t (
    petition_id, day, domain, signed, handed_over, failed, confirmed)
SELECT petition_id, day, '', sum(signed), sum(handed_over), sum(failed),
       sum(confirmed)
  FROM named GROUP BY petition_id, day ORDER BY petition_id, day
    ON CONFLICT (petition_id, day, domain) DO UPDATE
   SET signed = t.signed + excluded.signed,
       handed_over = t.handed_over + excluded.handed_over,
       failed = t.failed + excluded.failed,
       confirmed = t.confirmed + excluded.confirmed
"""


def drop_names(tallies: QuerySet[MailTally]) -> None:
    """Add the figures of these tallies to those of the same day without a domain, and
    delete them."""
    with connection.cursor() as cursor:
        cursor.execute(DROP_NAMES, [list(tallies.values_list("pk", flat=True))])


# == Answers about updates ==


def former_answers(now: datetime) -> QuerySet[Consent]:
    """Return the answers about updates that were replaced at least `ANSWERS_KEPT`
    months ago. A “no” of that age is among them only when it is the last answer left,
    so that no earlier “yes” holds again."""
    since = months_before(now, ANSWERS_KEPT)
    same = Consent.objects.filter(
        email_key=OuterRef("email_key"),
        email__iexact=OuterRef("email"),
        organization=OuterRef("organization"),
    )
    later = Q(given_at__gt=OuterRef("given_at")) | Q(
        given_at=OuterRef("given_at"), pk__gt=OuterRef("pk")
    )
    replaced = Exists(same.filter(later, given_at__lt=since))
    last_no = Q(wants_updates=False) & ~Exists(same.exclude(pk=OuterRef("pk")))
    old = Consent.objects.filter(given_at__lt=since)
    return old.filter(replaced | last_no).order_by("given_at", "pk")


# == Network addresses ==


def past_networks(now: datetime) -> QuerySet[Signature]:
    old = Signature.objects.filter(
        network__isnull=False, created_at__lt=now - NETWORKS_KEPT
    )
    return old.order_by("created_at")


def drop_networks(signatures: QuerySet[Signature]) -> None:
    signatures.update(network=None)


def tallies_of_networks(now: datetime) -> QuerySet[SourceTally]:
    tallies = SourceTally.objects.filter(hour__lt=now - NETWORKS_KEPT)
    return tallies.order_by("hour", "pk")


# == Messages from visitors ==


def reports(now: datetime) -> QuerySet[Report]:
    """Return the messages that were handled, or came, too long ago to be needed."""
    old = Q(handled_at__lt=now - HANDLED_KEPT) | Q(
        created_at__lt=months_before(now, REPORTS_KEPT)
    )
    return Report.objects.legible().filter(old).order_by("created_at")


def drop_words(reports: QuerySet[Report]) -> None:
    """Empty what a visitor or staff wrote; the rows stay."""
    Report.objects.filter(pk__in=reports).erase_words()


def office_answers(now: datetime) -> QuerySet[OfficeAnswer]:
    """Return the answers of offices that were written too long ago to be needed."""
    since = now - OFFICE_ANSWERS_KEPT
    return OfficeAnswer.objects.legible().filter(sent_at__lt=since).order_by("sent_at")


def drop_office_words(answers: QuerySet[OfficeAnswer]) -> None:
    """Empty what an office wrote; the rows stay."""
    OfficeAnswer.objects.filter(pk__in=answers).erase_words()


def past_scans(now: datetime) -> QuerySet[Scan]:
    """Return the scans of sheets whose petition's names were erased, oldest first."""
    over = Scan.objects.filter(entered__petition__anonymised_at__lte=now)
    return over.order_by("pk")


def former_requests(now: datetime) -> QuerySet[SupporterRequest]:
    """Return the requests of supporters that were answered too long ago to be
    evidence."""
    since = months_before(now, REQUESTS_KEPT)
    return SupporterRequest.objects.filter(done_at__lt=since).order_by("pk")


# == Names and addresses of petitions that have ended ==


def with_due(petitions: QuerySet[Petition], limit: RetentionLimit) -> QuerySet[Any]:
    """Annotate the ended petitions that still have names with `due_at`, when these are
    erased, and `months_over_at`, when they would be if nothing had to wait."""

    def months(number: Any) -> Func:
        return Func(
            number,
            template="make_interval(months => %(expressions)s::int)",
            output_field=models.DurationField(),
        )

    def moment(value: Any) -> models.ExpressionWrapper[Any]:
        return models.ExpressionWrapper(value, output_field=models.DateTimeField())

    def at(value: Any) -> Func:
        """From a moment to the site's clock, or back: months are those of a calendar on
        the wall."""
        name = Value(timezone.get_current_timezone_name())
        zone = Cast(name, models.TextField())
        output = models.DateTimeField()
        return Func(zone, value, function="timezone", output_field=output)

    kept = Least(F("months_kept"), Value(limit.months))
    over = at(moment(at(F("ended_at")) + months(kept)))
    # A petition that would keep them for longer than the limit waits until the limit
    # takes effect.
    capped = Case(When(months_kept__gt=limit.months, then=Value(limit.holds_from)))
    return petitions.filter(ended_at__isnull=False, anonymised_at=None).annotate(
        months_over_at=over, due_at=Greatest(over, F("erasable_from"), moment(capped))
    )


def past_their_months(now: datetime) -> QuerySet[Petition]:
    """Return the petitions whose names and addresses are past their time, the earliest
    first."""
    rows = with_due(Petition.objects.all(), RetentionLimit.current(now))
    return rows.filter(due_at__lte=now).order_by("ended_at", "pk")


@dataclass(frozen=True)
class Announcement:
    """When the names of a petition will be erased, and how many there are."""

    petition: Petition
    due_at: datetime
    names: int

    def __str__(self) -> str:
        day = timezone.localdate(self.due_at)
        title = self.petition.title
        return f"{self.names:>10,}  waiting until {day}: names of “{title}”"


def announced(now: datetime) -> Iterator[Announcement]:
    """Yield the erasures whose months are over, but which wait for seven days after a
    change that made them due, so that it can be called off."""
    rows = with_due(Petition.objects.all(), RetentionLimit.current(now))
    waiting = rows.filter(months_over_at__lte=now, due_at__gt=now)
    for petition in waiting.order_by("due_at", "pk"):
        if names := petition.signatures.known().count():
            yield Announcement(petition, petition.due_at, names)


def announcement(petition: Petition, now: datetime) -> Announcement | None:
    """Return when the names of this petition will be erased, however far ahead; None
    when it has not ended or has no names left."""
    limit = RetentionLimit.current(now)
    due_petition = with_due(Petition.objects.filter(pk=petition.pk), limit).first()
    names = petition.signatures.known().count() if due_petition else 0
    return (
        Announcement(due_petition, due_petition.due_at, names)
        if due_petition and names
        else None
    )


# == What the site keeps at most ==


def note_limit(now: datetime) -> None:
    """Record a change of RETENTION_MONTHS, and lower the months of petitions once it
    takes effect. What was printed beside the button holds even if the site allows more
    again later: petitions that people could sign meanwhile keep the lower number."""
    last = RetentionLimit.stored()
    limit = RetentionLimit.current(now)
    if limit._state.adding:
        if last is not None and last.holds_from > now:
            # The last limit is called off before it took effect, but whoever signed
            # meanwhile was told its lower number.
            told = Signature.objects.filter(
                petition=OuterRef("pk"), created_at__gte=last.since
            )
            lower(Petition.objects.filter(Exists(told)), last.months)
        limit.save()
    if limit.holds_from <= now:
        open_since = Q(ended_at=None) | Q(ended_at__gt=limit.since)
        lower(Petition.objects.filter(open_since), limit.months)


def lower(petitions: QuerySet[Petition], months: int) -> None:
    """Lower `months_kept` where it is more than `months`: in batches, for staff wait
    for the rows of one."""

    def lower_some(numbers: list[int]) -> None:
        rows = Petition.objects.filter(pk__in=numbers, months_kept__gt=months)
        rows.update(months_kept=months)

    LOWERED.over(petitions.filter(months_kept__gt=months), lower_some, math.inf)


# == Erasing them ==


def start_of_day(column: str) -> Func:
    """Return SQL for the first moment of the column's day. The exact moment would lead
    from an answer about updates, which is kept longer, back to the signature."""
    return Func(
        Value("day"),
        F(column),
        Value(settings.TIME_ZONE),
        function="date_trunc",
        output_field=models.DateTimeField(),
    )


class Anonymisation:
    """The expiry of names and addresses: signatures that do not count are deleted; of
    those that count, an anonymised row stays."""

    def announced(self, now: datetime) -> Iterator[str]:
        return map(str, announced(now))

    def waiting(self, now: datetime) -> int:
        return Signature.objects.filter(
            petition__in=past_their_months(now).values("pk"),
            pk__gt=F("petition__anonymised_to"),
        ).count()

    def erase(self, now: datetime, batch: int) -> int:
        note_limit(now)
        erased = 0
        while erased < batch:
            with transaction.atomic():
                tell_the_time(now)
                petition = next_to_anonymise(past_their_months(now))
                if petition is None:
                    break
                number = erase_next(petition, batch - erased)
                erased += number
            if not number:
                finish_anonymisation(petition, now)
        return erased


def tell_the_time(now: datetime) -> None:
    """Set the clock by which database triggers protect names, until the transaction
    ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('petitions.now', %s, true)", [now.isoformat()]
        )


def erase_next(petition: Petition, batch: int) -> int:
    """Erase the personal data of the next `batch` signatures of a petition; return how
    many there were."""
    rows = Signature.objects.filter(petition=petition, pk__gt=petition.anonymised_to)
    keys = list(
        rows.order_by("pk").select_for_update().values_list("pk", flat=True)[:batch]
    )
    if keys:
        anonymise(Signature.objects.filter(pk__in=keys))
        Petition.objects.filter(pk=petition.pk).update(anonymised_to=keys[-1])
    return len(keys)


def anonymise(signatures: QuerySet[Signature]) -> None:
    """Delete what does not count; of what does, erase the personal data and keep the
    day."""
    MergedSignature.objects.filter(into__in=signatures).delete()
    OutgoingMail.objects.filter(signature__in=signatures).delete()
    MailingRecipient.objects.filter(signature__in=signatures).update(signature=None)
    signatures.exclude(state=SignatureState.CONFIRMED).delete()
    signatures.update(
        **ERASED,
        links_ended_at=None,
        created_at=start_of_day("created_at"),
        confirmed_at=start_of_day("confirmed_at"),
    )


def next_to_anonymise(petitions: QuerySet[Petition]) -> Petition | None:
    """Lock the first of `petitions` that nobody else has locked, and return it."""
    return petitions.select_for_update(skip_locked=True, no_key=True).first()


def finish_anonymisation(petition: Petition, now: datetime) -> None:
    """Record that no personal data is left; if there still is some, begin again from
    the first signature. To look through a million signatures takes seconds, in which
    staff need not wait: nothing is locked meanwhile."""
    left = Signature.objects.filter(petition=petition).filter(
        Q(email_key__isnull=False) | ~Q(state=SignatureState.CONFIRMED)
    )
    is_left = left.exists()
    with transaction.atomic():
        tell_the_time(now)
        if next_to_anonymise(past_their_months(now).filter(pk=petition.pk)) is None:
            return  # called off meanwhile
        this = Petition.objects.filter(pk=petition.pk)
        if is_left:
            this.update(anonymised_to=0)
        elif not left.filter(pk__gt=petition.anonymised_to).exists():
            this.update(anonymised_at=now)
