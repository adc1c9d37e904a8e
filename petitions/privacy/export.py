"""The list that belongs to an organisation: whom it may write to.

Those whose newest answer to its question is yes, who can be reached and have not told
the site to be silent. Streamed, so that a million lines take no more memory than a
thousand, from one moment: an answer given meanwhile is in the next list.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import batched, chain
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Window
from django.utils import timezone
from django.utils.translation import gettext

from organizations.models import Organization, User
from petitions.identity import key_ring
from petitions.models import (
    Bounce,
    Consent,
    Export,
    Petition,
    Signature,
    Suppression,
)

ROWS_AT_ONCE = 1000
# What keeps an address from being written to.
HOLDS = (Suppression, Bounce)
# What makes a table program compute a cell instead of showing it (OWASP: CSV
# injection), the wide forms of East Asian keyboards included.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Where a cell may begin: ours, or one that a program sees which parts columns at “;”,
# as French or Dutch ones do.
BEGINNING = re.compile(r"((?:^|[;|\t\r\n])[\s\"']*)(?=[=+\-@＝＋－＠])")
ROOM = "SET statement_timeout = '5min'; SET work_mem = '256MB'; SET jit = off"
USUAL = "RESET statement_timeout; RESET work_mem; RESET jit"
# Tells Excel that the file is UTF-8.
BOM = "\ufeff"


def supporters(organization: Organization) -> QuerySet[Consent]:
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
        return supporters(organization).count()


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
    first piece, with exactly the number of lines that follow."""
    names = (
        Signature.objects.confirmed()
        .filter(
            email_key=OuterRef("email_key"),
            email__iexact=OuterRef("email"),
            petition__organization=OuterRef("organization"),
        )
        .order_by("-confirmed_at")
    )
    with room_for_many():
        rows: Iterator[tuple[Any, ...]] = (
            supporters(organization)
            .annotate(
                name=Subquery(names.values("name")[:1]), number=Window(Count("*"))
            )
            .order_by("given_at", "pk")
            .values_list(
                "number",
                "email",
                "name",
                "language",
                "given_at",
                "wording_version",
                "source",
            )
            .iterator(chunk_size=ROWS_AT_ONCE)
        )
        # The cursor holds all of it from here on; what follows only fetches.
        first = next(rows, None)
    Export.objects.create(
        organization=organization,
        made_by=user,
        made_at=now,
        number=first[0] if first else 0,
    )
    titles = {
        f"petition:{number}": title
        for number, title in Petition.objects.filter(
            organization=organization
        ).values_list("pk", "title")
    }
    head = (
        gettext("E-mail address"),
        gettext("Name"),
        gettext("Language"),
        gettext("Said yes on"),
        gettext("Wording of the question"),
        gettext("Petition"),
    )
    lines = (
        (
            email,
            name or "",  # erased with its signature
            language,
            timezone.localtime(given_at).strftime("%Y-%m-%d %H:%M"),
            wording_version,
            titles.get(source, ""),
        )
        for _, email, name, language, given_at, wording_version, source in chain(
            [first] if first else [], rows
        )
    )
    return written(chain([head], lines))


def written(lines: Iterable[tuple[Any, ...]]) -> Iterator[bytes]:
    """Lines of cells as UTF-8, many at a time."""
    mark = BOM
    for some in batched(lines, ROWS_AT_ONCE, strict=False):
        text = io.StringIO()
        csv.writer(text).writerows([safe(cell) for cell in line] for line in some)
        yield (mark + text.getvalue()).encode()
        mark = ""


def safe(cell: object) -> str:
    """What a table program shows as it is, wherever it parts the columns."""
    text = BEGINNING.sub(r"\1'", str(cell))
    return f"'{text}" if text.startswith(FORMULA) else text
