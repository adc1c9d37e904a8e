"""The first half of the hot path: storing a signature, in hand-written SQL.
petitions.signatures.confirming is the second half.

Signing is one SELECT and one INSERT, the same for every kind of signer. Within a
request no counter is touched, no mail is sent and no job is queued; the confirmation
mail goes into the outbox in the same statement as the signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress
from typing import Any

from django.db import connection

from core.db.database import without_comments
from core.security.client_network import Network
from petitions.abuse.rate_limits import (
    ADDRESS_FULL,
    BURST,
    CEILING_FULL,
    DRAW_AGAIN,
    RateLimits,
)
from petitions.addresses import ascii_domain, domain_of
from petitions.identity import key_ring
from petitions.signature_fields import OPTIONAL, OptionalField
from petitions.states import QuarantineReason, WeakSign

NO_RULES = RateLimits()
# These signs lower the priority of the mail; one of them alone holds back none.
BUSY = int(WeakSign.BUSY_NETWORK | WeakSign.BUSY_DOMAIN)
# This sign keeps the name off the public page until staff have looked at it.
DOUBTFUL = int(WeakSign.CONTACT_IN_NAME)
ANSWERS = tuple(optional.name for optional in OPTIONAL)


@dataclass(frozen=True, slots=True)
class PetitionSnapshot:
    """A snapshot of the columns of a petition that its sign form needs."""

    petition_id: int
    organization_id: int
    slug: str
    state: str
    opens_at: datetime | None
    closes_at: datetime | None
    delivery: str
    words_key: str
    text_language: str
    """The language of the text that `words_key` belongs to: the one that was asked for,
    or else the petition's own."""
    asks_updates: bool
    """Whether the form asks if the organisation may write: that takes its postal
    address and an e-mail address for replies."""
    shared_addresses: bool
    asked: tuple[OptionalField, ...]
    """The optional fields that this petition asks for besides name and address."""


FIND = f"""
SELECT p.id, p.organization_id, p.slug, p.state, p.opens_at, p.closes_at, p.delivery,
       left(md5(COALESCE(t.title, p.title) || E'\\n' || COALESCE(t.ask, p.ask)
                || E'\\n' || COALESCE(t.text, p.text)), 8),
       COALESCE(t.language, p.language),
       o.postal_address <> '' AND o.contact_email <> '',
       p.shared_addresses, k.number, k.finished_at IS NULL,
       {", ".join(f"p.{field.asked_by}" for field in OPTIONAL)}
  FROM petitions_petition p
  JOIN organizations_organization o ON o.id = p.organization_id
  LEFT JOIN petitions_translation t
    ON t.petition_id = p.id AND t.language = %(language)s
  -- The newest key version, which a process may not know of yet.
 CROSS JOIN (SELECT number, finished_at FROM petitions_keyversion
              ORDER BY number DESC LIMIT 1) k
 WHERE p.slug = %(slug)s
"""  # noqa: S608 - columns of ours


def load_snapshot(slug: str, language: str = "") -> PetitionSnapshot | None:
    """Return the snapshot of the petition with this slug, drafts included, with the
    `words_key` of its text in `language`; None when there is no such petition."""
    with connection.cursor() as cursor:
        cursor.execute(FIND, {"slug": slug, "language": language})
        row = cursor.fetchone()
    if row is None:
        return None
    *stored, number, rekeying_runs = row[: -len(OPTIONAL)]
    key_ring.notice_version(number, rekeying_runs)
    stored.append(tuple(compress(OPTIONAL, row[-len(OPTIONAL) :])))
    return PetitionSnapshot(*stored)


