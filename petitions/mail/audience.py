"""Who receives a mailing: supporters whose newest answer to the organisation is yes,
once a mailbox, however many petitions they signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.db.database import statement_timeout
from petitions.identity import key_ring
from petitions.models import Bounce, Mailing, Petition, Signature, Suppression
from petitions.states import MailingScope

# How many signatures are looked through in one batch.
PART = 2_000
PATIENCE = "20s"
# Before this, nobody has signed on a site.
EPOCH = date(1970, 1, 2)

# The signatures that lead to a recipient: confirmed ones with an address, the newest
# answer of which is yes; not of a mailbox that has had this update, or lately another
# mailing of the organisation. `silent` are those whose address must not be written to.
CHOSEN = """
    SELECT s.id, s.email_key
      FROM petitions_signature s
     WHERE {rows}
       AND s.state = 'confirmed' AND s.email_key IS NOT NULL
       AND s.confirmed_at <= %(as_of)s AND s.id <> ALL (%(silent)s::bigint[])
       AND (cardinality(%(languages)s::text[]) = 0
            OR coalesce(nullif(s.text_language, ''), s.language)
               = ANY (%(languages)s::text[]))
       AND (cardinality(%(countries)s::text[]) = 0
            OR s.country = ANY (%(countries)s::text[]))
       AND s.confirmed_at >= %(since)s
       AND (SELECT c.wants_updates FROM petitions_consent c
             WHERE c.email_key = s.email_key
               AND c.organization_id = %(organization)s
               AND (c.email = s.email OR upper(c.email) = upper(s.email))
             ORDER BY c.given_at DESC, c.id DESC LIMIT 1)
       -- In this form, PostgreSQL looks for each by its key. As NOT EXISTS, shortly
       -- after another mailing, it goes through all recipients for each.
       AND (SELECT true FROM petitions_mailingrecipient r
             JOIN petitions_mailing m ON m.id = r.mailing_id
             JOIN petitions_petition p ON p.id = m.petition_id
            WHERE r.email_key = s.email_key AND (
                  (r.update_id = %(update)s AND r.state <> 'due')
                  OR (%(gap)s AND p.organization_id = %(organization)s AND (
                      (r.state IN ('sent', 'bounced') AND r.finished_at > %(lately)s)
                      OR (r.state = 'due' AND m.id <> %(mailing)s
                          AND m.state IN ('sending', 'paused')))))
             LIMIT 1) IS NULL
"""
COUNT = "SELECT count(DISTINCT email_key) FROM ({chosen}) chosen".format(  # noqa: S608
    chosen=CHOSEN.format(
        rows="s.petition_id = ANY (%(petitions)s::bigint[]) AND s.id <= %(up_to)s"
    )
)
# A mailbox that waits for a mailing of the same update that was stopped is taken over,
# and one that waits with a signature that was erased.
FILL = """
WITH part AS MATERIALIZED (
    SELECT id FROM petitions_signature
     WHERE petition_id = %(petition)s AND id > %(after)s AND id <= %(up_to)s
     ORDER BY id LIMIT %(part)s
), chosen AS ({chosen}), added AS (
    INSERT INTO petitions_mailingrecipient AS r (
        mailing_id, update_id, signature_id, email_key, state, due_at, created_at)
    SELECT DISTINCT ON (email_key) %(mailing)s, %(update)s, id, email_key, 'due',
           %(now)s, %(now)s
      FROM chosen ORDER BY email_key, id
        ON CONFLICT (update_id, email_key) DO UPDATE
       SET mailing_id = excluded.mailing_id, signature_id = excluded.signature_id,
           due_at = excluded.due_at, created_at = excluded.created_at,
           leased_until = NULL, attempts = 0
     WHERE r.state = 'due'
       AND (r.mailing_id <> excluded.mailing_id OR r.signature_id IS NULL)
 RETURNING r.id
)
SELECT (SELECT count(*) FROM part), (SELECT max(id) FROM part),
       (SELECT count(*) FROM added)
""".format(chosen=CHOSEN.format(rows="s.id IN (SELECT id FROM part)"))  # noqa: S608


@dataclass(frozen=True)
class RecipientBatch:
    """The recipients that one batch has found, and how far it has looked."""

    signatures: int
    last_id: int
    added: int


def audience_petitions(mailing: Mailing) -> list[int]:
    """Return the numbers of the petitions whose supporters it is for, in order."""
    if mailing.scope == MailingScope.PETITION:
        return [mailing.petition_id]
    of_all = Petition.objects.filter(organization=mailing.petition.organization_id)
    return list(of_all.order_by("pk").values_list("pk", flat=True))


def audience_parameters(mailing: Mailing, now: datetime) -> dict[str, Any]:
    """Return what the statements are told of the audience."""
    organization = mailing.petition.organization
    days = organization.mailing_gap_days
    since = timezone.make_aware(datetime.combine(mailing.since or EPOCH, time.min))
    return {
        "organization": organization.pk,
        "mailing": mailing.pk or 0,
        "update": mailing.update_id,
        "languages": mailing.languages,
        "countries": mailing.countries,
        "since": since,
        "as_of": mailing.ordered_at or now,
        "up_to": mailing.up_to or 2**62,
        # When it was ordered: whoever ordered it was told the number of that moment.
        "lately": (mailing.ordered_at or now) - timedelta(days=days),
        "gap": days > 0,
    }


def count_recipients(mailing: Mailing, now: datetime) -> int:
    """Return how many mailboxes a mailing, which need not be stored, would be sent to
    if it were ordered now. Raise OperationalError when that takes too long."""
    petitions = audience_petitions(mailing)
    rows = Signature.objects.confirmed().filter(petition__in=petitions)
    given = {**audience_parameters(mailing, now), "petitions": petitions}
    with transaction.atomic(), statement_timeout(PATIENCE):
        given["silent"] = silent(rows)
        with connection.cursor() as cursor:
            cursor.execute(COUNT, given)
            row = cursor.fetchone()
    return int(row[0]) if row else 0


def fill_part(
    mailing: Mailing, petition: int, after: int, now: datetime
) -> RecipientBatch:
    """Add the recipients among the next signatures of a petition, after the number
    `after`."""
    rows = Signature.objects.filter(
        petition=petition, pk__gt=after, pk__lte=mailing.up_to
    )
    ahead = list(rows.order_by("pk").values_list("pk", flat=True)[PART - 1 : PART])
    if ahead:
        rows = rows.filter(pk__lte=ahead[0])
    given = {
        **audience_parameters(mailing, now),
        "petition": petition,
        "after": after,
        "part": PART,
        "now": now,
        "silent": silent(rows),
    }
    with connection.cursor() as cursor:
        cursor.execute(FILL, given)
        signatures, last, added = cursor.fetchone()
    return RecipientBatch(signatures, last or mailing.up_to, added)


def silent(rows: QuerySet[Signature]) -> list[int]:
    """Return the numbers of those of `rows` whose address must not be written to. That
    takes secrets, which the database does not have: it finds those in doubt."""
    numbers: list[int] = []
    for model in (Suppression, Bounce):
        held: QuerySet[Any] = model.objects.all()
        doubtful = rows.filter(email_key__in=held.values("pk")).order_by()
        known = dict(doubtful.values_list("pk", "email"))
        if known:
            addresses = key_ring.silenced(held, set(known.values()))
            numbers += [pk for pk, email in known.items() if email in addresses]
    return numbers
