"""Detecting contact details (e-mail addresses, links, telephone numbers) in names and
places, which are shown to everybody and handed over."""

from __future__ import annotations

import re
import unicodedata

from core.mail.addresses import SHAPES, has_known_ending, is_invisible

LINK = re.compile(r"://|\bwww\.|\bmailto:", re.IGNORECASE)
GENERIC = "com|org|net|info|biz|io|app|online"
"""Endings that cannot be the second part of a name, as in “St.John”."""
DOMAIN = re.compile(rf"[^\W_][\w-]*\.(?:{GENERIC})\b", re.I)
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
# Titles that are typed without a blank behind them: “dipl.ing. Huber”, “m.de Gaulle”.
TITLES = re.compile(
    r"(?:(?:dipl|dr|ing|lic|mag|m|ma|mlle|mme|mr|mrs|prof|sr|sra|st|ste)\.)+"
)
# Letters in circles and squares, which Unicode calls symbols.
IN_SHAPES = {
    first + number: chr(ord("A") + number)
    for first in (0x1F150, 0x1F170)
    for number in range(26)
}
SPACED = re.compile(r"(?<!\S)\S(?:\s\S){3,}(?!\S)")


# A sign that sentences do not have before words such as “info” and “online”.
SIGN = r"[^\w\s,.;:!?…'’\"“”«»()\[\]{}&+=/%$€£°–—-]"
# Contact details written so that no rule above recognises them for sure.
HINT = re.compile(
    r"https?\b|\bwww\b|[(\[{]\s*(?:at|a|arobase)\s*[)\]}]"
    r"|\b(?:arobase|arroba|ät|chiocciola|apenstaartje|małpa|собака|собачка)\b"
    r"|\bat\b.+\b(?:dot|point|punto|ponto|punkt)\b"
    r"|\b(?:gmail|hotmail|outlook|yahoo|icloud|proton(?:mail)?)\b"
    r"|\b(?:whats\s?app|telegram|insta(?:gram)?|snapchat|tiktok|facebook|twitter"
    r"|linkedin|youtube|wechat|viber|discord|onlyfans)\b|微信"
    r"|\b(?:dot|point|punto|ponto|punkt)\s?(?:com|org|net|info|ca|fr|test)\b"
    # A number of the network, and “&#64;” or its name for a sign.
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b|&(?:#|(?:commat|period|num);)"
    # Any sign in place of the dot: “spam · com”.
    rf"|[^\W_]{{2,}}(?:\s*{SIGN}[^\w\s]*\s*|\s+\.\s*|[.;:!?]+)(?:{GENERIC})\b"
    r"|[^\W_]{2,}\.\s+(?:com|org)\b",
    re.IGNORECASE,
)
# Words that may be the ending of a domain: behind a dot, or behind the word for it in
# small letters, which no name has. “Point” is in too many places and sentences.
ENDING = re.compile(
    r"(?:[\w-]{2,}\.|[\w-]{2,}\s(?-i:dot|punkt|точка)\s"
    r"(?!(?:am|as|at|be|by|do|in|is|it|me|my|no|so|to|us)\b))([^\W\d_]{2,})(?!\w)",
    re.IGNORECASE,
)
# Fewer digits are no telephone number.
DIGITS = 7


def may_hold_a_contact(text: str) -> bool:
    """Return whether staff should look at `text` before it is published: it may hold a
    telephone number, or something like “ann at mailbox dot org”."""
    if holds_a_contact(text):
        return True
    plain = in_plain_signs(text).replace("_", " ")
    # Also numbers in circles, and those of scripts that write them in words.
    numbers = sum(unicodedata.numeric(c, None) is not None for c in plain)
    return (
        numbers >= DIGITS
        or HINT.search(plain) is not None
        or any(
            has_known_ending(f"a.{ending.lower()}") for ending in ENDING.findall(plain)
        )
    )


def holds_a_contact(text: str) -> bool:
    """Return whether `text` holds an e-mail address or a link, even one written in
    full-width letters or with invisible characters in it."""
    plain = BRACKETS.sub(".", in_plain_signs(text))
    return (
        "@" in plain
        or LINK.search(plain) is not None
        or PATH.search(plain) is not None
        or DOMAIN.search(plain) is not None
        or any(map(is_a_domain, LOWER.findall(plain)))
        or any(map(is_a_domain, WORD.findall(plain)))
    )


def is_a_domain(word: str) -> bool:
    """Return whether a word with dots is a domain, and no title with what follows."""
    domain = word.lower()
    titles = TITLES.match(domain)
    is_titles = titles is not None and "." not in domain[titles.end() :]
    return not is_titles and has_known_ending(domain)


def in_plain_signs(text: str) -> str:
    """Return the text in the letters and dots that it is read in: without what is
    struck through or over it or cannot be seen, and with spaced letters as a word."""
    plain = unicodedata.normalize("NFKC", text.translate(SHAPES).translate(IN_SHAPES))
    plain = "".join(
        c
        for c in plain
        if unicodedata.category(c) not in {"Cf", "Mn", "Me"} and not is_invisible(c)
    )
    return SPACED.sub(lambda match: "".join(match[0].split()), plain)
