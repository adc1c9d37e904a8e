"""A change of the rules for addresses, or of EMAIL_KEY, while the site runs.

`start` begins a version. From that moment every signature is written under it, with its
key under the version before beside it, so that a confirmation compares with both. Then
everything that still holds an address gets its new key, batch by batch; whoever ends it
in between may start it again. Where two counted signatures of a petition become one
person's, the oldest stays counted, the newer is taken back and staff are told.

Why nobody is counted twice meanwhile: confirmations read the newest version, and only a
row of that version is confirmed. `start` waits until all that have not seen it are
through. So what was counted before is visible to every later one, and the later ones
meet in the unique constraint.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import Error, OperationalError, connection, transaction
from django.db.models import Q, QuerySet

from config.database import is_away
from petitions import keys
from petitions.keys import Keyring
from petitions.models import Consent, KeyCollision, KeyVersion, Signature, Suppression
from petitions.names import folded_name
from petitions.states import SignatureState

BATCH = 500
# Not the petition's text with every signature.
READ = (
    "petition_id", "state", "name", "email", "email_key", "email_key_version",
    "former_key", "person", "seat", "confirmed_at", "petition__shared_addresses",
)  # fmt: skip

# Waits for confirmations that have not seen the version, and they for it: briefly.
LOCK = "LOCK TABLE petitions_keyversion IN ACCESS EXCLUSIVE MODE"
LOCK_TIMEOUT = "500ms"

WRITE = """
WITH given AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(keys)s::uuid[], %(former)s::uuid[],
                         %(people)s::text[], %(seats)s::smallint[])
                  AS v (id, key, former, person, seat)
), mails AS (
    UPDATE petitions_duemail m SET email_key = given.key
      FROM given WHERE m.signature_id = given.id
)
UPDATE petitions_signature s
   SET email_key = given.key, former_key = given.former, person = given.person,
       seat = given.seat, email_key_version = %(version)s
  FROM given WHERE s.id = given.id
"""
WRITE_CONSENTS = """
UPDATE petitions_consent c SET email_key = v.key, email_key_version = %(version)s
  FROM unnest(%(ids)s::bigint[], %(keys)s::uuid[]) AS v (id, key) WHERE c.id = v.id
