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

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from config.clients import Network
from petitions import keys, rekeying
from petitions.addresses import ascii_domain, domain_of
from petitions.limits import ADDRESS_FULL, CEILING_FULL, Attempts, Rules
from petitions.models import DueMail, MergedSignature, Signature
from petitions.models.mails import UNFINISHED
from petitions.names import folded_name
from petitions.states import Aside, SignatureState, State, WeakSign

# Confirmations are accepted for this long after the later of the petition's end and
# the first sending of the mail.
GRACE = timedelta(hours=24)

NO_RULES = Rules()
NO_ATTEMPTS = Attempts()
# For the statement that signs: what a form is marked with.
BITS = {
    "all_signs": sum(WeakSign),
    "address_full": ADDRESS_FULL,
    "ceiling_full": CEILING_FULL,
    # Lowers the priority of a mail; alone it withholds none.
    "busy": int(WeakSign.BUSY_NETWORK | WeakSign.BUSY_DOMAIN),
}


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
    text_language: str
    """The language of the words that the key is of: the one that was asked for, else
    the petition's own."""
    asks_updates: bool
    over_ceiling: bool
    """Whether the visitor's network has to wait before anything is taken from it."""
    shared_addresses: bool

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
       left(md5(COALESCE(t.title, p.title) || E'\n' || COALESCE(t.ask, p.ask)
                || E'\n' || COALESCE(t.text, p.text)), 8),
       COALESCE(t.language, p.language),
       o.postal_address <> '' AND o.contact_email <> '',
       is_over_a_ceiling(%(keys)s::uuid[], %(patience)s::bigint[], %(now)s),
       p.shared_addresses, k.number, k.finished_at IS NULL
  FROM petitions_petition p
  JOIN organizations_organization o ON o.id = p.organization_id
  LEFT JOIN petitions_translation t
    ON t.petition_id = p.id AND t.language = %(language)s
  -- A signature is written by the newest key version, however long a process runs.
 CROSS JOIN (SELECT number, finished_at FROM petitions_keyversion
              ORDER BY number DESC LIMIT 1) k
 WHERE p.slug = %(slug)s
