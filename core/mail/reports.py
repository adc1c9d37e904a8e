"""Reading messages that tell what became of a mail: delivery status notifications
(RFC 3464) and the bounces of servers that do not write these, and complaints (RFC
5965).

Anybody can send anything. So no message is read beyond `LONGEST`, and its parts only
at the first level, where reports have them: nothing here recurs, and what is looked at
is cut first. What a message says of whom it concerns is not read at all.
"""

from __future__ import annotations

import binascii
import quopri
import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser

from core.mail.transport import NO_SUCH_MAILBOX, status_in

LONGEST = 2**20
"""The bytes of a message that are read. What a report says stands before the copy of
the mail."""
LONGEST_HEADER = 2**16
LONGEST_VALUE = 1000
LONGEST_TEXT = 2**14
MOST_PARTS = 10
MOST_RECIPIENTS = 20

BLANK_LINE = re.compile(rb"(?:\A|\n)\r?\n")
BETWEEN_RECIPIENTS = re.compile(rb"\n[ \t]*\r?\n")
# Where the words of a bounce end and the copy of the mail begins.
COPY = re.compile(
    r"^(?:--|Received:|Return-Path:|DKIM-Signature:|Message-ID:)", re.I | re.M
)
# Bounces of qmail begin with these words (qmail-send bounce message format).
QMAIL = re.compile(r"\s*Hi\. This is the ")
DAEMON = re.compile(r"(?:mailer-daemon|postmaster)@", re.IGNORECASE)
REFUSED = re.compile(r"(?<![\d.-])55[0-4](?![\d.])(?!-\d)")
ANSWERED_BY_PROGRAM = re.compile(r"auto-(?:replied|notified)", re.IGNORECASE)
# What delivers a message notes the address that it was sent to, on top.
DELIVERY_HEADERS = ("x-original-to", "delivered-to", "envelope-to")
# What a reader presses a button for. Not “no spam”, viruses, failed DMARC.
UNWANTED = frozenset({"abuse", "fraud", "opt-out"})


@dataclass(frozen=True)
class CameBack:
    """A mail did not arrive, for good."""

    status: str = ""
    """The enhanced status code, "" if there is none: 5.1.1."""

    @property
    def no_such_mailbox(self) -> bool:
        """True when any other mail to this address would fare the same."""
        return self.status in NO_SUCH_MAILBOX


@dataclass(frozen=True)
class Complaint:
    """The reader of a mail called it unwanted."""

    return_path: str
    """Where that mail comes back to, as the report has it."""


type Report = CameBack | Complaint


@dataclass(frozen=True)
class MessagePart:
    """A message or a part of one: its header, and its content as it is."""

    header: Message
    body: bytes

    @property
    def kind(self) -> str:
        return self.header.get_content_type()

    def value(self, name: str) -> str:
        """Return the first field with this name, "" without one."""
        return str(self.header.get(name, ""))[:LONGEST_VALUE]

    @property
    def content(self) -> bytes:
        """The body without its transfer encoding, as far as it can be decoded."""
        match self.value("Content-Transfer-Encoding").strip().lower():
            case "base64":
                try:
                    return binascii.a2b_base64(self.body)
                except binascii.Error:
                    return b""
            case "quoted-printable":
                return quopri.decodestring(self.body)
            case _:
                return self.body


def split_message(data: bytes) -> MessagePart:
    """Separate header and body."""
    blank_line = BLANK_LINE.search(data, 0, LONGEST_HEADER)
    end, begin = (
        (blank_line.start(), blank_line.end())
        if blank_line
        else (LONGEST_HEADER, len(data))
    )
    return MessagePart(header_of(data[:end]), data[begin:])


def header_of(data: bytes) -> Message:
    """Return the fields in a header. A type with a long value is none: parameters are
    taken apart in more time than they are long."""
    header = BytesHeaderParser().parsebytes(data)
    if len(str(header.get("Content-Type", ""))) > LONGEST_VALUE:
        del header["Content-Type"]
    return header


