"""The signatures of one petition as a file: each line has what its signer agreed to
when they signed, and nothing else.

- The day: of everybody who is counted and not erased.
- Name, place, postal code: of those who agreed that they are handed over by name; the
  comment of those who agreed to that, too, once staff approved it.
- The country: of those, and of the others where enough come from there.
- The address: of those who said yes below this petition when they were asked whether
  the organisation may write, whose newest answer is yes, and who can be written to.

PostgreSQL writes the lines, in the order of signing, so many signatures at a time: no
transaction stays open for who reads slowly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from psycopg.types.json import Jsonb

from core.text.csv_sql import Cell, line_sql
from core.text.spreadsheets import csv_table
from organizations.models import User
from petitions.delivery.files import spoken
from petitions.identity import key_ring
from petitions.mail.audience import silent
from petitions.models import Export, Petition, Signature
from petitions.models.packs import AGREED
from petitions.models.signatures import SignatureQuerySet
from petitions.privacy.recorded_exports import Rekeying, recorded, room_for_many
from petitions.regions import FEWEST
from petitions.signature_fields import OPTIONAL
from petitions.signatures.forms import country_names
from petitions.states import Delivery, ExportKind, ExportState

AT_ONCE = 20_000
"""The signatures, of any state, that a part goes through."""


class ExportColumn(models.TextChoices):
    """The columns that the file can have, in its order."""

    DAY = "day", _("Day")
    NAME = "name", _("Full name")
    PLACE = "place", _("Place")
    POSTAL_CODE = "postal_code", _("Postal code")
    COUNTRY = "country", _("Country")
    COMMENT = "comment", _("Reason")
    EMAIL = "email", _("E-mail address")


NAMED = "s.delivery IN ('names', 'comments')"
# Names of countries, by code: of all, and of those that may stand without a name.
COUNTRY = f"""coalesce(CASE WHEN {NAMED}
    THEN coalesce(%(countries)s::jsonb ->> s.country, s.country)
    ELSE %(frequent)s::jsonb ->> s.country END, '')"""
# The newest answer of the address to the organisation holds. Two people at one address
# answer for themselves: whose line it is has said yes, too.
MAY_WRITE = """s.wants_updates AND s.id <> ALL (%(silent)s::bigint[])
    AND coalesce((SELECT c.wants_updates FROM petitions_consent c
         WHERE c.email_key = s.email_key AND c.organization_id = %(organization)s
           AND (c.email = s.email OR upper(c.email) = upper(s.email))
         ORDER BY c.given_at DESC, c.id DESC LIMIT 1), false)"""
CELLS = {
    ExportColumn.DAY: Cell(
        "to_char(confirmed_at AT TIME ZONE %(zone)s, 'YYYY-MM-DD')", is_typed=False
    ),
    **{
        column: Cell(f"CASE WHEN {NAMED} THEN s.{column} ELSE '' END")
        for column in (ExportColumn.NAME, ExportColumn.PLACE, ExportColumn.POSTAL_CODE)
    },
    ExportColumn.COUNTRY: Cell(COUNTRY),
    ExportColumn.COMMENT: Cell(
        f"CASE WHEN s.delivery = '{Delivery.COMMENTS}' AND s.comment_approved"
        " THEN s.comment ELSE '' END"
    ),
    ExportColumn.EMAIL: Cell(f"CASE WHEN {MAY_WRITE} THEN s.email ELSE '' END"),
}


def known(petition: Petition) -> SignatureQuerySet:
    """Return the signatures that have a line: those that count and are not erased."""
    return Signature.objects.filter(petition=petition).confirmed().known()


@dataclass(frozen=True)
class Summary:
    """The content that the file of a petition would have."""

    lines: int
    named: int
    """The number of lines that carry a name."""
    columns: list[ExportColumn]
    """Without those that its form has never asked for."""


def summary_of_signatures(petition: Petition) -> Summary:
    """Return what the file would have, from one look at the signatures."""
    filled = {
        field.name: Count("pk", filter=~Q(**{field.name: ""})) for field in OPTIONAL
    }
    sums = known(petition).aggregate(
        lines=Count("pk"), named=Count("pk", filter=AGREED), **filled
    )
    unasked = {
        field.name
        for field in OPTIONAL
        if not getattr(petition, field.asked_by) and not sums[field.name]
    }
    columns = [column for column in ExportColumn if column not in unasked]
    return Summary(sums["lines"], sums["named"], columns)


def export_signatures(
    petition: Petition, user: User, columns: Sequence[ExportColumn], *, now: datetime
) -> Iterator[bytes]:
    """Return the signatures, with the day and these columns, as pieces of a CSV file.
    That it began is recorded before the first piece, how it ended after the last. A
    caller that stops reading must close the generator. Raise NotNow when no file can be
    made."""
    versions = key_ring.state()
    if versions[1]:
        raise Rekeying
    record = Export(
        organization=petition.organization,
        kind=ExportKind.SIGNATURES,
        petition=petition,
        made_by=user,
        made_at=now,
        number=0,
        state=ExportState.BEGUN,
    )
    chosen = [c for c in ExportColumn if c is ExportColumn.DAY or c in columns]
    head = csv_table([[str(column.label) for column in chosen]], begins=True)
    # Of now: what is streamed later is written after the middleware that sets the
    # language.
    names = country_names(spoken(get_language() or ""))
    return recorded(
        record, head, parts_of_signatures(petition, chosen, names, versions)
    )


def signatures_statement(columns: Sequence[ExportColumn]) -> str:
    """Return the statement that counts the lines of a part and writes them."""
    cells = line_sql([CELLS[column] for column in columns])
    return rf"""