# Rate limits are token buckets (GCRA) in petitions_ratelimitbucket; `draw` has the
# draws of this form (`LimitDraws`). Every statement draws in the order of the keys, so
# that two forms wait for each other instead of deadlocking. A bucket that was empty is
# missing from `passed`.
SIGN = without_comments(
    f"""
WITH draw AS (
    SELECT *
      FROM unnest(%(keys)s::uuid[], %(marks)s::int[], %(emission_interval)s::bigint[],
                  %(tolerance)s::bigint[], %(queue)s::bigint[], %(behind)s::uuid[])
        AS a (key, mark, emission_interval, tolerance, queue, behind)
), passed AS (
    INSERT INTO petitions_ratelimitbucket AS a (key, tat, tat_limit)
    SELECT key, %(now)s + emission_interval * interval '1 us',
           %(now)s + tolerance * interval '1 us'
      FROM draw
     WHERE behind IS NULL
     ORDER BY key
        ON CONFLICT (key) DO UPDATE {DRAW_AGAIN}
 RETURNING key, tat
), passed_behind AS (
    -- Drawn after all others, so that no form holds one of these while it waits for one
    -- of those.
    INSERT INTO petitions_ratelimitbucket AS a (key, tat, tat_limit)
    SELECT key, %(now)s + emission_interval * interval '1 us',
           %(now)s + tolerance * interval '1 us'
      FROM draw
     WHERE behind NOT IN (SELECT key FROM passed)
     ORDER BY key
        ON CONFLICT (key) DO UPDATE {DRAW_AGAIN}
 RETURNING key, tat
), beyond AS (
    SELECT COALESCE(bit_or(mark) FILTER (WHERE stopped), 0) AS marks,
           COALESCE(bit_or(mark) FILTER (WHERE stopped), 0) & {sum(WeakSign)}
               | %(weak_signs)s::int AS signs,
           max(tat - (emission_interval + tolerance - queue) * interval '1 us')
               FILTER (WHERE queue > 0) AS mail_at
      FROM (SELECT a.*, p.tat,
                   p.key IS NULL AND (
                       behind IS NULL OR behind NOT IN (SELECT key FROM passed)
                   ) AS stopped
              FROM draw a
              LEFT JOIN (SELECT * FROM passed UNION ALL SELECT * FROM passed_behind) p
                ON p.key = a.key) drawn
), signed AS (
    INSERT INTO petitions_signature (
        petition_id, state, name, email, email_key, email_key_version, former_key,
        person, {", ".join(ANSWERS)}, comment, comment_approved, show_name,
        wants_updates, language, text_language, text_version, consent_version, delivery,
        network, weak_signs, name_withheld, quarantine_reason, via, created_at
    )
    SELECT %(petition_id)s, 'pending', %(name)s, %(email)s, %(email_key)s,
           %(email_key_version)s, %(former_key)s, %(person)s,
           {", ".join(f"%({name})s" for name in ANSWERS)}, %(comment)s, false,
           %(show_name)s,
           %(wants_updates)s, %(language)s, %(text_language)s, %(text_version)s,
           %(consent_version)s, %(delivery)s, %(network)s::inet, signs,
           signs & {DOUBTFUL} <> 0,
           CASE WHEN %(quarantine_reason)s::text <> '' THEN %(quarantine_reason)s::text
                WHEN marks & {ADDRESS_FULL} <> 0 THEN 'limit'
                WHEN marks & {BURST} <> 0 THEN 'burst'
                -- More than one bit is set.
                WHEN signs & (signs - 1) <> 0 THEN 'signs'
                ELSE '' END,
           %(via)s, %(now)s
      FROM beyond
     WHERE marks & {CEILING_FULL} = 0
    RETURNING id, petition_id, email_key, created_at, weak_signs, quarantine_reason
)
INSERT INTO petitions_outgoingmail (
    petition_id, signature_id, email_key, kind, state, priority, due_at, attempts,
    created_at, reply
)
SELECT petition_id, id, email_key, 'confirm',
       CASE WHEN quarantine_reason = '' THEN 'due' ELSE 'held' END,
       -- Forms of a busy network or domain get their mail after all others.
       CASE WHEN weak_signs & {BUSY} <> 0 THEN 1 ELSE 0 END,
       GREATEST(created_at, (SELECT mail_at FROM beyond)), 0, created_at, ''
  FROM signed
RETURNING signature_id
"""  # noqa: S608 - numbers of ours
)


@dataclass(frozen=True, slots=True)
class SignerInput:
    """The cleaned input of a supporter, and which version of the text the form had
    shown."""

    name: str
    email: str
    language: str
    delivery: str
    """What the form said that the person petitioned receives."""
    text_language: str = ""
    """The language of the text above the form; "" for the petition's own."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """The answers to the petition's optional fields, by `OptionalField.name`."""
    comment: str = ""
    show_name: bool = False
    wants_updates: bool | None = None
    text_version: int = 0
    """How many corrections of the text the form had shown."""
    consent_version: int = 1
    """The version of the question about updates that the form had shown."""
    network: Network | None = None
    """The /24 or /48 network that the form came from."""
    weak_signs: int = 0
    person: str = ""
    """The folded name if two people may share an address on this petition, otherwise
    ''."""
    is_trapped: bool = False
    """Whether the honeypot, an input that people do not see, was filled in."""
    via: str = ""
    """The tag of the link that led the supporter here."""


def sign(
    petition_id: int,
    given: SignerInput,
    *,
    now: datetime,
    rules: RateLimits = NO_RULES,
    organization_id: int = 0,
) -> int | None:
    """Store a pending signature, and its confirmation mail in the outbox; return the id
    of the signature, or None when its network has reached its ceiling. `rules` are the
    limits and lists that apply; by default none. Signing twice is harmless: the owner
    of the mailbox confirms only one."""
    ring = key_ring.cached_keyring()
    key = ring.newest.key(given.email)
    domain = ascii_domain(domain_of(given.email))
    draws = rules.draws(petition_id, key, given.network, domain, organization_id)
    quarantine_reason = (
        QuarantineReason.HONEYPOT
        if given.is_trapped
        else rules.quarantine_reason(given.network, domain)
    )
    parameters: dict[str, Any] = {
        "petition_id": petition_id,
        "email_key": key,
        "email_key_version": ring.newest.number,
        "former_key": ring.former_key(given.email),
        "quarantine_reason": quarantine_reason,
        "now": now,
    }
    for name in SignerInput.__slots__:
        parameters[name] = getattr(given, name)
    parameters |= {name: given.answers.get(name, "") for name in ANSWERS}
    parameters |= draws.arrays()
    parameters["network"] = given.network and str(given.network.network_address)
    with connection.cursor() as cursor:
        cursor.execute(SIGN, parameters)
        row = cursor.fetchone()
    if row is None:
        rules.turn_away(given.network)
        return None
    return int(row[0])
