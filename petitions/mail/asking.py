"""Asking people of an import by mail to confirm here: staff order it, the worker reads
the file once more and makes of each line a signature that waits for its confirmation,
with the mail that asks for it.

From then on all is as if they had sent the form: confirming moves them from “counted
elsewhere” to here, and what nobody confirms is erased in its time. So at no time is
more of them stored than the file, and what was just mailed: few mails are under way at
once, and the others wait in the file for what may go out in a day.

Nobody is asked twice: that somebody was is noted by the key of their address
(AskedMailbox), in the transaction that makes the mail. It stays when the import is
taken back, or the person has all else erased.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import (
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
)
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from core.db.database import statement_timeout
from core.i18n.languages import is_of_interface
from core.text.faults import FileProblem
from organizations.models import Organization, User
from petitions.channels import ASKED_BY_MAIL
from petitions.identity import key_ring, same_person
from petitions.importing.lines import Record
from petitions.importing.rows import Row, read_row
from petitions.importing.stored_files import open_file
from petitions.importing.tables import Layout, records
from petitions.mail import mailings, news
from petitions.mail.mailings import MailingNotPossible
from petitions.models import (
    AskedMailbox,
    Asking,
    Bounce,
    Consent,
    ImportedSignature,
    ImportPiece,
    OutgoingMail,
    Petition,
    Signature,
    SignatureImport,
    Suppression,
    UnsubscribedMailbox,
)
from petitions.models.askings import GOES_ON
from petitions.models.imports import of_mailbox
from petitions.models.mailings import CALL_OFF_WITHIN
from petitions.models.mails import MailKind, MailState, Priority
from petitions.names import folded_name
from petitions.signable import is_open
from petitions.states import (
    CONSENT_VERSION,
    AskingState,
    ImportState,
    SignatureState,
)

logger = logging.getLogger(__name__)

UNDER_WAY = 25
"""The most mails that wait for the worker at once: whoever signs now waits for no more
of them than that."""
POSTPONED = 2_000
"""The most that wait in all, those too whose own servers let them wait."""
PATIENCE = "20s"


# == Whom and whether ==


def people_to_ask(job: SignatureImport) -> QuerySet[ImportedSignature]:
    """Return the people of an import who can be asked by mail: their line has a name
    and says no no; they were not asked yet, have not signed here, whatever came of it,
    nor said no to the organisation here or elsewhere; and mail may go to their
    mailbox."""
    key = OuterRef("email_key")
    organization = job.petition.organization_id
    rows = job.people.filter(counted=True, may_ask=True)
    for others in (
        AskedMailbox.objects.filter(petition=job.petition_id),
        Signature.objects.filter(petition=job.petition_id),
        unsubscribed_from(organization),
        refusals_of(organization),
    ):
        rows = rows.filter(~Exists(others.filter(email_key=key)))
    for silent in (Suppression, Bounce):
        rows = rows.filter(~Exists(of_mailbox(silent._default_manager.all())))
    return rows


def unsubscribed_from(organization: int) -> QuerySet[Any]:
    """Return the mailboxes on an organisation's lists of the unsubscribed."""
    rows = UnsubscribedMailbox.objects.in_force()
    return rows.filter(unsubscribe_list__organization=organization)


def refusals_of(organization: int) -> QuerySet[Any]:
    """Return the answers by which an organisation may not write to somebody, of which
    the same address has taken none back."""
    answers = Consent.objects.filter(organization=organization)
    answers = answers.annotate(address=Upper("email"))
    later = Q(given_at__gt=OuterRef("given_at")) | Q(
        given_at=OuterRef("given_at"), pk__gt=OuterRef("pk")
    )
    taken_back = answers.filter(
        later, wants_updates=True, email_key=OuterRef("email_key"),
        address=OuterRef("address"),
    )  # fmt: skip
    return answers.filter(~Exists(taken_back), wants_updates=False)


def number_to_ask(job: SignatureImport) -> int:
    """Return how many people of an import can be asked. Raise OperationalError when
    counting them takes too long."""
    with transaction.atomic(), statement_timeout(PATIENCE):
        return people_to_ask(job).count()


