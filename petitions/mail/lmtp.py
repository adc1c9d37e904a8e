"""Taking mail over LMTP (RFC 2033): a mail server hands over each message on one
connection, instead of starting a process for it."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import connections

from core.observability.logs import kind
from petitions.addresses import domain_of

logger = logging.getLogger(__name__)

TAKEN = "250 2.0.0 Taken"
TRY_LATER = "451 4.3.0 Try again later"
NOT_HERE = "550 5.1.1 No such mailbox here"
ONE_AT_A_TIME = "452 4.5.3 One recipient at a time"
LARGEST = 25 * 2**20
"""The bytes of the largest message that is taken."""

type Take = Callable[[bytes, str], bool]
"""Takes a message and its recipient; returns False when it is to be tried again."""


class Server(LMTP):
    line_length_limit = LARGEST
    """Mail programs break the rule of 1,000 bytes, and no bounce is to bounce."""


class Handler:
    """Answers for each message whether it was taken, one after the other."""

    def __init__(self, take: Take) -> None:
        self.take = take
        self.turn = asyncio.Lock()

    async def handle_RCPT(  # noqa: N802 - the library's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Accept one recipient below the domain that mail comes back to: LMTP answers
        for each recipient, the library once for a message."""
        if envelope.rcpt_tos:
            return ONE_AT_A_TIME
        ours = domain_of(settings.BOUNCE_ADDRESS).lower()
        if "@" not in address or domain_of(address).lower() != ours:
            return NOT_HERE
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.original_content or b""
        async with self.turn:
            taken = await asyncio.to_thread(
                self.take_one, content, envelope.rcpt_tos[0]
            )
        return TAKEN if taken else TRY_LATER

    async def handle_exception(self, error: Exception) -> str:
        """Have the mail server keep a message when something here went wrong."""
        logger.exception("Mail that came in was not taken: %s", kind(error))
        return TRY_LATER

    def take_one(self, content: bytes, recipient: str) -> bool:
        try:
            return self.take(content, recipient)
        finally:
            connections.close_all()  # of this thread


async def serve(
    host: str, port: int, take: Take, begun: Callable[[int], None] = lambda port: None
) -> None:
    """Take mail until SIGTERM or SIGINT, or until the task is cancelled; call `begun`
    with the port once it listens. What is being taken then is taken."""
    loop = asyncio.get_running_loop()
    handler = Handler(take)
    server = await loop.create_server(
        lambda: Server(
            handler,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname=settings.SITE_HOST,
            ident="petitions",
            loop=loop,
        ),
        host,
        port,
    )
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    begun(server.sockets[0].getsockname()[1])
    try:
        await ended.wait()
    finally:
        server.close()
        async with handler.turn:
            pass
