"""E-mail addresses of supporters: which spellings are one mailbox, how to mask one, and
likely slips. Whether something is an address at all is decided in
core.mail.addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from core.mail.addresses import NotAnAddress as NotAnAddress
from core.mail.addresses import address_spellings as address_spellings
from core.mail.addresses import ascii_domain as ascii_domain
from core.mail.addresses import clean_address as clean_address
from core.mail.addresses import domain_of as domain_of
from core.mail.addresses import has_known_ending

# Providers whose domains people mistype, and real domains that look like a slip.
COMMON_DOMAINS = (
    "gmail.com",
    "hotmail.com",
    "hotmail.ca",
    "hotmail.fr",
    "outlook.com",
    "outlook.fr",
    "yahoo.com",
    "yahoo.ca",
    "yahoo.fr",
    "icloud.com",
    "live.com",
    "live.ca",
    "videotron.ca",
    "sympatico.ca",
    "orange.fr",
    "laposte.net",
    "wanadoo.fr",
    "protonmail.com",
)
REAL_LOOKALIKES = frozenset(
    {
        "mail.com", "ymail.com", "gmx.com", "email.com", "love.com", "line.com",
        "me.com", "cloud.com", "hotmail.cl", "hotmail.gr", "live.cl", "live.cn",
        "outlook.kr", "yahoo.gr",
    }
)  # fmt: skip


# A domain as it stands in the DNS.
DOMAIN = re.compile(
    r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])"
)


@dataclass(frozen=True, slots=True)
class MailboxRule:
    """A rule for the addresses of one domain, or of all that a pattern covers."""

    strip_characters: str = ""
    strip_extension: str = ""
    same_as: str = ""


class MailboxRules:
    """The rules by which several spellings are one mailbox, made of data: a list of
    objects with `domain` and the fields of `MailboxRule`, as KeyVersion stores them."""

    def __init__(self, data: Iterable[Mapping[str, str]]) -> None:
        self.by_domain = {
            entry["domain"]: MailboxRule(
                entry["strip_characters"], entry["strip_extension"], entry["same_as"]
            )
            for entry in data
        }

    def rule_of(self, domain: str) -> MailboxRule:
        """Return the narrowest rule that fits: for the domain itself, for one above it,
        or for all (*)."""
        patterns = [domain]
        above = domain
        while above:
            _first, _dot, above = above.partition(".")
            patterns.append(f"*.{above}" if above else "*")
        for pattern in patterns:
            if (rule := self.by_domain.get(pattern)) is not None:
                return rule
        return MailboxRule()

    def canonical(self, address: str) -> str:
        """Return the canonical form, the same for every spelling of one mailbox. For
        comparison only: mail goes to the address as typed. Case is folded letter by
        letter: ß and ss are two mailboxes, and two domains."""
        local, _at, domain = address.rpartition("@")
        domain = ascii_domain(domain)
        rule = self.rule_of(domain)
        if rule.same_as:
            domain = rule.same_as
            rule = self.rule_of(domain)
        local = unicodedata.normalize("NFC", local).lower()
        if not local.startswith('"'):
            for sign in rule.strip_extension:
                local = local.partition(sign)[0] or local
            for sign in rule.strip_characters:
                local = local.replace(sign, "") or local
        return f"{local}@{domain}"


def exact(address: str) -> str:
    """Normalise this very address: its domain as in the DNS, all else as typed."""
    local, _at, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def domain_pattern(typed: str) -> str:
    """Normalise a domain, or *. and all below it, to how it stands in the DNS; it is
    not validated here."""
    domain = typed.strip().lower().rstrip(".")
    star, bare = ("*.", domain[2:]) if domain.startswith("*.") else ("", domain)
    return star + (bare if bare in {"", "*"} else ascii_domain(bare))


def masked(address: str) -> str:
    """Mask an address, as in m•••@gmail.com: enough for its owner to recognise, and for
    nobody else."""
    local, _at, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


@lru_cache(maxsize=1000)
def suggested_domain(domain: str) -> str:
    """Return the domain that was probably meant, or ''. Only ever a suggestion."""
    domain = domain.lower()
    if domain in COMMON_DOMAINS or domain in REAL_LOOKALIKES:
        return ""
    for common in COMMON_DOMAINS:
        if is_one_slip(domain, common):
            return common
    if "." in domain and has_known_ending(domain):
        return ""
    # gmail.c, gmail: no address ends so, and the rest tells which domain was meant.
    name = f"{domain.partition('.')[0]}."
    return next((common for common in COMMON_DOMAINS if common.startswith(name)), "")


def odd_ending(domain: str) -> str:
    """Return the ending of a domain when no address is known to end so; otherwise
    ''."""
    return "" if has_known_ending(domain) else f".{domain.rpartition('.')[2]}"


def is_one_slip(typed: str, meant: str) -> bool:
    """Return whether the two differ by one letter left out, added, mistaken, or swapped
    with the next."""
    if abs(len(typed) - len(meant)) > 1 or typed == meant:
        return False
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    rest, wanted = typed[start:], meant[start:]
    return (
        rest[1:] == wanted
        or rest == wanted[1:]
        or rest[1:] == wanted[1:]
        or (rest[1::-1] == wanted[:2] and rest[2:] == wanted[2:])
    )