def parts_of_message(message: MessagePart) -> list[MessagePart]:
    """Return the first parts of a multipart message, and none that are within them."""
    boundary = message.header.get_boundary() or ""
    if message.header.get_content_maintype() != "multipart" or not boundary:
        return []
    line = re.escape(boundary.encode("ascii", "replace"))
    mark = re.compile(rb"^--" + line + rb"(?:--)?[ \t]*\r?$", re.MULTILINE)
    pieces = mark.split(message.body, MOST_PARTS)
    return [split_message(piece.removeprefix(b"\n")) for piece in pieces[1:]]


def sent_to(message: MessagePart) -> str:
    """Return the addresses that the servers on the way here noted."""
    fields = message.header.items()
    recipients = [
        str(text) for name, text in fields if name.lower() in DELIVERY_HEADERS
    ]
    return " ".join(text[:LONGEST_VALUE] for text in recipients[:MOST_RECIPIENTS])


def is_from_program(message: MessagePart) -> bool:
    """Return whether a program answers: with a report, or that somebody is away."""
    return message.kind == "multipart/report" or bool(
        ANSWERED_BY_PROGRAM.match(message.value("Auto-Submitted").strip())
    )


def read_report(message: MessagePart) -> Report | None:
    """Return what a message reports; None if it is anything else: a delay, an arrival,
    somebody who is away, a letter."""
    parts = parts_of_message(message)
    for number, part in enumerate(parts):
        if part.kind.endswith("delivery-status"):
            return read_delivery_status(part.content)
        if part.kind == "message/feedback-report":
            return read_feedback(part.content, parts[number + 1 :])
    return read_words(message, parts)


# == Delivery status notifications ==


def read_delivery_status(content: bytes) -> CameBack | None:
    """Return what the fields say of all recipients together: a mail that arrived at
    one of several places behind an address did not come back."""
    failed = []
    for group in BETWEEN_RECIPIENTS.split(content[:LONGEST_HEADER], MOST_RECIPIENTS):
        fields = MessagePart(header_of(group.lstrip()), b"")
        action = fields.value("Action").strip().lower()
        if action.startswith(("delivered", "relayed", "expanded")):
            return None
        status = status_of(fields)
        if action.startswith("failed") or (not action and status.startswith("5")):
            failed.append(CameBack(status))
    other = [failure for failure in failed if not failure.no_such_mailbox]
    return next(iter(other or failed), None)


def status_of(fields: MessagePart) -> str:
    """Return the status of one recipient: that of the server that refused the mail
    where the field has none or a general one, 5.0.0."""
    status = status_in(fields.value("Status"))
    if not status or status.endswith(".0.0"):
        return status_in(fields.value("Diagnostic-Code")) or status
    return status


# == Complaints ==


def read_feedback(content: bytes, copies: list[MessagePart]) -> Complaint | None:
    """Return whose mail a feedback report is about, by its field or by the header of
    the mail that it quotes."""
    fields = split_message(content.lstrip() + b"\n\n")
    if fields.value("Feedback-Type").strip().lower() not in UNWANTED:
        return None
    quoted = [
        split_message(copy.content.lstrip()).value("Return-Path") for copy in copies[:1]
    ]
    return Complaint(" ".join([fields.value("Original-Mail-From"), *quoted]))


# == Bounces in words ==


def read_words(message: MessagePart, parts: list[MessagePart]) -> CameBack | None:
    """Return what a bounce says that only people were meant to read."""
    plain = next((part for part in parts if part.kind == "text/plain"), message)
    text = plain.content[:LONGEST_TEXT].decode("ascii", "replace")
    quoted = COPY.search(text)
    said = text[: quoted.start()] if quoted else text
    status = status_in(said)
    if message.value("X-Failed-Recipients") or QMAIL.match(said):
        return CameBack(status)
    nobody = message.value("Return-Path").strip() in {"", "<>", "<MAILER-DAEMON>"}
    if not (nobody and DAEMON.search(message.value("From"))):
        return None
    refused = status.startswith("5") or (not status and REFUSED.search(said))
    return CameBack(status) if refused else None
