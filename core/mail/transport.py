"""Mail transport: hand messages over to an SMTP server, or to a folder in a
demonstration.

The worker uses a `Transport`: one connection for a whole batch, messages as finished
bytes, and the server's reply for each recipient, none of which Django's mail backends
give. Everything else uses Django's `send_mail`, configured by the same `MAILERS`.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from email import message_from_bytes, policy
from email.utils import getaddresses, make_msgid, parseaddr
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Protocol, Self

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend

from core.mail.addresses import (
    sendable,
    sendable_mailbox,
)

# Enhanced status codes (RFC 3463, RFC 5248) about the mailbox itself: it does not
# exist, has moved without a trace, was closed; its domain takes no mail. Not those
# about the sender (5.1.7, 5.1.8), a full mailbox (5.2.2) or a policy (5.7.x).
NO_SUCH_MAILBOX = frozenset(
    {"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.0", "5.2.1"}
)
# How often the timeout of a mail server may pass until a connection is open (greeting,
# TLS, three ways to log in) and until a message is handed over (three commands, the
# text, a reset).
OPENING_WAITS = 12
SENDING_WAITS = 6
STATUS = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")


def status_in(reply: str) -> str:
    """Return the enhanced status code in a server's reply, or ''."""
    match = STATUS.search(reply)
    return match[0] if match else ""


class Refused(Exception):
    """Raised when the server rejects a message: reply code and words. A rejection of
    the sender or of the content (not `of_recipient`) says nothing against the
    recipient."""

    def __init__(self, code: int, reply: str, *, of_recipient: bool = True) -> None:
        super().__init__(f"{code} {reply}")
        self.code = code
        self.reply = reply
        self.of_recipient = of_recipient

    @property
    def permanent(self) -> bool:
        """True when retrying is pointless (5xx)."""
        return 500 <= self.code < 600

    @property
    def status(self) -> str:
        """Code and enhanced status without the words: 550 5.1.1."""
        return f"{self.code} {status_in(self.reply)}".strip()

    @property
    def no_such_mailbox(self) -> bool:
        """True for a hard bounce: any other mail to this address would fare the same. A
        server that rejects us, or this mail, does not say that; nor does a bare 550,
        which some block lists answer to everybody."""
        return (
            self.permanent
            and self.of_recipient
            and status_in(self.reply) in NO_SUCH_MAILBOX
        )


class Transport(Protocol):
    """An open connection; `send` raises OSError (smtplib's errors included) when it is
    broken, and Refused when only this one message was rejected."""

    @property
    def is_international(self) -> bool:
        """True when the server takes non-ASCII letters before the @ (SMTPUTF8)."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...
    def send(self, sender: str, recipient: str, message: bytes) -> None: ...


def longest_opening() -> timedelta:
    """Return how long opening a connection may take; no mail goes over one that took
    longer."""
    return OPENING_WAITS * timeout_of_mail()


def longest_sending() -> timedelta:
    """Return how long handing over one message may take."""
    return SENDING_WAITS * timeout_of_mail()


def timeout_of_mail() -> timedelta:
    """Return how long each reply of the mail server is waited for; a folder replies at
    once."""
    options = settings.MAILERS["default"].get("OPTIONS", {})
    return timedelta(seconds=options.get("timeout", 0))


@contextmanager
def opened_in_time(timeout: float | None) -> Iterator[None]:
    """Raise TimeoutError after a block that took longer than a connection with this
    timeout may take to open: of a server with many addresses, each is waited for."""
    started = time.monotonic()
    yield
    if timeout and time.monotonic() - started > OPENING_WAITS * timeout:
        raise TimeoutError("the mail server was too slow")


class SmtpTransport:
    """A connection to the SMTP server that `options` (of MAILERS) name."""

    smtp: smtplib.SMTP

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options

    def __enter__(self) -> Self:
        try:
            with opened_in_time(self.options["timeout"]):
                self.open()
        except BaseException:
            if hasattr(self, "smtp"):
                self.smtp.close()
            raise
        return self

    def open(self) -> None:
        host, port = self.options["host"], self.options["port"]
        timeout = self.options["timeout"]
        if self.options["use_ssl"]:
            self.smtp = smtplib.SMTP_SSL(
                host, port, timeout=timeout, context=ssl.create_default_context()
            )
        else:
            self.smtp = smtplib.SMTP(host, port, timeout=timeout)
        if self.options["use_tls"]:
            self.smtp.starttls(context=ssl.create_default_context())
        if self.options["username"]:
            self.smtp.login(self.options["username"], self.options["password"])
        self.smtp.ehlo_or_helo_if_needed()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.smtp.quit()
        except (OSError, smtplib.SMTPException):
            self.smtp.close()

    @property
    def is_international(self) -> bool:
        return self.smtp.has_extn("smtputf8")

    def send(self, sender: str, recipient: str, message: bytes) -> None:
        """Send one message to one recipient; return after the server's 250."""
        if not recipient.isprintable():
            raise Refused(553, "5.1.3 not an address")
        sender, recipient = sendable(parseaddr(sender)[1]), sendable(recipient)
        extras = []
        if not message.isascii() and self.smtp.has_extn("8bitmime"):
            extras.append("BODY=8BITMIME")
        if not recipient.isascii():
            if not self.is_international:
                raise Refused(
                    550, "5.6.7 the mail server takes no international addresses"
                )
            extras.append("SMTPUTF8")
        hand_over = (
            self._pipelined if self.smtp.has_extn("pipelining") else self._in_turns
        )
        hand_over(sender, recipient, message, extras)

    def _in_turns(
        self, sender: str, recipient: str, message: bytes, extras: list[str]
    ) -> None:
        """Send each command after the reply to the one before."""
        try:
            self.smtp.sendmail(sender, [recipient], message, mail_options=extras)
        except smtplib.SMTPRecipientsRefused as refusal:
            self._refused(*next(iter(refusal.recipients.values())))
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refusal:
            self._refused(refusal.smtp_code, refusal.smtp_error, of_recipient=False)

    def _pipelined(
        self, sender: str, recipient: str, message: bytes, extras: list[str]
    ) -> None:
        """Send the commands together (pipelining, RFC 2920), which smtplib cannot: two
        round trips instead of four, which are most of a mail's time when the server is
        far away."""
        if self.smtp.has_extn("size"):
            extras = [f"SIZE={len(message)}", *extras]
        options = "".join(f" {extra}" for extra in extras)
        commands = (
            f"MAIL FROM:{smtplib.quoteaddr(sender)}{options}\r\n"
            f"RCPT TO:{smtplib.quoteaddr(recipient)}\r\nDATA\r\n"
        )
        self.smtp.send(commands.encode())
        answers = [self._reply() for _ in range(3)]
        (mail, _), (rcpt, _), (data, _) = answers
        accepted = mail == 250 and rcpt in (250, 251)
        if accepted and data == 354:
            self.smtp.send(stuffed(message) + b".\r\n")
            code, reply = self._reply()
            if code != 250:
                self._refused(code, reply, of_recipient=False)
            return
        if data == 354:
            # The server waits for a message to nobody, and will reject it.
            self.smtp.send(b".\r\n")
            self._reply()
        with suppress(smtplib.SMTPServerDisconnected):
            self.smtp.rset()
        if mail != 250:
            self._refused(*answers[0], of_recipient=False)
        if not accepted:
            self._refused(*answers[1])
        self._refused(*answers[2], of_recipient=False)

    def _reply(self) -> tuple[int, bytes]:
        """Return the next reply; after a 421 the server hangs up."""
        code, reply = self.smtp.getreply()
        if code == 421:
            self.smtp.close()
            raise smtplib.SMTPServerDisconnected(words(reply))
        return code, reply

    @staticmethod
    def _refused(
        code: int, reply: bytes | str, *, of_recipient: bool = True
    ) -> NoReturn:
        if code == 421:  # the server hangs up after it
            raise smtplib.SMTPServerDisconnected(words(reply)) from None
        raise Refused(code, words(reply), of_recipient=of_recipient) from None


