"""The hot path: signing and confirming, written as the statements they are.

Signing is one SELECT and one INSERT, the same for every kind of signer. Confirming is
one conditional statement. No counter is touched, no mail is sent, no job is queued
within a request; what is due is written with the signature itself.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from config.clients import Network
from petitions.addresses import KEY_VERSION, ascii_domain, domain_of, email_key
from petitions.limits import Attempts, Rules
from petitions.models import DueMail, MergedSignature, Signature
from petitions.models.mails import UNFINISHED
from petitions.states import Aside, SignatureState, State, WeakSign

# Confirmations are accepted for this long after the later of the petition's end and
# the first sending of the mail.
GRACE = timedelta(hours=24)

NO_RULES = Rules()
# Lowers the priority of a mail; alone it withholds none.
BUSY = int(WeakSign.BUSY_NETWORK | WeakSign.BUSY_DOMAIN)


@dataclass(frozen=True, slots=True)
class Form:
    """What a sign form has to know of its petition."""

    petition_id: int
    slug: str
    state: str
    opens_at: datetime | None
    closes_at: datetime | None
    delivery: str
    asks_place: bool
    asks_postal_code: bool
    asks_country: bool
    words_key: str
    asks_updates: bool
    over_ceiling: bool
    """Whether the visitor's network has to wait before anything is taken from it."""

    def is_open(self, now: datetime) -> bool:
        return (
            self.state == State.OPEN
            and self.opens_at is not None
            and self.opens_at <= now
            and (self.closes_at is None or now < self.closes_at)
        )


FIND = """
SELECT p.id, p.slug, p.state, p.opens_at, p.closes_at, p.delivery,
       p.asks_place, p.asks_postal_code, p.asks_country,
       left(md5(p.title || E'\n' || p.ask || E'\n' || p.text), 8),
       o.postal_address <> '' AND o.contact_email <> '',
       EXISTS (SELECT 1
                 FROM unnest(%(keys)s::uuid[], %(roofs)s::timestamptz[]) c (key, roof)
                 JOIN petitions_allowance a ON a.key = c.key
                WHERE a.full_at > c.roof)
  FROM petitions_petition p
  JOIN organizations_organization o ON o.id = p.organization_id
 WHERE p.slug = %(slug)s
"""


def find_form(slug: str, ceilings: Attempts) -> Form | None:
    """The form of the petition with this address, drafts included, and whether one
    of the `ceilings` of the visitor's network is reached."""
    with connection.cursor() as cursor:
        cursor.execute(
            FIND, {"slug": slug, "keys": ceilings.keys, "roofs": ceilings.roofs}
        )
        row = cursor.fetchone()
    return Form(*row) if row else None


# Buckets are filled in the order of their keys by all, so that two forms wait for each
# other instead of deadlocking. A bucket that is full keeps its form out of `passed`.
SIGN = """
WITH attempt AS (
    SELECT *
      FROM unnest(%(keys)s::uuid[], %(scopes)s::text[], %(signs)s::int[],
                  %(full_at)s::timestamptz[], %(roofs)s::timestamptz[])
        AS a (key, scope, sign, full_at, roof)
), passed AS (
    INSERT INTO petitions_allowance AS a (key, full_at, roof)
    SELECT key, full_at, roof FROM attempt ORDER BY key
        ON CONFLICT (key) DO UPDATE
       SET full_at = excluded.full_at + GREATEST(a.full_at - %(now)s, interval '0')
     WHERE a.full_at <= excluded.roof
 RETURNING key
), beyond AS (
    SELECT COALESCE(bit_or(sign), 0) | %(weak_signs)s::int AS signs,
           COALESCE(bool_or(scope = 'address'), false) AS address,
           COALESCE(bool_or(scope = 'ceiling'), false) AS ceiling
      FROM attempt
     WHERE key NOT IN (SELECT key FROM passed)
), signed AS (
    INSERT INTO petitions_signature (
        petition_id, state, name, email, email_key, email_key_version, person,
        place, postal_code, country, comment, comment_approved, show_name, updates,
        language, text_version, consent_version, delivery, network, weak_signs, aside,
        created_at
    )
    SELECT %(petition_id)s, 'pending', %(name)s, %(email)s, %(email_key)s,
           %(email_key_version)s, '', %(place)s, %(postal_code)s, %(country)s,
           %(comment)s, false, %(show_name)s, %(updates)s, %(language)s,
           %(text_version)s, %(consent_version)s, %(delivery)s, %(network)s::inet,
           signs,
           CASE WHEN %(aside)s::text <> '' THEN %(aside)s::text
                WHEN address THEN 'limit'
                -- More than one of the bits.
                WHEN signs & (signs - 1) <> 0 THEN 'signs'
                ELSE '' END,
           %(now)s
      FROM beyond
     WHERE NOT ceiling
    RETURNING id, petition_id, email_key, created_at, weak_signs, aside
)
INSERT INTO petitions_duemail (
    petition_id, signature_id, email_key, kind, state, priority, due_at, attempts,
    created_at, reply
)
SELECT petition_id, id, email_key, 'confirm',
       CASE WHEN aside = '' THEN 'due' ELSE 'held' END,
       -- Many from one network or domain wait behind all others.
       CASE WHEN weak_signs & %(busy)s::int <> 0 THEN 1 ELSE 0 END,
       created_at, 0, created_at, ''
  FROM signed
RETURNING signature_id
"""


