"""Searching petitions: PostgreSQL's full text in the language of each text, without
accents, and words alike where what was typed finds little.

However many petitions there are, the work is the same: a common word is found among
the newest texts, a rare one by an index, and at most CANDIDATES are ranked. First come
those that have the words in their head: title, ask, summary, whom they petition, who
asks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from config.languages import reader_language

CANDIDATES = 100
# With fewer than this, words alike are looked for, too.
FEW = 20
# Of what was typed, so much counts; so many of its words are tried for a mistake.
LONGEST = 200
CORRECTED_WORDS = 6
# Each may exclude a word; more than 32 behind each other are refused by PostgreSQL.
MOST_MINUSES = 20
# Around a hit while it is still text: characters that stand for nothing else.
START, STOP = "\ue000", "\ue001"
WORD = re.compile(r"[^\W\d_]{4,30}")
PART_OF_QUERY = re.compile(r'-?"[^"]*"?|\S+')


@dataclass(frozen=True)
class Scope:
    """Among which petitions."""

    now: datetime
    states: Sequence[str]
    organization: int | None = None
    topic: int | None = None


@dataclass
class Found:
    """Petitions by number with the language of the text that was found, best first."""

    words: str
    texts: dict[int, str] = field(default_factory=dict)
    exact: int = 0
    """So many of them have the words themselves, the others words alike."""
    more: bool = False
    """Whether there are more than these."""
    query: str = ""
    alike: list[str] = field(default_factory=list)
    """Words that were taken for those that were typed."""


@dataclass(frozen=True)
class Marked:
    """Title and a passage of a petition that was found, with the words in <mark>."""

    title: SafeString
    passage: SafeString


def typed(words: str) -> str:
    """What somebody typed, without what no text can hold, at a sensible length."""
    found = " ".join(words.replace("\0", " ").split())[:LONGEST].strip()
    if found.count("-") > MOST_MINUSES:
        found = " ".join(found.replace("-", " ").split())
    return found


def search(words: str, scope: Scope) -> Found:
    """The petitions that `words` mean, those that have them exactly first. Understands
    "several words", -not and or, as search engines do."""
    found = Found(words)
    (query,) = queries([words])
    if query:
        found.query = query
        found.texts, found.more = ranked(query, scope)
        found.exact = len(found.texts)
    if len(found.texts) < FEW:
        alike, found.alike = query_of_words_alike(words)
        if alike:
            texts, found.more = ranked(alike, scope)
            found.texts |= {
                number: language
                for number, language in texts.items()
                if number not in found.texts
            }
            found.query = f"({query}) | ({alike})" if query else alike
            if len(found.texts) == found.exact:
                found.alike = []
    return found


# NULL where nothing is left that can be found: words that are too common, a mere "not".
QUERIES = """
SELECT COALESCE(search_query(words, %(interface)s)::text, '')
  FROM unnest(%(words)s::text[]) WITH ORDINALITY typed (words, number)
 ORDER BY number
"""


def queries(words: Sequence[str]) -> list[str]:
    """Each of these as a tsquery; "" when nothing in it can be found."""
    found = rows(QUERIES, {"words": list(words), "interface": interface()})
    return [query for (query,) in found]


def interface() -> list[str]:
    return [code for code, _name in settings.LANGUAGES]


# Where one looks, in turn, until there are enough: function, part, and how many texts
# are looked at. `head` is small; `whole` is asked only for what it leaves open.
LOOKS = (
    ("search_newest", "head", 1000),
    ("search_indexed", "head", 800),
    ("search_newest", "whole", 200),
    ("search_indexed", "whole", 800),
)
LOOK = """
SELECT {function}(%(part)s, %(query)s::tsquery, %(wanted)s, %(looked_at)s, %(now)s,
                  %(states)s::text[], %(organization)s, %(topic)s)
"""
RANK = """
SELECT petition_id, language
  FROM (SELECT DISTINCT ON (petition_id) petition_id, language, opens_at, rank
          FROM (SELECT petition_id, language, opens_at,
                       (ts_rank('{0, 0.1, 0.3, 1}', head, %(query)s::tsquery) + 0.01)
                       * CASE WHEN language = %(language)s THEN 1.5 ELSE 1 END AS rank
                  FROM petitions_searchdocument WHERE id = ANY(%(ids)s)) texts
         ORDER BY petition_id, rank DESC, language) best
 ORDER BY rank DESC, opens_at DESC, petition_id
