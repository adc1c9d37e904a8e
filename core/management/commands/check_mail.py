"""Check that mail can be sent: connect, send one message and explain what is wrong."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from argparse import ArgumentTypeError
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.hosts import is_loopback
from core.mail.addresses import sendable
from core.mail.sender_domain import Dns, Sender, explain
from core.mail.transport import (
    Refused,
    mail_domain,
    open_transport,
    words,
)


class Command(BaseCommand):
    help = (
        "Send a test message to --to and say in words what is wrong, if anything; say "
        "what the DNS has of the sender's domain: SPF, DKIM, DMARC."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", required=True, help="where to send the message")
        parser.add_argument(
            "--dkim-selector",
            default="",
            metavar="SELECTOR",
            help="s= in the DKIM-Signature of a message that arrived",
        )
        parser.add_argument(
            "--nameserver",
            metavar="ADDRESS[:PORT]",
            type=name_server,
            help="the name server to ask, instead of this machine's",
        )

    def handle(
        self,
        *args: Any,
        to: str,
        dkim_selector: str,
        nameserver: tuple[str, int] | None,
        **options: Any,
    ) -> None:
        # root@localhost is an address, too.
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", to):
            raise CommandError(
                f"“{' '.join(to.split())}” is no address. Give --to me@example.org"
            )
        try:
            with open_transport() as transport:
                sender = settings.BOUNCE_ADDRESS or settings.MAIL_FROM
                transport.send(sender, to, message(to))
        except (Refused, OSError) as error:
            raise CommandError(f"{place()}: {explain_mail_error(error)}") from None
        self.stdout.write(
            f"{place()} took the message for {to}. Look into that mailbox, and under "
            "spam."
        )
        if "folder" not in settings.MAILERS["default"]["OPTIONS"]:
            for sentence in explain(sender_of_mail(), dkim_selector, Dns(nameserver)):
                self.stdout.write(f"- {sentence}")


def name_server(text: str) -> tuple[str, int]:
    """Return address and port of a name server."""
    host, _, port = text.partition(":") if text.count(":") == 1 else (text, "", "53")
    try:
        return str(ip_address(host)), int(port)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no address. Give 9.9.9.9") from None


def sender_of_mail() -> Sender:
    """Return what the site's mail says of where it comes from."""
    returns = settings.BOUNCE_ADDRESS
    return Sender(
        domain=mail_domain(),
        return_domain=returns.rpartition("@")[2] or mail_domain(),
        takes_mail=bool(returns),
        own_server=is_loopback(settings.MAILERS["default"]["OPTIONS"]["host"]),
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
    names = f"MAIL_FROM ({settings.MAIL_FROM})"
    if settings.BOUNCE_ADDRESS:
        names += f" and BOUNCE_ADDRESS ({settings.BOUNCE_ADDRESS})"
    return f"Check {names}: most servers send only for their own domains."


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
