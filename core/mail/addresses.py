"""E-mail addresses: what is one, and how it is written in the DNS and in a mail's head.
Every address of the site passes `clean_address`, by the fields in address_fields."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import email_validator
import idna
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from publicsuffixlist import PublicSuffixList

# Refused neither by us nor by mail servers of test networks.
email_validator.SPECIAL_USE_DOMAIN_NAMES.remove("test")

LONGEST = 254
# With a name before it, and what else is pasted along.
LONGEST_TYPED = 500

NOT_ONE = _("Enter an e-mail address such as name@example.org")
LOOKALIKE = _(
    "Some letters in this address only look like others: type it instead of pasting it"
)
UNSEEN = _(
    "There are signs in this address that cannot be seen: type it instead of pasting it"
)
ONE_ALONE = _("Enter one e-mail address alone")
NO_SUCH_ENDING = _(
    "No address ends like this one. Is a letter missing, as in .com or .ca?"
)


class NotAnAddress(ValueError):
    """What was typed is no e-mail address; `sentence` says so beside the field."""

    def __init__(self, sentence: StrOrPromise = NOT_ONE) -> None:
        super().__init__("not an address")
        self.sentence = sentence


# == What is pasted along ==

# Other shapes of ASCII: of full width; full stops of other keyboards and of Chinese,
# Urdu and Syriac ones; a small @.
SHAPES = {
    **{number: chr(number - 0xFEE0) for number in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(map(ord, "\u2024\u3002\ufe52\uff61\u06d4\u0701\u0702"), "."),
    0xFE6B: "@",
}
PLAIN = re.compile(r"[0-9A-Za-z_][0-9A-Za-z._+-]*@[0-9a-z-]+(\.[0-9a-z-]+)+")
SCHEME = re.compile(r"mailto:", re.IGNORECASE)
# Joiners decide between words in some scripts; all else of this kind is invisible.
JOINERS = "\u200c\u200d"
QUOTES = ("''", "“”", "‘’", "«»", "„“", "()", "[]")
PUNCTUATION = ".,;:?!\u3001"
# Letters, marks and signs without a look: fillers of Hangul, the empty pattern of
# Braille, vowels and selectors of what precedes.
BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
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
    """With a to z, digits and dots for what is only another shape of them: of full
    width, as one letter where a book prints two, as a number of a list."""
    return "".join(
        plain
        if (plain := unicodedata.normalize("NFKC", c)).isascii() and plain.isalnum()
        else c
        for c in text.translate(SHAPES)
    )


def strip_pasted(typed: str) -> str:
    """The address without what came along when it was pasted: invisible signs, blanks
    around it and its @, mailto:, a name with angle brackets, quotes, a full stop at the
    end, a comma for a dot. Other shapes of letters and dots become those of ASCII."""
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
    """The address of `Maya <maya@example.org>`. A second one before it has to be the
    same: nobody knows which was meant."""
    name, _bracket, inside = text[:-1].rpartition("<")
    inside = SCHEME.sub("", inside, count=1)
    if "<" in name or ("@" in name and name.strip(" \"'").lower() != inside.lower()):
        raise NotAnAddress
    return inside


# == What is an address ==

# Before the @, mail software has read commands, files, other hosts and other recipients
# out of these: percent hack, bang path, pipe, encoded words (RFC 2047). Exim's default
# configuration refuses much the same.
UNSAFE_LOCAL = re.compile(r"^[-/|]|[%!|`]|=\?|\?=|/\.\./")
# What a sign becomes where mail software takes alike letters for the same (NFKC).
SPECIAL = frozenset('@<>()[]:;,\\"%!|` \t\r\n')
# Whose letters are taken for one another.
ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
WORDS = re.compile(r"[^\W\d_]+")
# Japanese carriers gave out addresses that RFC 5321 allows in quotes only.
ODD_DOTS = re.compile(r"(?:.+\.)?(?:docomo|ezweb)\..+|au\.com")
ATOMS = re.compile(r"[\w+-]+(\.[\w+-]+)*", re.ASCII)
ONE_LETTER = re.compile(r"\.[a-z0-9]$", re.IGNORECASE)


def clean_address(typed: str) -> str:
    """The address as mail is sent to it: as typed, with the domain in its normal form.
    NotAnAddress when nothing could be delivered there, or perhaps to somebody else."""
    text = typed if PLAIN.fullmatch(typed) else strip_pasted(typed[: LONGEST_TYPED + 1])
    local, at, domain = text.rpartition("@")
    quoted = local[1:-1] if local[:1] == local[-1:] == '"' else local
    if ATOMS.fullmatch(quoted):  # which say the same without
        local = quoted
    dots = at and ("." in quoted) and ODD_DOTS.fullmatch(domain.lower())
    # Checked without the dots that its domain allows anywhere.
    checked = re.sub(r"\.+", "", quoted) if dots else local
    try:
        found = email_validator.validate_email(
            f"{checked}@{domain}", check_deliverability=False, strict=True
        )
    except email_validator.EmailNotValidError:
        raise NotAnAddress(why_not(text)) from None
    local = quoted if dots else found.local_part
    if UNSAFE_LOCAL.search(local):
        raise NotAnAddress
    if not local.isascii() or not found.domain.isascii():
        check_letters(local, found.domain)
    if is_no_ending(found.domain):
        raise NotAnAddress(NO_SUCH_ENDING)
    address = f"{local}@{found.domain}"
    if len(address) > LONGEST or len(local) > 64:
        raise NotAnAddress
    return address


def why_not(text: str) -> StrOrPromise:
    if text.count("@") > 1 and re.search(r"@.*[\s,;/|]", text):
        return ONE_ALONE
    if re.search(f"[{JOINERS}]", text):
        return UNSEEN
    return NO_SUCH_ENDING if ONE_LETTER.search(text) else NOT_ONE


def is_no_ending(domain: str) -> bool:
    """Whether no domain ends so: with one letter, with a digit in it, or with letters
    between a and z beside others that the list of endings, old as it may be, has not
    together."""
    ending = domain.rpartition(".")[2].lower()
    if ending.isascii() and not ending.startswith("xn--"):
        return len(ending) < 2 or not ending.isalpha()
    return re.search(r"[a-z]", ending) is not None and not has_known_ending(domain)


def check_letters(local: str, domain: str) -> None:
    """NotAnAddress when another address may be read out of this one."""
    if SPECIAL & set(unicodedata.normalize("NFKC", local)):
        raise NotAnAddress
    for word in WORDS.findall(f"{local} {domain}"):
        scripts = {unicodedata.name(c, " ").split()[0] for c in word if c.isalpha()}
        if len(scripts & ALIKE) > 1:
            raise NotAnAddress(LOOKALIKE)


# == How it is written ==


@lru_cache(maxsize=10_000)
def ascii_domain(domain: str) -> str:
    """The domain as it stands in the DNS: xn--strae-oqa.de for straße.de."""
    try:
        return idna.encode(domain, uts46=True).decode().lower()
    except idna.IDNAError:
        return domain.lower()


def readable_domain(domain: str) -> str:
    """The other way round: straße.de for xn--strae-oqa.de."""
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


def spellings(address: str) -> list[str]:
    """Every way in which this very address may be stored: its domain as people write
    it, and as it stands in the DNS. Nothing but the domain has two."""
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
    """The one form of the address of an account, however it is typed: browsers send
    the domain as it stands in the DNS, people paste a name or a blank along."""
    try:
        return clean_address(typed).lower()
    except NotAnAddress:
        return typed.strip().lower()


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


DOT_ATOM = re.compile(r"[^.]+(\.[^.]+)*")


def sendable(address: str) -> str:
    """The address as SMTP and a mail's head take it: the domain in letters of the DNS,
    which every server knows, and odd dots in quotes. Only what stands before the @ may
    still be beyond ASCII, and then needs SMTPUTF8 (RFC 6531)."""
    local, at, domain = address.rpartition("@")
    if not at:
        return address
    if not DOT_ATOM.fullmatch(local):
        local = f'"{local}"'
    return f"{local}@{ascii_domain(domain)}"


def sendable_mailbox(mailbox: str) -> str:
    """The same of `Name <address>`."""
    name, bracket, inside = mailbox.rpartition("<")
    if not bracket:
        return sendable(mailbox)
    return f"{name}<{sendable(inside.rstrip('>'))}>"


# == Whose a domain is ==


@lru_cache(maxsize=1)
def suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)


@lru_cache(maxsize=10_000)
def registrable(domain: str) -> str:
    """The part of a domain (as it stands in the DNS) that somebody has registered:
    example.co.uk for mail.example.co.uk. All below it can be one person's."""
    found: str | None = suffixes().privatesuffix(domain)
    return found or ".".join(domain.split(".")[-2:])


# For documentation and tests (RFC 2606): nobody mistypes them.
RESERVED = frozenset({"example", "invalid", "localhost", "test"})


def has_known_ending(domain: str) -> bool:
    """Whether its top-level domain exists, as far as the list of them is recent."""
    name = ascii_domain(domain)
    ending = name.rpartition(".")[2]
    return ending in RESERVED or suffixes().publicsuffix(name) is not None
