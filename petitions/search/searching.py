"""Searching petitions: PostgreSQL's full-text search in the language of each text,
ignoring accents, with similar words where the words typed find little.
petitions.search.queries builds the queries.

The work does not grow with the number of petitions: a common word is found among the
newest texts, a rare one by an index, and at most CANDIDATES are ranked. Those that have
the words in their head (title, ask, summary, whom they petition, who asks) come first.
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
    fetch_rows,
)

CANDIDATES = 100
# With fewer results than this, similar words are searched for as well.
FEW = 20
# The characters of a search that are used, and how many of its words are checked for
# typing errors.
LONGEST = 200
CORRECTED_WORDS = 6
# Each minus may exclude a word; PostgreSQL refuses more than 32 in a row.
MOST_MINUSES = 20
# They enclose a hit until the text becomes HTML: private-use characters, which mean
# nothing else.
START, STOP = "\ue000", "\ue001"
# Vowel signs and other marks of letters, which Python takes for no part of a word.
MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0962\u0963"
    "\u0981-\u0983\u09bc-\u09cd\u0a01-\u0a03\u0a3c-\u0a51\u0a70\u0a71\u0a81-\u0a83"
    "\u0abc-\u0acd\u0b01-\u0b03\u0b3c-\u0b57"
)
WORD = re.compile(rf"(?:[^\W\d_]|[{MARKS}]){{4,30}}")


@dataclass(frozen=True)
class SearchScope:
    """The petitions among which to search."""

    now: datetime
    states: Sequence[str]
    organization: int | None = None
    topic: int | None = None


@dataclass
class SearchResults:
    """Search results: ids of petitions with the language of the text that matched, best
    first."""

    words: str
    texts: dict[int, str] = field(default_factory=dict)
    exact: int = 0
    """The number of results, at the beginning, that have the words typed; the others
    have similar words."""
    more: bool = False
    """Whether there may be more results with the words typed."""
    query: Queries = field(default_factory=dict)
    alike: list[str] = field(default_factory=list)
    """The similar words that were searched for as well."""
    first_alike: int | None = None
    """The petition above which the list says that similar words follow, if it also has
    exact results."""


def search_text(words: str) -> str:
    """Return a search as typed, normalised: without characters that no text can hold,
    and cut to a sensible length."""
    words = unicodedata.normalize("NFKC", words.replace("\0", " "))
    text = " ".join(queries.strip_break_signs(words).split())[:LONGEST].strip()
    if text.count("-") > MOST_MINUSES:
        text = " ".join(text.replace("-", " ").split())
    return text


def search(words: str, scope: SearchScope) -> SearchResults:
    """Return the petitions that match `words`, exact matches first. Understands
    "several words", -not and or, as search engines do."""
    results = SearchResults(words)
    results.query = queries.either(queries.made_of(queries.spellings(words)))
    if results.query:
        results.texts, results.more = ranked(results.query, scope)
        results.exact = len(results.texts)
    if len(results.texts) < FEW:
        alike, results.alike = query_of_words_alike(words)
        if alike:
            texts, _more = ranked(alike, scope)
            results.texts |= {
                number: language
                for number, language in texts.items()
                if number not in results.texts
            }
            results.query = queries.either([results.query, alike])
            if len(results.texts) == results.exact:
                results.alike = []
    return results


# The look-ups, in turn, until there are enough candidates: database function, part of
# the text, and how many texts it examines. `head` is small, so `whole` is used only for
# what that leaves open.
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
    """Return the ids of the newest texts that match the query, those that match in
    their head first."""
    numbers: dict[int, None] = {}
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
        numbers |= {number: None for (number,) in fetch_rows(statement, values)}
        if len(numbers) >= CANDIDATES:
            break
    return list(numbers)[:CANDIDATES]


def ranked(query: Queries, scope: SearchScope) -> tuple[dict[int, str], bool]:
    """Return petitions with the language of their best text, best first, and whether
    there may be more."""
    ids = candidates(query, scope)
    if not ids:
        return {}, False
    values = {
        "queries": json.dumps(query),
        "ids": ids,
        "language": reader_language(),
    }
    return dict(fetch_rows(RANK, values)), len(ids) >= CANDIDATES


# == Similar words ==

# Finds words that differ by one or two letters, or by two swapped ones, and after them
# longer ones: with an ending that their language's index keeps, or composed of this
# (“Verfassungsgericht” in “Bundesverfassungsgericht”). Compared are the forms that the
# languages index, so that a mere plural is not another word. And two words without the
# blank between them.
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
                       FROM generate_series(1, length(bare.word) - 1) at))
               UNION
              SELECT word, 3 FROM petitions_searchword
               WHERE length(bare.word) >= 5 AND word LIKE bare.word || '_%%'
               UNION
              SELECT word, 3 FROM petitions_searchword
               WHERE length(bare.word) >= 7 AND word LIKE '%%_' || bare.word || '%%'
               UNION
              SELECT format('"%%s %%s"', left(bare.word, at),
                            substr(bare.word, at + 1)), 0
                FROM generate_series(4, length(bare.word) - 4) at
               WHERE (SELECT true FROM petitions_searchword
                       WHERE word = left(bare.word, at))
                 AND (SELECT true FROM petitions_searchword
                       WHERE word = substr(bare.word, at + 1))
              ) near
        GROUP BY word
        ORDER BY min(distance), similarity(word, bare.word) DESC, word LIMIT 3) alike
 ORDER BY given.number
"""


