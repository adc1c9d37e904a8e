"""E-mail addresses of supporters: whose one is, how to show it, likely slips. What is
one says core.mail.addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from core.mail.addresses import NotAnAddress as NotAnAddress
from core.mail.addresses import ascii_domain as ascii_domain
from core.mail.addresses import clean_address as clean_address
from core.mail.addresses import domain_of as domain_of
from core.mail.addresses import has_known_ending
from core.mail.addresses import spellings as spellings

# Providers whose names people mistype, and real ones that look like a slip.
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
    {"mail.com", "ymail.com", "gmx.com", "email.com", "love.com", "line.com", "me.com"}
)


# A domain as it stands in the DNS.
DOMAIN = re.compile(
    r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])"
)


@dataclass(frozen=True, slots=True)
class MailboxRule:
    """How one domain, or all that a pattern covers, reads its addresses."""

    strip_characters: str = ""
    strip_extension: str = ""
    same_as: str = ""


class MailboxRules:
    """Which spellings are one mailbox, as data: a list of objects with `domain` and
    the fields of `MailboxRule`, as KeyVersion keeps them."""

    def __init__(self, data: Iterable[Mapping[str, str]]) -> None:
        self.by_domain = {
            entry["domain"]: MailboxRule(
                entry["strip_characters"], entry["strip_extension"], entry["same_as"]
            )
            for entry in data
        }

    def rule_of(self, domain: str) -> MailboxRule:
        """The narrowest that fits: the domain itself, what stands above it, or *."""
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
        """The form that is the same for every spelling of one mailbox; for comparison
        only, mail goes to the address as typed. Case is folded letter by letter only:
        ß and ss are two mailboxes, and two domains."""
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
    """The one form of this very address: of all spellings, that with the domain as in
    the DNS."""
    local, _at, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def domain_pattern(typed: str) -> str:
    """A domain, or *. and all below it, as it stands in the DNS; not yet judged."""
    domain = typed.strip().lower().rstrip(".")
    star, bare = ("*.", domain[2:]) if domain.startswith("*.") else ("", domain)
    return star + (bare if bare in {"", "*"} else ascii_domain(bare))


def masked(address: str) -> str:
    """m•••@gmail.com: enough for its owner to recognise, for nobody else."""
    local, _at, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


@lru_cache(maxsize=1000)
def suggested_domain(domain: str) -> str:
    """The domain that was probably meant, or ''. Only ever a suggestion."""
    domain = domain.lower()
    if domain in COMMON_DOMAINS or domain in REAL_LOOKALIKES:
        return ""
    for common in COMMON_DOMAINS:
        if is_one_slip(domain, common):
            return common
    if has_known_ending(domain):
        return ""
    # gmail.c: no address ends so, and the rest says which was meant.
    name = f"{domain.partition('.')[0]}."
    return next((common for common in COMMON_DOMAINS if common.startswith(name)), "")


def odd_ending(domain: str) -> str:
    """The ending of a domain that, as far as we know, no address has; or ''."""
    return "" if has_known_ending(domain) else f".{domain.rpartition('.')[2]}"


def is_one_slip(typed: str, meant: str) -> bool:
    """Whether one letter was left out, added, mistaken, or swapped with the next."""
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
