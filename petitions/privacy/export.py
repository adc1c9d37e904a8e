"""The list of supporters that an organisation may write to.

It has those whose newest answer to the organisation's question is yes, unless mail to
them bounced or they stopped all mail. PostgreSQL writes the lines, a part of the
mailboxes at a time: those whose keys lie between two values. Keys are hashes: parts are
equally large, all answers of a mailbox are in one, and one part tells how many lines
all have together. Each part is a few short statements: no transaction stays open for
who reads slowly, and a million lines take no more memory than fifty thousand. A part
shows its own moment, and has its lines in the order of their answers."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import Error, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from core.db.database import statement_timeout
from core.i18n.moments import in_zone
from core.text.spreadsheets import BEGINNING, BLANK, BOM, SIGNS
from organizations.models import Organization, User
from petitions.identity import key_ring
from petitions.models import Bounce, Consent, Export, Suppression
from petitions.states import ExportState

ANSWERS_AT_ONCE = 50_000
"""The most answers that a part has, about."""
MOST_PARTS = 2**16
AT_A_TIME = 2
"""The most exports that a process makes at a time: each holds a thread and a
connection."""
free = threading.BoundedSemaphore(AT_A_TIME)

# Models whose rows keep an address from being written to.
HOLDS = (Suppression, Bounce)
# SQL that does what `as_text` does (core.text.spreadsheets).
SAFE = rf"""regexp_replace(
    regexp_replace(%s, $re${BEGINNING}$re$, $to$\1'$to$, 'g'),
    '^(?=[\t\r\n])', '''')"""
# SQL that finds the cells that may need it: few do.
SUSPECT = rf"%s ~ $re$^{BLANK}{SIGNS}|[;|\t\r\n]$re$"
# SQL that quotes a cell where the format requires it (RFC 4180).
CELL = """CASE WHEN {0} ~ '[,"\\r\\n]' THEN '"' || replace({0}, '"', '""') || '"'
    ELSE {0} END"""


def safe(column: str) -> str:
    """Return SQL for a column's text that a spreadsheet shows without computing it."""
    return f"CASE WHEN {SUSPECT % column} THEN {SAFE % column} ELSE {column} END"


def cell(column: str) -> str:
    """Return SQL for a column's text as a cell of the CSV file."""
    return CELL.format(column)


def safe_cell(column: str) -> str:
    """Return SQL for a column's text as a cell that a spreadsheet does not compute."""
    return cell(f"({safe(column)})")


# SQL that finds the lines with a cell that needs one or the other, in one look: what
# people typed is set apart by a character that cells do not begin with.
ODD = rf"""concat_ws(E'\x01', email, name, language)
    ~ $re$(^|\u0001){BLANK}{SIGNS}|[;|,"\t\r\n]$re$"""
CELLS = ", ".join(map(safe_cell, ("email", "name", "language")))
# The equality beside upper() saves calling that for nearly all rows. The title is a
# cell already, and a time and a number need no guard.
LINES = f"""
WITH title AS (
    SELECT 'petition:' || id AS source, {safe_cell("title")} AS title
      FROM petitions_petition WHERE organization_id = %(organization)s::bigint
), line AS (
    SELECT DISTINCT ON (c.given_at, c.id)
           c.email, coalesce(s.name, '') AS name, c.language, c.wording_version,
           to_char(c.given_at AT TIME ZONE %(zone)s, 'YYYY-MM-DD HH24:MI') AS given,
           coalesce(t.title, '') AS title
      FROM petitions_consent c
      LEFT JOIN title t ON t.source = c.source
      LEFT JOIN petitions_signature s
        ON s.email_key = c.email_key AND s.email_key BETWEEN %(low)s AND %(high)s
       AND s.state = 'confirmed' AND s.petition_id = ANY (ARRAY(
               SELECT id FROM petitions_petition
                WHERE organization_id = %(organization)s::bigint))
       AND (s.email = c.email OR upper(s.email) = upper(c.email))
     WHERE c.organization_id = %(organization)s::bigint AND c.wants_updates
       AND c.email_key BETWEEN %(low)s AND %(high)s
       AND c.id <> ALL (%(silent)s::bigint[])
       AND NOT EXISTS (
               SELECT FROM petitions_consent n
                WHERE n.organization_id = %(organization)s::bigint
                  AND n.email_key BETWEEN %(low)s AND %(high)s
                  AND n.email_key = c.email_key
                  AND (n.given_at, n.id) > (c.given_at, c.id)
                  AND (n.email = c.email OR upper(n.email) = upper(c.email)))
     ORDER BY c.given_at, c.id, (s.confirmed_at = c.given_at) DESC NULLS LAST,
              s.confirmed_at DESC NULLS LAST
)
"""  # noqa: S608 - fragments of ours
WRITE = rf"""{LINES}
SELECT count(*), string_agg(
    CASE WHEN {ODD} THEN concat_ws(',', {CELLS}, given, wording_version, title)
         ELSE concat_ws(',', email, name, language, given, wording_version, title)
    END, E'\r\n') || E'\r\n'
  FROM line"""  # noqa: S608
COUNT = f"{LINES} SELECT count(*), NULL FROM line"  # noqa: S608
# Each part is planned for itself, because a plan for any part expects a few rows.
# Neither compiling nor workers of its own are worth while for one, and people who sign
# need the other processors.
ROOM = """
SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL work_mem = '64MB';
SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off"""


class NotNow(Exception):
    """No list can be made at the moment."""


class TooMany(NotNow):
    """As many as this process makes at a time are being made."""


class Rekeying(NotNow):
    """A re-key runs, or began while the list was made: mailboxes change their keys, and
    with them the part that they belong to."""


def export(organization: Organization, user: User, *, now: datetime) -> Iterator[bytes]:
    """Return the list as pieces of a CSV file. That it began is recorded before the
    first piece, how it ended after the last. A caller that stops reading must close the
    generator. Raise NotNow when no list can be made."""
    written = csv_chunks(organization, user, now)
    # A generator that was never started could not be closed.
    next(written)
    return written


def csv_chunks(
    organization: Organization, user: User, now: datetime
) -> Iterator[bytes]:
    """Yield b"" when the export was recorded, then the file as UTF-8."""
    if not free.acquire(blocking=False):
        raise TooMany
    try:
        versions = key_ring.state()
        if versions[1]:
            raise Rekeying
        record = Export.objects.create(
            organization=organization,
            made_by=user,
            made_at=now,
            number=0,
            state=ExportState.BEGUN,
        )
        number = 0
        # Now: what is streamed later is written after the middleware that sets the
        # language.
        head = (BOM + headings()).encode()
        try:
            yield b""
            yield head
            parts = number_of_parts(organization)
            for part in range(parts):
                found, lines = lines_of(organization, part, parts, WRITE)
                if key_ring.state() != versions:
                    raise Rekeying
                number += found
                if lines:
                    yield lines.encode()
        except BaseException:
            # Also when the reader left (GeneratorExit). Without a database it stays as
            # begun, and the first error is the one to be told.
            with suppress(Error):
                record.end(ExportState.BROKEN_OFF, number, now=timezone.now())
            raise
        record.end(ExportState.DONE, number, now=timezone.now())
    finally:
        free.release()


def number_of_supporters(organization: Organization) -> tuple[int, bool]:
    """Return how many lines the list would have, and whether that is exact. A long one
    is judged by a part, and rounded to two digits."""
    parts = number_of_parts(organization)
    number, _lines = lines_of(organization, 0, parts, COUNT)
    if parts == 1:
        return number, True
    return rounded(number * parts), False


def rounded(number: int) -> int:
    """Return the number to two digits, which is as much as a part tells."""
    return round(number, 2 - len(str(number)))


def number_of_parts(organization: Organization) -> int:
    """Return into how many parts the list is divided: a power of two. Counts the
    answers of a part up to a bound, so that it takes no longer for a long list."""
    parts = 1
    while parts < MOST_PARTS:
        answers = Consent.objects.filter(organization=organization)
        if parts > 1:
            answers = answers.filter(email_key__range=keys_of(0, parts))
        if answers[: ANSWERS_AT_ONCE + 1].count() <= ANSWERS_AT_ONCE:
            break
        parts *= 2
    return parts


def keys_of(part: int, parts: int) -> tuple[UUID, UUID]:
    """Return the lowest and the highest key of a part."""
    width = 2**128 // parts
    return UUID(int=part * width), UUID(int=(part + 1) * width - 1)


def lines_of(
    organization: Organization, part: int, parts: int, statement: str
) -> tuple[int, str | None]:
    """Return the number of lines of a part and, where `statement` is WRITE, the lines
    themselves."""
    low, high = keys_of(part, parts)
    with room_for_many():
        parameters: dict[str, Any] = {
            "organization": organization.pk,
            "low": low,
            "high": high,
            "zone": timezone.get_current_timezone_name(),
            "silent": silent_ones(organization, low, high),
        }
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            number, lines = cursor.fetchone()
    return number, lines


@contextmanager
def room_for_many() -> Iterator[None]:
    """Let statements of one transaction sort a part in memory, and take longer than a
    visitor would wait."""
    with transaction.atomic(), statement_timeout("1min"):
        with connection.cursor() as cursor:
            cursor.execute(ROOM)
        yield


def silent_ones(organization: Organization, low: UUID, high: UUID) -> list[int]:
    """Return the ids of answers of these mailboxes whose address must not be written
    to. That takes secrets, which the database does not have: it finds those in
    doubt."""
    answers = Consent.objects.filter(
        organization=organization, wants_updates=True, email_key__range=(low, high)
    )
    silent: list[int] = []
    for model in HOLDS:
        held: QuerySet[Any] = model.objects.filter(pk__range=(low, high))
        doubtful = answers.filter(email_key__in=held.values("pk"))
        known = dict(doubtful.values_list("pk", "email"))
        if known:
            found = key_ring.silenced(model.objects.all(), set(known.values()))
            silent += [pk for pk, email in known.items() if email in found]
    return silent


def headings() -> str:
    """Return the first line, in the active language."""
    text = io.StringIO()
    csv.writer(text).writerow(
        [
            gettext("E-mail address"),
            gettext("Name"),
            gettext("Language"),
            in_zone(gettext("Said yes on")),
            gettext("Wording of the question"),
            gettext("Petition"),
        ]
    )
    return text.getvalue()
