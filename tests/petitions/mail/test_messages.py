"""Each mail says the same in plain text and in HTML."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format

from organizations.models import Organization, Role
from petitions.dates import last_day
from petitions.mail import asking, messages
from petitions.mail.reminders import ReminderSweep
from petitions.models import OutgoingMail, Petition, Signature
from petitions.models.mails import MailKind, MailState
from petitions.signatures import (
    confirming,
    links,
)
from tests.factories import make_member, make_pending, make_signature
from tests.mailserver import MailServer, body
from tests.petitions.importing.files import bring_in, of_people
from tests.petitions.mail.helpers import send, waiting
from tests.petitions.mail.mailing import BEGUN

pytestmark = pytest.mark.django_db

# A confirmation mail becomes “already signed” if the person is counted already.
KINDS = {
    "confirm": MailKind.CONFIRM,
    "already signed": MailKind.CONFIRM,
    "remind": MailKind.REMIND,
    "signed": MailKind.ALL,
    "ask": MailKind.ASK,
}


class Visible(HTMLParser):
    """The visible text of an HTML page, a line for each block, with its links and their
    labels."""

    BLOCKS = {"p", "h1", "div", "br", "body"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.links: set[str] = set()
        self.labels: list[str] = []
        self.inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        if tag in self.BLOCKS:
            self.text += "\n"
        if tag == "a":
            self.links.add(str(dict(attrs)["href"]))
            self.labels.append("")
        if tag not in {"meta", "br"}:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.inside.remove(tag)
        if tag in self.BLOCKS:
            self.text += "\n"

    def handle_data(self, data: str) -> None:
        if "title" in self.inside:
            return
        if "a" in self.inside:
            self.labels[-1] += data
        self.text += data


def lines(text: str) -> set[str]:
    """Return the lines of `text` without URLs, and without the colon that introduces
    one."""
    text = re.sub(r"https?://\S+", "\n", text)
    found = {" ".join(line.split()).rstrip(":\u00a0 ") for line in text.splitlines()}
    return found - {""}


def ask_somebody(petition: Petition, language: str) -> None:
    """Have somebody who signed elsewhere asked by mail, in a language."""
    by = make_member(petition.organization, Role.OWNER)
    job = bring_in(petition, by, of_people("ann"), asks=True)
    asking.order_asking(job, "Change.example", by, timezone.now())
    asking.advance_asking(timezone.now() + BEGUN)
    Signature.objects.update(language=language)
    OutgoingMail.objects.update(due_at=timezone.now())


def mail_of(
    kind: str, language: str, petition: Petition, server: MailServer
) -> EmailMessage:
    """Send one mail of this kind; return it as the server received it."""
    now = timezone.now()
    if kind == "confirm":
        make_pending(petition, language=language)
    elif kind == "already signed":
        make_signature(petition, "maya@example.org", now=now - timedelta(days=9))
        OutgoingMail.objects.all().delete()
        make_pending(petition, "maya@example.org", language=language)
    elif kind == "remind":
        waiting(petition, language=language)
        ReminderSweep().remind(now)
    elif kind == "ask":
        ask_somebody(petition, language)
    else:
        mine = make_signature(petition, language=language)
        OutgoingMail.objects.all().delete()
        assert mine.email_key is not None
        links.send_signed([mine.email_key], now=now)
    send()
    (message,) = server.mailbox.messages
    sent = OutgoingMail.objects.filter(state=MailState.SENT).latest("finished_at")
    assert sent.kind == KINDS[kind]
    return message


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", KINDS)
def test_plain_text_and_html_hold_the_same(
    server: MailServer, petition: Petition, kind: str, language: str
) -> None:
    petition.targets.update(name="Stéphane Dion")
    message = mail_of(kind, language, petition, server)
    plain, page = body(message), Visible(body(message, "html"))

    # Where the HTML has the label of a link, the plain text has its URL.
    labels = {" ".join(label.split()) for label in page.labels}
    seen = page.text
    for label in labels:
        if label not in plain:
            seen = seen.replace(label, "\n")
    assert lines(seen) == lines(plain)
    assert page.links == set(re.findall(r"https?://\S+", plain))
    assert page.inside == []
    # Whoever has it read out finds what it is about.
    headings = re.findall(r"<h1[^>]*>([^<]*)</h1>", body(message, "html"))
    assert headings == ([] if kind == "signed" else [petition.title])
    assert len(lines(plain)) > 4


@pytest.mark.parametrize("kind", ["confirm", "remind"])
def test_no_mail_promises_a_link_more_days_than_its_petition_gives(
    server: MailServer, petition: Petition, kind: str
) -> None:
    now = timezone.now()
    noon = (now + timedelta(days=2)).replace(hour=12, minute=5, second=0, microsecond=0)
    Petition.objects.update(closes_at=noon)

    message = mail_of(kind, "en", petition, server)

    until = date_format(timezone.localtime(noon + confirming.GRACE), "DATETIME_FORMAT")
    assert f"The link works until {until} (" in body(message)
    assert "14 days" not in body(message)
    assert "14 days" not in body(message, "html")


def test_the_day_is_enough_where_the_petition_closes_with_it(
    server: MailServer, petition: Petition
) -> None:
    day = timezone.localdate() + timedelta(days=3)
    midnight = datetime.combine(day, time.min, timezone.get_current_timezone())
    Petition.objects.update(closes_at=midnight)

    message = mail_of("confirm", "fr", petition, server)

    assert f"jusqu’au {date_format_in('fr', day)}." in body(message)


def test_a_mail_about_a_petition_that_has_closed_gives_a_day(
    server: MailServer, petition: Petition
) -> None:
    make_pending(petition)
    petition.close(now=timezone.now() - timedelta(minutes=2))
    send()
    assert petition.ended_at is not None
    until = (petition.ended_at + confirming.GRACE).replace(second=0, microsecond=0)

    (message,) = server.mailbox.messages
    # With the hour, but when it ends as the day does.
    found = re.search(r"works until ([^,.]*)[,.]", body(message))
    assert found
    assert found[1] == date_format(last_day(until))


def test_a_link_ends_as_links_do_where_its_petition_stays_open(
    server: MailServer, petition: Petition
) -> None:
    Petition.objects.update(closes_at=timezone.now() + timedelta(days=14))

    assert "The link works for 14 days." in body(
        mail_of("confirm", "en", petition, server)
    )


def date_format_in(language: str, day: date) -> str:
    with translation.override(language):
        return date_format(day)


def test_every_kind_of_mail_is_compared() -> None:
    assert set(KINDS.values()) == set(MailKind)


def test_only_a_confirmation_becomes_another_mail(petition: Petition) -> None:
    today = timezone.localdate()

    def subject(kind: MailKind, counted_since: date | None) -> bytes:
        return messages.build(kind, petition, "en", counted_since).headers

    changed = {kind for kind in MailKind if subject(kind, today) != subject(kind, None)}

    assert changed == {MailKind.CONFIRM}


@pytest.mark.parametrize(
    "name",
    [
        "Rights Now",
        "Rights, Now",
        'The "Rights" \\ Now, Inc. <rights@example.net>',
        "=?utf-8?q?Somebody?= Else",
        "Federation for Watercourses, Wetlands, Springs, " + "and More, " * 12 + "Inc.",
        "Fédération des eaux, des zones humides, des sources, " + "de tout, " * 12,
        "河岸公民协会, 河流与森林",
        "جمعية أصدقاء النهر، والغابة",
    ],
)
def test_the_sender_is_one_address_whatever_its_name(name: str) -> None:
    organization = Organization(name=name, contact_email="us@example.net")

    headers = messages.headers(organization, "Subject", "en")

    assert max(map(len, headers.split(b"\r\n"))) < 990
    message = message_from_bytes(headers + b"\r\n", policy=policy.default)
    assert isinstance(message, EmailMessage)
    (sender,) = message["From"].addresses
    assert sender.addr_spec == "petitions@example.org"
    # Python reads a space between two encoded words where there is none.
    assert "".join(sender.display_name.split()) == "".join(name.split())
