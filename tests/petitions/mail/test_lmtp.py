"""Mail that a mail server hands over by LMTP, in a real conversation."""

from __future__ import annotations

import asyncio
import queue
import signal
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from core.models import SwitchName
from core.operation import turn_on
from devsite.embedded_postgres import free_port
from petitions.mail import lmtp
from petitions.mail.signed_addresses import return_path
from petitions.management.commands import take_mail
from petitions.models import Bounce, OutgoingMail, Petition
from petitions.models.mails import MailState
from tests.config.helpers import environment
from tests.core.db.helpers import url
from tests.factories import make_pending

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[3]
MESSAGES = ROOT / "tests/core/mail/messages"
SERVER = "mailer-daemon@mx.example.org"


@pytest.fixture(autouse=True)
def bounce_address(settings: Settings) -> None:
    settings.BOUNCE_ADDRESS = "bounces@mail.example.org"


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a server in a thread, which is ended after the test."""
    begun: queue.Queue[tuple[int, asyncio.AbstractEventLoop]] = queue.Queue()
    tasks: list[asyncio.Task[None]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler = lambda *given: None  # type: ignore[method-assign]
        take = take_mail.Command().take_handed
        serving = lmtp.serve("127.0.0.1", 0, take, lambda p: begun.put((p, loop)))
        tasks.append(asyncio.create_task(serving))
        await asyncio.wait(tasks)

    thread = threading.Thread(target=asyncio.run, args=[main()])
    thread.start()
    number, loop = begun.get(timeout=30)
    yield number
    loop.call_soon_threadsafe(tasks[0].cancel)
    thread.join(30)
    assert not thread.is_alive()


@pytest.fixture
def mail(petition: Petition) -> OutgoingMail:
    """A mail that was handed over."""
    make_pending(petition, "maya@example.net")
    OutgoingMail.objects.update(state=MailState.SENT, finished_at=timezone.now())
    return OutgoingMail.objects.get()


def bounce_of(mail: OutgoingMail) -> tuple[str, bytes]:
    """Return the return path of a mail, and a message that came back to it."""
    address = return_path(mail.pk, now=mail.created_at)
    text = (MESSAGES / "postfix-unknown.eml").read_text()
    text = text.replace("bounces+TOKEN@mail.example.org", address)
    return address, text.replace("\n", "\r\n").encode()


def test_what_is_handed_over_is_taken(port: int, mail: OutgoingMail) -> None:
    address, message = bounce_of(mail)

    with smtplib.LMTP("127.0.0.1", port) as server:
        server.sendmail(SERVER, [address], message)
        # The next message comes on the same connection.
        server.sendmail(SERVER, ["bounces+nobody@mail.example.org"], b"Hello\r\n")

    mail.refresh_from_db()
    assert mail.state == MailState.BOUNCED
    assert Bounce.objects.count() == 1


def test_no_other_mailbox_is_here(port: int, mail: OutgoingMail) -> None:
    with smtplib.LMTP("127.0.0.1", port) as server:
        for address in ("maya@example.net", "bounces@mail.example.org.example.net"):
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                server.sendmail(SERVER, [address], b"Hello\r\n")
            assert refused.value.recipients[address][0] == 550


def test_recipients_come_one_at_a_time(port: int, mail: OutgoingMail) -> None:
    address, message = bounce_of(mail)
    another = "bounces@mail.example.org"

    with smtplib.LMTP("127.0.0.1", port) as server:
        left = server.sendmail(SERVER, [address, another], message)

    assert left[another][0] == 452  # to be tried again by the mail server
    mail.refresh_from_db()
    assert mail.state == MailState.BOUNCED


def test_while_the_site_is_read_only_the_mail_server_keeps_it(
    port: int, mail: OutgoingMail
) -> None:
    address, message = bounce_of(mail)
    turn_on(SwitchName.READ_ONLY, {}, now=timezone.now(), by=None)

    with (
        smtplib.LMTP("127.0.0.1", port) as server,
        pytest.raises(smtplib.SMTPDataError) as refused,
    ):
        server.sendmail(SERVER, [address], message)

    assert refused.value.smtp_code == 451
    mail.refresh_from_db()
    assert mail.state == MailState.SENT


def test_what_goes_wrong_here_is_no_reason_to_send_it_back(
    port: int, mail: OutgoingMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, message = bounce_of(mail)

    def fail(*given: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(take_mail, "refuse_read_only", fail)
    with (
        smtplib.LMTP("127.0.0.1", port) as server,
        pytest.raises(smtplib.SMTPDataError) as refused,
    ):
        server.sendmail(SERVER, [address], message)

    assert refused.value.smtp_code == 451


def test_a_message_of_one_long_line_is_taken_as_nothing(
    port: int, mail: OutgoingMail
) -> None:
    address, _message = bounce_of(mail)

    with smtplib.LMTP("127.0.0.1", port) as server:
        server.sendmail(
            SERVER, [address], b"Subject: large\r\n\r\n" + b"x" * 10**6 + b"\r\n"
        )

    mail.refresh_from_db()
    assert mail.state == MailState.SENT


def test_the_process_listens_until_it_is_ended(mail: OutgoingMail) -> None:
    address, message = bounce_of(mail)
    port = free_port()
    given = {"DATABASE_URL": url(), "BOUNCE_ADDRESS": "bounces@mail.example.org"}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "take_mail", f"--lmtp=127.0.0.1:{port}"],
        cwd=ROOT,
        env=environment({"DJANGO_SETTINGS_MODULE": "tests.settings", **given}),
        stderr=subprocess.PIPE,
    )
    try:
        with conversation(port, process) as server:
            server.sendmail(SERVER, [address], message)
        process.send_signal(signal.SIGTERM)
        _out, logged = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    # Whoever reads the log can neither write to anybody nor unsubscribe them.
    for secret in (SERVER, address, "maya@example.net"):
        assert secret.encode() not in logged

    mail.refresh_from_db()
    assert mail.state == MailState.BOUNCED


def conversation(port: int, process: subprocess.Popen[bytes]) -> smtplib.LMTP:
    """Connect to a server that has only just been started."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            return smtplib.LMTP("127.0.0.1", port)
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise AssertionError("it does not listen")


def test_without_an_address_for_bounces_nothing_listens(settings: Settings) -> None:
    settings.BOUNCE_ADDRESS = ""

    with pytest.raises(CommandError, match="BOUNCE_ADDRESS is not set"):
        call_command("take_mail", "--lmtp=127.0.0.1:2400")


@pytest.mark.parametrize("given", ["2400", "127.0.0.1:0", "127.0.0.1:x", ":2400"])
def test_what_is_no_address_to_listen_at(given: str) -> None:
    with pytest.raises(CommandError, match="--lmtp: invalid"):
        call_command("take_mail", f"--lmtp={given}")
