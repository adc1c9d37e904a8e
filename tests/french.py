"""Finds English in a French page, except in passages marked as in another language and
in what people wrote."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.pofile import read_po

CATALOGUE = Path(__file__).parents[1] / "locale/fr/LC_MESSAGES/django.po"
VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta"})
# Code is in no language, and what was typed may be in any.
SKIPPED = frozenset({"script", "style", "pre", "code", "textarea", "title"})
READ = ("alt", "title", "aria-label", "placeholder", "data-done", "label")
ADDRESS = re.compile(r"(https?://|mailto:)\S+|/\S+/")
# Words that no French sentence has, and that few English sentences do without.
ENGLISH = re.compile(
    r"\b(the|and|of|your|you|with|this|that|is|are|was|were|by|for|from|to|not|we|it|"
    r"its|has|have|been|or|in|who|what|when|why|how|all|any|petitions?|supporters?)\b",
    re.IGNORECASE,
)


@cache
def untranslated() -> frozenset[str]:
    """Return the English messages whose French translation is another text."""
    with CATALOGUE.open("rb") as file:
        messages = [message for message in read_po(file, locale="fr") if message.id]
    english = {folded(text) for m in messages for text in texts_of(m.id)}
    french = {folded(text) for m in messages for text in texts_of(m.string)}
    return frozenset(english - french)


def texts_of(either: object) -> list[str]:
    """Return one text, or those of singular and plural, as a list."""
    parts = either if isinstance(either, (list, tuple)) else [either]
    return [str(part) for part in parts]


def folded(text: str) -> str:
    return " ".join(text.split())


class Frame(HTMLParser):
    """Collects the texts of a page, each with the language that it is marked with; None
    for what people wrote, whose language nobody knows."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, str | None]] = []
        self.texts: list[tuple[str | None, str]] = []

    @property
    def language(self) -> str | None:
        return self.open[-1][1] if self.open else None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        language = self.language
        if "lang" in given:
            language = given["lang"]
        elif given.get("dir") == "auto" or tag == "bdi":
            language = None
        self.texts += [(language, str(given[name])) for name in READ if given.get(name)]
        if tag not in VOID:
            self.open.append((tag, language))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(tag in SKIPPED for tag, _language in self.open):
            self.texts.append((self.language, data))


def english_in(html: str, language: str = "fr") -> list[str]:
    """Return the English texts among those that are marked as in `language`."""
    frame = Frame()
    frame.feed(html)
    texts = [folded(text) for said, text in frame.texts if said == language]
    return [
        text
        for text in texts
        if text in untranslated() or ENGLISH.search(ADDRESS.sub("", text))
    ]
