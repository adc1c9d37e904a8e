"""Re-keying one batch of signatures under the newest rules for addresses, and resolving
the collisions between counted signatures that this brings.
petitions.signatures.rekeying decides when it runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from petitions.identity.key_ring import Keyring
from petitions.models import KeyCollision, Signature, Suppression
from petitions.names import folded_name
from petitions.signatures.withdrawing import withdraw
from petitions.states import SignatureState

# Only the columns needed: the petition's text must not come with every signature.
READ = (
    "petition_id", "state", "name", "email", "email_key", "email_key_version",
    "former_key", "person", "shared_address_slot", "confirmed_at",
    "petition__shared_addresses",
)  # fmt: skip

WRITE = """
WITH given AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(keys)s::uuid[], %(former)s::uuid[],
                         %(people)s::text[], %(slots)s::smallint[])
                  AS v (id, key, former, person, slot)
), mails AS (
    UPDATE petitions_outgoingmail m SET email_key = given.key
      FROM given WHERE m.signature_id = given.id
), news AS (
    -- Of two mailboxes that are one now, one recipient keeps its former key. One whose
    -- signature was erased is known by that of another one of its mailbox.
    UPDATE petitions_mailingrecipient r SET email_key = one.key
      FROM (SELECT DISTINCT ON (o.update_id, given.key) o.id, o.update_id, given.key
              FROM given JOIN petitions_signature s USING (id)
              JOIN petitions_mailingrecipient o
                ON o.email_key = s.email_key AND o.signature_id IS NULL
                OR o.signature_id = given.id
             ORDER BY o.update_id, given.key, o.id) one
     WHERE r.id = one.id AND NOT EXISTS (
           SELECT FROM petitions_mailingrecipient o
            WHERE o.update_id = one.update_id AND o.email_key = one.key)
)
UPDATE petitions_signature s
   SET email_key = given.key, former_key = given.former, person = given.person,
       shared_address_slot = given.slot, email_key_version = %(version)s
  FROM given WHERE s.id = given.id
