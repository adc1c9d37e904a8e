"""The content of the mails. Nothing in them was typed by whoever filled in the form,
who may have been a stranger.

Text, HTML and headers of a mail are the same for everybody who signs one petition in
one language, so a template is rendered once per batch; only links, address and ids are
filled in for each mail.
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
from petitions.mail import signed_addresses
from petitions.models import Asking, OutgoingMail, Petition, Signature
from petitions.models.mails import MailKind
from petitions.signatures import confirming
from petitions.signatures.tokens import (
    LIFETIME,
    TokenPurpose,
    make_token,
)

# The links that differ for each recipient, by their names in the templates.
LINKS = {
    "confirm_link": (TokenPurpose.CONFIRM, "petitions:confirm"),
    "not_me_link": (TokenPurpose.NOT_ME, "petitions:not_me"),
    "signature_link": (TokenPurpose.OWN, "petitions:signature"),
    "signed_link": (TokenPurpose.ALL, "petitions:signed"),
    "never_again_link": (TokenPurpose.NEVER, "petitions:never_again"),
    "unsubscribe_link": (TokenPurpose.UNSUBSCRIBE, "petitions:unsubscribe"),
    "one_press_link": (TokenPurpose.ONE_PRESS, "petitions:one_press"),
}
LONGEST_LINE = 990
# Nobody can guess it: whoever writes a title or a text could otherwise have the links
# of each recipient put into an address of their own.
NONCE = secrets.token_hex(8)
NOWHERE = "https://link.invalid/"


def placeholder(name: str) -> str:
    """Return the placeholder that stands in a rendered template for a recipient's
    link. It is shown to nobody."""
    return f"https://{name.replace('_', '-')}.{NONCE}.invalid/"


@dataclass(frozen=True)
class MessageTemplate:
    """A rendered mail without its recipient."""

    headers: bytes
    text: str
    html: str
    links: dict[str, tuple[TokenPurpose, str]]
    """By placeholder: the purpose of the link's token, and the URL with TOKEN in its
    place."""
    one_click: str
    """The name of the link by which mail programs may offer to unsubscribe with one
    click (RFC 8058); "" for mails that were asked for."""

    def shown(self) -> tuple[str, str]:
        """Return text and HTML for a preview, with links that lead nowhere."""
        text, html = self.text, self.html
        for mark in self.links:
            text, html = text.replace(mark, NOWHERE), html.replace(mark, NOWHERE)
        return text, html

    def message(
        self,
        to: str,
        signature_id: int,
        message_id: str,
        now: datetime,
        *,
        consent_id: int = 0,
        recipient_id: int = 0,
    ) -> bytes:
        """Return the mail to `to` as bytes with CRLF line ends. Its links are about a
        signature; that which unsubscribes about a consent, that which signs with one
        press about a recipient."""
        text, html = self.text, self.html
        links = {}
        others = {
            TokenPurpose.UNSUBSCRIBE: consent_id,
            TokenPurpose.ONE_PRESS: recipient_id,
        }
        for mark, (purpose, address) in self.links.items():
            token = make_token(purpose, others.get(purpose, signature_id), now=now)
            links[mark] = link = address.replace("TOKEN", token)
            text, html = text.replace(mark, link), html.replace(mark, link)
        unsubscribe = b""
        if self.one_click:
            ways = [f"<{links[placeholder(self.one_click)]}>"]
            # Who writes there gets no mail at all any more.
            is_all = self.one_click == "never_again_link"
            if is_all and (
                address := signed_addresses.unsubscribe_address(signature_id, now=now)
            ):
                ways.append(f"<mailto:{address}?subject=unsubscribe>")
            unsubscribe = (
                b"List-Unsubscribe: %b\r\n"
                b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
            ) % ",\r\n ".join(ways).encode()
        boundary = secrets.token_hex(12)
        parts = []
        for kind, body in (("plain", text), ("html", html)):
            encoding, data = encode_text(body)
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
    """A cache of the rendered templates of one batch."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.frames: dict[
            tuple[
                str, int | None, str, str, date | None, str, datetime | None, int | None
            ],
            MessageTemplate,
        ] = {}

    def message(
        self,
        mail: OutgoingMail,
        counted_since: datetime | None,
        counted_name: str = "",
        asking: Asking | None = None,
    ) -> bytes:
        """Return the mail for a signature: a link to confirm it, or, if the mailbox has
        confirmed one before, that there is nothing to do; a reminder; or the link to
        all signatures of one person. `counted_name`, which the mailbox confirmed
        itself, says which of two people at one address is counted; `asking`, where
        somebody imported has signed."""
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
        by = asking.pk if asking else None
        key = (kind, number, language, read, since, counted_name, until, by)
        if key not in self.frames:
            self.frames[key] = build(
                kind, petition, language, since, counted_name, until=until,
                asking=asking,
            )  # fmt: skip
        return self.frames[key].message(
            signature.email, signature.pk, message_id(mail), timezone.now()
        )

    def ends_early(self, signature: Signature) -> datetime | None:
        """Return when a confirmation link stops working, to the minute, if its petition
        ends before the link would expire; else None."""
        until = confirming.accepted_until(signature, now=self.now, to_be_mailed=True)
        if until is None or until >= self.now + LIFETIME:
            return None
        return until.replace(second=0, microsecond=0)