SELECT count(*), string_agg(line, E'\r\n' ORDER BY id) || E'\r\n' FROM (
    SELECT s.id, {cells} AS line
      FROM petitions_signature s
     WHERE s.petition_id = %(petition)s AND s.id > %(after)s AND s.id <= %(last)s
       AND s.state = 'confirmed' AND s.email_key IS NOT NULL
) lines"""  # noqa: S608 - fragments of ours


def parts_of_signatures(
    petition: Petition,
    columns: Sequence[ExportColumn],
    countries: dict[str, str],
    versions: tuple[int, bool],
) -> Iterator[tuple[int, bytes]]:
    """Yield the parts, each with its number of lines. Raise Rekeying when the versions
    of keys have changed."""
    statement = signatures_statement(columns)
    rows = Signature.objects.filter(petition=petition)
    up_to = rows.aggregate(last=Max("pk"))["last"] or 0
    frequent = (
        frequent_countries(petition) if ExportColumn.COUNTRY in columns else set()
    )
    given: dict[str, Any] = {
        "petition": petition.pk,
        "organization": petition.organization_id,
        "zone": timezone.get_current_timezone_name(),
        "countries": Jsonb(countries),
        "frequent": Jsonb({code: countries.get(code, code) for code in frequent}),
        "silent": [],
    }
    after = 0
    while after < up_to:
        ahead = rows.filter(pk__gt=after, pk__lte=up_to).order_by("pk")
        ends = list(ahead.values_list("pk", flat=True)[AT_ONCE - 1 : AT_ONCE])
        last = ends[0] if ends else up_to
        with room_for_many():
            if ExportColumn.EMAIL in columns:
                given["silent"] = silent(rows.filter(pk__gt=after, pk__lte=last))
            with connection.cursor() as cursor:
                cursor.execute(statement, {**given, "after": after, "last": last})
                number, lines = cursor.fetchone()
        if key_ring.state() != versions:
            raise Rekeying
        yield number, (lines or "").encode()
        after = last


def frequent_countries(petition: Petition) -> set[str]:
    """Return the countries that so many lines have that none of them tells who it
    is."""
    by_country = known(petition).order_by().values_list("country")
    countries = by_country.annotate(number=Count("pk")).filter(number__gte=FEWEST)
    return {country for country, _number in countries.exclude(country="")}