KNOWN = """
SELECT word FROM petitions_searchword WHERE word = lower(unaccent(%(word)s))
"""
LETTERS = re.compile(rf"(?:[^\W\d_]|[{MARKS}])+")


def run_together(parts: Sequence[str]) -> str:
    """Return two or three words as one, where some text has that; else ""."""
    if not (1 < len(parts) < 4 and all(map(LETTERS.fullmatch, parts))):
        return ""
    known = fetch_rows(KNOWN, {"word": "".join(parts)})
    return str(known[0][0]) if known else ""


def query_of_words_alike(words: str) -> tuple[Queries, list[str]]:
    """Return a query in which each word may also be a similar one, and all together
    one, and these words; ({}, []) if there are none. Excluded words and phrases are
    kept as they are."""
    parts = [part for part in PART_OF_QUERY.findall(words) if part.lower() != "or"]
    tried = [word for part in parts for word in WORD.findall(part) if is_plain(part)]
    tried = list(dict.fromkeys(tried))[:CORRECTED_WORDS]
    others: dict[str, list[str]] = {word: [] for word in tried}
    for number, word in fetch_rows(ALIKE, {"words": tried}) if tried else ():
        others[tried[number - 1]].append(word)
    together = run_together(parts)
    rest = [part for part in parts if not (is_plain(part) and WORD.search(part))]
    near = [word for words_alike in others.values() for word in words_alike]
    asked = [*tried, *(part.lstrip("-") for part in rest), *near, together]
    query_of = dict(zip(asked, queries.made_of(asked), strict=True))
    alike = [together] if query_of[together] else []
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
    every = queries.every(groups)
    combined = (
        queries.either([every, query_of[together]]) if query_of[together] else every
    )
    return combined, [word.strip('"') for word in alike]


def is_plain(part: str) -> bool:
    """Return whether a part of the search is neither excluded nor a phrase."""
    return not part.startswith("-") and '"' not in part


# == Highlighting ==

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
# The characters of a long text in which a passage to show is looked for.
LOOKED_THROUGH = 12_000


def highlighted(
    query: Queries, passages: Sequence[tuple[str, str, str]], words: str = ""
) -> list[SafeString]:
    """Return each of `passages` (language, text, WHOLE or PART) as HTML, with the words
    that `query` finds in <mark> and everything else escaped. Parts of `words`, the
    search as typed, in scripts without spaces are marked even inside longer runs."""
    if not passages or not query:
        return [escape(text) for _language, text, _options in passages]
    languages, texts, options = zip(*passages, strict=True)
    titles = fetch_rows(
        HEADLINES,
        {
            "queries": json.dumps(query),
            "languages": list(languages),
            "texts": [without_marks(text) for text in texts],
            "options": list(options),
        },
    )
    inside = queries.JOINED.findall(words)
    return [with_marks(mark_inside(headline, inside)) for (headline,) in titles]


def mark_inside(headline: str, inside: Sequence[str]) -> str:
    """Return the headline with every occurrence of `inside` marked, unless PostgreSQL
    has marked whole words already."""
    if START in headline or not inside:
        return headline
    return re.sub("|".join(map(re.escape, inside)), rf"{START}\g<0>{STOP}", headline)


def strip_markdown(text: str) -> str:
    """Return the beginning of a campaign text without Markdown characters."""
    return re.sub(r"\]\([^)\s]*\)|[*_#>`\[\]]", "", text[:LOOKED_THROUGH])


def without_marks(text: str) -> str:
    return text.replace(START, "").replace(STOP, "").replace("\0", "")


def with_marks(headline: str) -> SafeString:
    html = escape(headline).replace(START, "<mark>").replace(STOP, "</mark>")
    return mark_safe(html)  # noqa: S308 - escaped above
