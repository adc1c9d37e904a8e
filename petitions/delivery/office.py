"""The office's room: a link that shows a delivery to the office that receives it, where
it can answer. No account: whoever has the link is in, so each opening is on record, the
link ends, and staff can revoke it. Names and files are shown by a button only, for mail
programs open links by themselves.

An answer counts as the office's when somebody who reads mail there confirms it.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop, override

from core.audit import entries
from core.audit.actors import acting
from core.http.public_data import full
from core.mail.leases import lease_time, pause_after
from core.security.buckets import Rate, draw
from organizations.mailing import permanent_refusal
from organizations.models import User
from organizations.rights import Right
from petitions import reports
from petitions.delivery import files
from petitions.models import (
    Answer,
    OfficeAnswer,
    OfficeLink,
    Pack,
    PackFile,
    StatedConsent,
)
from petitions.signatures.tokens import (
    Broken,
    TokenPurpose,
    Valid,
    make_token,
    read_token,
)
from petitions.states import PUBLIC_STATES, PackState, TextFormat

logger = logging.getLogger(__name__)

OPENINGS = Rate("office link", burst=200, emission_interval=timedelta(seconds=10))
"""How often one link is opened: each time is an entry of the log. Mail programs do it,
too; so what the buttons show has a rate of its own."""
BUTTONS = Rate("office buttons", burst=200, emission_interval=timedelta(seconds=10))
"""How often names or files are shown."""
ANSWERS = Rate("office answer", burst=5, emission_interval=timedelta(hours=1))
"""Answers behind one link: each is a mail."""
ON_A_PAGE = 100
"""The names that are shown at a time."""
LONGEST_PAUSE = timedelta(hours=1)
TRIES = 50
"""The most tries of a mail, about two days."""

# What a link is used for, as the log has it.
OPENED = gettext_noop("The office opened it")
LOOKED = gettext_noop("The office looked at names")
DOWNLOADED = gettext_noop("The office downloaded the files")
ANSWERED = gettext_noop("The office wrote an answer")


# == The link ==


def link_address(link: OfficeLink) -> str:
    """Return the address to give to the office."""
    token = make_token(TokenPurpose.OFFICE, link.pk, now=link.made_at)
    with override(files.language_of_pack(link.pack)):
        return full(reverse("petitions:office", args=[token]))


def find_link(token: str) -> OfficeLink | None:
    """Return the link that has this token, open or not; None for no token of ours."""
    # Its own time decides, not that of links in mails.
    outcome = read_token(TokenPurpose.OFFICE, token, now=timezone.now())
    if isinstance(outcome, Broken):
        return None
    links = OfficeLink.objects.select_related(
        "pack__petition__organization", "pack__target"
    )
    return links.filter(pk=outcome.number).first()


def record_use(
    link: OfficeLink, said: str, *, now: datetime, rows: int = 0
) -> timedelta:
    """Put on record what the link was used for, and how many rows it showed. Return
    zero, or how long to wait when it was used too often: then nothing is shown."""
    rate = OPENINGS if said == OPENED else BUTTONS
    if wait := draw(rate.of(str(link.pk)), now=now):
        return wait
    note_use(link, said, rows)
    return timedelta(0)


def note_use(link: OfficeLink, said: str, rows: int = 0) -> None:
    """Write an entry of the log, in the site's language whoever looks."""
    with as_office(link.pk), override(settings.LANGUAGE_CODE):
        entries.note(link, gettext(said), rows=rows)


def as_office(link: int) -> AbstractContextManager[None]:
    """Let what follows be on record as done behind the link with this number."""
    return acting(f"office link {link}")


# == What it shows ==


def has_files(pack: Pack) -> bool:
    return pack.state == PackState.DONE and pack.files_erased_at is None


def letter(pack: Pack, language: str) -> str:
    """Return the letter of the pack in this language, or in the petition's; "" once the
    files are erased."""
    named = {file.name: file for file in pack.files.filter(name__startswith="letter-")}
    wanted = (f"letter-{language}.txt", f"letter-{files.language_of_pack(pack)}.txt")
    for name in wanted:
        if name in named and has_files(pack):
            return b"".join(files.whole_content(named[name])).decode()
    return ""


@dataclass(frozen=True)
class Names:
    """A page of the list: its headings, its lines, and the number of the signature
    after which to go on; 0 on the last page."""

    headings: list[str]
    lines: list[list[str]]
    after: int


def names_page(
    pack: Pack,
    *,
    sought: str,
    after: int,
    language: str,
    agreed: StatedConsent | None = None,
) -> Names:
    """Return a page of the names in the pack's list whose name or place has what is
    `sought`, in the columns and order of names.csv, without those who withdrew since;
    of those who signed elsewhere, in those of elsewhere.csv, when `agreed` says what
    they agreed to."""
    if not has_files(pack):
        return Names([], [], 0)
    titles = files.headings()
    columns = list(files.ELSEWHERE_COLUMNS) if agreed else pack.columns
    rows: QuerySet[Any] = pack.listed_by(agreed) if agreed else pack.listed()
    rows = rows.filter(pk__gt=after).order_by("pk")
    if sought:
        shown = {"name", "place"} & set(columns)
        conditions = Q()
        for column in shown:
            conditions |= Q(**{f"{column}__icontains": sought})
        rows = rows.filter(conditions) if shown else rows.none()
    if not agreed:
        rows = rows.values(*files.columns_of(pack))
    read = list(rows[: ON_A_PAGE + 1])
    page = read[:ON_A_PAGE]
    more = len(read) > ON_A_PAGE
    if agreed:
        lines = [files.elsewhere_cells(row, language) for row in page]
        after = page[-1].pk if more else 0
    else:
        lines = [[files.cell(row, name, language) for name in columns] for row in page]
        after = page[-1]["pk"] if more else 0
    return Names([titles[name] for name in columns], lines, after)


