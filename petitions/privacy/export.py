"""The list that belongs to an organisation: whom it may write to.

Those whose newest answer to its question is yes, who can be reached and have not told
the site to be silent. From one moment: an answer given meanwhile is in the next list.
PostgreSQL writes the lines, a thousand in a piece, and keeps what is not fetched yet in
a file of its own: a million lines take no more memory here than a thousand, and no
transaction stays open for them.
"""

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
# What keeps an address from being written to.
HOLDS = (Suppression, Bounce)
# What makes a table program compute a cell instead of showing it (OWASP: CSV
# injection), the wide forms of East Asian keyboards included.
SIGNS = "[-=+@＝＋－＠]"
# Where a cell may begin: ours, or one that a program sees which parts columns at “;”,
# as French or Dutch ones do. Blanks of every kind are named: which ones PostgreSQL's \s
# holds depends on its collation.
BLANK = (
    r"[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f"
    r"\u3000'" + '"]*'
)
BEGINNING = rf"((^|[;|\t\r\n]){BLANK})(?={SIGNS})"
# A cell that a table program shows as it is, wherever it parts the columns, …
SAFE = rf"""regexp_replace(
    regexp_replace(%s, $re${BEGINNING}$re$, $to$\1'$to$, 'g'),
    '^(?=[\t\r\n])', '''')"""
# … which few have to be made, …
SUSPECT = rf"%s ~ $re$^{BLANK}{SIGNS}|[;|\t\r\n]$re$"
# … in quotes where the format wants them (RFC 4180).
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
# Tells Excel that the file is UTF-8.
BOM = "\ufeff"


def consenting_supporters(organization: Organization) -> QuerySet[Consent]:
    """The consents that an organisation may rely on, one for each address: nobody
    answers for another spelling, which may be another's."""
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
        ~Exists(same.filter(newer)), organization=organization, updates=True
    )
    doubtful = agreed.filter(Exists(held[0]) | Exists(held[1]))
    known = dict(doubtful.values_list("pk", "email"))
    silent = set[str]()
    for model in HOLDS:
        silent |= key_ring.silenced(model.objects.all(), set(known.values()) - silent)
    return agreed.exclude(pk__in=[pk for pk in known if known[pk] in silent])


def number_of_supporters(organization: Organization) -> int:
    """How many lines the list would have."""
    with room_for_many():
        return consenting_supporters(organization).count()


@contextmanager
def room_for_many() -> Iterator[None]:
    """Statements may sort millions of rows in memory, and take longer than a visitor
    would wait."""
    with connection.cursor() as cursor:
        cursor.execute(ROOM)
    try:
        yield
    finally:
        # A connection that is lost has nothing left to be set back.
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute(USUAL)


def export(organization: Organization, user: User, *, now: datetime) -> Iterator[bytes]:
    """The list as a table in pieces of CSV. That it was taken is recorded before the
    first piece, with exactly the number of lines that follow. Whoever stops reading
    closes it."""
    written = csv_chunks(organization, user, now)
    # A generator that never began could not close its cursor.
    next(written)
    return written


def csv_chunks(
    organization: Organization, user: User, now: datetime
) -> Iterator[bytes]:
    """Nothing at first, when the list is made and recorded, then the file as UTF-8. The
    cursor ends with the file, after an error, or when the generator is closed: it would
    stay, with its file on the server, for as long as the pool keeps the connection."""
    with connection.chunked_cursor() as lines:
        with room_for_many():
            lines.execute(*statement_for(organization))
            # The cursor holds all of it from here on; what follows only fetches.
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
    """SQL that writes the lines, and its parameters."""
    names = (
        Signature.objects.confirmed()
        .filter(
            email_key=OuterRef("email_key"),
            email__iexact=OuterRef("email"),
            petition__organization=OuterRef("organization"),
        )
        .order_by("-confirmed_at")
    )
    # Erased with its signature.
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
    """The first line, in the language of the moment."""
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
    """SQL for a column's text as a table program shows it and computes nothing."""
    return f"CASE WHEN {SUSPECT % column} THEN {SAFE % column} ELSE {column} END"


def cell(column: str) -> str:
    """SQL for a column's text as a cell of the file."""
    return CELL.format(column)


COLUMNS = ("id", "email", "language", "given_at", "wording_version", "source")
_TYPED = ("email", "name", "language", "title")
_LINE = ("email", "name", "language", "given", "wording_version::text", "title")
SHOWN = {column: safe(column) for column in _TYPED} | {
    "cells": ", ".join(cell(column) for column in _LINE)
}
