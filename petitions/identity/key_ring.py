"""Keys of addresses: what tells one person's signatures from another's.

A key is made by the newest `KeyVersion`: by its rules and its secret, so that neither
changes what is counted before `manage.py rekey` has run
(petitions.signatures.rekeying). A version never changes, so a process reads it once.
That there is a newer one it learns from the statement that finds the form
(`notice_version`), or asks before anything else (`current_keyring`)."""

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

# What a new site begins with: dots make no difference at one large provider, which
# has two names; what follows a + makes none anywhere.
_blank = {"strip_characters": "", "strip_extension": "", "same_as": ""}
FIRST_RULES: list[dict[str, str]] = [
    {**_blank, "domain": "*", "strip_extension": "+"},
    {**_blank, "domain": "gmail.com", "strip_characters": ".", "strip_extension": "+"},
    {**_blank, "domain": "googlemail.com", "same_as": "gmail.com"},
]


class UnknownSecret(OperationalError):
    """The environment has no secret for the version that counts. Visitors are told to
    come back, as when the database is away, rather than counted under another key."""

    def __init__(self, number: int) -> None:
        super().__init__(f"EMAIL_KEY is not the one of key version {number}")


@dataclass(frozen=True)
class KeyringVersion:
    """One KeyVersion, ready for use."""

    number: int
    rules: MailboxRules
    secret: bytes
    """b'' when the environment does not have it."""

    def key(self, address: str) -> UUID:
        """128 bits of HMAC-SHA256 of the canonical address, so that the column alone
        names nobody; keys of two versions are never the same."""
        return self.hashed(f"{self.number}:{self.rules.canonical(address)}")

    def address_key(self, address: str) -> UUID:
        """The same of one address alone, whatever else is the same mailbox; letters
        before the @ may be large or small."""
        return self.hashed(f"{self.number}={exact(address).lower()}")

    def hashed(self, message: str) -> UUID:
        if not self.secret:
            raise UnknownSecret(self.number)
        digest = hmac.digest(self.secret, message.encode(), "sha256")
        return UUID(bytes=digest[:16])


@dataclass(frozen=True)
class Keyring:
    """Every version, the newest first."""

    versions: tuple[KeyringVersion, ...]
    rekeying: bool

    @property
    def newest(self) -> KeyringVersion:
        return self.versions[0]

    @property
    def former(self) -> KeyringVersion | None:
        """The one before, while signatures may still be counted by it."""
        return self.versions[1] if self.rekeying else None

    @property
    def age(self) -> tuple[int, bool]:
        """Grows with every start and end of a re-key."""
        return self.newest.number, not self.rekeying

    def former_key(self, address: str) -> UUID | None:
        """The key of the version before, while it is wanted and can be made."""
        former = self.former
        return former.key(address) if former and former.secret else None

    def keys(self, address: str) -> list[UUID]:
        """Every key that a row of this address may have now."""
        former = self.former_key(address)
        return [self.newest.key(address), *([former] if former else [])]

    def all_keys(self, address: str) -> list[UUID]:
        """Every key that it ever had, as far as the secrets are known."""
        return [v.key(address) for v in self.versions if v.secret]

    def address_keys(self, address: str) -> set[UUID]:
        """Every key that this very address ever had, as far as secrets are known."""
        return {v.address_key(address) for v in self.versions if v.secret}


_lock = threading.Lock()
_held: Keyring | None = None


def notice_version(number: int, rekeying: bool) -> Keyring:
    """The keyring, at least as new as the database has just said; read once for each
    start and end of a re-key."""
    global _held
    said = (number, not rekeying)
    if _held is None or _held.age < said:
        with _lock:
            if _held is None or _held.age < said:
                _held = load_keyring()
    return _held


def cached_keyring() -> Keyring:
    """The keyring that this process noticed last."""
    return _held or current_keyring()


def current_keyring() -> Keyring:
    """The keyring as of now. Within a transaction it also keeps the next version from
    starting before the end, so that `keys` finds every row of an address."""
    return notice_version(*state())


def state() -> tuple[int, bool]:
    """Number of the newest version, and whether its re-key still runs."""
    newest = KeyVersion.objects.order_by("-number").first()
    assert newest is not None  # made by every `migrate`
    return newest.number, newest.finished_at is None


def forget_keyring() -> None:
    """Read everything anew when it is next wanted."""
    global _held
    _held = None


def load_keyring() -> Keyring:
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
    """Tells one secret from another, and nothing about either."""
    return hmac.digest(secret.encode(), b"petitions.keys", "sha256").hex()[:32]


def email_key(address: str) -> UUID:
    """The key by which a signature of this address is written now."""
    return cached_keyring().newest.key(address)


def keys_of(address: str) -> list[UUID]:
    """The keys by which everything of this address is found now."""
    return current_keyring().keys(address)


def suppressed(addresses: Iterable[str]) -> set[str]:
    """Those of `addresses` that this site must never write to again. What has its key
    alone is compared under every version whose secret is known."""
    return silenced(Suppression.objects.all(), addresses)


def silenced(rows: QuerySet[Any], addresses: Iterable[str]) -> set[str]:
    """Those of `addresses` that `rows` of Suppression or Bounce are about. A row is
    found by the mailbox; it is about those addresses of it that it names, or all."""
    ring = current_keyring()
    keys = {address: set(ring.all_keys(address)) for address in addresses}
    found = rows.filter(pk__in=set().union(*keys.values()))
    named = dict(found.values_list("pk", "address_keys"))
    return {
        address
        for address in keys
        for key in keys[address] & named.keys()
        if named[key] is None or ring.address_keys(address) & set(named[key])
    }


# == Rules as drafts ==


def draft() -> list[dict[str, str]]:
    """The rules as administrators have written them, in one order."""
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
    """Whether rules were changed that do not hold yet."""
    newest = KeyVersion.objects.order_by("-number").first()
    return newest is not None and by_domain(newest.rules) != by_domain(draft())


def by_domain(rules: list[dict[str, str]]) -> list[dict[str, str]]:
    """In an order that does not depend on the database's collation."""
    return sorted(rules, key=lambda rule: rule["domain"])


def make_first_version(using: str, apps: Any = installed, **kwargs: Any) -> None:
    """After `migrate`: a database without a version gets the first, and its rules."""
    try:
        versions = apps.get_model("petitions", "KeyVersion").objects.using(using)
        rules = apps.get_model("petitions", "AddressRule").objects.using(using)
    except LookupError:
        return  # migrated back to before they came
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