@dataclass(frozen=True, slots=True)
class SignerInput:
    """What a supporter sent, cleaned, and what the form had shown."""

    name: str
    email: str
    language: str
    delivery: str
    place: str = ""
    postal_code: str = ""
    country: str = ""
    comment: str = ""
    show_name: bool = False
    updates: bool | None = None
    text_version: int = 0
    consent_version: int = 1
    network: Network | None = None
    """The /24 or /48 that it came from."""
    weak_signs: int = 0
    is_trapped: bool = False
    """Whether it filled in what people do not see."""


def sign(
    petition_id: int, given: SignerInput, *, now: datetime, rules: Rules = NO_RULES
) -> int | None:
    """Write a pending signature and the mail that is due for it; returns its id, or
    None when its network has reached its ceiling. Repeating it is harmless: whoever
    owns the mailbox confirms one."""
    key, domain = email_key(given.email), ascii_domain(domain_of(given.email))
    attempts = rules.attempts(petition_id, key, given.network, domain, now)
    aside = Aside.HONEYPOT if given.is_trapped else rules.aside(given.network, domain)
    parameters: dict[str, Any] = {
        "petition_id": petition_id,
        "email_key": key,
        "email_key_version": KEY_VERSION,
        "aside": aside,
        "busy": BUSY,
        "now": now,
    }
    for name in SignerInput.__slots__:
        parameters[name] = getattr(given, name)
    for name in Attempts.__slots__:
        parameters[name] = getattr(attempts, name)
    parameters["network"] = given.network and str(given.network.network_address)
    with connection.cursor() as cursor:
        cursor.execute(SIGN, parameters)
        row = cursor.fetchone()
    return int(row[0]) if row else None


CONFIRM = """
WITH mine AS MATERIALIZED (
    SELECT petition_id, email_key, person
      FROM petitions_signature
     WHERE id = %(id)s AND state = 'pending'
), siblings AS MATERIALIZED (
    -- Locked in one order by all, so that two confirmations of one person wait for
    -- each other instead of deadlocking.
    SELECT s.id
      FROM petitions_signature s
      JOIN mine ON s.petition_id = mine.petition_id
               AND s.email_key = mine.email_key
               AND s.person = mine.person
     WHERE s.state = 'pending'
     ORDER BY s.id
       FOR UPDATE OF s
), confirmed AS (
    UPDATE petitions_signature s
       SET state = 'confirmed', confirmed_at = %(now)s
      FROM petitions_petition p
     WHERE s.id = %(id)s
       AND s.id IN (SELECT id FROM siblings)
       AND s.state = 'pending'
       AND s.aside = ''
       AND p.id = s.petition_id
       AND (
           (p.state IN ('open', 'paused')
            AND (p.closes_at IS NULL OR %(now)s < p.closes_at))
           OR (p.state <> 'withdrawn'
               AND %(now)s < %(grace)s + GREATEST(
                   COALESCE(p.ended_at, p.closes_at),
                   (SELECT min(m.finished_at) FROM petitions_duemail m
                     WHERE m.signature_id = s.id AND m.state = 'sent')))
       )
       AND NOT EXISTS (
           SELECT 1 FROM petitions_signature c
            WHERE c.petition_id = s.petition_id AND c.email_key = s.email_key
              AND c.person = s.person AND c.state = 'confirmed')
 RETURNING s.id, s.petition_id, s.email, s.email_key, s.updates, s.consent_version,
           s.language, p.slug, p.organization_id
), merged AS (
    DELETE FROM petitions_signature s
     USING confirmed
     WHERE s.id IN (SELECT id FROM siblings) AND s.id <> confirmed.id
 RETURNING s.id, confirmed.id AS into_id
), unsent AS (
    DELETE FROM petitions_duemail
     WHERE signature_id IN (SELECT id FROM merged) AND state IN ('due', 'held')
), sent AS (
    UPDATE petitions_duemail SET signature_id = NULL
     WHERE signature_id IN (SELECT id FROM merged) AND state NOT IN ('due', 'held')
), led_home AS (
    INSERT INTO petitions_mergedsignature (id, into_id)
    SELECT id, into_id FROM merged
), change AS (
    INSERT INTO petitions_change (petition_id, day, source, delta, domain)
    SELECT petition_id, %(day)s, 'confirmed', 1,
           lower(substring(email FROM '@([^@]*)$'))
      FROM confirmed
), consent AS (
    INSERT INTO petitions_consent (
        organization_id, email, email_key, updates, wording_version, language,
        sender, source, given_at
    )
    SELECT c.organization_id, c.email, c.email_key, c.updates, c.consent_version,
           c.language,
           concat_ws(', ', COALESCE(NULLIF(o.legal_name, ''), o.name),
                     o.postal_address, o.contact_email),
           'petition:' || c.petition_id, %(now)s
      FROM confirmed c
      JOIN organizations_organization o ON o.id = c.organization_id
     WHERE c.updates IS NOT NULL AND o.postal_address <> '' AND o.contact_email <> ''
)
SELECT slug FROM confirmed
"""


