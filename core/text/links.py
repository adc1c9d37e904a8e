"""Find web and e-mail addresses in running text, in any script."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Characters that end an address, also in scripts that write no blank after it.
ENDS = r"\s<>\"“”„«»‹›「」『』【】《》〈〉（）。，、；：！？｡．…،؛؟।\u00ad\u200b-\u200f"
# What French puts before a vowel without a blank: “l'info@…”. No part of a mailbox.
ELISION = "(?:[cdjls]|(?:jus|lors|puis|quoi)?qu)"
# These begin names as well, as in n'diaye@…: no link is better than a wrong one.
ELISION_OR_NAME = f"(?:{ELISION}|[mnt])"
# The limits keep the time for a long text in proportion to its length.
MAILBOX = r"[\w.+-]{1,64}(?:'[\w.+-]{1,64}){0,3}"
FOUND = re.compile(
    rf"(?<![A-Za-z0-9])(?:https?://|(?<![@./-])www\.)[^{ENDS}]+"
    rf"|(?<![\w.+/@-])(?!{ELISION_OR_NAME}'){MAILBOX}@(?:[\w-]+\.)+[^\W\d_]{{2,}}",
    re.IGNORECASE,
)
# What stands before the rest of a mailbox, which would be somebody else's: a word with
# its apostrophe, which word processors make a curly one.
INSIDE = re.compile(rf"(?<![\w.+-])(?!{ELISION}['’]$)[\w.+-]*\w['’]$", re.IGNORECASE)
# More characters than the longest elision has.
BEFORE = 12
WEB = re.compile(r"(?:https?://[^/?#@]*\w|www\.[^/?#]+\.\w\w)", re.IGNORECASE)
BRACKETS = {")": "(", "]": "[", "}": "{"}
REL = "nofollow noopener ugc"


@dataclass(frozen=True, slots=True)
class Link:
    """An address in a text: where it stands, and where it leads."""

    index: int
    last_index: int
    text: str
    url: str
    schema: str


class Finder:
    """Finds addresses, with the interface of linkify-it that markdown-it expects."""

    def match(self, text: str) -> list[Link]:
        """Return all addresses in a text."""
        links = (link_at(place) for place in FOUND.finditer(text))
        return [link for link in links if link is not None]

    def match_at(self, text: str, start: int) -> Link | None:
        """Return the address that begins at `start`, or None."""
        place = FOUND.match(text, start)
        return link_at(place) if place else None

    def test(self, text: str) -> bool:
        return FOUND.search(text) is not None

    pretest = test


def link_at(place: re.Match[str]) -> Link | None:
    """Return the address in a match, without the punctuation of the sentence around
    it."""
    text = trimmed(place[0])
    end = place.start() + len(text)
    if text[:4].lower() not in ("http", "www.") or ("@" in text and "//" not in text):
        before = place.string[max(0, place.start() - BEFORE) : place.start()]
        if INSIDE.search(before):
            return None
        return Link(place.start(), end, text, f"mailto:{text}", "mailto:")
    if WEB.match(text) is None:
        return None
    scheme = text.partition("://")[0].lower() if "://" in text else ""
    url = text if scheme else f"https://{text}"
    return Link(place.start(), end, text, url, f"{scheme or 'https'}:")


def trimmed(text: str) -> str:
    """Return an address without trailing punctuation and brackets that it did not
    open."""
    while text:
        last = text[-1]
        opening = BRACKETS.get(last)
        if opening is None:
            if last not in ".,;:!?'’*_~|":
                break
        elif text.count(last) <= text.count(opening):
            break
        text = text[:-1]
    return text


finder = Finder()


def linked(text: str) -> SafeString:
    """Return plain text as HTML in which addresses are links."""
    parts: list[str] = []
    done = 0
    for link in finder.match(text):
        parts.append(escape(text[done : link.index]))
        parts.append(
            f'<a href="{escape(link.url)}" rel="{REL}">{escape(link.text)}</a>'
        )
        done = link.last_index
    parts.append(escape(text[done:]))
    return mark_safe("".join(parts))  # noqa: S308 - each part is escaped
