"""A conversation with a mail server, command by command."""

from __future__ import annotations

import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mail.transport import (
    Refused,
    SmtpTransport,
    stuffed,
)
from tests.mailserver import MailServer

MESSAGE = b"Subject: Hello\r\n\r\n.\r\n..two dots\r\nBonjour \xc3\xa9t\xc3\xa9\r\n"


def options(port: int) -> dict[str, Any]:
    return {
        "host": "127.0.0.1", "port": port, "username": "", "password": "",
        "use_tls": False, "use_ssl": False, "timeout": 5,
    }  # fmt: skip


@pytest.fixture(params=[True, False], ids=["pipelined", "in turns"])
def server(request: pytest.FixtureRequest) -> Iterator[MailServer]:
    server = MailServer()
    server.mailbox.pipelining = request.param
    server.start()
    yield server
    server.stop()


def test_a_message_arrives_to_the_letter(server: MailServer) -> None:
    with SmtpTransport(options(server.port)) as transport:
        transport.send("from@example.org", "to@example.org", MESSAGE)
        transport.send("from@example.org", "two@example.org", MESSAGE)

    first, second = server.mailbox.envelopes
    assert first.content == second.content == MESSAGE
    assert (first.mail_from, first.rcpt_tos) == ("from@example.org", ["to@example.org"])
    assert first.mail_options == [f"SIZE={len(MESSAGE)}", "BODY=8BITMIME"] or (
        first.mail_options == [f"size={len(MESSAGE)}", "BODY=8BITMIME"]
    )
    assert server.mailbox.sessions == 1


def test_after_a_refusal_the_conversation_goes_on(server: MailServer) -> None:
    box = server.mailbox
    box.refuse = lambda address: "550 5.1.1 nobody" if "gone" in address else None
    with SmtpTransport(options(server.port)) as transport:
        with pytest.raises(Refused) as refused:
            transport.send("from@example.org", "gone@example.org", MESSAGE)
        assert (refused.value.status, refused.value.of_recipient) == ("550 5.1.1", True)
        transport.send("from@example.org", "to@example.org", MESSAGE)

        box.refuse_sender = lambda: "552 5.7.1 not you"
        with pytest.raises(Refused) as refused:
            transport.send("from@example.org", "to@example.org", MESSAGE)
        assert (refused.value.code, refused.value.of_recipient) == (552, False)
        box.refuse_sender = lambda: None
        transport.send("from@example.org", "two@example.org", MESSAGE)

        box.refuse_data = lambda: "554 5.6.0 not this"
        with pytest.raises(Refused) as refused:
            transport.send("from@example.org", "to@example.org", MESSAGE)
        assert (refused.value.code, refused.value.of_recipient) == (554, False)
        box.refuse_data = lambda: None
        transport.send("from@example.org", "three@example.org", MESSAGE)

    assert box.recipients == ["to@example.org", "two@example.org", "three@example.org"]
    assert box.sessions == 1


def test_a_line_break_in_an_address_is_never_sent(server: MailServer) -> None:
    with SmtpTransport(options(server.port)) as transport:
        with pytest.raises(Refused, match=r"553 5\.1\.3"):
            transport.send("from@example.org", "to@example.org\r\nRSET", MESSAGE)
        transport.send("from@example.org", "to@example.org", MESSAGE)

    assert server.mailbox.recipients == ["to@example.org"]


