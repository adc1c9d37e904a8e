"""Searching petitions: PostgreSQL's full text in the language of each text, without
accents, and words alike where what was typed finds little. petitions.search.queries
makes the queries.

However many petitions there are, the work is the same: a common word is found among
the newest texts, a rare one by an index, and at most CANDIDATES are ranked. First come
those that have the words in their head: title, ask, summary, whom they petition, who
asks.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from core.i18n.languages import reader_language
from petitions.search import queries
from petitions.search.queries import (
    PART_OF_QUERY,
    Queries,
    rows,
)

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


@dataclass(frozen=True)
class SearchScope:
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
    """Whether more than these have the words themselves."""
    query: Queries = field(default_factory=dict)
    alike: list[str] = field(default_factory=list)
    """Words that were taken for those that were typed."""
    first_alike: int | None = None
    """The petition before which a list says so, for others have the words typed."""


def typed(words: str) -> str:
    """What somebody typed, without what no text can hold, at a sensible length."""
    words = unicodedata.normalize("NFKC", words.replace("\0", " "))
    found = " ".join(queries.strip_break_signs(words).split())[:LONGEST].strip()
    if found.count("-") > MOST_MINUSES:
        found = " ".join(found.replace("-", " ").split())
    return found


def search(words: str, scope: SearchScope) -> Found:
    """The petitions that `words` mean, those that have them exactly first. Understands
    "several words", -not and or, as search engines do."""
    found = Found(words)
    found.query = queries.either(queries.made_of(queries.spellings(words)))
    if found.query:
        found.texts, found.more = ranked(found.query, scope)
        found.exact = len(found.texts)
    if len(found.texts) < FEW:
        alike, found.alike = query_of_words_alike(words)
        if alike:
            texts, _more = ranked(alike, scope)
            found.texts |= {
                number: language
                for number, language in texts.items()
                if number not in found.texts
            }
            found.query = queries.either([found.query, alike])
            if len(found.texts) == found.exact:
                found.alike = []
    return found


# Where one looks, in turn, until there are enough: function, part, and how many texts
# are looked at. `head` is small; `whole` is asked only for what it leaves open.
LOOKS = (
    ("search_newest", "head", 1000),
    ("search_indexed", "head", 800),
    ("search_newest", "whole", 200),
    ("search_indexed", "whole", 800),
)
LOOK = """
SELECT {function}(%(part)s, %(query)s::tsquery, %(queries)s::jsonb, %(wanted)s,
                  %(looked_at)s, %(now)s, %(states)s::text[], %(organization)s,
                  %(topic)s)
"""
RANK = """
SELECT petition_id, language
  FROM (SELECT DISTINCT ON (petition_id) petition_id, language, opens_at, rank
          FROM (SELECT petition_id, language, opens_at,
                       (ts_rank('{0, 0.1, 0.3, 1}', head,
                                search_own(%(queries)s::jsonb, language)) + 0.01)
                       * CASE WHEN language = %(language)s THEN 1.5 ELSE 1 END AS rank
                  FROM petitions_searchdocument WHERE id = ANY(%(ids)s)) texts
         ORDER BY petition_id, rank DESC, language) best
 ORDER BY rank DESC, opens_at DESC, petition_id
"""


def candidates(query: Queries, scope: SearchScope) -> list[int]:
    """The newest texts with the query, by number; those with it in their head first."""
    found: dict[int, None] = {}
    for function, part, looked_at in LOOKS:
        values = {
            "part": part,
            "query": queries.of_any_language(query),
            "queries": json.dumps(query),
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


def ranked(query: Queries, scope: SearchScope) -> tuple[dict[int, str], bool]:
    """Petitions with the language of their best text, best first; whether there may be
    more."""
    ids = candidates(query, scope)
    if not ids:
        return {}, False
    values = {
        "queries": json.dumps(query),
        "ids": ids,
        "language": reader_language(),
    }
    return dict(rows(RANK, values)), len(ids) >= CANDIDATES


# == Words alike ==

# A word that differs by a letter or two, or in which two have changed places; in the
# forms in which the languages search it, so that a mere plural is none.
ALIKE = """
SELECT given.number, alike.word
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
 ORDER BY given.number
"""


def query_of_words_alike(words: str) -> tuple[Queries, list[str]]:
    """The query with each word or words like it, and those words; empty when none is
    alike. Excluded words and phrases stand for themselves."""
    parts = [part for part in PART_OF_QUERY.findall(words) if part.lower() != "or"]
    tried = [word for part in parts for word in WORD.findall(part) if plain(part)]
    tried = list(dict.fromkeys(tried))[:CORRECTED_WORDS]
    if not tried:
        return {}, []
    others: dict[str, list[str]] = {word: [] for word in tried}
    for number, word in rows(ALIKE, {"words": tried}):
        others[tried[number - 1]].append(word)
    rest = [part for part in parts if not (plain(part) and WORD.search(part))]
    near = [word for words_alike in others.values() for word in words_alike]
    asked = [*tried, *(part.lstrip("-") for part in rest), *near]
    query_of = dict(zip(asked, queries.made_of(asked), strict=True))
    alike: list[str] = []
    groups: list[Queries] = []
    for word, near_it in others.items():
        own = query_of[word]
        new = [other for other in near_it if query_of[other] not in ({}, own)]
        alike += [other for other in new if other not in alike]
        groups.append(queries.either([own, *(query_of[other] for other in new)]))
    for part in rest:
        query = query_of[part.lstrip("-")]
        groups.append(queries.excluded(query) if part.startswith("-") else query)
    if not alike:
        return {}, []
    return queries.every(groups), alike


def plain(part: str) -> bool:
    """Whether it is neither excluded nor a phrase."""
    return not part.startswith("-") and '"' not in part


# == What was found, marked ==

HEADLINES = """
SELECT COALESCE(ts_headline(search_configuration(language), text,
                            search_own(%(queries)s::jsonb, language), options), text)
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


def highlighted(
    query: Queries, passages: Sequence[tuple[str, str, str]], words: str = ""
) -> list[SafeString]:
    """Each of `passages` (language, text, WHOLE or PART) as HTML with the words that
    `query` finds in <mark>; everything else is escaped. Of `words`, as they were typed,
    those that stand inside longer ones are marked as well."""
    if not passages or not query:
        return [escape(text) for _language, text, _options in passages]
    languages, texts, options = zip(*passages, strict=True)
    found = rows(
        HEADLINES,
        {
            "queries": json.dumps(query),
            "languages": list(languages),
            "texts": [without_marks(text) for text in texts],
            "options": list(options),
        },
    )
    inside = queries.JOINED.findall(words)
    return [with_marks(mark_inside(headline, inside)) for (headline,) in found]


def mark_inside(headline: str, inside: Sequence[str]) -> str:
    """The headline with these marked, unless PostgreSQL has marked whole words."""
    if START in headline or not inside:
        return headline
    return re.sub("|".join(map(re.escape, inside)), rf"{START}\g<0>{STOP}", headline)


def strip_markdown(text: str) -> str:
    """A campaign text without the signs that Markdown is made of."""
    return re.sub(r"\]\([^)\s]*\)|[*_#>`\[\]]", "", text[:LOOKED_THROUGH])


def without_marks(text: str) -> str:
    return text.replace(START, "").replace(STOP, "").replace("\0", "")


def with_marks(headline: str) -> SafeString:
    html = escape(headline).replace(START, "<mark>").replace(STOP, "</mark>")
    return mark_safe(html)  # noqa: S308 - escaped above