"""


class SecretMissing(Exception):
    """The secret of the version that counts is not in the environment."""


class Busy(Exception):
    """Something reads the versions all the time, and none can begin."""


@dataclass
class Report:
    """What a run has done."""

    started: int | None = None
    """The version that it began."""
    signatures: int = 0
    consents: int = 0
    taken_back: int = 0
    finished: int | None = None
    """The version that is complete now."""
    tidied: int = 0
    left: dict[int, int] = field(default_factory=dict)
    """“Never write to me again” known by a key of a former version alone, by
    version: what its secret is still needed for."""

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (
            self.started or self.signatures or self.consents or self.finished
            or self.tidied
        )  # fmt: skip


# == Versions ==


def is_due() -> bool:
    """Whether the rules or EMAIL_KEY differ from those of the newest version."""
    newest = KeyVersion.objects.latest("number")
    return (
        keys.waits_for_rekey()
        or newest.fingerprint != keys.fingerprint(settings.EMAIL_KEY)
    )  # fmt: skip


def start(*, now: datetime, former_lost: bool = False) -> int:
    """Begin the next version, from the rules and EMAIL_KEY as they are; returns its
    number. SecretMissing when what is counted could not be compared with it, unless
    `former_lost`; Busy when no moment was found."""
    if not former_lost and not keys.current().newest.secret:
        raise SecretMissing
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        try:
            cursor.execute(LOCK)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") == "55P03":
                raise Busy from None
            raise
        newest = KeyVersion.objects.latest("number")
        assert newest.finished_at is not None
        return KeyVersion.objects.create(
            number=newest.number + 1,
            rules=keys.draft(),
            fingerprint=keys.fingerprint(settings.EMAIL_KEY),
            started_at=now,
        ).number


def finish(number: int, *, now: datetime) -> None:
    """From here on nothing is counted by the version before."""
    KeyVersion.objects.filter(pk=number, finished_at=None).update(finished_at=now)


# == What has to be done ==


def outdated(ring: Keyring) -> QuerySet[Signature]:
    """Signatures that hold an address, and a key of another version."""
    return (
        Signature.objects.exclude(email_key_version=ring.newest.number)
        .exclude(email="")
        .filter(email_key__isnull=False)
    )


def batches[M: (Signature, Consent)](rows: QuerySet[M]) -> Iterator[list[int]]:
    """The numbers of `rows`, in order; each batch is read when the one before is
    done with."""
    last = 0
    while ids := list(
        rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        yield ids
        last = ids[-1]


def rekey_signatures(
    rows: QuerySet[Signature], ring: Keyring, *, now: datetime
) -> Iterator[tuple[int, int]]:
    """New keys for all of `rows`; yields after each batch how many it were, and how
    many of those counted were taken back."""
    for ids in batches(rows):
        yield len(ids), patiently(ids, ring, now=now)


def patiently(ids: Sequence[int], ring: Keyring, *, now: datetime) -> int:
    """`bring_up_to_date`, again when a signer was quicker."""
    for _attempt in range(20):
        try:
            return bring_up_to_date(ids, ring, now=now)
        except Error as error:
            # A confirmation took the key in this moment, or a deadlock was broken.
            if connection.in_atomic_block or not (
                is_away(error) or "duplicate key" in str(error)
            ):
                raise
    return bring_up_to_date(ids, ring, now=now)


def rekey_consents(ring: Keyring) -> Iterator[int]:
    """New keys for answers about updates, which outlive their signatures."""
    rows = Consent.objects.exclude(email_key_version=ring.newest.number)
    for ids in batches(rows.exclude(email="")):
        with transaction.atomic():
            consents = list(
                Consent.objects.select_for_update().filter(pk__in=ids).order_by("pk")
            )
            carry_suppressions(((c.email_key, c.email) for c in consents), ring)
            with connection.cursor() as cursor:
                cursor.execute(
                    WRITE_CONSENTS,
                    {
                        "version": ring.newest.number,
                        "ids": [c.pk for c in consents],
                        "keys": [ring.newest.key(c.email) for c in consents],
                    },
                )
        yield len(ids)


# == One batch ==


def bring_up_to_date(ids: Iterable[int], ring: Keyring, *, now: datetime) -> int:
    """Give signatures the keys of the newest version, and a person where two may
    share one address; returns how many were taken back because an older one counts."""
    with transaction.atomic():
        locked = (
            Signature.objects.select_for_update(of=("self",), no_key=True)
            .filter(pk__in=list(ids), email_key__isnull=False)
            .exclude(email="")
            .select_related("petition")
            .only(*READ)
            .order_by("pk")
        )
        # Somebody else may have been quicker.
        rows = [row for row in locked if is_outdated(row, ring)]
        carry_suppressions(((row.email_key, row.email) for row in rows), ring)
        for row in rows:
            renew(row, ring)
        others, collisions = settle(rows, ring)
        for kept, taken in collisions:
            take_back(kept, taken, ring, now=now)
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
                    "seats": [row.seat for row in changed],
                },
            )
        return len(collisions)


def is_outdated(row: Signature, ring: Keyring) -> bool:
    """Whether `row` cannot be compared with others yet."""
    return (
        row.email_key_version != ring.newest.number
        or bool(row.person) != row.petition.shared_addresses
    )


def renew(row: Signature, ring: Keyring) -> None:
    """The keys and the person that `row` has under the newest version."""
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


def settle(
    rows: list[Signature], ring: Keyring
) -> tuple[list[Signature], list[tuple[Signature, Signature]]]:
    """Who of the counted stays so, and on which seat. Returns rows besides `rows`
    that change, and pairs: the one kept, the one to take back."""
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
                renew(row, ring)
                others.append(row)
    collisions = []
    for mailbox in mailboxes.values():
        collisions += keep_oldest(mailbox, {row.pk for row in counted})
    return others, collisions


def keep_oldest(
    mailbox: list[Signature], arriving: set[int]
) -> list[tuple[Signature, Signature]]:
    """Of the signatures counted for one mailbox under one petition, each person's
    oldest stays, two at most, each on a seat; those in `arriving` had another key
    until now. Returns pairs: the one kept, the one to take back."""
    kept: list[Signature] = []
    collisions = []
    for row in sorted(mailbox, key=lambda row: (row.confirmed_at, row.pk)):
        same = [other for other in kept if other.person == row.person]
        if same or len(kept) == 2:
            collisions.append(((same or kept)[0], row))
        else:
            kept.append(row)
    free = {1, 2}
    # Who sits there already chooses first, so that no seat is taken twice in between.
    for row in sorted(kept, key=lambda row: row.pk in arriving):
        if row.person:
            row.seat = row.seat if row.seat in free else min(free)
            free.discard(row.seat)
    return collisions


def take_back(
    kept: Signature, taken: Signature, ring: Keyring, *, now: datetime
) -> None:
    """Withdraw what would be counted twice, and write it down for staff."""
    from petitions.actions import withdraw  # which confirms, and that comes here

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
    """“Never write to me again” holds under the newest key, too, where the address
    is still known. The older key stays until the end: under other rules it may stand
    for several mailboxes."""
    by_key: dict[UUID | None, set[str]] = defaultdict(set)
    for key, address in addresses:
        by_key[key].add(address)
    found = Suppression.objects.filter(pk__in=[key for key in by_key if key])
    for suppression in found.exclude(key_version=ring.newest.number):
        Suppression.objects.bulk_create(
            [
                Suppression(
                    email_key=ring.newest.key(address),
                    key_version=ring.newest.number,
                    since=suppression.since,
                )
                for address in by_key[suppression.pk]
            ],
            ignore_conflicts=True,
        )
        Suppression.objects.filter(pk=suppression.pk).update(carried_over=True)


# == One signature, when its link is used ==


def freshen(signature_id: int, *, now: datetime) -> bool:
    """Bring a pending signature, and those counted for its mailbox, to where they can
    be compared; returns whether any was not."""
    mine = (
        Signature.objects.pending()
        .filter(pk=signature_id)
        .select_related("petition")
        .first()
    )
    if mine is None:
        return False
    ring = keys.current()
    counted = Signature.objects.confirmed().filter(
        petition=mine.petition_id, email_key__in=ring.keys(mine.email)
    )
    stale = ~Q(email_key_version=ring.newest.number)
    if mine.petition.shared_addresses:
        stale |= Q(person="")
    ids = list(counted.filter(stale).values_list("pk", flat=True))
    if is_outdated(mine, ring):
        ids.append(mine.pk)
    if not ids:
        return False
    patiently(ids, ring, now=now)
    return True


# == The end ==


def tidy(ring: Keyring) -> int:
    """After the end: forget keys of the version before, and what was carried over;
    returns how many rows that were."""
    pending = Signature.objects.pending().filter(former_key__isnull=False)
    tidied = 0
    for ids in batches(pending):
        tidied += Signature.objects.filter(pk__in=ids).update(former_key=None)
    carried = Suppression.objects.filter(carried_over=True)
    return tidied + carried.exclude(key_version=ring.newest.number).delete()[0]


def left(ring: Keyring) -> dict[int, int]:
    """Suppressions that only a former version can compare, by version."""
    found: dict[int, int] = {}
    rows = Suppression.objects.exclude(key_version=ring.newest.number)
    for number in rows.values_list("key_version", flat=True):
        found[number] = found.get(number, 0) + 1
    return found
