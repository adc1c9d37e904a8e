"""The second half of the hot path: confirming a signature. One conditional statement
counts it, merges the other pending forms of the same person and address into it, and
records the answer about updates as a consent."""

from __future__ import annotations

import enum
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Exists, Min, OuterRef
from django.utils import timezone

from core.db.database import without_comments
from petitions.identity import key_ring
from petitions.identity.same_person import (
    counted_of_mailbox,
    find_signature,
    is_full,
)
from petitions.models import ImportedSignature, Signature
from petitions.models.mails import MailState
from petitions.signable import IS_RUNNING
from petitions.signatures import rekeying
from petitions.states import SignatureState, State

# Confirmations are accepted until this long after the petition's end or after the first
# sending of the mail, whichever is later.
GRACE = timedelta(hours=24)

CONFIRM = without_comments(
    f"""
WITH mine AS MATERIALIZED (
    -- Only a row of the newest key version (read in this statement), and with a
    -- `person` if two may share an address, can be compared with all others; for any
    -- other row `confirm` updates the key and tries again. While a re-key runs,
    -- `former_key` is compared with the rows that still have the version before. Where
    -- imports have keys of former versions, `confirm` makes those of this address.
    SELECT s.petition_id, s.email_key, s.person, s.via, oldest,
           ARRAY[s.email_key, COALESCE(s.former_key, s.email_key)] AS keys
      FROM petitions_signature s
      JOIN petitions_petition p ON p.id = s.petition_id
     CROSS JOIN LATERAL (
           -- NULL where nobody was imported, as nearly everywhere.
           SELECT min(email_key_version) AS oldest FROM petitions_importedsignature i
            WHERE i.petition_id = p.id) i
     WHERE s.id = %(id)s AND s.state = 'pending'
       AND s.email_key_version = (SELECT max(number) FROM petitions_keyversion)
       AND (s.person <> '') = p.shared_addresses
       AND (%(imported)s::uuid[] IS NOT NULL
            OR COALESCE(oldest, s.email_key_version) = s.email_key_version)
), siblings AS MATERIALIZED (
    -- Everybody locks them in the same order, so that two confirmations of one person
    -- wait for each other instead of deadlocking.
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
           shared_address_slot = CASE WHEN mine.person <> '' THEN (
               SELECT CASE WHEN bool_or(c.shared_address_slot = 1) THEN 2 ELSE 1 END
                 FROM petitions_signature c
                WHERE c.petition_id = mine.petition_id
                  AND c.email_key = ANY (mine.keys) AND c.state = 'confirmed') END
      FROM mine, petitions_petition p
     WHERE s.id = %(id)s
       -- An array, so that all rows are locked before anything is written: otherwise
       -- two people at one address, each waiting for the other's slot, could deadlock.
       AND s.id = ANY (ARRAY(SELECT id FROM siblings))
       AND s.state = 'pending'
       AND s.quarantine_reason = ''
       AND p.id = s.petition_id
       AND (
           {IS_RUNNING}
           OR (p.state <> 'withdrawn'
               AND %(now)s < %(grace)s + GREATEST(
                   COALESCE(p.ended_at, p.closes_at),
                   (SELECT min(m.finished_at) FROM petitions_outgoingmail m
                     WHERE m.signature_id = s.id AND m.state = 'sent')))
       )
       -- Nobody is counted with this address yet, or, if two may share it, only one of
       -- another name. Of concurrent confirmations the unique constraints let one pass.
       AND NOT EXISTS (
           SELECT 1 FROM petitions_signature c
            WHERE c.petition_id = mine.petition_id AND c.email_key = ANY (mine.keys)
              AND c.person IN (mine.person, '') AND c.state = 'confirmed')
       AND (mine.person = '' OR 2 > (
           SELECT count(*) FROM petitions_signature c
            WHERE c.petition_id = mine.petition_id AND c.email_key = ANY (mine.keys)
              AND c.state = 'confirmed'))
 RETURNING s.id, s.petition_id, s.email, s.email_key, s.email_key_version,
           s.wants_updates, s.consent_version, s.language, p.slug, p.organization_id,
           mine.via, keys, oldest
), merged AS (
    -- Only forms with this very spelling of the address. Another spelling may belong to
    -- somebody else, whose form must stay and whose link must not lead here.
    DELETE FROM petitions_signature s
     USING confirmed
     WHERE s.id IN (SELECT id FROM siblings) AND s.id <> confirmed.id
       AND s.email = confirmed.email
 RETURNING s.id, confirmed.id AS into_id
), unsent AS (
    DELETE FROM petitions_outgoingmail
     WHERE signature_id IN (SELECT id FROM merged) AND state IN ('due', 'held')
), sent AS (
    UPDATE petitions_outgoingmail SET signature_id = NULL, reply = ''
     WHERE signature_id IN (SELECT id FROM merged) AND state NOT IN ('due', 'held')
), led_home AS (
    INSERT INTO petitions_mergedsignature (id, into_id)
    SELECT id, into_id FROM merged
), change AS (
    INSERT INTO petitions_countchange (
        petition_id, day, source, delta, domain, via, signature_id)
    SELECT petition_id, %(day)s, 'confirmed', 1,
           lower(substring(email FROM '@([^@]*)$')), via, id
      FROM confirmed
     UNION ALL
    -- Whoever was imported counts here from now on.
    SELECT petition_id, %(day)s, 'imported', -n, '', '', NULL
      FROM confirmed, forget_imported(petition_id, keys || %(imported)s::uuid[]) n
     WHERE oldest > 0 AND n > 0
), consent AS (
    INSERT INTO petitions_consent (
        organization_id, email, email_key, email_key_version, wants_updates,
        wording_version, language, sender, source, given_at
    )
    SELECT c.organization_id, c.email, c.email_key, c.email_key_version,
           c.wants_updates, c.consent_version, c.language,
           -- `Organization.imprint`, in the language of the form that asked.
           concat_ws(', ', COALESCE(NULLIF(d.legal_name, ''), NULLIF(o.legal_name, ''),
                                    NULLIF(d.name, ''), o.name),
                     o.postal_address, o.contact_email),
           'petition:' || c.petition_id, %(now)s
      FROM confirmed c
      JOIN organizations_organization o ON o.id = c.organization_id
      LEFT JOIN organizations_description d
        ON d.organization_id = o.id AND d.language = c.language
       AND d.language <> o.language
     WHERE c.wants_updates IS NOT NULL AND o.postal_address <> ''
       AND o.contact_email <> ''
)
SELECT slug FROM confirmed
"""  # noqa: S608 - a fragment of ours
)


