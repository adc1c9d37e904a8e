"""Check that mail can be sent: connect, send one message and explain what is wrong."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.mail.addresses import sendable
from core.mail.transport import (
    Refused,
    mail_domain,
    open_transport,
    words,
)


class Command(BaseCommand):
    help = "Send a test message to --to and say in words what is wrong, if anything."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", required=True, help="where to send the message")

    def handle(self, *args: Any, to: str, **options: Any) -> None:
        # root@localhost is an address, too.
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", to):
            raise CommandError(
                f"“{' '.join(to.split())}” is no address. Give --to me@example.org"
            )
        try:
            with open_transport() as transport:
                transport.send(settings.MAIL_FROM, to, message(to))
        except (Refused, OSError) as error:
            raise CommandError(f"{place()}: {explain_mail_error(error)}") from None
        self.stdout.write(
            f"{place()} took the message for {to}. Look into that mailbox, and under "
            "spam: if it is there, set up SPF, DKIM and DMARC for the domain of "
            f"{settings.MAIL_FROM}."
        )


def place() -> str:
    """Return where mail is handed over: host and port, or the folder."""
    mailer = settings.MAILERS["default"]["OPTIONS"]
    return str(mailer.get("folder") or f"{mailer['host']}:{mailer['port']}")


def message(to: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = settings.MAIL_FROM, sendable(to)
    mail["Subject"] = f"Test message from {settings.SITE_URL}"
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain=mail_domain())
    mail.set_content("Mail from the petition site gets out.\n")
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))


def advice(refusal: Refused) -> str:
    """Return what to do about a refusal."""
    if not refusal.permanent:
        return (
            "That is for now: a server that does not know this machine yet may want to "
            "be asked again (greylisting). Run this once more in ten minutes; the site "
            "tries again by itself."
        )
    if refusal.code == 530:
        return "Put user and password into MAIL_URL: smtp+tls://user:password@host:587"
    if refusal.no_such_mailbox:
        return "Check the address: it knows no such mailbox."
    return (
        f"Check MAIL_FROM ({settings.MAIL_FROM}): most servers send only for their own "
        "domains."
    )


def explain_mail_error(error: Exception) -> str:
    """Return what went wrong, and what to do about it."""
    match error:
        case Refused(code=-1) | smtplib.SMTPConnectError(smtp_code=-1):
            return "what answers is no mail server. Correct host and port in MAIL_URL."
        case Refused():
            who = "recipient" if error.of_recipient else "message"
            return (
                f"the server answered, but refused the {who}: {error}. {advice(error)}"
            )
        case smtplib.SMTPRecipientsRefused():
            code, reply = next(iter(error.recipients.values()))
            return explain_mail_error(Refused(code, words(reply)))
        case smtplib.SMTPAuthenticationError():
            return (
                "the server does not accept user name and password "
                f"({error.smtp_code}). Correct them in MAIL_URL."
            )
        case smtplib.SMTPConnectError():
            return (
                "the server answered, but does not let this machine in: "
                f"{error.smtp_code} {words(error.smtp_error)}. Ask whoever runs it, or "
                "use a mail server that gave you a user and a password."
            )
        case smtplib.SMTPResponseException():
            told = words(error.smtp_error)
            return explain_mail_error(
                Refused(error.smtp_code, told, of_recipient=False)
            )
        case smtplib.SMTPNotSupportedError():
            return (
                f"{str(error).rstrip('.')}. Use another scheme in MAIL_URL: "
                "smtp+tls:// for STARTTLS, smtps:// for TLS from the start, smtp:// "
                "without either."
            )
        case ssl.SSLCertVerificationError():
            return (
                f"its certificate is not valid: {error.verify_message}. Use the host "
                "name that the certificate is for; one that has expired has to be "
                "renewed there."
            )
        case ssl.SSLError():
            return (
                "it does not speak TLS there. Ports 587 and 25 want smtp+tls://, port "
                "465 wants smtps://."
            )
        case socket.gaierror():
            return "no such host. Correct the host in MAIL_URL."
        case ConnectionRefusedError():
            return "nothing listens there. Correct host and port in MAIL_URL."
        case (
            TimeoutError() | smtplib.SMTPServerDisconnected(__context__=TimeoutError())
        ):
            return (
                "no answer. A firewall may block the port (many providers block 25), "
                "or the port wants TLS from the start (smtps://)."
            )
        case smtplib.SMTPServerDisconnected():
            return (
                "the server hung up. It may want TLS from the start (smtps://), or "
                "may not know this machine."
            )
        case _:
            return f"{type(error).__name__}: {error}"