def why_not_asked(job: SignatureImport, now: datetime) -> StrOrPromise:
    """Return why the people of an import cannot be asked; "" when they can."""
    if not job.asks or job.state != ImportState.DONE:
        return _("Choose it with the columns, and import the file first.")
    if job.file_erased_at is not None or not job.pieces.exists():
        return _("The file is not kept any more: nobody in it can be written to.")
    if not is_open(job.petition, now):
        return _("The petition cannot be signed now.")
    if not job.petition.organization.can_ask_updates:
        return mailings.NOT_REACHABLE
    if job.askings.exclude(state=AskingState.CALLED_OFF).exists():
        return _("These people are asked already.")
    return ""


# == What staff do ==


def order_asking(
    job: SignatureImport, platform: str, by: User, now: datetime
) -> Asking:
    """Have the people of an import asked, ten minutes later or after a second person
    has approved it. Raise MailingNotPossible."""
    if sentence := why_not_asked(job, now):
        raise MailingNotPossible(sentence)
    if key_ring.state()[1]:
        raise MailingNotPossible(
            _("The site is working on all addresses: try again later.")
        )
    number = number_to_ask(job)
    if not number:
        raise MailingNotPossible(_("There is nobody to write to."))
    try:
        with transaction.atomic():
            if lock_import(job.pk).state != ImportState.DONE:
                raise MailingNotPossible(_("The import is taken back."))
            # One order after the other, so that each counts the one before.
            organizations = Organization.objects.select_for_update(no_key=True)
            organization = organizations.get(pk=job.petition.organization_id)
            above = organization.mailing_approval_above
            together = number + mailings.ordered_alone(organization, now)
            needs_approval = above is not None and together > above
            state = AskingState.WAITING if needs_approval else AskingState.ORDERED
            return Asking.objects.create(
                signature_import=job, platform=platform, state=state, ordered_by=by,
                ordered_at=now, number=number, needs_approval=needs_approval,
                begins_at=now + CALL_OFF_WITHIN,
            )  # fmt: skip
    except IntegrityError as error:
        if "asking_once" not in str(error):
            raise
        raise MailingNotPossible(_("These people are asked already.")) from None


def approve_asking(asking: Asking, by: User, now: datetime) -> bool:
    """Approve what somebody else has ordered; return False when it has changed."""
    if asking.ordered_by_id == by.pk:
        raise MailingNotPossible(
            _("Somebody else than who ordered it has to approve it.")
        )
    return asking_changed(
        asking, AskingState.WAITING, state=AskingState.ORDERED, approved_by=by,
        approved_at=now, begins_at=now + CALL_OFF_WITHIN,
    )  # fmt: skip


def pause_asking(asking: Asking) -> bool:
    return asking_changed(asking, AskingState.ORDERED, state=AskingState.PAUSED)


def go_on_with_asking(asking: Asking) -> bool:
    return asking_changed(asking, AskingState.PAUSED, state=AskingState.ORDERED)


def stop_asking(asking: Asking, now: datetime) -> bool:
    """Ask nobody more, and erase the file; what has not begun is called off, and can be
    ordered again. Return False when it is over already."""
    over = {"finished_at": now}
    unbegun = Asking.objects.unfinished().filter(pk=asking.pk, last_at=None)
    with transaction.atomic():
        lock_import(asking.signature_import_id)
        if unbegun.update(state=AskingState.CALLED_OFF, **over):
            return True
        if not asking_changed(asking, *GOES_ON, state=AskingState.STOPPED, **over):
            return False
        erase_file(asking.signature_import_id, now)
        return True


def lock_import(job: int) -> SignatureImport:
    """Lock an import until the transaction ends, and return it: so nobody takes it back
    meanwhile. Whatever changes both locks it before its orders, so nobody deadlocks."""
    rows = SignatureImport.objects.select_for_update(of=("self",), no_key=True)
    return rows.get(pk=job)


def erase_file(job: int, now: datetime) -> None:
    """Erase the file of an import, nobody of which is to be asked any more."""
    ImportPiece.objects.filter(signature_import=job).delete()
    SignatureImport.objects.filter(pk=job).update(file_erased_at=now)


