"""Detecting contact details (e-mail addresses, links, telephone numbers) in names and
places, which are shown to everybody and handed over."""

from __future__ import annotations

import re
import unicodedata

from core.mail.addresses import has_known_ending

LINK = re.compile(r"://|\bwww\.|\bmailto:", re.IGNORECASE)
# Endings that cannot be the second part of a name, as in “St.John”.
DOMAIN = re.compile(r"[^\W_][\w-]+\.(?:com|org|net|info|biz|io|app|online)\b", re.I)
# A word of some length with an ending that domains have, also in capitals; whoever is
# called “Kelly.Li” is asked to type a space.
WORD = re.compile(r"(?<![\w.-])(?:[\w-]+\.)*[\w-]{4,}\.[^\W\d_]{2,}(?![\w.])")
# A domain with the beginning of a path: “t.me/x”.
PATH = re.compile(r"\w\.[^\W\d_]{2,}/\w")
# A dot in brackets, or the word for it: “mailbox (dot) org”.
BRACKETS = re.compile(
    r"\s?[(\[{]\s?(?:\.|dot|point|punto|ponto|punkt)\s?[)\]}]\s?", re.IGNORECASE
)
# A domain in small letters, however short: “a.org”.
LOWER = re.compile(r"\b(?:[a-z0-9-]+\.)+[a-z]{2,}\b")
# Characters that are read as the dot of a domain.
DOTS = str.maketrans("\u3002\uff61\u2024", "...")


# Contact details written so that no rule above recognises them for sure.
HINT = re.compile(
    r"https?\b|\bwww\b|[(\[{]\s*(?:at|a|arobase)\s*[)\]}]|\b(?:arobase|arroba)\b"
    r"|\bat\b.+\b(?:dot|point|punto|ponto|punkt)\b"
    r"|\b(?:dot|point|punto|ponto|punkt)\s?(?:com|org|net|info|ca|fr|test)\b"
    r"|\b(?:gmail|hotmail|outlook|yahoo|icloud|proton(?:mail)?)\b"
    r"|\b(?:whatsapp|telegram|instagram|snapchat|tiktok|facebook)\b",
    re.IGNORECASE,
)
# Fewer digits are no telephone number.
DIGITS = 7


def may_hold_a_contact(text: str) -> bool:
    """Return whether staff should look at `text` before it is published: it may hold a
    telephone number, or something like “ann at mailbox dot org”."""
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    numbers = sum(c.isdecimal() for c in plain)
    return numbers >= DIGITS or HINT.search(plain) is not None or holds_a_contact(text)


def holds_a_contact(text: str) -> bool:
    """Return whether `text` holds an e-mail address or a link, even one written in
    full-width letters or with invisible characters in it."""
    plain = unicodedata.normalize("NFKC", text.translate(DOTS))
    plain = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    plain = BRACKETS.sub(".", plain)
    return (
        "@" in plain
        or LINK.search(plain) is not None
        or PATH.search(plain) is not None
        or DOMAIN.search(plain) is not None
        or any(has_known_ending(found) for found in LOWER.findall(plain))
        or any(has_known_ending(found.lower()) for found in WORD.findall(plain))
    )
