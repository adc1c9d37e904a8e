"""Petitions by the ten thousand whose words are as common and as rare as those of a
language: how often each comes follows Zipf's law."""

from __future__ import annotations

import random
from itertools import accumulate

import psycopg

from bench.report import Progress

# How many different words; a language has about as many in a hundred thousand texts.
VOCABULARY = 60_000
TITLE_WORDS, TEXT_WORDS = 7, 120
BATCH = 1000
ONSETS = ("b", "br", "ch", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l",
          "m", "n", "p", "pl", "r", "s", "sh", "st", "t", "tr", "v", "w")  # fmt: skip
VOWELS = ("a", "ai", "au", "e", "ea", "ee", "i", "ie", "o", "oa", "oo", "ou", "u")
CODAS = ("", "", "n", "r", "s", "l", "t", "nd", "rt", "st", "ck", "m")


def words_of_a_language(chance: random.Random) -> list[str]:
    """Return invented words that can be spoken, and so can be mistyped; the common ones
    first."""
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        syllables = chance.choices((1, 2, 3, 4), (1, 5, 4, 1))[0]
        word = "".join(
            chance.choice(ONSETS) + chance.choice(VOWELS) + chance.choice(CODAS)
            for _ in range(syllables)
        )
        if 3 < len(word) <= 20:
            words[word] = None
    return list(words)


def add_wordy(url: str, organization: int, number: int) -> list[str]:
    """Add `number` public petitions, one opened each minute; return the words, the
    common ones first. The search documents are made by the function that the triggers
    call."""
    chance = random.Random(1)
    vocabulary = words_of_a_language(chance)
    weights = list(accumulate(1 / rank for rank in range(10, VOCABULARY + 10)))
    progress = Progress(f"{number:,} petitions", number)

    def some(length: int) -> str:
        return " ".join(chance.choices(vocabulary, cum_weights=weights, k=length))

    with psycopg.connect(url, autocommit=True) as database:
        database.execute("SET session_replication_role = replica")
        for first in range(0, number, BATCH):
            size = min(BATCH, number - first)
            ((ids,),) = database.execute(
                INSERT,
                {
                    "organization": organization,
                    "titles": [some(TITLE_WORDS) for _ in range(size)],
                    "texts": [some(TEXT_WORDS) for _ in range(size)],
                    "summaries": [some(12) for _ in range(size)],
                    "numbers": list(range(first, first + size)),
                },
            ).fetchall()
            database.execute("SELECT search_refresh(%s)", [ids])
            progress.add(size)
        database.execute("VACUUM (ANALYZE)")
    progress.end()
    return vocabulary


INSERT = """
WITH added AS (
    INSERT INTO petitions_petition (organization_id, language, title, slug, ask,
           summary, text, text_format, image, image_description, state, opens_at,
           ended_at, outcome, asks_place, asks_postal_code, asks_country, delivery,
           created_at)
    SELECT %(organization)s, CASE number %% 3 WHEN 0 THEN 'fr' ELSE 'en' END, title,
           'wordy-' || number, '', summary, text, 'markdown', '', '',
           CASE number %% 10 WHEN 0 THEN 'won' WHEN 1 THEN 'closed' ELSE 'open' END,
           now() - number * interval '1 minute' - interval '1 hour',
           CASE WHEN number %% 10 < 2 THEN now() END, '', false, false, false, 'number',
           now()
      FROM unnest(%(titles)s::text[], %(texts)s::text[], %(summaries)s::text[],
                  %(numbers)s::int[]) AS made (title, text, summary, number)
    RETURNING id
), targets AS (
    INSERT INTO petitions_target (petition_id, position, kind, name, office,
           organisation)
    SELECT id, 1, 'person', 'Minister', '', '' FROM added
)
SELECT array_agg(id) FROM added
"""