"""


def rekey_rows(ids: Iterable[int], ring: Keyring, *, now: datetime) -> int:
    """Give signatures the keys of the newest version, and a `person` if two may share
    an address; return how many were withdrawn because an older one of the same person
    counts."""
    with transaction.atomic():
        locked = (
            Signature.objects.select_for_update(of=("self",), no_key=True)
            .filter(pk__in=list(ids), email_key__isnull=False)
            .exclude(email="")
            .select_related("petition")
            .only(*READ)
            .order_by("pk")
        )
        # A concurrent re-key may have done some of them already.
        rows = [row for row in locked if is_outdated(row, ring)]
        carry_suppressions(((row.email_key, row.email) for row in rows), ring)
        for row in rows:
            rekey_row(row, ring)
        others, collisions = resolve_collisions(rows, ring)
        for kept, taken in collisions:
            withdraw_duplicate(kept, taken, ring, now=now)
        with connection.cursor() as cursor:
            changed = [*rows, *others]
            cursor.execute(
                WRITE,
                {
                    "version": ring.newest.number,
                    "ids": [row.pk for row in changed],
                    "keys": [row.email_key for row in changed],
                    "former": [row.former_key for row in changed],
                    "people": [row.person for row in changed],
                    "slots": [row.shared_address_slot for row in changed],
                },
            )
        return len(collisions)


def is_outdated(row: Signature, ring: Keyring) -> bool:
    """Return whether `row` has to be re-keyed before it can be compared with others."""
    return (
        row.email_key_version != ring.newest.number
        or bool(row.person) != row.petition.shared_addresses
    )


def rekey_row(row: Signature, ring: Keyring) -> None:
    """Set the keys and the `person` of `row` to those of the newest version, without
    saving it. Only a pending row keeps a former key, while a re-key runs: its
    confirmation compares with rows that still have that version."""
    former = ring.former
    row.former_key = (
        None
        if former is None or row.state != SignatureState.PENDING
        else row.email_key
        if row.email_key_version == former.number
        else row.former_key or ring.former_key(row.email)
    )
    row.email_key = ring.newest.key(row.email)
    row.person = folded_name(row.name) if row.petition.shared_addresses else ""


def resolve_collisions(
    rows: list[Signature], ring: Keyring
) -> tuple[list[Signature], list[tuple[Signature, Signature]]]:
    """Decide which of the counted signatures stay counted, and assign their slots.
    Return further rows besides `rows` that changed, and the pairs (kept, to be
    withdrawn)."""
    counted = [row for row in rows if row.state == SignatureState.CONFIRMED]
    mailboxes: dict[tuple[int, UUID | None], list[Signature]] = defaultdict(list)
    for row in counted:
        mailboxes[row.petition_id, row.email_key].append(row)
    present = (
        Signature.objects.confirmed()
        .filter(
            email_key__in=[row.email_key for row in counted],
            petition__in={row.petition_id for row in counted},
        )
        .exclude(pk__in=[row.pk for row in counted])
        .select_related("petition")
        .only(*READ)
    )
    others = []
    for row in present:
        if (row.petition_id, row.email_key) in mailboxes:
            mailboxes[row.petition_id, row.email_key].append(row)
            if is_outdated(row, ring):
                rekey_row(row, ring)
                others.append(row)
    collisions = []
    for mailbox in mailboxes.values():
        collisions += keep_oldest(mailbox, {row.pk for row in counted})
    return others, collisions


def keep_oldest(
    mailbox: list[Signature], arriving: set[int]
) -> list[tuple[Signature, Signature]]:
    """Decide which signatures counted for one mailbox on one petition stay counted:
    each person's oldest, at most two in all, each on a slot of its own. `arriving`
    holds the ids of those that had another key until now. Return pairs (kept, to be
    withdrawn)."""
    kept: list[Signature] = []
    collisions = []
    for row in sorted(mailbox, key=lambda row: (row.confirmed_at, row.pk)):
        same = [other for other in kept if other.person == row.person]
        if same or len(kept) == 2:
            collisions.append(((same or kept)[0], row))
        else:
            kept.append(row)
    free = {1, 2}
    # Rows that had this key before keep their slots; arriving rows get what is left, so
    # that no slot is occupied twice while the rows are updated.
    # False sorts first.
    for row in sorted(kept, key=lambda row: row.pk in arriving):
        if row.person:
            row.shared_address_slot = (
                row.shared_address_slot
                if row.shared_address_slot in free
                else min(free)
            )
            free.discard(row.shared_address_slot)
    return collisions


def withdraw_duplicate(
    kept: Signature, taken: Signature, ring: Keyring, *, now: datetime
) -> None:
    """Withdraw a signature that would be counted twice, and record the collision for
    staff."""
    withdraw(taken, now=now)
    KeyCollision.objects.create(
        petition_id=kept.petition_id,
        kept=kept.pk,
        taken_back=taken.pk,
        version=ring.newest.number,
        found_at=now,
    )


def carry_suppressions(
    addresses: Iterable[tuple[UUID | None, str]], ring: Keyring
) -> None:
    """Add suppressions under the newest key for those of `addresses` (old key and
    address) that are suppressed under an older one. The older key stays until the
    re-key ends: under other rules it may stand for several mailboxes."""
    by_key: dict[UUID | None, set[str]] = defaultdict(set)
    for key, address in addresses:
        by_key[key].add(address)
    suppressions = Suppression.objects.filter(pk__in=[key for key in by_key if key])
    for suppression in suppressions.exclude(key_version=ring.newest.number):
        named, carried = suppression.address_keys, set()
        for address in by_key[suppression.pk]:
            if named is None:
                Suppression.objects.bulk_create(
                    [
                        Suppression(
                            email_key=ring.newest.key(address),
                            key_version=ring.newest.number,
                            since=suppression.since,
                        )
                    ],
                    ignore_conflicts=True,
                )
            elif same := ring.address_keys(address).intersection(named):
                Suppression.objects.add_address(
                    address,
                    ring.newest,
                    since=suppression.since,
                    key_version=ring.newest.number,
                )
                carried |= same
        left = [key for key in named or [] if key not in carried]
        this = Suppression.objects.filter(pk=suppression.pk)
        this.update(**({"address_keys": left} if left else {"carried_over": True}))
