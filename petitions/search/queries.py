"""Building search queries: what was typed is normalised as the indexed texts are, and
turned into a tsquery.

A text is matched against the query of its own language, for the stem of a name in one
language may be a word of another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.db import connection

type Queries = dict[str, str]
"""The text of a PostgreSQL tsquery by search configuration, for each language in which
there is something to look for."""

PART_OF_QUERY = re.compile(r'-?"[^"]*"?|\S+')

# These must match the functions search_normal() and search_pairs() in the database.
SHAPES_ONLY = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
APOSTROPHES = dict.fromkeys(map(ord, "\u02bb\u02bc"), "'")
# “1,000” and “U.S.A.” are searched for as “1000” and “USA”, which the search documents
# hold as well.
GROUPED = re.compile(r"\b[1-9][0-9]{0,2}(?:[,.'\u2019 ][0-9]{3})+\b")
INITIALS = re.compile(r"\b(?:[^\W\d_]\.){2,}(?:[^\W\d_]\b)?")
JOINING = re.compile(r"(?<=[^\W_])[/._@:\\\u2010\u2011-]+(?=[^\W_])")
BEFORE_NUMBER = re.compile(r"(?<=[^\W\d_]{3})(?=[0-9])")
# Other spellings of the same: “c69” or “c 69” for “c-69”, “wifi” for “wi-fi”, “dont”
# for “don't”. Excluded words and phrases are taken as they were typed.
JOINT = re.compile(r"(?<=[^\W_])[\u2010\u2011'\u2019&-](?=[^\W_])")
JOINT_OF_INITIALS = re.compile(r"\b([^\W\d_]{1,2}) & ([^\W\d_]{1,2})\b")
CODE = re.compile(r"\b([^\W\d_]{1,3})([0-9]{1,4})\b")
CODE_IN_PARTS = re.compile(r"\b([^\W\d_]{1,3}) ([0-9]{1,4})\b")
# Persian and Urdu are typed on Arabic keyboards, too, and the other way round.
OF_PERSIAN = str.maketrans("يىك", "ییک")
OF_ARABIC = str.maketrans("یک", "يك")
AS_IT_STANDS = re.compile(r'(-?"[^"]*"?|(?<!\S)-\S+)')
# Scripts that do not separate words by spaces, or that join them to long ones.
JOINED = re.compile(
    "[\u0b80-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3041-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)

# No row for a language in which nothing is left to look for: only too common words, or
# a mere "not".
QUERIES = """
SELECT number, configuration, query
  FROM unnest(%(words)s::text[]) WITH ORDINALITY typed (words, number)
 CROSS JOIN LATERAL search_queries(words, %(interface)s)
 ORDER BY number, configuration
"""


def made_of(words: Sequence[str]) -> list[Queries]:
    """Return a query for each of `words`; {} for one in which there is nothing to look
    for."""
    values = {"words": [as_indexed(each) for each in words], "interface": interface()}
    made: list[Queries] = [{} for _each in words]
    for number, configuration, query in fetch_rows(QUERIES, values):
        made[number - 1][configuration] = query
    return made


def interface() -> list[str]:
    """Return the languages of the interface: queries are made for each of them."""
    return [code for code, _name in settings.LANGUAGES]


# == Normalising what was typed, in the syntax of websearch_to_tsquery ==


def strip_break_signs(words: str) -> str:
    """Return `words` without invisible characters that only mark where a line may
    break."""
    return words.translate(SHAPES_ONLY)


def spellings(words: str) -> list[str]:
    """Return `words` as typed and in other common spellings, without duplicates."""
    parts = AS_IT_STANDS.split(words)
    return list(
        dict.fromkeys(
            [
                "".join(parts),
                respelt(parts, joined_spellings),
                respelt(parts, parted),
                words.translate(OF_PERSIAN),
                words.translate(OF_ARABIC),
            ]
        )
    )


def respelt(parts: Sequence[str], spell: Callable[[str], str]) -> str:
    """Return the parts joined, with `spell` applied to those at even positions; the
    others, excluded words and phrases, stay as they are."""
    return "".join(
        part if number % 2 else spell(part) for number, part in enumerate(parts)
    )


def joined_spellings(words: str) -> str:
    """Return `words` with joined spellings: “wifi” for “wi-fi”, “c69” for “c 69”."""
    words = JOINT_OF_INITIALS.sub(r"\1\2", JOINT.sub("", words.translate(APOSTROPHES)))
    return CODE_IN_PARTS.sub(r"\1\2", words)


def parted(words: str) -> str:
    """Return `words` with codes as phrases of two words: "c 69" for c69."""
    return CODE.sub(r'"\1 \2"', words)


def as_indexed(words: str) -> str:
    """Return `words` normalised as in the index: joined words as the sequence of their
    parts, text of scripts without spaces as pairs of characters."""
    words = words.translate(APOSTROPHES)
    words = GROUPED.sub(lambda match: re.sub(r"\D", "", match[0]), words)
    words = INITIALS.sub(lambda match: match[0].replace(".", ""), words)
    parts = PART_OF_QUERY.findall(words)
    return " ".join(piece for part in parts for piece in search_terms(part))


def search_terms(part: str) -> Iterator[str]:
    """Yield the search terms of one word or phrase that was typed, each with the minus
    that it began with."""
    minus = "-" if part.startswith("-") else ""
    is_phrase = '"' in part
    body = part.removeprefix("-").replace('"', " ").strip()
    body = BEFORE_NUMBER.sub(" ", JOINING.sub(" ", body))
    if not body:
        # A mere minus or an empty phrase, which PostgreSQL can handle.
        yield part
    for words, run in runs(body):
        if run:
            yield f'{minus}"{pairs(run)}"'
        elif words and (is_phrase or " " in words):
            yield f'{minus}"{words}"'
        elif words:
            yield f"{minus}{words}"


def runs(words: str) -> Iterator[tuple[str, str]]:
    """Cut `words` into pieces and yield each as (text with spaces between words, "") or
    ("", run of a script without them)."""
    end = 0
    for match in JOINED.finditer(words):
        yield words[end : match.start()].strip(), ""
        yield "", match[0]
        end = match.end()
    yield words[end:].strip(), ""


def pairs(run: str) -> str:
    """Return the characters of `run` in overlapping pairs, as search_pairs() in the
    database writes them."""
    codes = [f"{ord(character):x}" for character in run]
    if len(codes) == 1:
        return f"x0{codes[0]}"
    return " ".join(f"x0{one}z{two}" for one, two in pairwise(codes))


# == Combining queries ==


def either(alternatives: Sequence[Queries]) -> Queries:
    """Return the queries that match what at least one of `alternatives` matches
    (OR)."""
    return composed(alternatives, " | ")


def every(conditions: Sequence[Queries]) -> Queries:
    """Return the queries that match what all of `conditions` match (AND). A condition
    that has no query in a language, since its words are too common there, demands
    nothing."""
    return composed(conditions, " & ")


def excluded(query: Queries) -> Queries:
    """Return the queries that match what `query` does not (NOT)."""
    return {configuration: f"!({one})" for configuration, one in query.items()}


def composed(parts: Sequence[Queries], operator: str) -> Queries:
    """Combine `parts` with `operator`, configuration by configuration."""
    configurations = dict.fromkeys(name for part in parts for name in part)
    return {
        name: operator.join(f"({part[name]})" for part in parts if name in part)
        for name in configurations
    }


def of_any_language(query: Queries) -> str:
    """Return the queries of all languages as one tsquery joined by OR, for the
    index."""
    return " | ".join(f"({one})" for one in dict.fromkeys(query.values()))


def fetch_rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