"""


def candidates(query: str, scope: Scope) -> list[int]:
    """The newest texts with the query, by number; those with it in their head first."""
    found: dict[int, None] = {}
    for function, part, looked_at in LOOKS:
        values = {
            "part": part,
            "query": query,
            "wanted": CANDIDATES,
            "looked_at": looked_at,
            "now": scope.now,
            "states": list(scope.states) or None,
            "organization": scope.organization,
            "topic": scope.topic,
        }
        statement = LOOK.format(function=function)
        found |= {number: None for (number,) in rows(statement, values)}
        if len(found) >= CANDIDATES:
            break
    return list(found)[:CANDIDATES]


def ranked(query: str, scope: Scope) -> tuple[dict[int, str], bool]:
    """Petitions with the language of their best text, best first; whether there may be
    more."""
    ids = candidates(query, scope)
    if not ids:
        return {}, False
    values = {"query": query, "ids": ids, "language": reader_language()}
    return dict(rows(RANK, values)), len(ids) >= CANDIDATES


# == Words alike ==

# A word that differs by a letter or two, or in which two have changed places; in the
# forms in which the languages search it, so that a mere plural is none.
ALIKE = """
SELECT given.number, alike.word, search_query(alike.word, %(interface)s)::text
  FROM unnest(%(words)s::text[]) WITH ORDINALITY given (word, number)
 CROSS JOIN LATERAL (SELECT lower(unaccent(given.word)) AS word) bare
 CROSS JOIN LATERAL (
       SELECT word FROM (
              SELECT word, levenshtein(word, bare.word) AS distance
                FROM petitions_searchword
               WHERE word %% bare.word AND word <> bare.word
                 AND levenshtein_less_equal(word, bare.word, 2)
                     <= CASE WHEN length(bare.word) < 6 THEN 1 ELSE 2 END
               UNION
              SELECT word, 1 FROM petitions_searchword
               WHERE word <> bare.word AND word = ANY(ARRAY(
                     SELECT left(bare.word, at - 1) || substr(bare.word, at + 1, 1)
                            || substr(bare.word, at, 1) || substr(bare.word, at + 2)
                       FROM generate_series(1, length(bare.word) - 1) at))) near
        GROUP BY word
        ORDER BY min(distance), similarity(word, bare.word) DESC, word LIMIT 3) alike
"""


def query_of_words_alike(words: str) -> tuple[str, list[str]]:
    """The query with each word or words like it, and those words; "" when none is
    alike. Excluded words and phrases stand for themselves."""
    parts = [part for part in PART_OF_QUERY.findall(words) if part.lower() != "or"]
    tried = [word for part in parts for word in WORD.findall(part) if plain(part)]
    tried = list(dict.fromkeys(tried))[:CORRECTED_WORDS]
    if not tried:
        return "", []
    others: dict[int, dict[str, str]] = {}
    for number, word, query in rows(ALIKE, {"words": tried, "interface": interface()}):
        others.setdefault(number - 1, {})[word] = query or ""
    groups: list[str] = []
    alike: list[str] = []
    rest = [part for part in parts if not (plain(part) and WORD.search(part))]
    own = queries([*tried, *(part.lstrip("-") for part in rest)])
    for number in range(len(tried)):
        new = {
            word: query
            for word, query in others.get(number, {}).items()
            if query and query != own[number]
        }
        alike += new
        groups.append(" | ".join(f"({q})" for q in (own[number], *new.values()) if q))
    for part, query in zip(rest, own[len(tried) :], strict=True):
        groups.append(f"!({query})" if query and part.startswith("-") else query)
    if not alike:
        return "", []
    return " & ".join(f"({group})" for group in groups if group), alike


def plain(part: str) -> bool:
    """Whether it is neither excluded nor a phrase."""
    return not part.startswith("-") and '"' not in part


# == What was found, marked ==

HEADLINES = """
SELECT ts_headline(search_configuration(language), text, %(query)s::tsquery, options)
  FROM unnest(%(languages)s::text[], %(texts)s::text[], %(options)s::text[])
       WITH ORDINALITY passages (language, text, options, number)
 ORDER BY number
"""
WHOLE = f'StartSel="{START}", StopSel="{STOP}", HighlightAll=true'
PART = (
    f'StartSel="{START}", StopSel="{STOP}", MaxFragments=1, MaxWords=40, MinWords=20,'
    ' FragmentDelimiter=" … "'
)
# Of a long text, so much is looked through for a passage to show.
LOOKED_THROUGH = 12_000


def marked(query: str, passages: Sequence[tuple[str, str, str]]) -> list[SafeString]:
    """Each of `passages` (language, text, WHOLE or PART) as HTML with the words that
    `query` finds in <mark>; everything else is escaped."""
    if not passages or not query:
        return [escape(text) for _language, text, _options in passages]
    languages, texts, options = zip(*passages, strict=True)
    found = rows(
        HEADLINES,
        {
            "query": query,
            "languages": list(languages),
            "texts": [without_marks(text) for text in texts],
            "options": list(options),
        },
    )
    return [with_marks(headline) for (headline,) in found]


def readable(text: str) -> str:
    """A campaign text without the signs that Markdown is made of."""
    return re.sub(r"\]\([^)\s]*\)|[*_#>`\[\]]", "", text[:LOOKED_THROUGH])


def without_marks(text: str) -> str:
    return text.replace(START, "").replace(STOP, "").replace("\0", "")


def with_marks(headline: str) -> SafeString:
    html = escape(headline).replace(START, "<mark>").replace(STOP, "</mark>")
    return mark_safe(html)  # noqa: S308 - escaped above


def rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