def asking_changed(asking: Asking, *states: AskingState, **values: Any) -> bool:
    """Change what is in one of `states`; return False when it is not."""
    rows = Asking.objects.filter(pk=asking.pk, state__in=states)
    return bool(rows.update(**values))


# == What the worker does ==


def advance_asking(now: datetime) -> bool:
    """Ask some people of the import whose turn it is; return whether anything was
    done."""
    ahead = Asking.objects.to_advance(now).order_by(F("last_at").asc(nulls_first=True))
    found = next(
        (
            asking
            for asking in ahead.select_related("signature_import__petition")
            if is_open(asking.signature_import.petition, now)
        ),
        None,
    )
    if found is None or key_ring.state()[1] or news.confirmations_wait():
        return False
    waiting = OutgoingMail.objects.filter(state=MailState.DUE, priority=Priority.BULK)
    if waiting.count() >= POSTPONED:
        return False
    most = min(UNDER_WAY, mailings.left_today(now)) - mailings.asks_waiting(now)
    if most <= 0:
        return False
    ask_next(found, now, most)
    return True


def ask_next(found: Asking, now: datetime, most: int) -> None:
    """Ask those of the next `most` lines of the file, or end when there is none."""
    with transaction.atomic():
        lock_import(found.signature_import_id)
        rows = Asking.objects.to_advance(now).select_for_update(of=("self",))
        asking = rows.filter(pk=found.pk).first()
        if asking is None:  # paused or stopped meanwhile
            return
        job, asking.last_at = found.signature_import, now
        try:
            read = lines_to_ask(asking, job, most)
        except FileProblem as problem:
            logger.warning("Import %s cannot be read again: %s", job.pk, problem)
            read = None
        if read is None:
            asking.state, asking.finished_at = AskingState.STOPPED, now
        elif not read:
            asking.state, asking.finished_at = AskingState.DONE, now
        else:
            asking.asked += ask_people(asking, job, read, now)
            asking.position, asking.line = read[-1].end, read[-1].last_line
        if asking.finished_at:
            erase_file(job.pk, now)
        asking.save()


def lines_to_ask(
    asking: Asking, job: SignatureImport, most: int
) -> list[Record] | None:
    """Return the next lines of the file; None when it is erased."""
    if not job.pieces.exists():
        return None
    layout = Layout.from_json(job.layout).counting()
    with open_file(job) as file:
        ahead = records(file, layout, position=asking.position, line=asking.line)
        return list(islice(ahead, most))


def ask_people(
    asking: Asking, job: SignatureImport, read: Sequence[Record], now: datetime
) -> int:
    """Make signatures and mails of the lines whose people can be asked, and note that
    they were; return how many."""
    layout, today = Layout.from_json(job.layout).counting(), timezone.localdate(now)
    ring = key_ring.current_keyring()
    lines: dict[UUID, Row] = {}
    for record in read:
        row = read_row(record, layout, (), today=today)
        if isinstance(row, Row) and row.email and row.name:
            lines.setdefault(ring.newest.key(row.email), row)
    known = {key: ring.all_keys(row.email) for key, row in lines.items()}
    everything = [one for keys in known.values() for one in keys]
    ahead = people_to_ask(job).filter(email_key__in=everything).order_by("pk")
    people = {row.email_key: row for row in ahead.select_for_update(of=("self",))}
    barred = not_to_be_asked(job.petition, [row.email for row in lines.values()])
    asked = AskedMailbox.objects.filter(
        petition=job.petition_id, email_key__in=everything
    )
    before = set(asked.values_list("email_key", flat=True))
    chosen = {
        key: next(people[one] for one in known[key] if one in people)
        for key, row in lines.items()
        if row.email not in barred
        and before.isdisjoint(known[key])
        and not people.keys().isdisjoint(known[key])
    }
    signatures = Signature.objects.bulk_create(
        signature_of(job.petition, lines[key], key, ring.newest.number, now)
        for key in chosen
    )
    OutgoingMail.objects.bulk_create(
        OutgoingMail(
            petition=job.petition, signature=signature, email_key=key,
            kind=MailKind.ASK, priority=Priority.BULK, due_at=now, created_at=now,
        )
        for key, signature in zip(chosen, signatures, strict=True)
    )  # fmt: skip
    AskedMailbox.objects.bulk_create(
        AskedMailbox(
            asking=asking, petition=job.petition, email_key=person.email_key,
            key_version=person.email_key_version, asked_at=now,
        )
        for person in chosen.values()
    )  # fmt: skip
    return len(signatures)