def message_id(mail: OutgoingMail) -> str:
    """Return the Message-ID of an outgoing mail, the same at every attempt: if a mail
    is sent twice because it could not be marked as sent, mail programs show it once."""
    value = f"{mail.pk}.{mail.created_at.isoformat()}"
    digest = salted_hmac("petitions.mail", value, algorithm="sha256").hexdigest()
    return f"<{digest[:32]}@{mail_domain()}>"


TEMPLATES = {
    MailKind.CONFIRM: "emails/confirm",
    MailKind.REMIND: "emails/remind",
    MailKind.ALL: "emails/signed",
    MailKind.ASK: "emails/ask",
}
# Kinds that the recipient asked for. For all others, mail programs may offer to
# unsubscribe.
ASKED_FOR = {MailKind.CONFIRM, MailKind.ALL}


def build(
    kind: MailKind,
    petition: Petition | None,
    language: str,
    counted_since: date | None,
    counted_name: str = "",
    *,
    until: datetime | None = None,
    asking: Asking | None = None,
) -> MessageTemplate:
    """Render the template of one kind of mail in `language`. It is about `petition`,
    quoted in the language it was read in (`petition.reading`), or, if None, about all
    signatures of a person. `until` is when its link stops working, if that is earlier
    than links usually do; `asking` says where somebody imported has signed."""
    organization = petition.organization if petition else only()
    with translation.override(language):
        context: dict[str, Any] = {
            "organization": organization,
            "site": settings.SITE_HOST,
            "days": LIFETIME.days,
            "until": until,
            "platform": asking.platform if asking else "",
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
        links = links_in(text)
        head = headers(organization, " ".join(subject.split()), language)
    return MessageTemplate(
        headers=head,
        text=text.strip() + "\n",
        html=html.strip() + "\n",
        links=links,
        one_click="" if kind in ASKED_FOR else "never_again_link",
    )


def links_in(text: str) -> dict[str, tuple[TokenPurpose, str]]:
    """Return the links of a rendered mail, in the language that is active, as
    `MessageTemplate` has them."""
    return {
        placeholder(name): (purpose, settings.SITE_URL + reverse(view, args=["TOKEN"]))
        for name, (purpose, view) in LINKS.items()
        if placeholder(name) in text
    }


def headers(
    organization: Organization | None,
    subject: str,
    language: str,
    **more: str,
) -> bytes:
    """Return the header lines that are the same for every recipient, encoded and
    folded, with `more` of them (list_id is List-Id). The sender's name is that of the
    organisation, in the language that is active, or of the site."""
    name = organization.display_name if organization else settings.SITE_HOST
    mail = EmailMessage()
    if organization and organization.contact_email:
        mail["Reply-To"] = sendable(organization.contact_email)
    mail["Subject"] = subject
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = language
    mail["MIME-Version"] = "1.0"
    for header, value in more.items():
        mail[header.replace("_", "-").title()] = value
    folded: bytes = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
    return b"From: %b\r\n%b\r\n" % (
        address_header(
            " ".join(name.split()), parseaddr(settings.MAIL_FROM)[1]
        ).encode(),
        folded.split(b"\r\n\r\n", 1)[0],
    )


def address_header(name: str, email: str) -> str:
    """Return a display name and an address, encoded for a header. A name that looks
    like an encoded word is kept from being decoded. EmailMessage is not used here: it
    drops the quotes of a name that it folds, and a comma in it then begins another
    address."""
    plain = name.replace("=?", "= ?")
    if plain.isascii():
        return formataddr((plain, email))
    encoded_name = Header(plain, "utf-8", header_name="From").encode(linesep="\r\n")
    return f"{encoded_name} <{email}>"


def encode_text(text: str) -> tuple[bytes, bytes]:
    """Return the transfer encoding and the encoded text, with CRLF line ends. The text
    stays as it is, so that a link stays in one piece, unless a line is longer than SMTP
    allows (RFC 5321)."""
    data = "\n".join(text.splitlines()).encode() + b"\n"
    if max(map(len, data.split(b"\n"))) > LONGEST_LINE:
        return b"quoted-printable", crlf(binascii.b2a_qp(data, istext=True))
    return (b"7bit" if data.isascii() else b"8bit"), crlf(data)


def crlf(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")
