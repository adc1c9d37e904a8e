"""E-mail addresses: what is one, whose it is, how to show it, likely slips."""

from __future__ import annotations

import hmac
import unicodedata
from functools import lru_cache
from uuid import UUID

import email_validator
import idna
from django.conf import settings

# Version of the rules below and of EMAIL_KEY, stored with each key.
KEY_VERSION = 1

# Refused neither by us nor by mail servers of test networks.
email_validator.SPECIAL_USE_DOMAIN_NAMES.remove("test")

# Two names of one provider, and one that does not look at dots before the @.
ALIASES = {"googlemail.com": "gmail.com"}
IGNORE_DOTS = frozenset({"gmail.com"})

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


class NotAnAddress(ValueError):
    """What was typed is not an e-mail address."""


def clean_address(typed: str) -> str:
    """The address as mail is sent to it: as typed, with the domain in its normal
    form. NotAnAddress when nothing could be delivered there."""
    try:
        found = email_validator.validate_email(
            typed.strip(), check_deliverability=False, strict=True
        )
    except email_validator.EmailNotValidError:
        raise NotAnAddress from None
    if len(found.normalized) > 254:
        raise NotAnAddress
    return found.normalized


def canonical(address: str) -> str:
    """The form that is the same for every spelling of one mailbox; for comparison
    only, mail goes to the address as typed. Case is folded letter by letter only: ß
    and ss are two mailboxes, and two domains."""
    local, _at, domain = address.rpartition("@")
    domain = ascii_domain(domain)
    domain = ALIASES.get(domain, domain)
    local = unicodedata.normalize("NFC", local).lower()
    if not local.startswith('"'):
        local = local.partition("+")[0] or local
        if domain in IGNORE_DOTS:
            local = local.replace(".", "")
    return f"{local}@{domain}"


def ascii_domain(domain: str) -> str:
    """The domain as it stands in the DNS: xn--strae-oqa.de for straße.de."""
    try:
        return idna.encode(domain, uts46=True).decode().lower()
    except idna.IDNAError:
        return domain.lower()


def email_key(address: str) -> UUID:
    """What tells whether two signatures come from one mailbox: 128 bits of
    HMAC-SHA256 under EMAIL_KEY, so that the column alone names nobody."""
    secret = settings.EMAIL_KEY.encode()
    digest = hmac.digest(secret, canonical(address).encode(), "sha256")
    return UUID(bytes=digest[:16])


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


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
    return ""


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