def not_to_be_asked(petition: Petition, addresses: Collection[str]) -> set[str]:
    """Return those of `addresses` whose owners must not be asked, by whichever key that
    is known: they have signed, said no to the organisation here or elsewhere, or no
    mail may go to them."""
    ring = key_ring.current_keyring()
    known = {address: ring.all_keys(address) for address in addresses}
    everything = [one for keys in known.values() for one in keys]
    barred: set[UUID] = set()
    others: tuple[QuerySet[Any], ...] = (
        # But what was made to ask them.
        Signature.objects.filter(petition=petition).exclude(via=ASKED_BY_MAIL),
        unsubscribed_from(petition.organization_id),
        refusals_of(petition.organization_id),
    )
    for rows in others:
        theirs = rows.filter(email_key__in=everything)
        barred |= set(theirs.values_list("email_key", flat=True))
    silent = key_ring.suppressed(known) | key_ring.silenced(Bounce.objects.all(), known)
    return silent | {
        address for address, keys in known.items() if not barred.isdisjoint(keys)
    }


# == What becomes of the mail ==


def askings_of(mails: Iterable[OutgoingMail]) -> dict[int, Asking]:
    """Return by which order each of these mails, of one kind, asks somebody, by their
    numbers; none where nobody is to be asked any more: the import is taken back, the
    order ended, or they have said no since, or signed here themselves."""
    by_petition: dict[Petition, dict[int, str]] = defaultdict(dict)
    for mail in mails:
        if mail.signature is not None:
            by_petition[mail.petition][mail.pk] = mail.signature.email
    ring = key_ring.current_keyring()
    found: dict[int, Asking] = {}
    for petition, addresses in by_petition.items():
        known = {address: ring.all_keys(address) for address in addresses.values()}
        rows = AskedMailbox.objects.filter(
            petition=petition,
            email_key__in=[one for keys in known.values() for one in keys],
            asking__signature_import__state=ImportState.DONE,
        ).exclude(asking__state=AskingState.STOPPED)
        askings = {row.email_key: row.asking for row in rows.select_related("asking")}
        barred = not_to_be_asked(petition, known)
        for number, address in addresses.items():
            theirs = [askings[key] for key in known[address] if key in askings]
            if theirs and address not in barred:
                found[number] = theirs[0]
    return found


def mails_held(asking: Asking) -> QuerySet[OutgoingMail]:
    """Return the mails of an order that were made and are not sent yet. With the
    signature that it asks for, each is erased in the time of what nobody confirms."""
    return OutgoingMail.objects.filter(
        petition=asking.signature_import.petition_id,
        kind=MailKind.ASK,
        state=MailState.DUE,
        email_key__in=asking.mailboxes.values("email_key"),
    )


def forget_unasked(mail: OutgoingMail) -> None:
    """Erase the signature that was made to ask somebody who is not asked after all,
    unless another mail has told them of it."""
    rows = Signature.objects.pending().filter(mails=mail, via=ASKED_BY_MAIL)
    others = OutgoingMail.objects.filter(signature=OuterRef("pk"), state=MailState.SENT)
    same_person.delete_signatures(rows.filter(~Exists(others)))


def signature_of(
    petition: Petition, row: Row, key: UUID, version: int, now: datetime
) -> Signature:
    """Return the signature that somebody imported may confirm. What they confirm is the
    petition as it is now; whether they may be written to was not asked."""
    language = petition.language
    return Signature(
        petition=petition,
        state=SignatureState.PENDING,
        name=row.name,
        email=row.email,
        email_key=key,
        email_key_version=version,
        person=folded_name(row.name) if petition.shared_addresses else "",
        language=language if is_of_interface(language) else settings.LANGUAGE_CODE,
        delivery=petition.delivery,
        via=ASKED_BY_MAIL,
        consent_version=CONSENT_VERSION,
        text_version=petition.corrections.count(),
        created_at=now,
    )
