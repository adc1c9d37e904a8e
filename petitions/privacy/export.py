"""The list of supporters that an organisation may write to.

It has those whose newest answer to the organisation's question is yes, unless mail to
them bounced or they stopped all mail. PostgreSQL writes the lines, a part of the
mailboxes at a time: those whose keys lie between two values. Keys are hashes: parts are
equally large, all answers of a mailbox are in one, and one part tells how many lines
all have together. Each part is a few short statements: no transaction stays open for
who reads slowly, and a million lines take no more memory than a hundred thousand. A
part shows its own moment, and has its lines in the order of their answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from core.text.csv_sql import line_sql, safe_cell
from organizations.models import Organization, User
from petitions.identity import key_ring
from petitions.models import Bounce, Consent, Export, Suppression
from petitions.privacy.layouts import COLUMNS, ListLayout
from petitions.privacy.recorded_exports import Rekeying, recorded, room_for_many
from petitions.states import ExportState

ANSWERS_AT_ONCE = 100_000
"""The most answers that a part has, about."""
MOST_PARTS = 2**16

# Models whose rows keep an address from being written to.
HOLDS = (Suppression, Bounce)
# The equality beside upper() saves calling that for nearly all rows. Which mailboxes
# have answered twice stands in an index; only of those is a newer answer looked for,
# instead of reading all answers once more. Title and slug are cells already, and a time
# and a number need no guard. The name is that of a signature that said yes: two people
# may share a mailbox, and the other one's name is not handed out with it.
LINES = f"""
WITH title AS (
    SELECT 'petition:' || id AS source, {safe_cell("title")} AS title,
           {safe_cell("slug")} AS slug
      FROM petitions_petition WHERE organization_id = %(organization)s::bigint
), line AS (
    SELECT DISTINCT ON (c.given_at, c.id)
           c.email, coalesce(s.name, '') AS name, c.language, c.wording_version,
           c.given_at, coalesce(t.title, '') AS title, coalesce(t.slug, '') AS slug
      FROM petitions_consent c
      LEFT JOIN title t ON t.source = c.source
      LEFT JOIN petitions_signature s
        ON s.email_key = c.email_key AND s.email_key BETWEEN %(low)s AND %(high)s
       AND s.state = 'confirmed' AND s.wants_updates AND s.petition_id = ANY (ARRAY(
               SELECT id FROM petitions_petition
                WHERE organization_id = %(organization)s::bigint))
       AND (s.email = c.email OR upper(s.email) = upper(c.email))
     WHERE c.organization_id = %(organization)s::bigint AND c.wants_updates
       AND c.email_key BETWEEN %(low)s AND %(high)s
       AND c.id <> ALL (%(silent)s::bigint[])
       AND (c.email_key NOT IN (
               SELECT email_key FROM petitions_consent
                WHERE organization_id = %(organization)s::bigint
                  AND email_key BETWEEN %(low)s AND %(high)s
                GROUP BY email_key HAVING count(*) > 1)
            OR NOT EXISTS (
               SELECT FROM petitions_consent n
                WHERE n.organization_id = %(organization)s::bigint
                  AND n.email_key = c.email_key
                  AND (n.given_at, n.id) > (c.given_at, c.id)
                  AND (n.email = c.email OR upper(n.email) = upper(c.email))))
     ORDER BY c.given_at, c.id, (s.confirmed_at = c.given_at) DESC NULLS LAST,
              s.confirmed_at DESC NULLS LAST
)
"""  # noqa: S608 - fragments of ours
COUNT = f"{LINES} SELECT count(*), NULL FROM line"  # noqa: S608


def list_statement(layout: ListLayout) -> str:
    """Return the statement that counts the lines of a part and writes them."""
    return rf"""{LINES}
SELECT count(*), string_agg({line_sql(COLUMNS[layout].cells)}, E'\r\n') || E'\r\n'
  FROM line"""  # noqa: S608


def export_supporters(
    organization: Organization,
    user: User,
    layout: ListLayout = ListLayout.OURS,
    *,
    now: datetime,
) -> Iterator[bytes]:
    """Return the list as pieces of a CSV file. That it began is recorded before the
    first piece, how it ended after the last. A caller that stops reading must close the
    generator. Raise NotNow when no list can be made."""
    versions = key_ring.state()
    if versions[1]:
        raise Rekeying
    record = Export(
        organization=organization,
        made_by=user,
        made_at=now,
        number=0,
        state=ExportState.BEGUN,
    )
    # The head is of now: what is streamed later is written after the middleware that
    # sets the language.
    head = COLUMNS[layout].head()
    return recorded(record, head, parts_of_list(organization, layout, versions))


def parts_of_list(
    organization: Organization, layout: ListLayout, versions: tuple[int, bool]
) -> Iterator[tuple[int, bytes]]:
    """Yield the parts, each with its number of lines. Raise Rekeying when the versions
    of keys have changed."""
    statement = list_statement(layout)
    parts = number_of_parts(organization)
    for part in range(parts):
        number, lines = lines_of_part(organization, part, parts, statement)
        if key_ring.state() != versions:
            raise Rekeying
        yield number, (lines or "").encode()


def number_of_supporters(organization: Organization) -> tuple[int, bool]:
    """Return how many lines the list would have, and whether that is exact. A long one
    is judged by a part, and rounded to two digits."""
    parts = number_of_parts(organization)
    number, _lines = lines_of_part(organization, 0, parts, COUNT)
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
            answers = answers.filter(email_key__range=keys_of_part(0, parts))
        if answers[: ANSWERS_AT_ONCE + 1].count() <= ANSWERS_AT_ONCE:
            break
        parts *= 2
    return parts


def keys_of_part(part: int, parts: int) -> tuple[UUID, UUID]:
    """Return the lowest and the highest key of a part."""
    width = 2**128 // parts
    return UUID(int=part * width), UUID(int=(part + 1) * width - 1)


def lines_of_part(
    organization: Organization, part: int, parts: int, statement: str
) -> tuple[int, str | None]:
    """Return the number of lines of a part and, unless `statement` is COUNT, the lines
    themselves."""
    low, high = keys_of_part(part, parts)
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
            keys = key_ring.silenced(model.objects.all(), set(known.values()))
            silent += [pk for pk, email in known.items() if email in keys]
    return silent