class FolderTransport:
    """A transport that writes each message as an .eml file, for a demonstration."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.folder = Path(options["folder"])

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *error: object) -> None:
        pass

    is_international = True

    def send(self, sender: str, recipient: str, message: bytes) -> None:
        name = f"{time.time_ns():020}-{uuid.uuid4().hex[:8]}"
        unfinished = self.folder / f".{name}"
        # This machine's line ends, as mail is stored in folders.
        unfinished.write_bytes(message.replace(b"\r\n", b"\n"))
        unfinished.rename(self.folder / f"{name}.eml")


def open_transport() -> Transport:
    """Return the transport of MAILERS["default"]; use it as a context manager."""
    options = settings.MAILERS["default"]["OPTIONS"]
    return FolderTransport(options) if "folder" in options else SmtpTransport(options)


def mail_domain() -> str:
    """Return the domain that mail comes from."""
    return parseaddr(settings.MAIL_FROM)[1].rpartition("@")[2]


def complete_message(message: EmailMessage) -> EmailMessage:
    """Complete a message of Django's: a Message-ID of our domain instead of this
    machine's name, and addresses as mail servers take them."""
    message.extra_headers.setdefault("Message-ID", make_msgid(domain=mail_domain()))
    for name in ("to", "cc", "bcc", "reply_to"):
        setattr(message, name, [sendable_mailbox(a) for a in getattr(message, name)])
    return message


class SmtpBackend(EmailBackend):
    """Django's SMTP backend, for completed messages."""

    def open(self) -> bool | None:
        try:
            with opened_in_time(self.timeout):
                return super().open()
        except TimeoutError:
            self.close()
            raise

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return super().send_messages(
            [complete_message(each) for each in email_messages]
        )


class FolderBackend(BaseEmailBackend):
    """A mail backend for Django that writes into the same folder."""

    def __init__(self, *args: Any, folder: Path, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.folder = folder

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        with FolderTransport({"folder": self.folder}) as transport:
            for message in email_messages:
                data = complete_message(message).message().as_bytes(policy=policy.SMTP)
                transport.send(message.from_email, "", data)
        return len(email_messages)


def stuffed(message: bytes) -> bytes:
    """Return the message as DATA sends it: lines that begin with a dot get another one
    (RFC 5321, 4.5.2), and the last line is ended."""
    quoted = message.replace(b"\r\n.", b"\r\n..")
    if quoted.startswith(b"."):
        quoted = b"." + quoted
    return quoted if quoted.endswith(b"\r\n") else quoted + b"\r\n"


def words(reply: bytes | str) -> str:
    """Return a server's reply as one line of at most 200 characters, without the
    addresses it may quote."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join("…" if "@" in part else part for part in text.split())[:200]


def recipients(message: bytes) -> list[str]:
    """Return the recipients of a stored message."""
    parsed = message_from_bytes(message, policy=policy.default)
    return [address for _, address in getaddresses([str(parsed["To"] or "")])]
