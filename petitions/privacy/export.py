"""The list of supporters that an organisation may write to.

It has those whose newest answer to the organisation's question is yes, unless mail to
them bounced or they stopped all mail. It shows one moment: an answer given meanwhile is
in the next list. PostgreSQL writes the lines, a thousand in a piece, and keeps what is
not fetched yet in a file of its own: a million lines take no more memory here than a
thousand, and no transaction stays open for them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext

from core.text.spreadsheets import BEGINNING, BLANK, BOM, SIGNS
from organizations.models import Organization, User
from petitions.identity import key_ring
from petitions.models import (
    Bounce,
    Consent,
    Export,
    Signature,
    Suppression,
)

ROWS_AT_ONCE = 1000
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
LINES = """
WITH supporter AS ({supporters}), placed AS (
    SELECT s.*, coalesce(t.title, '') AS title,
           to_char(s.given_at AT TIME ZONE %s, 'YYYY-MM-DD HH24:MI') AS given,
           count(*) OVER () AS number,
           (row_number() OVER (ORDER BY s.given_at, s.id) - 1) / {at_once} AS piece
      FROM supporter s
      LEFT JOIN petitions_petition t
        ON t.organization_id = %s AND s.source = 'petition:' || t.id
), safe AS (
    SELECT number, piece, given_at, id, given, wording_version,
           {email} AS email, {name} AS name, {language} AS language, {title} AS title
      FROM placed
)
SELECT number,
       string_agg(concat_ws(',', {cells}), E'\\r\\n' ORDER BY given_at, id) || E'\\r\\n'
  FROM safe GROUP BY number, piece ORDER BY piece
"""
ROOM = "SET statement_timeout = '5min'; SET work_mem = '256MB'; SET jit = off"
USUAL = "RESET statement_timeout; RESET work_mem; RESET jit"


def consenting_supporters(organization: Organization) -> QuerySet[Consent]:
    """Return the consents that an organisation may rely on, one for each address.
    Another spelling of an address has an answer of its own, because it may be another
    person's."""
    same = Consent.objects.filter(
        organization=OuterRef("organization"),
        email_key=OuterRef("email_key"),
        email__iexact=OuterRef("email"),
    )
    newer = Q(given_at__gt=OuterRef("given_at")) | Q(
        given_at=OuterRef("given_at"), pk__gt=OuterRef("pk")
    )
    held = [model.objects.filter(pk=OuterRef("email_key")) for model in HOLDS]
    agreed = Consent.objects.filter(
        ~Exists(same.filter(newer)), organization=organization, wants_updates=True
    )
    doubtful = agreed.filter(Exists(held[0]) | Exists(held[1]))
    known = dict(doubtful.values_list("pk", "email"))
    silent = set[str]()
    for model in HOLDS:
        silent |= key_ring.silenced(model.objects.all(), set(known.values()) - silent)
    return agreed.exclude(pk__in=[pk for pk in known if known[pk] in silent])


def number_of_supporters(organization: Organization) -> int:
    """Return how many lines the list would have."""
    with room_for_many():
        return consenting_supporters(organization).count()


@contextmanager
def room_for_many() -> Iterator[None]:
    """Let statements sort millions of rows in memory, and take longer than a visitor
    would wait."""
    with connection.cursor() as cursor:
        cursor.execute(ROOM)
    try:
        yield
    finally:
        # A lost connection has no settings left to reset.
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute(USUAL)


def export(organization: Organization, user: User, *, now: datetime) -> Iterator[bytes]:
    """Return the list as pieces of a CSV file. The export is recorded before the first
    piece, with exactly the number of lines that follow. A caller that stops reading
    must close the generator."""
    written = csv_chunks(organization, user, now)
    # A generator that was never started could not close its cursor.
    next(written)
    return written


def csv_chunks(
    organization: Organization, user: User, now: datetime
) -> Iterator[bytes]:
    """Yield b"" when the list was made and recorded, then the file as UTF-8.

    The cursor is closed at the end of the file, after an error, or when the generator
    is closed. Otherwise it would stay, with its file on the server, for as long as the
    pool keeps the connection."""
    with connection.chunked_cursor() as lines:
        with room_for_many():
            lines.execute(*statement_for(organization))
            # The cursor holds the whole list from here on; what follows only fetches.
            piece = lines.fetchone()
        Export.objects.create(
            organization=organization,
            made_by=user,
            made_at=now,
            number=piece[0] if piece else 0,
        )
        head = headings()
        yield b""
        yield (BOM + head).encode()
        while piece is not None:
            yield piece[1].encode()
            piece = lines.fetchone()


def statement_for(organization: Organization) -> tuple[str, list[Any]]:
    """Return the SQL that writes the lines, and its parameters."""
    names = (
        Signature.objects.confirmed()
        .filter(
            email_key=OuterRef("email_key"),
            email__iexact=OuterRef("email"),
            petition__organization=OuterRef("organization"),
        )
        .order_by("-confirmed_at")
    )
    # Empty once the signature was erased.
    name = Coalesce(Subquery(names.values("name")[:1]), Value(""))
    found = (
        consenting_supporters(organization).annotate(name=name).values(*COLUMNS, "name")
    )
    statement, parameters = found.query.sql_with_params()
    zone = timezone.get_current_timezone_name()
    return (
        LINES.format(supporters=statement, at_once=ROWS_AT_ONCE, **SHOWN),
        [*parameters, zone, organization.pk],
    )


def headings() -> str:
    """Return the first line, in the active language."""
    text = io.StringIO()
    csv.writer(text).writerow(
        [
            gettext("E-mail address"),
            gettext("Name"),
            gettext("Language"),
            gettext("Said yes on"),
            gettext("Wording of the question"),
            gettext("Petition"),
        ]
    )
    return text.getvalue()


def safe(column: str) -> str:
    """Return SQL for a column's text that a spreadsheet shows without computing it."""
    return f"CASE WHEN {SUSPECT % column} THEN {SAFE % column} ELSE {column} END"


def cell(column: str) -> str:
    """Return SQL for a column's text as a cell of the CSV file."""
    return CELL.format(column)


COLUMNS = ("id", "email", "language", "given_at", "wording_version", "source")
_TYPED = ("email", "name", "language", "title")
_LINE = ("email", "name", "language", "given", "wording_version::text", "title")
SHOWN = {column: safe(column) for column in _TYPED} | {
    "cells": ", ".join(cell(column) for column in _LINE)
}