# How often one confirmation is tried: a key version may begin between two tries, or
# another confirmation may take the slot of the shared address.
ATTEMPTS = 8
SLOT_ONCE = "signature_shared_address_slot_once"


class Confirmation(enum.Enum):
    """The outcome of an attempt to confirm a signature."""

    COUNTED = "counted"
    """The signature counts once: since now, or since an earlier confirmation."""
    TOO_LATE = "too late"
    """The petition had ended."""
    WITHDRAWN = "withdrawn"
    """The signer withdrew it after confirming it."""
    INVALIDATED = "invalidated"
    """Staff took it from the count (an invalidation)."""
    FULL = "full"
    """Two other people at this address are counted, which is the maximum."""
    GONE = "gone"
    """The signature was erased, or never existed."""


def confirm(
    signature_id: int, *, now: datetime, in_transaction: bool = False
) -> tuple[Confirmation, str]:
    """Count a pending signature; idempotent, so calling it again counts nothing twice.
    Return the outcome and the slug of its petition ('' when the signature is gone).
    Raise OperationalError, as if the database were away, when concurrent confirmations
    won the race at every try. With `in_transaction`, a lost race leaves the transaction
    that the caller has begun as it was."""
    parameters: dict[str, Any] = {
        "id": signature_id,
        "now": now,
        "day": timezone.localdate(now),
        "grace": GRACE,
    }
    # Whether the try before found no reason but “too late”.
    unexplained = False
    # The keys that imports may know this address by, once they are asked for.
    imported: list[UUID] | None = None
    for _attempt in range(ATTEMPTS):
        raced = ""
        try:
            savepoint = transaction.atomic() if in_transaction else nullcontext()
            with savepoint, connection.cursor() as cursor:
                cursor.execute(CONFIRM, {**parameters, "imported": imported})
                row = cursor.fetchone()
        except IntegrityError as error:
            # A concurrent confirmation at the same address was quicker.
            row, raced = None, constraint_of(error)
        if row:
            return Confirmation.COUNTED, str(row[0])
        # The slot chosen for this one was taken meanwhile: the other may be free.
        if raced == SLOT_ONCE or rekeying.rekey_one(signature_id, now=now):
            unexplained = False
            continue
        if imported is None and not raced:
            imported = imported_keys(signature_id)
            if imported:
                unexplained = False
                continue
        outcome, slug = explain_refusal(signature_id)
        # “Too late” erases what was entered. So it is returned only when a second try
        # finds the same: a concurrent re-key may have updated the row just now.
        if outcome is not Confirmation.TOO_LATE or unexplained:
            return outcome, slug
        unexplained = True
    raise OperationalError("others confirm at the same address all the time")