class Confirmation(enum.Enum):
    COUNTED = "counted"
    """Now, or before: the signature counts once."""
    TOO_LATE = "too late"
    """The petition had ended."""
    WITHDRAWN = "withdrawn"
    """Its owner took it back after confirming it."""
    INVALIDATED = "invalidated"
    """Staff took it from the count."""
    GONE = "gone"
    """Erased, or never there."""


def confirm(signature_id: int, *, now: datetime) -> tuple[Confirmation, str]:
    """Count a pending signature, once, however often this is called; returns the
    outcome and the address (slug) of its petition ('' when it is gone)."""
    parameters: dict[str, Any] = {
        "id": signature_id,
        "now": now,
        "day": timezone.localdate(now),
        "grace": GRACE,
    }
    try:
        with connection.cursor() as cursor:
            cursor.execute(CONFIRM, parameters)
            row = cursor.fetchone()
    except IntegrityError:
        # Another row of the same person was confirmed in this very moment.
        row = None
    if row:
        return Confirmation.COUNTED, str(row[0])
    return explain(signature_id)


def explain(signature_id: int) -> tuple[Confirmation, str]:
    """Why the statement confirmed nothing."""
    signature = find_signature(signature_id)
    if signature is None:
        return Confirmation.GONE, ""
    slug = signature.petition.slug
    if signature.state == SignatureState.PENDING:
        if counted_sibling(signature):
            return Confirmation.COUNTED, slug
        return Confirmation.TOO_LATE, slug
    if signature.state == SignatureState.WITHDRAWN:
        return Confirmation.WITHDRAWN, slug
    if signature.state == SignatureState.INVALID and not counted_sibling(signature):
        return Confirmation.INVALIDATED, slug
    return Confirmation.COUNTED, slug


def find_signature(signature_id: int) -> Signature | None:
    """The signature, or the one that it was merged into."""
    everything = Signature.objects.select_related(
        "petition__organization", "invalidation"
    )
    signature = everything.filter(pk=signature_id).first()
    if signature is None:
        merged = MergedSignature.objects.filter(pk=signature_id).first()
        if merged is not None:
            signature = everything.filter(pk=merged.into_id).first()
    return signature


def counted_sibling(signature: Signature) -> Signature | None:
    """The confirmed signature of the same person under the same petition."""
    if signature.email_key is None:
        return None
    return (
        Signature.objects.confirmed()
        .filter(
            petition=signature.petition_id,
            email_key=signature.email_key,
            person=signature.person,
        )
        .first()
    )


def erase_pending(signature: Signature) -> None:
    """Forget the forms that were sent with the address of `signature`."""
    forget(
        Signature.objects.pending().filter(
            petition=signature.petition_id, email_key=signature.email_key
        )
    )


def forget(rows: QuerySet[Signature]) -> None:
    """Erase signatures and the mails that are due for them."""
    with transaction.atomic():
        DueMail.objects.filter(signature__in=rows, state__in=UNFINISHED).delete()
        rows.delete()
