"""A real SMTP server that can misbehave."""

from __future__ import annotations

import asyncio
import logging
import socket
import socketserver
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

# It logs each line of each conversation otherwise.
logging.getLogger("mail.log").setLevel(logging.ERROR)


class Mailbox:
    """What the server does with messages: it takes each, unless a function such as
    `refuse` answers otherwise."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self._parsed: list[EmailMessage] = []
        self._parsing = threading.Lock()
        self.refuse: Callable[[str], str | None] = lambda address: None
        self.refuse_data: Callable[[], str | None] = lambda: None
        self.refuse_sender: Callable[[], str | None] = lambda: None
        self.die_before: Callable[[], bool] = lambda: False
        """Whether to drop the connection instead of taking this message."""
        self.die_after: Callable[[], bool] = lambda: False
        """Whether to drop the connection after taking the message, without an
        answer."""
        self.delay = 0.0
        self.sessions = 0
        self.pipelining = True
        """Whether the server offers PIPELINING, which is to take commands together."""

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str,
        responses: list[str],
    ) -> list[str]:  # fmt: skip
        self.sessions += 1
        session.host_name = hostname
        return ["250-PIPELINING"] * self.pipelining + responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str,
        options: list[Any],
    ) -> str:  # fmt: skip
        if answer := self.refuse_sender():
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str,
        options: list[Any],
    ) -> str:  # fmt: skip
        if answer := self.refuse(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        await asyncio.sleep(self.delay)
        if answer := self.refuse_data():
            return answer
        if self.die_before():
            drop(server)
        else:
            self.envelopes.append(envelope)
            if self.die_after():
                drop(server)
        return "250 OK"

    @property
    def messages(self) -> list[EmailMessage]:
        return self.since(0)

    def since(self, number: int) -> list[EmailMessage]:
        """Return the messages that came after the first `number`."""
        # Parsed once: tests look through thousands of messages again and again.
        with self._parsing:
            for envelope in self.envelopes[len(self._parsed) :]:
                assert isinstance(envelope.content, bytes)
                message = message_from_bytes(envelope.content, policy=policy.default)
                assert isinstance(message, EmailMessage)
                self._parsed.append(message)
            return self._parsed[number:]

    @property
    def recipients(self) -> list[str]:
        return [address for envelope in self.envelopes for address in envelope.rcpt_tos]


def drop(server: SMTP) -> None:
    """Break the connection without an answer."""
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


class SilentServer:
    """A server that takes connections and says nothing at all."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()


class SlowServer(socketserver.ThreadingTCPServer):
    """A server that answers each command `delay` seconds late, refuses the first two
    ways to log in, and counts its answers."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, delay: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), SlowConversation)
        self.delay = delay
        self.port = int(self.server_address[1])
        self.answers = self.messages = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


class SlowConversation(socketserver.StreamRequestHandler):
    server: SlowServer

    def answer(self, words: str) -> None:
        time.sleep(self.server.delay)
        self.server.answers += 1
        self.wfile.write(words.encode() + b"\r\n")

    def handle(self) -> None:
        with suppress(OSError):
            self.converse()

    def converse(self) -> None:
        self.answer("220 slow")
        while command := self.rfile.readline().decode().strip():
            match command.upper().split()[:2]:
                case ["EHLO", *_]:
                    self.answer("250-slow\r\n250 AUTH CRAM-MD5 PLAIN LOGIN")
                case ["AUTH", "CRAM-MD5"]:
                    self.answer("334 " + b64encode(b"<challenge>").decode())
                    self.rfile.readline()
                    self.answer("535 5.7.8 not so")
                case ["AUTH", "PLAIN"]:
                    self.answer("535 5.7.8 not so")
                case ["AUTH", "LOGIN"]:
                    self.answer("334 UGFzc3dvcmQ6")
                    self.rfile.readline()
                    self.answer("235 2.7.0 in")
                case ["DATA"]:
                    self.answer("354 go on")
                    while self.rfile.readline() not in (b".\r\n", b""):
                        pass
                    self.server.messages += 1
                    self.answer("250 OK")
                case ["QUIT"]:
                    self.answer("221 bye")
                    return
                case _:
                    self.answer("250 OK")


class MailServer(Controller):
    """The SMTP server; `mailbox` has what it took, `port` is where it listens."""

    def __init__(self, port: int = 0, **options: Any) -> None:
        from devsite.embedded_postgres import free_port

        self.mailbox = Mailbox()
        super().__init__(
            self.mailbox, hostname="127.0.0.1", port=port or free_port(), **options
        )

    def stop(self, no_assert: bool = False) -> None:
        """End the server, with the connections that it has."""
        asyncio.run_coroutine_threadsafe(self.takes_no_more(), self.loop).result()
        super().stop(no_assert)

    async def takes_no_more(self) -> None:
        """Take no connection any more, and see to those just taken: one whose task has
        not begun when the loop ends is never closed, which some later test is told."""
        assert isinstance(self.server, asyncio.Server)
        for listener in self.server.sockets:
            self.loop.remove_reader(listener)
        for _ in range(5):  # a connection takes three turns of the loop to begin
            await asyncio.sleep(0)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Stop listening within the block, and listen again afterwards."""
        self.stop()
        try:
            yield
        finally:
            self.loop = asyncio.new_event_loop()
            self.start()


def body(message: EmailMessage, kind: str = "plain") -> str:
    """Return the text of one part."""
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())