def names_of_file(pack: Pack, file: PackFile | None) -> int:
    """Return the number of names that a file has, of its list; None stands for all."""
    lists = {"names": pack.names, "elsewhere": pack.elsewhere}
    return sum(
        number
        for name, number in lists.items()
        if file is None or file.name.startswith(name)
    )


# == Its answer ==


def store_answer(
    link: OfficeLink, given: dict[str, str], *, now: datetime
) -> timedelta:
    """Store an answer, and have the worker mail its address to confirm it. Return zero,
    or how long to wait when too many came."""
    with transaction.atomic():
        if wait := draw(ANSWERS.of(str(link.pk)), now=now):
            return wait
        with as_office(link.pk):
            OfficeAnswer.objects.create(
                link=link, sent_at=now, mail_due_at=now, **given
            )
        note_use(link, ANSWERED)
    return timedelta(0)


def find_answer(token: str, *, now: datetime) -> OfficeAnswer | None:
    """Return the answer that a link in a mail leads to; None when the link is too old,
    or none of ours, or the answer's words are erased."""
    outcome = read_token(TokenPurpose.OFFICE_ANSWER, token, now=now)
    if not isinstance(outcome, Valid):
        return None
    answers = OfficeAnswer.objects.legible().select_related("link__pack__petition")
    return answers.filter(pk=outcome.number).first()


def confirm_answer(given: OfficeAnswer, *, now: datetime) -> None:
    """Record that somebody who reads the office's mail says that it is its answer."""
    waiting = OfficeAnswer.objects.legible().filter(pk=given.pk, confirmed_at=None)
    with as_office(given.link_id):
        waiting.update(confirmed_at=now, mail_due_at=now, attempts=0)


def publish(given: OfficeAnswer, by: User, *, now: datetime) -> Answer | None:
    """Put a confirmed answer on the petition's page, word for word; return None when it
    is there already, not confirmed, or erased, or the petition has no page."""
    with transaction.atomic():
        waiting = OfficeAnswer.objects.waiting().select_for_update(of=("self",))
        answer = (
            waiting.select_related("link__pack__petition").filter(pk=given.pk).first()
        )
        if answer is None or answer.link.pack.petition.state not in PUBLIC_STATES:
            return None
        pack = answer.link.pack
        made = Answer.objects.create(
            petition_id=pack.petition_id,
            target_id=pack.target_id,
            answered_by=answer.name,
            answered_on=timezone.localdate(answer.sent_at),
            language=answer.language,
            text=answer.text,
            text_format=TextFormat.PLAIN,
            made_by=by,
            created_at=now,
        )
        answer.published_as = made.pk
        answer.save(update_fields=["published_as"])
    return made


# == Its mails ==


def mail_round(now: datetime) -> bool:
    """For the worker: send the mail about an answer that has been due longest, to the
    office to confirm it or, once that is done, to staff; return whether one was due.
    It is leased, and tried again until the server takes it or refuses it for good."""
    with transaction.atomic():
        due = OfficeAnswer.objects.legible().filter(mail_due_at__lte=now)
        given = due.select_for_update(skip_locked=True).order_by("mail_due_at").first()
        if given is None:
            return False
        given.mail_due_at = now + lease_time()
        given.attempts += 1
        given.save(update_fields=["mail_due_at", "attempts"])
    again = None
    values: dict[str, Any] = {}
    try:
        if given.confirmed_at is None:
            ask_to_confirm(given, now)
            values["mailed_at"] = now
        else:
            tell_staff(given)
    except (OSError, ValueError) as error:
        logger.warning("A mail about an office: %s", type(error).__name__)
        if given.attempts < TRIES and not permanent_refusal(error):
            again = now + pause_after(
                given.attempts, first=timedelta(seconds=5), longest=LONGEST_PAUSE
            )
    # Not over what happened meanwhile: a confirmation has a mail of its own due.
    same = OfficeAnswer.objects.legible().filter(
        pk=given.pk, mail_due_at=given.mail_due_at
    )
    same.update(mail_due_at=again, **values)
    return True


def ask_to_confirm(given: OfficeAnswer, now: datetime) -> None:
    """Mail an answer's address a link to confirm it."""
    token = make_token(TokenPurpose.OFFICE_ANSWER, given.pk, now=now)
    petition = given.link.pack.petition
    petition.reading = language = files.spoken(given.language)
    with override(language):
        context = {
            "answer": given,
            "petition": petition,
            "link": full(reverse("petitions:office_answer", args=[token])),
        }
        subject = render_to_string("emails/office_answer.subject.txt", context)
        send_mail(
            " ".join(subject.split()),
            render_to_string("emails/office_answer.txt", context),
            settings.MAIL_FROM,
            [given.email],
        )


def tell_staff(given: OfficeAnswer) -> None:
    """Tell staff of a confirmed answer; nothing that was typed is in the mail."""
    petition = given.link.pack.petition
    page = reverse("admin:petitions_officeanswer_change", args=[given.pk])
    petition.reading = language = files.spoken(petition.language)
    with override(language):
        context = {"petition": petition, "link": f"{settings.SITE_URL}{page}"}
        send_mail(
            gettext("An office has answered"),
            render_to_string("emails/office_answered.txt", context),
            settings.MAIL_FROM,
            reports.receivers(petition.organization, Right.WRITE),
        )
