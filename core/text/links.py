"""Find web and e-mail addresses in running text, in any script."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Characters that end an address, also in scripts that write no blank after it.
ENDS = r"\s<>\"“”„«»‹›「」『』【】《》〈〉（）。，、；：！？｡．…،؛؟।\u00ad\u200b-\u200f"
FOUND = re.compile(
    rf"(?<![A-Za-z0-9])(?:https?://|(?<![@./-])www\.)[^{ENDS}]+"
    # With the apostrophe of o'brien@…, not that of “l'info@…”.
    r"|(?<![\w.+/@-])(?![dl]')[\w.+-]+(?:'[\w.+-]+)*@(?:[\w-]+\.)+[^\W\d_]{2,}",
    re.IGNORECASE,
)
# An apostrophe in front of a mailbox that word processors have made of one inside it:
# the rest would be somebody else's. “l’info@…” is none.
INSIDE = re.compile(r"(?<!\b[dl])(?<=\w)’$", re.IGNORECASE)
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
        found = (link_at(place) for place in FOUND.finditer(text))
        return [link for link in found if link is not None]

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
        if INSIDE.search(place.string, max(0, place.start() - 3), place.start()):
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
