"""E-mail addresses: validate and normalise them, and write them as the DNS and mail
headers need them. Every address of the site passes `clean_address`, by the fields in
address_fields."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import email_validator
import idna
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from publicsuffixlist import PublicSuffixList

from core.text.characters import BLANK

# The mail servers of test networks use .test, so it is not refused.
email_validator.SPECIAL_USE_DOMAIN_NAMES.remove("test")

LONGEST = 254
# With a display name, and whatever else is pasted along.
LONGEST_TYPED = 500

NOT_ONE = _("Enter an e-mail address such as name@example.org")
LOOKALIKE = _(
    "Some letters in this address only look like others: type it instead of pasting it"
)
UNSEEN = _(
    "There are invisible characters in this address: type it instead of pasting it"
)
ONE_ALONE = _("Enter one e-mail address alone")
NO_SUCH_ENDING = _(
    "No address ends like this one. Is a letter missing, as in .com or .ca?"
)


class NotAnAddress(ValueError):
    """Raised for what is no e-mail address; `sentence` tells whoever typed it why."""

    def __init__(self, sentence: StrOrPromise = NOT_ONE) -> None:
        super().__init__("not an address")
        self.sentence = sentence


# == What is pasted along ==

# Other forms of ASCII characters: full-width ones; full stops of other keyboards and of
# Chinese, Urdu and Syriac; hyphens and apostrophes of word processors, but not U+02BC,
# which is a letter in Ukrainian; a small @.
SHAPES = {
    **{number: chr(number - 0xFEE0) for number in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(map(ord, "\u2024\u3002\ufe52\uff61\u06d4\u0701\u0702"), "."),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212\ufe63"), "-"),
    **dict.fromkeys(map(ord, "\u2018\u2019\u2032"), "'"),
    0xFE6B: "@",
}
PLAIN = re.compile(r"[0-9A-Za-z_][0-9A-Za-z._+-]*@[0-9a-z-]+(\.[0-9a-z-]+)+")
SCHEME = re.compile(r"mailto:", re.IGNORECASE)
# In some scripts a joiner makes another word; all other invisible characters say
# nothing.
JOINERS = "\u200c\u200d"
QUOTES = ("''", "“”", "‘’", "«»", "„“", "()", "[]")
PUNCTUATION = ".,;:?!\u3001"
JOINER_IN_LATIN = re.compile(
    f"(?<=[\\x00-\u024f])[{JOINERS}]+|[{JOINERS}]+(?=[\\x00-\u024f])"
)
BESIDE_THE_AT = re.compile(r"[^\S\n]*@[^\S\n]*")
COMMA_FOR_DOT = re.compile(r"(@[\w-]+),([a-z]{2,})", re.IGNORECASE)


def is_invisible(sign: str) -> bool:
    return bool(BLANK.match(sign)) or (
        unicodedata.category(sign) == "Cf" and sign not in JOINERS
    )


def in_plain_letters(text: str) -> str:
    """Replace other forms of a to z, digits and dots by the plain ones: full-width
    letters, ligatures, numbers of a list."""
    return "".join(
        plain
        if (plain := unicodedata.normalize("NFKC", c)).isascii() and plain.isalnum()
        else c
        for c in text.translate(SHAPES)
    )


def strip_pasted(typed: str) -> str:
    """Return the address without what was pasted along: invisible characters, blanks
    around it and its @, mailto:, a name with angle brackets, quotes, a full stop at the
    end, a comma for a dot. Other forms of letters and dots become ASCII."""
    text = in_plain_letters("".join(c for c in typed if not is_invisible(c)))
    text = BESIDE_THE_AT.sub("@", JOINER_IN_LATIN.sub("", text))
    before = None
    while text != before:
        before = text
        text = text.strip().strip(JOINERS).rstrip(PUNCTUATION).lstrip(",;:")
        if text.endswith(">"):
            text = within_brackets(text)
        if SCHEME.match(text):
            text = text[len("mailto:") :].partition("?")[0]
        if f"{text[:1]}{text[-1:]}" in QUOTES:
            text = text[1:-1]
        if text.startswith('"') and text.endswith('"'):
            text = text[1:-1]
    if (comma := COMMA_FOR_DOT.search(text)) and comma.end() == len(text):
        text = f"{text[: comma.start()]}{comma[1]}.{comma[2]}"
    return text


def within_brackets(text: str) -> str:
    """Return the address of `Maya <maya@example.org>`. If the name is an address, too,
    it must be the same: nobody knows which was meant (NotAnAddress)."""
    name, _bracket, inside = text[:-1].rpartition("<")
    inside = SCHEME.sub("", inside, count=1)
    if "<" in name or ("@" in name and name.strip(" \"'").lower() != inside.lower()):
        raise NotAnAddress
    return inside


# == Validating an address ==

# Before the @, mail software has read these as commands, files, other hosts and other
# recipients: percent hack, bang path, pipe, encoded words (RFC 2047). Exim's default
# configuration refuses much the same.
UNSAFE_LOCAL = re.compile(r"^[-/|]|[%!|`]|=\?|\?=|/\.\./")
# Characters that a letter must not become under NFKC, which some mail software applies.
SPECIAL = frozenset('@<>()[]:;,\\"%!|` \t\r\n')
# Scripts whose letters look like each other's.
ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
WORDS = re.compile(r"[^\W\d_]+")
# Japanese carriers gave out addresses with dots where RFC 5321 allows them only in
# quotes.
ODD_DOTS = re.compile(r"(?:.+\.)?(?:docomo|ezweb)\..+|au\.com")
ATOMS = re.compile(r"[\w+-]+(\.[\w+-]+)*", re.ASCII)
ONE_LETTER = re.compile(r"\.[a-z0-9]$", re.IGNORECASE)


def clean_address(typed: str) -> str:
    """Return the address that mail is sent to: as typed, with the domain normalised.
    Raise NotAnAddress when nothing could be delivered there, or perhaps to somebody
    else."""
    text = typed if PLAIN.fullmatch(typed) else strip_pasted(typed[: LONGEST_TYPED + 1])
    local, at, domain = text.rpartition("@")
    quoted = local[1:-1] if local[:1] == local[-1:] == '"' else local
    if ATOMS.fullmatch(quoted):  # the quotes change nothing
        local = quoted
    dots = at and ("." in quoted) and ODD_DOTS.fullmatch(domain.lower())
    # Validated without the dots that this domain allows anywhere.
    checked = re.sub(r"\.+", "", quoted) if dots else local
    try:
        parts = email_validator.validate_email(
            f"{checked}@{domain}", check_deliverability=False, strict=True
        )
    except email_validator.EmailNotValidError:
        raise NotAnAddress(address_fault(text)) from None
    local = quoted if dots else parts.local_part
    if UNSAFE_LOCAL.search(local):
        raise NotAnAddress
    if not local.isascii() or not parts.domain.isascii():
        check_letters(local, parts.domain)
    if is_no_ending(parts.domain):
        raise NotAnAddress(NO_SUCH_ENDING)
    address = f"{local}@{parts.domain}"
    # In bytes, as mail servers count: a letter beyond ASCII has several.
    if len(local.encode()) > 64 or len(sendable(address).encode()) > LONGEST:
        raise NotAnAddress
    return address


def address_fault(text: str) -> StrOrPromise:
    if text.count("@") > 1 and re.search(r"@.*[\s,;/|]", text):
        return ONE_ALONE
    if re.search(f"[{JOINERS}]", text):
        return UNSEEN
    return NO_SUCH_ENDING if ONE_LETTER.search(text) else NOT_ONE


def is_no_ending(domain: str) -> bool:
    """Return whether no domain can end so: with one letter, with a digit in the ending,
    or with a mixture of a to z and other letters that is not in the list of endings,
    old as that may be."""
    ending = domain.rpartition(".")[2].lower()
    if ending.isascii() and not ending.startswith("xn--"):
        return len(ending) < 2 or not ending.isalpha()
    return re.search(r"[a-z]", ending) is not None and not has_known_ending(domain)


def check_letters(local: str, domain: str) -> None:
    """Raise NotAnAddress when the address may be read as another: by NFKC, or by
    letters of several scripts that look alike."""
    if SPECIAL & set(unicodedata.normalize("NFKC", local)):
        raise NotAnAddress
    for word in WORDS.findall(f"{local} {domain}"):
        scripts = {unicodedata.name(c, " ").split()[0] for c in word if c.isalpha()}
        if len(scripts & ALIKE) > 1:
            raise NotAnAddress(LOOKALIKE)


# == Writing an address ==


@lru_cache(maxsize=10_000)
def ascii_domain(domain: str) -> str:
    """Return the domain as the DNS has it: xn--strae-oqa.de for straße.de."""
    try:
        return idna.encode(domain, uts46=True).decode().lower()
    except idna.IDNAError:
        return domain.lower()


def readable_domain(domain: str) -> str:
    """Return the domain as people read it: straße.de for xn--strae-oqa.de."""
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


def address_spellings(address: str) -> list[str]:
    """Return every form in which this very address may be stored: with its domain as
    people write it, and as the DNS has it. Only the domain has several."""
    local, _at, domain = address.rpartition("@")
    ascii_only = ascii_domain(domain)
    try:
        readable = idna.decode(ascii_only, uts46=True)
    except idna.IDNAError:
        readable = ascii_only
    return sorted(
        {f"{local}@{d}" for d in (domain, domain.lower(), ascii_only, readable)}
    )


def account_address(typed: str) -> str:
    """Return the canonical address of an account, in lower case, however it is typed:
    browsers send the domain as the DNS has it, people paste a name or a blank along."""
    try:
        return clean_address(typed).lower()
    except NotAnAddress:
        return typed.strip().lower()


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


DOT_ATOM = re.compile(r"[^.]+(\.[^.]+)*")


def sendable(address: str) -> str:
    """Return the address as SMTP and mail headers take it: the domain as the DNS has
    it, which every server knows, and odd dots in quotes. The part before the @ may
    still be non-ASCII, and then needs SMTPUTF8 (RFC 6531)."""
    local, at, domain = address.rpartition("@")
    if not at:
        return address
    if not DOT_ATOM.fullmatch(local):
        local = f'"{local}"'
    return f"{local}@{ascii_domain(domain)}"


def sendable_mailbox(mailbox: str) -> str:
    """Do the same for `Name <address>`."""
    name, bracket, inside = mailbox.rpartition("<")
    if not bracket:
        return sendable(mailbox)
    return f"{name}<{sendable(inside.rstrip('>'))}>"


# == Who owns a domain ==


@lru_cache(maxsize=1)
def suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)


@lru_cache(maxsize=10_000)
def registrable(domain: str) -> str:
    """Return the registrable part of a domain (as the DNS has it): example.co.uk for
    mail.example.co.uk. Everything below it can be one person's."""
    suffix: str | None = suffixes().privatesuffix(domain)
    return suffix or ".".join(domain.split(".")[-2:])


def organizational_domain(domain: str) -> str:
    """Return the domain whose owner answers for mail from `domain`, as DMARC has it:
    one label below whatever everybody can have a domain below."""
    suffix: str | None = shared_suffixes().privatesuffix(domain)
    return suffix or registrable(domain)


@lru_cache(maxsize=1)
def shared_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def has_many_owners(domain: str) -> bool:
    """Return whether a domain (as the DNS has it) is one below which everybody can have
    a domain: co.uk, github.io."""
    return shared_suffixes().publicsuffix(domain) == domain


# For documentation and tests (RFC 2606); nobody reaches them by a slip of the fingers.
RESERVED = frozenset({"example", "invalid", "localhost", "test"})


def has_known_ending(domain: str) -> bool:
    """Return whether the domain's ending is in the public suffix list, or reserved."""
    name = ascii_domain(domain)
    ending = name.rpartition(".")[2]
    return ending in RESERVED or suffixes().publicsuffix(name) is not None
