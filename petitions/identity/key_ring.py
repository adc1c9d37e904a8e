"""The key ring: keyed hashes (HMAC) of addresses, which tell one person's signatures
from another's.

A key is made by the newest `KeyVersion`, by its rules and its secret, so that a change
of either affects no count before `manage.py rekey` has run
(petitions.signatures.rekeying). A version never changes, so a process reads it once. It
learns of a newer one from the statement that loads the form (`notice_version`), or asks
first (`current_keyring`).
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps as installed
from django.conf import settings
from django.db import OperationalError
from django.db.models import QuerySet

from petitions.addresses import MailboxRules, exact
from petitions.models import AddressRule, KeyVersion, Suppression

# The rules of a new site: dots make no difference at one large provider, which has two
# names; what follows a + makes none anywhere.
_blank = {"strip_characters": "", "strip_extension": "", "same_as": ""}
FIRST_RULES: list[dict[str, str]] = [
    {**_blank, "domain": "*", "strip_extension": "+"},
    {**_blank, "domain": "gmail.com", "strip_characters": ".", "strip_extension": "+"},
    {**_blank, "domain": "googlemail.com", "same_as": "gmail.com"},
]


class UnknownSecret(OperationalError):
    """The environment lacks the secret of the version in force. Visitors are told to
    come back, as when the database is away, rather than counted under another key."""

    def __init__(self, number: int) -> None:
        super().__init__(f"EMAIL_KEY is not the one of key version {number}")


@dataclass(frozen=True)
class KeyringVersion:
    """A KeyVersion with its rules parsed and its secret."""

    number: int
    rules: MailboxRules
    secret: bytes
    """b'' when the environment does not have it."""

    def key(self, address: str) -> UUID:
        """Return the key of the mailbox: 128 bits of HMAC-SHA256 of the canonical
        address, so that the column alone names nobody. Keys of two versions are never
        the same."""
        return self.hashed(f"{self.number}:{self.rules.canonical(address)}")

    def address_key(self, address: str) -> UUID:
        """Return the key of this very address, not of its mailbox; letters before the @
        may be upper or lower case."""
        return self.hashed(f"{self.number}={exact(address).lower()}")

    def hashed(self, message: str) -> UUID:
        """Return 128 bits of HMAC-SHA256 as a UUID; raise UnknownSecret without a
        secret."""
        if not self.secret:
            raise UnknownSecret(self.number)
        digest = hmac.digest(self.secret, message.encode(), "sha256")
        return UUID(bytes=digest[:16])


@dataclass(frozen=True)
class Keyring:
    """All key versions, the newest first."""

    versions: tuple[KeyringVersion, ...]
    rekeying: bool

    @property
    def newest(self) -> KeyringVersion:
        return self.versions[0]

    @property
    def former(self) -> KeyringVersion | None:
        """The version before the newest, while a re-key runs and signatures may still
        be counted by it; otherwise None."""
        return self.versions[1] if self.rekeying else None

    @property
    def age(self) -> tuple[int, bool]:
        """A value that grows with every start and end of a re-key, to compare key rings
        by."""
        return self.newest.number, not self.rekeying

    def former_key(self, address: str) -> UUID | None:
        """Return the key under the former version; None when no re-key runs, or the
        secret is unknown."""
        former = self.former
        return former.key(address) if former and former.secret else None

    def keys(self, address: str) -> list[UUID]:
        """Return every key that a row of this address may have now."""
        former = self.former_key(address)
        return [self.newest.key(address), *([former] if former else [])]

    def all_keys(self, address: str) -> list[UUID]:
        """Return the keys of this mailbox under every version whose secret is known."""
        return [v.key(address) for v in self.versions if v.secret]

    def address_keys(self, address: str) -> set[UUID]:
        """Return the keys of this very address under every version whose secret is
        known."""
        return {v.address_key(address) for v in self.versions if v.secret}


_lock = threading.Lock()
_held: Keyring | None = None


def notice_version(number: int, rekeying: bool) -> Keyring:
    """Return a key ring at least as new as the state that the database has just
    reported, loading it once for each start and end of a re-key."""
    global _held
    said = (number, not rekeying)
    if _held is None or _held.age < said:
        with _lock:
            if _held is None or _held.age < said:
                _held = load_keyring()
    return _held


def cached_keyring() -> Keyring:
    """Return the key ring that this process has cached; load it when there is none."""
    return _held or current_keyring()


def current_keyring() -> Keyring:
    """Return the key ring as of now. Within a transaction, the lock of this query also
    keeps the next version from starting before the end, so that `keys` finds every row
    of an address."""
    return notice_version(*state())


def state() -> tuple[int, bool]:
    """Return the number of the newest version, and whether its re-key is still
    running."""
    newest = KeyVersion.objects.order_by("-number").first()
    assert newest is not None  # made by every `migrate`
    return newest.number, newest.finished_at is None


def forget_keyring() -> None:
    """Drop the cached key ring; it is loaded again when next needed."""
    global _held
    _held = None


def load_keyring() -> Keyring:
    """Load all key versions, each with its secret if the environment has it."""
    secrets = {
        fingerprint(secret): secret.encode()
        for secret in (settings.EMAIL_KEY, *settings.EMAIL_KEY_FALLBACKS)
    }
    rows = list(KeyVersion.objects.order_by("-number"))
    return Keyring(
        tuple(
            KeyringVersion(
                row.number, MailboxRules(row.rules), secrets.get(row.fingerprint, b"")
            )
            for row in rows
        ),
        rekeying=bool(rows) and rows[0].finished_at is None,
    )


def fingerprint(secret: str) -> str:
    """Return a hash that identifies a secret and reveals nothing about it."""
    return hmac.digest(secret.encode(), b"petitions.keys", "sha256").hex()[:32]


def email_key(address: str) -> UUID:
    """Return the key under which a signature of this address is written now."""
    return cached_keyring().newest.key(address)


def keys_of(address: str) -> list[UUID]:
    """Return the keys under which all rows of this address are found now."""
    return current_keyring().keys(address)


def suppressed(addresses: Iterable[str]) -> set[str]:
    """Return those of `addresses` that this site must never write to again.
    Suppressions hold keys alone, so addresses are compared under every version whose
    secret is known."""
    return silenced(Suppression.objects.all(), addresses)


def silenced(rows: QuerySet[Any], addresses: Iterable[str]) -> set[str]:
    """Return those of `addresses` that `rows` (Suppression or Bounce) are about. A row
    is found by its mailbox; it covers the addresses that it names, or the whole mailbox
    when it names none."""
    ring = current_keyring()
    keys = {address: set(ring.all_keys(address)) for address in addresses}
    suppressions = rows.filter(pk__in=set().union(*keys.values()))
    named = dict(suppressions.values_list("pk", "address_keys"))
    return {
        address
        for address in keys
        for key in keys[address] & named.keys()
        if named[key] is None or ring.address_keys(address) & set(named[key])
    }


# == Rules as drafts ==


def drafted_rules() -> list[dict[str, str]]:
    """Return the address rules as administrators have drafted them, ordered by
    domain."""
    return [
        {
            "domain": rule.domain,
            "strip_characters": rule.strip_characters,
            "strip_extension": rule.strip_extension,
            "same_as": rule.same_as,
        }
        for rule in AddressRule.objects.order_by("domain")
    ]


def waits_for_rekey() -> bool:
    """Return whether drafted rules differ from those in force, and so need a re-key."""
    newest = KeyVersion.objects.order_by("-number").first()
    return newest is not None and sorted_by_domain(newest.rules) != sorted_by_domain(
        drafted_rules()
    )


def sorted_by_domain(rules: list[dict[str, str]]) -> list[dict[str, str]]:
    """Sort rules by domain, independently of the database's collation."""
    return sorted(rules, key=lambda rule: rule["domain"])


def make_first_version(using: str, apps: Any = installed, **kwargs: Any) -> None:
    """After `migrate`, give a database without key versions the first one and its
    rules."""
    try:
        versions = apps.get_model("petitions", "KeyVersion").objects.using(using)
        rules = apps.get_model("petitions", "AddressRule").objects.using(using)
    except LookupError:
        return  # migrated back to before these models existed
    if versions.exists():
        return
    version, created = versions.get_or_create(
        number=1,
        defaults={"rules": FIRST_RULES, "fingerprint": fingerprint(settings.EMAIL_KEY)},
    )
    if created:
        version.finished_at = version.started_at
        version.save()
        for rule in FIRST_RULES:
            rules.get_or_create(domain=rule["domain"], defaults=rule)
