"""`manage.py check_mail` says in words what is wrong."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from argparse import ArgumentTypeError
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from django.core.management import CommandError, call_command
from pytest_django import Settings

from config.environment import Environment
from core.management.commands.check_mail import name_server
from devsite.embedded_postgres import free_port
from tests.dnsserver import DnsServer
from tests.mailserver import MailServer


def check(settings: Settings, url: str, **options: Any) -> str:
    """What the command prints for a MAIL_URL; its complaint when it fails. Where a test
    is not about the DNS, that knows nothing."""
    environment = Environment()
    environment.ENVIRON = {"MAIL_URL": url}
    settings.MAILERS = {"default": environment.mailer("MAIL_URL")}
    out = StringIO()
    try:
        with DnsServer() as dns:
            known = {"nameserver": ("127.0.0.1", dns.port), **options}
            call_command("check_mail", to="me@example.org", stdout=out, **known)
    except CommandError as error:
        return f"FAILED {error}"
    return out.getvalue()


@pytest.fixture
def serve() -> Any:
    servers: list[MailServer] = []

    def start(**options: Any) -> MailServer:
        server = MailServer(**options)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


def test_it_sends(settings: Settings, serve: Callable[..., MailServer]) -> None:
    server = serve()

    said = check(settings, f"smtp://127.0.0.1:{server.port}")

    assert said.startswith(
        f"127.0.0.1:{server.port} took the message for me@example.org."
    )
    (message,) = server.mailbox.messages
    assert message["Subject"] == "Test message from http://testserver.localhost"


def test_it_says_what_the_dns_has(
    settings: Settings, serve: Callable[..., MailServer]
) -> None:
    server = serve()
    settings.BOUNCE_ADDRESS = "bounces@mail.example.org"
    with DnsServer() as dns:
        dns.text("_dmarc.example.org", "v=DMARC1; p=reject")
        dns.text("mail.example.org", "v=spf1 mx -all")
        dns.text("example.org", "v=spf1 ip4:192.0.2.9 -all")

        said = check(
            settings,
            f"smtp://127.0.0.1:{server.port}",
            nameserver=name_server(f"127.0.0.1:{dns.port}"),
            dkim_selector="s1",
        )

    assert [line.split(":")[0] for line in said.splitlines()[1:]] == [
        "- DMARC", "- SPF", "- SPF aligns where it passes", "- DKIM",
        "- BOUNCE_ADDRESS",
    ]  # fmt: skip
    assert "It takes 1 of the 10 lookups" in said
    # As mail to supporters goes out.
    (envelope,) = server.mailbox.envelopes
    assert envelope.mail_from == "bounces@mail.example.org"


def test_mail_that_comes_back_to_the_sender_is_looked_up_there(
    settings: Settings, serve: Callable[..., MailServer]
) -> None:
    with DnsServer() as dns:
        dns.text("example.org", "v=spf1 ip4:192.0.2.9 -all")

        said = check(
            settings,
            f"smtp://127.0.0.1:{serve().port}",
            nameserver=("127.0.0.1", dns.port),
        )

    assert "SPF: example.org says “v=spf1 ip4:192.0.2.9 -all”" in said
    assert "MX" not in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9.9.9.9", ("9.9.9.9", 53)),
        ("127.0.0.1:5300", ("127.0.0.1", 5300)),
        ("2620:fe::fe", ("2620:fe::fe", 53)),
    ],
)
def test_the_address_of_a_name_server(text: str, expected: tuple[str, int]) -> None:
    assert name_server(text) == expected


@pytest.mark.parametrize("text", ["", "dns.example.org", "9.9.9.9:dns", "9.9.9"])
def test_what_is_no_address_of_a_name_server(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=r"is no address\. Give 9\.9\.9\.9"):
        name_server(text)


def test_nothing_listens(settings: Settings) -> None:
    said = check(settings, f"smtp://127.0.0.1:{free_port()}")

    assert said.startswith("FAILED")
    assert "nothing listens there. Correct host and port in MAIL_URL." in said


def test_no_such_host(settings: Settings) -> None:
    assert "no such host. Correct the host" in check(settings, "smtp://mail.invalid:25")


def test_the_recipient_is_refused(
    settings: Settings, serve: Callable[..., MailServer]
) -> None:
    server = serve()
    server.mailbox.refuse = lambda address: "550 relaying denied"

    said = check(settings, f"smtp://127.0.0.1:{server.port}")

    assert "refused the recipient: 550 relaying denied" in said


@pytest.mark.parametrize(
    ("reply", "advice"),
    [
        ("451 4.7.1 Greylisted", "in ten minutes; the site tries again by itself"),
        ("450 4.2.0 later", "in ten minutes; the site tries again by itself"),
        ("530 5.7.0 Authentication required", "Put user and password into MAIL_URL"),
        ("550 5.1.1 no such user", "Check the address: it knows no such mailbox"),
        ("554 5.7.1 Relay access denied", "Check MAIL_FROM (petitions@example.org)"),
    ],
)
def test_what_to_do_follows_from_the_reply(
    settings: Settings, serve: Callable[..., MailServer], reply: str, advice: str
) -> None:
    server = serve()
    server.mailbox.refuse = lambda address: reply

    said = check(settings, f"smtp://127.0.0.1:{server.port}")

    assert f"refused the recipient: {reply}. " in said
    assert advice in said
    assert ("MAIL_FROM" in said) is ("MAIL_FROM" in advice)


def test_a_sender_that_is_refused_may_be_either(
    settings: Settings, serve: Callable[..., MailServer]
) -> None:
    settings.BOUNCE_ADDRESS = "bounces@mail.example.org"
    server = serve()
    server.mailbox.refuse_sender = lambda: "553 5.7.1 not owned by you"

    said = check(settings, f"smtp://127.0.0.1:{server.port}")

    assert "the message: 553 5.7.1 not owned by you. Check MAIL_FROM" in said
    assert "and BOUNCE_ADDRESS (bounces@mail.example.org): most servers" in said


@pytest.mark.parametrize(
    ("banner", "told"),
    [
        ("421 4.3.2 too busy", "does not let this machine in: 421 4.3.2 too busy. Ask"),
        ("554 5.7.1 blocked", "does not let this machine in: 554 5.7.1 blocked. Ask"),
        ("SSH-2.0-OpenSSH", "what answers is no mail server. Correct host and port"),
        ("HTTP/1.1 400 Bad Request", "what answers is no mail server. Correct host"),
    ],
)
def test_what_greets_with_no_welcome_is_named(
    settings: Settings, banner: str, told: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            caller, _ = server.accept()
            with caller, suppress(ConnectionError):
                caller.sendall(f"{banner}\r\n".encode())

        threading.Thread(target=greet, daemon=True).start()

        said = check(settings, f"smtp://127.0.0.1:{server.getsockname()[1]}")

    assert told in said
    assert "MAIL_FROM" not in said


def test_a_server_that_says_nothing(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        said = check(settings, f"smtp://127.0.0.1:{port}?timeout=1")

    assert f"127.0.0.1:{port}: no answer. A firewall may block the port" in said


@pytest.mark.parametrize("to", ["", "x", "x@", "a@example.org\r\nBcc: b@example.org"])
def test_only_an_address_is_written_to(
    settings: Settings, serve: Callable[..., MailServer], to: str
) -> None:
    server = serve()

    with pytest.raises(CommandError, match=r"is no address\. Give --to me@"):
        call_command("check_mail", to=to)

    assert server.mailbox.messages == []


def test_no_starttls(settings: Settings, serve: Callable[..., MailServer]) -> None:
    said = check(settings, f"smtp+tls://127.0.0.1:{serve().port}")

    assert "STARTTLS extension not supported" in said
    assert "Use another scheme in MAIL_URL" in said


def test_no_tls_at_all(settings: Settings, serve: Callable[..., MailServer]) -> None:
    said = check(settings, f"smtps://127.0.0.1:{serve().port}")

    assert "it does not speak TLS there." in said


def test_a_certificate_that_nobody_signed(
    settings: Settings, serve: Callable[..., MailServer], tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
         "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = serve(tls_context=context)

    said = check(settings, f"smtp+tls://127.0.0.1:{server.port}")

    assert "its certificate is not valid: self-signed certificate" in said


def test_a_wrong_password(settings: Settings, serve: Callable[..., MailServer]) -> None:
    def refuse(*args: Any) -> AuthResult:
        return AuthResult(success=False, handled=False)

    server = serve(authenticator=refuse, auth_require_tls=False)

    said = check(settings, f"smtp://user:wrong@127.0.0.1:{server.port}")

    assert "does not accept user name and password (535). Correct them" in said
    assert "wrong" not in said


def test_a_folder(settings: Settings, tmp_path: Path) -> None:
    said = check(settings, f"folder://{tmp_path}/mail")

    assert said.startswith(f"{tmp_path}/mail took the message")
    # Nobody is written to from there, so the DNS is not asked.
    assert len(said.splitlines()) == 1
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 1
