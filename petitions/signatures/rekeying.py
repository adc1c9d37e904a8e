"""Re-keying: bringing new rules for addresses, or a new EMAIL_KEY, into force while the
site runs.

`start_version` begins a key version. From that moment every signature is written under
it, together with its key under the version before (`former_key`), so that a
confirmation compares with both. Then everything that still holds an address gets its
new key, batch by batch; a run that was stopped may simply be started again. Where two
counted signatures of a petition turn out to be one person's, the oldest stays counted,
the newer is withdrawn and staff are told.

Why nobody is counted twice meanwhile: confirmations read the newest version, and only a
row of that version is confirmed. `start_version` waits for all transactions that have
not seen it to end. So what was counted before is visible to every later confirmation,
and the later ones collide in the unique constraint.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import Error, OperationalError, connection, transaction
from django.db.models import Count, Q, QuerySet

from core.db.batches import Batches
from core.db.database import is_away
from petitions.identity import key_ring
from petitions.identity.key_ring import Keyring
from petitions.models import (
    AskedMailbox,
    Consent,
    ImportedSignature,
    KeyVersion,
    Signature,
    Suppression,
    UnsubscribedMailbox,
)
from petitions.signatures.rekey_batch import (
    carry_suppressions,
    is_outdated,
    rekey_rows,
)

BATCH = 500
# Waits for running confirmations, which have not seen the new version, and makes new
# ones wait; so only briefly.
LOCK = "LOCK TABLE petitions_keyversion IN ACCESS EXCLUSIVE MODE"
LOCK_TIMEOUT = "500ms"

WRITE_CONSENTS = """
UPDATE petitions_consent c SET email_key = v.key, email_key_version = %(version)s
  FROM unnest(%(ids)s::bigint[], %(keys)s::uuid[]) AS v (id, key) WHERE c.id = v.id
"""


class SecretMissing(Exception):
    """The secret of the newest key version is not in the environment."""


class VersionsInUse(Exception):
    """The table of key versions could not be locked in time, so no version was
    begun."""


@dataclass
class RekeyReport:
    """The result of one re-key run."""

    started: int | None = None
    """The number of the key version that the run began."""
    signatures: int = 0
    consents: int = 0
    taken_back: int = 0
    finished: int | None = None
    """The number of the key version that the run completed."""
    tidied: int = 0
    left: dict[int, int] = field(default_factory=dict)
    """The number of suppressions, and of mailboxes that unsubscribed elsewhere or are
    not asked again, known only by a key of a former version, by version: each such
    version's secret is still needed for them."""
    imported: dict[int, int] = field(default_factory=dict)
    """The number of imported people known only by one, likewise."""

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (
            self.started or self.signatures or self.consents or self.finished
            or self.tidied
        )  # fmt: skip


# == Versions ==


def is_due() -> bool:
    """Return whether the rules for addresses or EMAIL_KEY differ from those of the
    newest version."""
    newest = KeyVersion.objects.latest("number")
    return (
        key_ring.waits_for_rekey()
        or newest.fingerprint != key_ring.fingerprint(settings.EMAIL_KEY)
    )  # fmt: skip


def start_version(*, now: datetime, former_lost: bool = False) -> int:
    """Begin the next key version, with the current rules and EMAIL_KEY; return its
    number. Raise SecretMissing when existing signatures could not be compared with it,
    unless `former_lost`; raise VersionsInUse when the table could not be locked in
    time."""
    if not former_lost and not key_ring.current_keyring().newest.secret:
        raise SecretMissing
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        try:
            cursor.execute(LOCK)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") == "55P03":
                raise VersionsInUse from None
            raise
        newest = KeyVersion.objects.latest("number")
        assert newest.finished_at is not None
        return KeyVersion.objects.create(
            number=newest.number + 1,
            rules=key_ring.drafted_rules(),
            fingerprint=key_ring.fingerprint(settings.EMAIL_KEY),
            started_at=now,
        ).number


def finish_version(number: int, *, now: datetime) -> None:
    """Mark a key version as complete: from now on nothing is compared by the version
    before."""
    KeyVersion.objects.filter(pk=number, finished_at=None).update(finished_at=now)


