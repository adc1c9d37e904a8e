"""What the mails say. Nothing in them was typed by whoever filled in the form: that
may have been a stranger.

Text, HTML and headers of a mail are the same for everybody who signs one petition in
one language, so a frame is built once a batch; only links, address and ids go in.
"""

from __future__ import annotations

import binascii
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from petitions.models import DueMail, Petition
from petitions.tokens import LIFETIME, Purpose, make_token

# Stand where the links of one recipient go.
CONFIRM_LINK = "https://confirm.invalid/"
NOT_ME_LINK = "https://not-me.invalid/"
LONGEST_LINE = 990


@dataclass(frozen=True)
class Frame:
    """A mail without its recipient."""

    headers: bytes
    text: str
    html: str
    confirm_url: str
    not_me_url: str

    def message(self, to: str, signature_id: int, now: datetime) -> bytes:
        """The mail to `to`, as bytes with CRLF line ends."""
        confirm = make_token(Purpose.CONFIRM, signature_id, now=now)
        not_me = make_token(Purpose.NOT_ME, signature_id, now=now)
        confirm_url = self.confirm_url.replace("TOKEN", confirm)
        not_me_url = self.not_me_url.replace("TOKEN", not_me)
        boundary = secrets.token_hex(12)
        parts = []
        for kind, body in (("plain", self.text), ("html", self.html)):
            filled = body.replace(CONFIRM_LINK, confirm_url)
            filled = filled.replace(NOT_ME_LINK, not_me_url)
            encoding, data = encoded(filled)
            parts.append(
                b"--%b\r\nContent-Type: text/%b; charset=utf-8\r\n"
                b"Content-Transfer-Encoding: %b\r\n\r\n%b\r\n"
                % (boundary.encode(), kind.encode(), encoding, data)
            )
        return (
            self.headers
            + b"To: %b\r\n" % to.encode()
            + b"Date: %b\r\n" % format_datetime(now).encode()
            + b"Message-ID: <%b@%b>\r\n"
            % (secrets.token_hex(16).encode(), mail_domain().encode())
            + b'Content-Type: multipart/alternative; boundary="%b"\r\n\r\n'
            % boundary.encode()
            + b"".join(parts)
            + b"--%b--\r\n" % boundary.encode()
        )


class Frames:
    """The frames of one batch."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.frames: dict[tuple[int, str, date | None], Frame] = {}

    def message(self, mail: DueMail, counted_since: datetime | None) -> bytes:
        """The mail for a signature: a link to confirm it, or, when the mailbox has
        confirmed one before, that nothing is to be done."""
        signature = mail.signature
        since = timezone.localdate(counted_since) if counted_since else None
        key = (mail.petition_id, signature.language, since)
        if key not in self.frames:
            self.frames[key] = build(mail.petition, signature.language, since)
        return self.frames[key].message(signature.email, signature.pk, timezone.now())


def build(petition: Petition, language: str, counted_since: date | None) -> Frame:
    """The frame of the mail about a petition, in one language."""
    template = "emails/already_signed" if counted_since else "emails/confirm"
    with translation.override(language):
        context = {
            "petition": petition,
            "organization": petition.organization,
            "addressee": petition.addressee,
            "petition_url": settings.SITE_URL + petition.get_absolute_url(),
            "confirm_link": CONFIRM_LINK,
            "not_me_link": NOT_ME_LINK,
            "counted_since": counted_since,
            "days": LIFETIME.days,
            "language": language,
        }
        subject = render_to_string(f"{template}.subject.txt", context)
        text = render_to_string(f"{template}.txt", context)
        html = render_to_string(f"{template}.html", context)
        confirm_url = settings.SITE_URL + reverse("petitions:confirm", args=["TOKEN"])
        not_me_url = settings.SITE_URL + reverse("petitions:not_me", args=["TOKEN"])
    return Frame(
        headers=headers(petition, " ".join(subject.split()), language),
        text=text.strip() + "\n",
        html=html.strip() + "\n",
        confirm_url=confirm_url,
        not_me_url=not_me_url,
    )


def headers(petition: Petition, subject: str, language: str) -> bytes:
    """The header lines that are the same for every recipient, encoded and folded."""
    organization = petition.organization
    mail = EmailMessage()
    mail["From"] = address(" ".join(organization.name.split()), settings.MAIL_FROM)
    if organization.contact_email:
        mail["Reply-To"] = organization.contact_email
    mail["Subject"] = subject
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = language
    mail["MIME-Version"] = "1.0"
    folded: bytes = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
    return folded.split(b"\r\n\r\n", 1)[0] + b"\r\n"


def address(name: str, email: str) -> str:
    """A display name and an address, quoted as a header wants it."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{email}>'


def encoded(text: str) -> tuple[bytes, bytes]:
    """The transfer encoding and the text in it, with CRLF line ends. As it is, so that
    a link stays in one piece, unless a line is longer than SMTP takes (RFC 5321)."""
    data = "\n".join(text.splitlines()).encode() + b"\n"
    if max(map(len, data.split(b"\n"))) > LONGEST_LINE:
        return b"quoted-printable", crlf(binascii.b2a_qp(data, istext=True))
    return (b"7bit" if data.isascii() else b"8bit"), crlf(data)


def crlf(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


def mail_domain() -> str:
    return settings.MAIL_FROM.rpartition("@")[2].rstrip(">")