"""


def find_form(
    slug: str, language: str = "", *, now: datetime, ceilings: Attempts = NO_ATTEMPTS
) -> Form | None:
    """The form of the petition with this address, drafts included, below its words in
    `language`, and whether one of the `ceilings` of the visitor's network is
    reached."""
    parameters: dict[str, Any] = {"slug": slug, "language": language, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(FIND, {**parameters, **ceilings.arrays()})
        row = cursor.fetchone()
    if row is None:
        return None
    *form, number, rekeying_runs = row
    keys.notice(number, rekeying_runs)
    return Form(*form)


# Buckets are drawn from in the order of their keys by all, so that two forms wait for
# each other instead of deadlocking. What an empty one holds back is not in `passed`.
SIGN = """
WITH attempt AS (
    SELECT *
      FROM unnest(%(keys)s::uuid[], %(marks)s::int[], %(every)s::bigint[],
                  %(patience)s::bigint[]) AS a (key, mark, every, patience)
), passed AS (
    INSERT INTO petitions_allowance AS a (key, full_at, roof)
    SELECT key, %(now)s + every * interval '1 us', %(now)s + patience * interval '1 us'
      FROM attempt
     ORDER BY key
        ON CONFLICT (key) DO UPDATE
       SET full_at = excluded.full_at + GREATEST(a.full_at - %(now)s, interval '0')
     WHERE a.full_at <= excluded.roof
 RETURNING key
), beyond AS (
    SELECT COALESCE(bit_or(mark), 0) AS marks,
           COALESCE(bit_or(mark), 0) & %(all_signs)s::int | %(weak_signs)s::int AS signs
      FROM attempt
     WHERE key NOT IN (SELECT key FROM passed)
), signed AS (
    INSERT INTO petitions_signature (
        petition_id, state, name, email, email_key, email_key_version, former_key,
        person, place, postal_code, country, comment, comment_approved, show_name,
        updates, language, text_language, text_version, consent_version, delivery,
        network, weak_signs, aside, via, created_at
    )
    SELECT %(petition_id)s, 'pending', %(name)s, %(email)s, %(email_key)s,
           %(email_key_version)s, %(former_key)s, %(person)s, %(place)s,
           %(postal_code)s, %(country)s, %(comment)s, false, %(show_name)s,
           %(updates)s, %(language)s, %(text_language)s, %(text_version)s,
           %(consent_version)s, %(delivery)s, %(network)s::inet, signs,
           CASE WHEN %(aside)s::text <> '' THEN %(aside)s::text
                WHEN marks & %(address_full)s::int <> 0 THEN 'limit'
                -- More than one of the bits.
                WHEN signs & (signs - 1) <> 0 THEN 'signs'
                ELSE '' END,
           %(via)s, %(now)s
      FROM beyond
     WHERE marks & %(ceiling_full)s::int = 0
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
    text_language: str = ""
    """Of the words that the form stood below; "" for the petition's own."""
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
    person: str = ""
    """The folded name where two people may share an address, otherwise ''."""
    is_trapped: bool = False
    """Whether it filled in what people do not see."""
    via: str = ""
    """The tag of the link that it came by."""


def sign(
    petition_id: int, given: SignerInput, *, now: datetime, rules: Rules = NO_RULES
) -> int | None:
    """Write a pending signature and the mail that is due for it; returns its id, or
    None when its network has reached its ceiling. Repeating it is harmless: whoever
    owns the mailbox confirms one."""
    ring = keys.held()
    key = ring.newest.key(given.email)
    domain = ascii_domain(domain_of(given.email))
    attempts = rules.attempts(petition_id, key, given.network, domain)
    aside = Aside.HONEYPOT if given.is_trapped else rules.aside(given.network, domain)
    parameters: dict[str, Any] = {
        "petition_id": petition_id,
        "email_key": key,
        "email_key_version": ring.newest.number,
        "former_key": ring.former_key(given.email),
        "aside": aside,
        "now": now,
        **BITS,
    }
    for name in SignerInput.__slots__:
        parameters[name] = getattr(given, name)
    parameters |= attempts.arrays()
    parameters["network"] = given.network and str(given.network.network_address)
    with connection.cursor() as cursor:
        cursor.execute(SIGN, parameters)
        row = cursor.fetchone()
    return int(row[0]) if row else None


CONFIRM = """
WITH mine AS MATERIALIZED (
    -- Only a row of the newest key version, read in this very statement, and with a
    -- person where two may share an address, can be compared with all others; `confirm`
    -- brings an older one up to date. While the version before is still counted,
    -- `former_key` compares with that.
    SELECT s.petition_id, s.email_key, s.person, s.via,
           ARRAY[s.email_key, COALESCE(s.former_key, s.email_key)] AS keys
      FROM petitions_signature s
      JOIN petitions_petition p ON p.id = s.petition_id
     WHERE s.id = %(id)s AND s.state = 'pending'
       AND s.email_key_version = (SELECT max(number) FROM petitions_keyversion)
       AND (s.person <> '') = p.shared_addresses
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
       SET state = 'confirmed', confirmed_at = %(now)s, former_key = NULL, via = '',
           seat = CASE WHEN mine.person <> '' THEN (
               SELECT CASE WHEN bool_or(c.seat = 1) THEN 2 ELSE 1 END
                 FROM petitions_signature c
                WHERE c.petition_id = mine.petition_id
                  AND c.email_key = ANY (mine.keys) AND c.state = 'confirmed') END
      FROM mine, petitions_petition p
     WHERE s.id = %(id)s
       -- As an array: all are locked before anything is written. Otherwise two names at
       -- one address, each waiting for the other's seat, could deadlock.
       AND s.id = ANY (ARRAY(SELECT id FROM siblings))
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
       -- Nobody is counted there; or, where two may share an address, one with
       -- another name. Two confirmations at once meet in the unique constraints.
       AND NOT EXISTS (
           SELECT 1 FROM petitions_signature c
            WHERE c.petition_id = mine.petition_id AND c.email_key = ANY (mine.keys)
              AND c.person IN (mine.person, '') AND c.state = 'confirmed')
       AND (mine.person = '' OR 2 > (
           SELECT count(*) FROM petitions_signature c
            WHERE c.petition_id = mine.petition_id AND c.email_key = ANY (mine.keys)
              AND c.state = 'confirmed'))
 RETURNING s.id, s.petition_id, s.email, s.email_key, s.email_key_version,
           s.updates, s.consent_version, s.language, p.slug, p.organization_id,
           mine.via
), merged AS (
    DELETE FROM petitions_signature s
     USING confirmed
     WHERE s.id IN (SELECT id FROM siblings) AND s.id <> confirmed.id
 RETURNING s.id, confirmed.id AS into_id
), unsent AS (
    DELETE FROM petitions_duemail
     WHERE signature_id IN (SELECT id FROM merged) AND state IN ('due', 'held')
), sent AS (
    UPDATE petitions_duemail SET signature_id = NULL, reply = ''
     WHERE signature_id IN (SELECT id FROM merged) AND state NOT IN ('due', 'held')
), led_home AS (
    INSERT INTO petitions_mergedsignature (id, into_id)
    SELECT id, into_id FROM merged
), change AS (
    INSERT INTO petitions_change (petition_id, day, source, delta, domain, via)
    SELECT petition_id, %(day)s, 'confirmed', 1,
           lower(substring(email FROM '@([^@]*)$')), via
      FROM confirmed
), consent AS (
    INSERT INTO petitions_consent (
        organization_id, email, email_key, email_key_version, updates,
        wording_version, language, sender, source, given_at
    )
    SELECT c.organization_id, c.email, c.email_key, c.email_key_version, c.updates,
           c.consent_version, c.language,
           concat_ws(', ', COALESCE(NULLIF(o.legal_name, ''), o.name),
                     o.postal_address, o.contact_email),
           'petition:' || c.petition_id, %(now)s
      FROM confirmed c
      JOIN organizations_organization o ON o.id = c.organization_id
     WHERE c.updates IS NOT NULL AND o.postal_address <> '' AND o.contact_email <> ''
)
SELECT slug FROM confirmed
"""


# How often one confirmation is tried: a version may begin, and a seat be taken, while
# it is on its way.
ATTEMPTS = 8
SEATED_ONCE = "signature_seated_once"


class Confirmation(enum.Enum):
    COUNTED = "counted"
    """Now, or before: the signature counts once."""
    TOO_LATE = "too late"
    """The petition had ended."""
    WITHDRAWN = "withdrawn"
    """Its owner took it back after confirming it."""
    INVALIDATED = "invalidated"
    """Staff took it from the count."""
    FULL = "full"
    """Two other people at this address are counted."""
    GONE = "gone"
    """Erased, or never there."""


def confirm(signature_id: int, *, now: datetime) -> tuple[Confirmation, str]:
    """Count a pending signature, once, however often this is called; returns the
    outcome and the address (slug) of its petition ('' when it is gone).
    OperationalError, as when the database is away, when others were always quicker."""
    parameters: dict[str, Any] = {
        "id": signature_id,
        "now": now,
        "day": timezone.localdate(now),
        "grace": GRACE,
    }
    unexplained = False
    for _attempt in range(ATTEMPTS):
        raced = ""
        try:
            with connection.cursor() as cursor:
                cursor.execute(CONFIRM, parameters)
                row = cursor.fetchone()
        except IntegrityError as error:
            # Somebody at the same address was confirmed in this very moment.
            row, raced = None, constraint_of(error)
        if row:
            return Confirmation.COUNTED, str(row[0])
        # The seat that this one would have had was taken: perhaps there is another.
        if raced == SEATED_ONCE or rekeying.freshen(signature_id, now=now):
            unexplained = False
            continue
        outcome, slug = explain(signature_id)
        # “Too late” erases what was entered. So it is said only when a second try
        # finds the same: somebody else may have brought the row up to date just now.
        if outcome is not Confirmation.TOO_LATE or unexplained:
            return outcome, slug
        unexplained = True
    raise OperationalError("others confirm at the same address all the time")


def constraint_of(error: IntegrityError) -> str:
    """The constraint that refused."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


def explain(signature_id: int) -> tuple[Confirmation, str]:
    """Why the statement confirmed nothing."""
    signature = find_signature(signature_id)
    if signature is None:
        return Confirmation.GONE, ""
    slug = signature.petition.slug
    if signature.state == SignatureState.PENDING:
        if counted_sibling(signature):
            return Confirmation.COUNTED, slug
        if is_full(signature):
            return Confirmation.FULL, slug
        return Confirmation.TOO_LATE, slug
    if signature.state == SignatureState.WITHDRAWN:
        return Confirmation.WITHDRAWN, slug
    if signature.state == SignatureState.INVALID and not counted_sibling(signature):
        return Confirmation.INVALIDATED, slug
    return Confirmation.COUNTED, slug


def find_signature(signature_id: int) -> Signature | None:
    """The signature, or the one that it was merged into; None when it was erased, or
    when only its being one is left. Its petition speaks the language that it was read
    in."""
    everything = Signature.objects.known().select_related(
        "petition__organization", "invalidation"
    )
    signature = everything.filter(pk=signature_id).first()
    if signature is None:
        merged = MergedSignature.objects.filter(pk=signature_id).first()
        if merged is not None:
            signature = everything.filter(pk=merged.into_id).first()
    if signature is not None:
        signature.petition.reading = signature.text_language
    return signature


def counted_at_address(signature: Signature) -> QuerySet[Signature]:
    """Those counted under the same petition for the same mailbox."""
    return Signature.objects.confirmed().filter(
        petition=signature.petition_id, email_key__in=keys.keys_of(signature.email)
    )


def counted_sibling(signature: Signature) -> Signature | None:
    """The confirmed signature of the same person under the same petition."""
    same = counted_at_address(signature)
    if not signature.petition.shared_addresses:
        return same.first()
    return next((row for row in same if is_same_person(row, signature)), None)


def is_same_person(one: Signature, other: Signature) -> bool:
    """Whether two signatures of one mailbox under one petition are one person's."""
    if not other.petition.shared_addresses:
        return True
    return folded_name(one.name) == folded_name(other.name)


def is_full(signature: Signature) -> bool:
    """Whether two other people at the address are counted, which is the most."""
    if not signature.petition.shared_addresses:
        return False
    others = counted_at_address(signature).exclude(pk=signature.pk)
    return others.count() >= 2 and not counted_sibling(signature)


def erase_pending(signature: Signature) -> None:
    """Forget the forms that were sent with the address of `signature`."""
    forget(
        Signature.objects.pending().filter(
            petition=signature.petition_id,
            email_key__in=keys.keys_of(signature.email),
        )
    )


def forget(rows: QuerySet[Signature]) -> None:
    """Erase signatures and the mails that are due for them. That others went out is
    known for a day, for the caps of the mailbox; not what became of them."""
    with transaction.atomic():
        mails = DueMail.objects.filter(signature__in=rows)
        mails.filter(state__in=UNFINISHED).delete()
        mails.exclude(reply="").update(reply="")
        rows.delete()
