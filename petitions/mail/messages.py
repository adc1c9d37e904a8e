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
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac

from core.mail.addresses import sendable
from core.mail.transport import mail_domain
from organizations.context import only
from organizations.models import Organization
from petitions.models import DueMail, Petition, Signature
from petitions.models.mails import MailKind
from petitions.signatures import confirming
from petitions.signatures.tokens import (
    LIFETIME,
    TokenPurpose,
    make_token,
)

# The links of one recipient, by their names in the templates.
LINKS = {
    "confirm_link": (TokenPurpose.CONFIRM, "petitions:confirm"),
    "not_me_link": (TokenPurpose.NOT_ME, "petitions:not_me"),
    "signature_link": (TokenPurpose.OWN, "petitions:signature"),
    "signed_link": (TokenPurpose.ALL, "petitions:signed"),
    "never_again_link": (TokenPurpose.NEVER, "petitions:never_again"),
}
LONGEST_LINE = 990


def placeholder(name: str) -> str:
    """Stands in a frame where the link of one recipient goes."""
    return f"https://{name.replace('_', '-')}.invalid/"


@dataclass(frozen=True)
class MessageTemplate:
    """A mail without its recipient."""

    headers: bytes
    text: str
    html: str
    links: dict[str, tuple[TokenPurpose, str]]
    """By placeholder: what its token is for, and the address with TOKEN in it."""
    one_click: bool
    """Whether mail programs may offer to unsubscribe (RFC 8058): nobody asked for
    this mail."""

    def message(
        self, to: str, signature_id: int, message_id: str, now: datetime
    ) -> bytes:
        """The mail to `to`, as bytes with CRLF line ends."""
        text, html = self.text, self.html
        links = {}
        for mark, (purpose, address) in self.links.items():
            token = make_token(purpose, signature_id, now=now)
            links[mark] = link = address.replace("TOKEN", token)
            text, html = text.replace(mark, link), html.replace(mark, link)
        unsubscribe = b""
        if self.one_click:
            unsubscribe = (
                b"List-Unsubscribe: <%b>\r\n"
                b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
            ) % links[placeholder("never_again_link")].encode()
        boundary = secrets.token_hex(12)
        parts = []
        for kind, body in (("plain", text), ("html", html)):
            encoding, data = encoded(body)
            parts.append(
                b"--%b\r\nContent-Type: text/%b; charset=utf-8\r\n"
                b"Content-Transfer-Encoding: %b\r\n\r\n%b\r\n"
                % (boundary.encode(), kind.encode(), encoding, data)
            )
        return (
            self.headers
            + b"To: %b\r\n" % sendable(to).encode()
            + b"Date: %b\r\n" % format_datetime(now).encode()
            + b"Message-ID: %b\r\n" % message_id.encode()
            + unsubscribe
            + b'Content-Type: multipart/alternative; boundary="%b"\r\n\r\n'
            % boundary.encode()
            + b"".join(parts)
            + b"--%b--\r\n" % boundary.encode()
        )