def imported_keys(signature_id: int) -> list[UUID]:
    """Return the keys of a pending signature's address under all versions, where people
    were imported under a former one; none where not."""
    ring = key_ring.current_keyring()
    former = ImportedSignature.objects.filter(
        petition=OuterRef("petition"), email_key_version__lt=ring.newest.number
    )
    pending = Signature.objects.pending().filter(Exists(former), pk=signature_id)
    address = pending.values_list("email", flat=True).first()
    return ring.all_keys(address) if address else []


def is_in_time(
    signature: Signature, *, now: datetime, to_be_mailed: bool = False
) -> bool:
    """Return whether the petition still accepts the confirmation of `signature` at
    `now`. With `to_be_mailed`, assume that its link is mailed at `now`."""
    if signature.petition.state == State.WITHDRAWN:
        return False
    until = accepted_until(signature, now=now, to_be_mailed=to_be_mailed)
    return until is None or now < until


def accepted_until(
    signature: Signature, *, now: datetime, to_be_mailed: bool = False
) -> datetime | None:
    """Return until when the petition, as it stands, accepts the confirmation of
    `signature`; None when no end is known yet. With `to_be_mailed`, assume that its
    link is mailed at `now`."""
    petition = signature.petition
    end = petition.ended_at or petition.closes_at
    if end is None:
        return None
    if now < end:
        return end + GRACE
    sent = signature.mails.filter(state=MailState.SENT)
    first_sent = sent.aggregate(first=Min("finished_at"))["first"]
    return GRACE + max(end, first_sent or (now if to_be_mailed else end))


def constraint_of(error: IntegrityError) -> str:
    """Return the name of the database constraint that was violated, '' if unknown."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


def explain_refusal(signature_id: int) -> tuple[Confirmation, str]:
    """Return why `confirm` confirmed nothing, and the slug of the petition."""
    signature = find_signature(signature_id)
    if signature is None:
        return Confirmation.GONE, ""
    slug = signature.petition.slug
    if signature.state == SignatureState.PENDING:
        if counted_of_mailbox(signature):
            return Confirmation.COUNTED, slug
        if is_full(signature):
            return Confirmation.FULL, slug
        return Confirmation.TOO_LATE, slug
    if signature.state == SignatureState.WITHDRAWN:
        return Confirmation.WITHDRAWN, slug
    if signature.state == SignatureState.INVALID and not counted_of_mailbox(signature):
        return Confirmation.INVALIDATED, slug
    return Confirmation.COUNTED, slug
