"""Take mail that comes in: bounces, complaints, requests for no more mail."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import Error
from django.utils import timezone

from core.db.connecting import explain_error
from core.mail.reports import LONGEST
from core.management.database_command import DatabaseCommand
from core.observability.logs import kind
from core.switches import SWITCHES
from petitions.mail.incoming import NotYet, Taken, take
from petitions.mail.lmtp import serve

logger = logging.getLogger(__name__)

# How a mail server is told to keep a message and to try it again later. Anything but
# this and 0 would make it send the message back.
LATER = os.EX_TEMPFAIL
CHUNK = 2**16


class Command(DatabaseCommand):
    help = (
        "Take one message from standard input, as a mail server pipes it, each new one "
        "of a maildir, or all that a mail server hands over by LMTP: a bounce, a "
        "complaint, a request for no more mail. Anything else does nothing. Exits with "
        "75 when the message is to be tried again."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--recipient",
            default="",
            help="the address that the message was sent to; without it, X-Original-To, "
            "Delivered-To or Envelope-To of the message says so",
        )
        parser.add_argument(
            "--maildir", type=Path, help="a folder with new and cur instead"
        )
        parser.add_argument(
            "--lmtp",
            type=host_and_port,
            metavar="HOST:PORT",
            help="listen there for LMTP instead, until it is ended; take an address "
            "that only the mail server reaches, as 127.0.0.1:2400",
        )

    def check_migrations(self) -> None:
        try:
            super().check_migrations()
        except CommandError as due:
            raise CommandError(str(due), returncode=LATER) from None
        except Error as error:
            raise away(error) from None

    def handle(
        self,
        *args: Any,
        recipient: str,
        maildir: Path | None,
        lmtp: tuple[str, int] | None,
        **options: Any,
    ) -> None:
        if not settings.BOUNCE_ADDRESS:
            raise CommandError(
                "BOUNCE_ADDRESS is not set. Set the address that mail comes back to, "
                "bounces@mail.example.org",
                returncode=LATER,
            )
        if lmtp is not None:
            self.listen(*lmtp)
            return
        refuse_read_only()
        if maildir is None:
            self.take_one(sys.stdin.buffer, recipient)
        else:
            self.take_all(maildir)

    def take_one(self, stream: BinaryIO, recipient: str = "") -> Taken:
        """Take one message, and read all of it, for whoever writes it."""
        data = stream.read(LONGEST)
        while stream.read(CHUNK):
            pass
        try:
            return take(data, recipient=recipient, now=timezone.now())
        except NotYet:
            raise CommandError(
                "This mail is only just being sent.", returncode=LATER
            ) from None
        except Error as error:
            raise away(error) from None
        except Exception as mistake:
            # Nothing that somebody sends comes back to them because of a mistake here.
            logger.exception("Mail that came in could not be read: %s", kind(mistake))
            return Taken.NOTHING

    def take_all(self, maildir: Path) -> None:
        """Take the new messages of a maildir, and move each to those that were read.
        What is to be tried later stays where it is."""
        if not ((maildir / "new").is_dir() and (maildir / "cur").is_dir()):
            raise CommandError(f"{maildir} is no maildir: it has no new and cur.")
        taken: Counter[Taken] = Counter()
        later = 0
        for message in messages_in(maildir / "new"):
            try:
                with message.open("rb") as stream:
                    taken[self.take_one(stream)] += 1
                message.rename(maildir / "cur" / f"{message.name}:2,S")
            except FileNotFoundError:  # another run was quicker
                continue
            except CommandError as problem:
                if not isinstance(problem.__context__, NotYet):
                    raise
                later += 1
        for what, number in sorted(taken.items()):
            self.stdout.write(f"{number:>8,}  {what}")
        if later:
            raise CommandError(
                f"{later} left for later: these mails are only just being sent.",
                returncode=LATER,
            )

    def listen(self, host: str, port: int) -> None:
        """Take what a mail server hands over, until this process is ended."""
        try:
            asyncio.run(serve(host, port, self.take_handed))
        except OSError as error:
            said = f"Nothing can listen at {host}:{port}: {error}"
            raise CommandError(said) from None

    def take_handed(self, content: bytes, recipient: str) -> bool:
        """Take a message; return False when it is to be tried again."""
        try:
            refuse_read_only()
            self.take_one(io.BytesIO(content), recipient)
        except (CommandError, Error) as problem:
            said = str(problem) if isinstance(problem, CommandError) else kind(problem)
            logger.warning("Mail that came in is left for later: %s", said)
            return False
        return True


def host_and_port(text: str) -> tuple[str, int]:
    """Return the parts of “127.0.0.1:2400” or “[::1]:2400”; raise ValueError."""
    host, _colon, port = text.rpartition(":")
    if not host or not 0 < int(port) < 2**16:
        raise ValueError(text)
    return host.strip("[]"), int(port)


def refuse_read_only() -> None:
    if SWITCHES.get().read_only:
        raise CommandError("The site is read-only: nothing is taken.", returncode=LATER)


def messages_in(folder: Path) -> Iterator[Path]:
    """Return the messages of a folder, oldest first, and no pipes, links or hidden
    files."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield path


def away(error: Error) -> CommandError:
    """Return what to say of a database that takes nothing, never in its words."""
    said = explain_error(error, migrating=False) or kind(error)
    return CommandError(said, returncode=LATER)