class MessageTemplates:
    """The frames of one batch."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.frames: dict[
            tuple[str, int | None, str, str, date | None, str, datetime | None],
            MessageTemplate,
        ] = {}

    def message(
        self, mail: DueMail, counted_since: datetime | None, counted_name: str = ""
    ) -> bytes:
        """The mail for a signature: a link to confirm it, or, when the mailbox has
        confirmed one before, that nothing is to be done; a reminder; or the link to
        all that one person has signed. `counted_name`, confirmed by the mailbox
        itself, says which of two people at one address is counted."""
        signature = mail.signature
        assert signature is not None  # it is due
        kind = MailKind(mail.kind)
        petition = None if kind is MailKind.ALL else mail.petition
        since = timezone.localdate(counted_since) if counted_since else None
        number = petition.pk if petition else None
        if petition is not None:
            petition.reading = signature.text_language
        until = None
        if petition is not None and since is None:
            signature.petition = petition
            until = self.ends_early(signature)
        language, read = signature.language, signature.text_language
        key = (kind, number, language, read, since, counted_name, until)
        if key not in self.frames:
            self.frames[key] = build(
                kind, petition, language, since, counted_name, until=until
            )
        return self.frames[key].message(
            signature.email, signature.pk, message_id(mail), timezone.now()
        )

    def ends_early(self, signature: Signature) -> datetime | None:
        """When a link to confirm ends, to the minute, where its petition ends before
        links do; else None."""
        until = confirming.accepted_until(signature, now=self.now, to_be_mailed=True)
        if until is None or until >= self.now + LIFETIME:
            return None
        return until.replace(second=0, microsecond=0)


def message_id(mail: DueMail) -> str:
    """The Message-ID of a due mail, the same at every try: when one goes out twice
    because nobody could write down that it had, mail programs show it once."""
    value = f"{mail.pk}.{mail.created_at.isoformat()}"
    digest = salted_hmac("petitions.mail", value, algorithm="sha256").hexdigest()
    return f"<{digest[:32]}@{mail_domain()}>"


TEMPLATES = {
    MailKind.CONFIRM: "emails/confirm",
    MailKind.REMIND: "emails/remind",
    MailKind.ALL: "emails/signed",
}
# By whoever gets them. Mail programs may offer to end all others.
ASKED_FOR = {MailKind.CONFIRM, MailKind.ALL}


def build(
    kind: MailKind,
    petition: Petition | None,
    language: str,
    counted_since: date | None,
    counted_name: str = "",
    *,
    until: datetime | None = None,
) -> MessageTemplate:
    """The frame, in one language, of one kind of mail, about a petition, in the
    language that it is read in, unless it is about all that somebody has signed. The
    link works `until` then, or as long as all do."""
    organization = petition.organization if petition else only()
    with translation.override(language):
        context: dict[str, Any] = {
            "organization": organization,
            "site": settings.SITE_HOST,
            "days": LIFETIME.days,
            "until": until,
            "language": language,
            **{name: placeholder(name) for name in LINKS},
        }
        template = TEMPLATES[kind]
        if petition is not None:
            if kind is MailKind.CONFIRM and counted_since:
                template = "emails/already_signed"
            context |= {
                "petition": petition,
                "words": petition.words,
                "addressee": (
                    petition.addressees if petition.petitions_somebody else ""
                ),
                "counted_since": counted_since,
                "counted_name": counted_name,
            }
        subject = render_to_string(f"{template}.subject.txt", context)
        text = render_to_string(f"{template}.txt", context)
        html = render_to_string(f"{template}.html", context)
        links = {
            placeholder(name): (
                purpose,
                settings.SITE_URL + reverse(view, args=["TOKEN"]),
            )
            for name, (purpose, view) in LINKS.items()
            if placeholder(name) in text
        }
    return MessageTemplate(
        headers=headers(
            organization,
            " ".join(subject.split()),
            language,
        ),
        text=text.strip() + "\n",
        html=html.strip() + "\n",
        links=links,
        one_click=kind not in ASKED_FOR,
    )


def headers(organization: Organization | None, subject: str, language: str) -> bytes:
    """The header lines that are the same for every recipient, encoded and folded; in
    the name of an organisation, or of the site."""
    name = organization.name if organization else settings.SITE_HOST
    mail = EmailMessage()
    if organization and organization.contact_email:
        mail["Reply-To"] = sendable(organization.contact_email)
    mail["Subject"] = subject
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = language
    mail["MIME-Version"] = "1.0"
    folded: bytes = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
    return b"From: %b\r\n%b\r\n" % (
        address_header(
            " ".join(name.split()), parseaddr(settings.MAIL_FROM)[1]
        ).encode(),
        folded.split(b"\r\n\r\n", 1)[0],
    )


def address_header(name: str, email: str) -> str:
    """A display name and an address, encoded as a header wants it. A name that looks
    like an encoded one is not taken for it. Not left to EmailMessage: it forgets the
    quotes of a name that it folds, and a comma in it then begins another address."""
    plain = name.replace("=?", "= ?")
    if plain.isascii():
        return formataddr((plain, email))
    encoded_name = Header(plain, "utf-8", header_name="From").encode(linesep="\r\n")
    return f"{encoded_name} <{email}>"


def encoded(text: str) -> tuple[bytes, bytes]:
    """The transfer encoding and the text in it, with CRLF line ends. As it is, so that
    a link stays in one piece, unless a line is longer than SMTP takes (RFC 5321)."""
    data = "\n".join(text.splitlines()).encode() + b"\n"
    if max(map(len, data.split(b"\n"))) > LONGEST_LINE:
        return b"quoted-printable", crlf(binascii.b2a_qp(data, istext=True))
    return (b"7bit" if data.isascii() else b"8bit"), crlf(data)


def crlf(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")