# == Batches ==


def outdated(ring: Keyring) -> QuerySet[Signature]:
    """Return the signatures that hold an address and a key of an older version."""
    return (
        Signature.objects.exclude(email_key_version=ring.newest.number)
        .exclude(email="")
        .filter(email_key__isnull=False)
    )


def id_batches[M: (Signature, Consent)](rows: QuerySet[M]) -> Iterator[list[int]]:
    """Yield the ids of `rows` in order, in batches; a batch is read only after the one
    before has been processed, and its size follows from how long that took."""
    last, some = 0, Batches(first=100, most=BATCH)
    numbers = rows.order_by("pk").values_list("pk", flat=True)
    while ids := list(numbers.filter(pk__gt=last)[: some.size]):
        started = time.monotonic()
        yield ids
        some.note(len(ids), time.monotonic() - started)
        last = ids[-1]


def rekey_signatures(
    rows: QuerySet[Signature], ring: Keyring, *, now: datetime
) -> Iterator[tuple[int, int]]:
    """Give all of `rows` new keys, in batches; after each, yield how many signatures
    were in it and how many counted ones were withdrawn as duplicates."""
    for ids in id_batches(rows):
        yield len(ids), rekey_with_retries(ids, ring, now=now)


def rekey_with_retries(ids: Sequence[int], ring: Keyring, *, now: datetime) -> int:
    """Call `rekey_rows` and retry it when a concurrent confirmation or a deadlock got
    in its way; return how many signatures were withdrawn as duplicates."""
    for _attempt in range(20):
        try:
            return rekey_rows(ids, ring, now=now)
        except Error as error:
            # A concurrent confirmation took the key, or PostgreSQL broke a deadlock.
            if connection.in_atomic_block or not (
                is_away(error) or "duplicate key" in str(error)
            ):
                raise
    return rekey_rows(ids, ring, now=now)


def rekey_consents(ring: Keyring) -> Iterator[int]:
    """Give consents new keys, for they outlive their signatures; yield the size of each
    batch."""
    rows = Consent.objects.exclude(email_key_version=ring.newest.number)
    for ids in id_batches(rows.exclude(email="")):
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


# == One signature, when its link is used ==


def rekey_one(signature_id: int, *, now: datetime) -> bool:
    """Re-key a pending signature, and the counted ones of its mailbox, so that they can
    be compared; return whether any of them was outdated."""
    mine = (
        Signature.objects.pending()
        .filter(pk=signature_id)
        .select_related("petition")
        .first()
    )
    if mine is None:
        return False
    ring = key_ring.current_keyring()
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
    rekey_with_retries(ids, ring, now=now)
    return True


# == Clean-up ==


def delete_old_versions(ring: Keyring) -> int:
    """After a re-key is complete, delete the former keys of pending signatures, and
    suppressions that were carried over to the new version; return how many rows were
    changed or deleted."""
    pending = Signature.objects.pending().filter(former_key__isnull=False)
    tidied = 0
    for ids in id_batches(pending):
        tidied += Signature.objects.filter(pk__in=ids).update(former_key=None)
    carried = Suppression.objects.filter(carried_over=True)
    return tidied + carried.exclude(key_version=ring.newest.number).delete()[0]


def unmatched_suppressions(ring: Keyring) -> dict[int, int]:
    """Return, by version, how many suppressions, mailboxes on lists of the
    unsubscribed, and mailboxes that are not asked again, only the key of a former
    version can match."""
    by_version = Counter[int]()
    for model in (Suppression, UnsubscribedMailbox, AskedMailbox):
        rows: QuerySet[Any] = model._default_manager.exclude(
            key_version=ring.newest.number
        )
        numbers = rows.order_by().values_list("key_version")
        by_version.update(dict(numbers.annotate(number=Count("pk"))))
    return dict(by_version)


def imported_before(ring: Keyring) -> dict[int, int]:
    """Return, by version, how many imported people only the key of a former version can
    match."""
    rows = ImportedSignature.objects.exclude(email_key_version=ring.newest.number)
    numbers = rows.order_by().values_list("email_key_version")
    return dict(numbers.annotate(number=Count("pk")))