@contextmanager
def scripted(answers: dict[bytes, list[bytes]]) -> Iterator[tuple[int, list[bytes]]]:
    """A server that says to each command what stands in its list, then 250; its port
    and what it was told."""
    told: list[bytes] = []

    def serve() -> None:
        connection, _ = listening.accept()
        # A client that hangs up on a 421 does not wait for the rest of the answers.
        with (
            suppress(ConnectionError),
            connection,
            connection.makefile("rb") as lines,
        ):
            connection.sendall(b"220 scripted\r\n")
            in_message = False
            for line in lines:
                told.append(line.rstrip())
                word = b"." if line == b".\r\n" else line[:4].upper()
                if in_message and word != b".":
                    continue
                planned = answers.get(word)
                answer = planned.pop(0) if planned else b"250 OK"
                in_message = answer.startswith(b"354")
                connection.sendall(answer + b"\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], told
        thread.join(10)


def test_a_server_that_waits_for_a_message_to_nobody_gets_an_empty_one() -> None:
    """RFC 2920, 3.1: a DATA that came together with a refused RCPT may be taken."""
    with (
        scripted(
            {
                b"EHLO": [b"250-scripted\r\n250 PIPELINING"],
                b"RCPT": [b"550 5.1.1 nobody", b"250 OK"],
                b"DATA": [b"354 go on", b"354 go on"],
                b".": [b"554 5.5.1 no valid recipients", b"250 taken"],
            }
        ) as (port, told),
        SmtpTransport(options(port)) as transport,
    ):
        with pytest.raises(Refused, match=r"550 5\.1\.1"):
            transport.send("from@example.org", "gone@example.org", b"Hello\r\n")
        transport.send("from@example.org", "to@example.org", b"Hello\r\n")

    assert told[1:] == [
        b"MAIL FROM:<from@example.org>",
        b"RCPT TO:<gone@example.org>",
        b"DATA",
        b".",
        b"rset",
        b"MAIL FROM:<from@example.org>",
        b"RCPT TO:<to@example.org>",
        b"DATA",
        b"Hello",
        b".",
        b"quit",
    ]


@pytest.mark.parametrize("command", [b"MAIL", b"RCPT", b"DATA", b"."])
def test_a_server_that_takes_its_leave_is_no_refusal(command: bytes) -> None:
    with scripted(
        {
            b"EHLO": [b"250-scripted\r\n250 PIPELINING"],
            b"DATA": [b"354 go on"],
            command: [b"421 4.3.2 shutting down"],
        }
    ) as (port, _told):
        transport = SmtpTransport(options(port))
        with (
            pytest.raises(smtplib.SMTPServerDisconnected, match="shutting down"),
            transport,
        ):
            transport.send("from@example.org", "to@example.org", b"Hello\r\n")


@given(st.lists(st.sampled_from([b".", b"..", b".a", b"a.", b"", b"a"])))
def test_dots_at_the_beginning_of_a_line_survive(lines: list[bytes]) -> None:
    message = b"".join(line + b"\r\n" for line in lines)

    sent = stuffed(message)

    assert b"\r\n.\r\n" not in b"\r\n" + sent
    unstuffed = [line.removeprefix(b".") for line in sent.split(b"\r\n")]
    assert b"\r\n".join(unstuffed) == (message or b"\r\n")


@pytest.mark.parametrize("pipelining", [b"250-scripted\r\n250 PIPELINING", b"250 none"])
@pytest.mark.parametrize(
    ("recipient", "told_as"),
    [
        ("abc.@docomo.ne.jp", b'"abc."@docomo.ne.jp'),
        ("a..b@ezweb.ne.jp", b'"a..b"@ezweb.ne.jp'),
        ("ada@m\u00fcnchen.test", b"ada@xn--mnchen-3ya.test"),
    ],
)
def test_an_address_is_told_as_smtp_has_it(
    pipelining: bytes, recipient: str, told_as: bytes
) -> None:
    with (
        scripted({b"EHLO": [pipelining], b"DATA": [b"354 go on"]}) as (port, told),
        SmtpTransport(options(port)) as transport,
    ):
        transport.send("B\u00fcro <p@b\u00fccher.test>", recipient, b"Hello\r\n")

    commands = [line.upper().split(b" SIZE")[0] for line in told]
    assert b"MAIL FROM:<P@XN--BCHER-KVA.TEST>" in commands
    assert b"RCPT TO:<" + told_as.upper() + b">" in commands
