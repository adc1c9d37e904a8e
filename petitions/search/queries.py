"""Queries of the search: what was typed, in the form in which texts are indexed.

A text is held against the query of its own language, for the stem of a name in one
language is a word of another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.db import connection

type Queries = dict[str, str]
"""A tsquery as PostgreSQL writes it, by the search configuration of each language in
which there is something to look for."""

PART_OF_QUERY = re.compile(r'-?"[^"]*"?|\S+')

# The same as the functions search_normal() and search_pairs() in the database.
SHAPES_ONLY = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
APOSTROPHES = dict.fromkeys(map(ord, "\u02bb\u02bc"), "'")
# “1,000” and “U.S.A.” are searched for as “1000” and “USA”, which documents hold, too.
GROUPED = re.compile(r"\b[1-9][0-9]{0,2}(?:[,.'\u2019 ][0-9]{3})+\b")
INITIALS = re.compile(r"\b(?:[^\W\d_]\.){2,}(?:[^\W\d_]\b)?")
JOINING = re.compile(r"(?<=[^\W_])[/._@:\\\u2010\u2011-]+(?=[^\W_])")
BEFORE_NUMBER = re.compile(r"(?<=[^\W\d_]{3})(?=[0-9])")
# How others write the same: “c-69” as “c69” or “c 69”, “wi-fi” as “wifi”, “don't” as
# “dont”. What is excluded or a phrase is meant as it stands.
JOINT = re.compile(r"(?<=[^\W_])[\u2010\u2011'\u2019&-](?=[^\W_])")
JOINT_OF_INITIALS = re.compile(r"\b([^\W\d_]{1,2}) & ([^\W\d_]{1,2})\b")
CODE = re.compile(r"\b([^\W\d_]{1,3})([0-9]{1,4})\b")
CODE_IN_PARTS = re.compile(r"\b([^\W\d_]{1,3}) ([0-9]{1,4})\b")
AS_IT_STANDS = re.compile(r'(-?"[^"]*"?|(?<!\S)-\S+)')
# Scripts whose words are not parted by blanks, or are joined to long ones.
JOINED = re.compile(
    "[\u0b80-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3041-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)

# None for a language where nothing is left that can be found: too common words, a mere
# "not".
QUERIES = """
SELECT number, configuration, query
  FROM unnest(%(words)s::text[]) WITH ORDINALITY typed (words, number)
 CROSS JOIN LATERAL search_queries(words, %(interface)s)
 ORDER BY number, configuration
"""


def made_of(words: Sequence[str]) -> list[Queries]:
    """Each of these as a query; empty when nothing in it can be found."""
    values = {"words": [as_indexed(each) for each in words], "interface": interface()}
    made: list[Queries] = [{} for _each in words]
    for number, configuration, query in rows(QUERIES, values):
        made[number - 1][configuration] = query
    return made


def interface() -> list[str]:
    """The languages of the interface: words of each are looked for."""
    return [code for code, _name in settings.LANGUAGES]


# == What was typed, in the syntax of websearch_to_tsquery ==


def strip_break_signs(words: str) -> str:
    """The words without signs that only say where they may be broken."""
    return words.translate(SHAPES_ONLY)


def spellings(words: str) -> list[str]:
    """The words as they were typed, and as others write the same."""
    parts = AS_IT_STANDS.split(words)
    return list(
        dict.fromkeys(["".join(parts), respelt(parts, joined), respelt(parts, parted)])
    )


def respelt(parts: Sequence[str], spell: Callable[[str], str]) -> str:
    """Every second of the parts stands as it is."""
    return "".join(
        part if number % 2 else spell(part) for number, part in enumerate(parts)
    )


def joined(words: str) -> str:
    words = JOINT_OF_INITIALS.sub(r"\1\2", JOINT.sub("", words.translate(APOSTROPHES)))
    return CODE_IN_PARTS.sub(r"\1\2", words)


def parted(words: str) -> str:
    return CODE.sub(r'"\1 \2"', words)


def as_indexed(words: str) -> str:
    """The words in the form of the index: parts of a joined word behind each other,
    pairs of characters."""
    words = words.translate(APOSTROPHES)
    words = GROUPED.sub(lambda found: re.sub(r"\D", "", found[0]), words)
    words = INITIALS.sub(lambda found: found[0].replace(".", ""), words)
    parts = PART_OF_QUERY.findall(words)
    return " ".join(piece for part in parts for piece in search_terms(part))


def search_terms(part: str) -> Iterator[str]:
    """One word or phrase that was typed as those it is looked for by, each with the
    minus that it began with."""
    minus = "-" if part.startswith("-") else ""
    is_phrase = '"' in part
    body = part.removeprefix("-").replace('"', " ").strip()
    body = BEFORE_NUMBER.sub(" ", JOINING.sub(" ", body))
    if not body:
        # A mere minus or an empty phrase, which PostgreSQL knows what to do with.
        yield part
    for words, run in runs(body):
        if run:
            yield f'{minus}"{pairs(run)}"'
        elif words and (is_phrase or " " in words):
            yield f'{minus}"{words}"'
        elif words:
            yield f"{minus}{words}"


def runs(words: str) -> Iterator[tuple[str, str]]:
    """The words cut into pieces: (parted by blanks, "") or ("", not parted)."""
    end = 0
    for match in JOINED.finditer(words):
        yield words[end : match.start()].strip(), ""
        yield "", match[0]
        end = match.end()
    yield words[end:].strip(), ""


def pairs(run: str) -> str:
    """Its characters two by two, as search_pairs() in the database writes them."""
    codes = [f"{ord(character):x}" for character in run]
    if len(codes) == 1:
        return f"x0{codes[0]}"
    return " ".join(f"x0{one}z{two}" for one, two in pairwise(codes))


# == Put together ==


def either(alternatives: Sequence[Queries]) -> Queries:
    """What at least one of these finds."""
    return composed(alternatives, " | ")


def every(conditions: Sequence[Queries]) -> Queries:
    """What all of these find. One that is too common in a language demands nothing."""
    return composed(conditions, " & ")


def excluded(query: Queries) -> Queries:
    """What this does not find."""
    return {configuration: f"!({one})" for configuration, one in query.items()}


def composed(parts: Sequence[Queries], operator: str) -> Queries:
    configurations = dict.fromkeys(name for part in parts for name in part)
    return {
        name: operator.join(f"({part[name]})" for part in parts if name in part)
        for name in configurations
    }


def of_any_language(query: Queries) -> str:
    """All of them in one, for the index."""
    return " | ".join(f"({one})" for one in dict.fromkeys(query.values()))


def rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
