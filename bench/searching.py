"""The cost of a search among a hundred petitions and among very many: the page itself,
rendered anew each time, so never from the page cache."""

from __future__ import annotations

import time
from contextlib import ExitStack
from itertools import count
from urllib.parse import urlencode
from urllib.request import urlopen

from bench.report import Figure, Ratios, Slice, pair
from bench.site import Bench, Database, Server
from bench.wordy import TITLE_WORDS, add_wordy

FEW, MANY = 100, 100_000
BAR = 1.3
serial = count(1)


def mistyped(word: str) -> str:
    """Return the word with one letter wrong."""
    middle = len(word) // 2
    wrong = "z" if word[middle] != "z" else "x"
    return f"{word[:middle]}{wrong}{word[middle + 1 :]}"


def searches(words: list[str]) -> dict[str, str]:
    """Return what is typed in each kind of search, in a language whose common words
    come first. Each finds as much to print among few petitions as among many, because
    printing is not what is measured."""
    return {
        "in most texts": words[0],
        "in a third of them": words[3],
        "in a quarter of them": words[30],
        "in one of eight": words[100],
        "two common words": f"{words[0]} {words[1]}",
        "one and not another": f"{words[0]} -{words[1]}",
        "mistyped": mistyped(words[1]),
        "a name in all of them": "minister",
        "found nowhere": "qqzzqqzz",
    }


def search(bench: Bench, rounds: int, seconds: int) -> Ratios:
    """Measure slices on the two sites in turn, each the only load meanwhile."""
    few, many = (wordy(bench, number) for number in (FEW, MANY))
    words = few[1]
    with ExitStack() as stack:
        sites = [
            stack.enter_context(bench.server(database, "bench.fresh", processes=1))
            for database, _words in (few, many)
        ]
        slices: dict[str, tuple[Slice, Slice]] = {}
        for name, typed in searches(words).items():
            for site in sites:
                asking(site, typed, 1)()  # warm
            beside, measured = (asking(site, typed, seconds) for site in sites)
            slices[name] = (measured, beside)
        rates = pair(slices, rounds, "searches")
    return Ratios(
        "search",
        f"A search among {MANY:,} petitions, of the same among {FEW}: times",
        ("time, of few", "many/s", "few/s"),
        [Figure(name, pairs, at_most=BAR) for name, pairs in rates.items()],
        [f"titles of {TITLE_WORDS} words; rendered anew, one connection"],
    )


def wordy(bench: Bench, number: int) -> tuple[Database, list[str]]:
    """Return a site with `number` petitions that have words, and the words."""
    database = bench.another(f"wordy{number}")
    database.folder.mkdir()
    ((organization,), _other) = database.execute(ORGANIZATIONS)
    return database, add_wordy(database.url, organization, number)


# Two organisations: with only one, the whole site would speak in its name.
ORGANIZATIONS = """
INSERT INTO organizations_organization (name, slug, legal_name, description,
       postal_address, contact_email, website, logo, charity_number, privacy_notice,
       created_at, accent, cover, cover_description, links)
SELECT 'Org ' || n, 'org-' || n, '', '', '', '', '', '', '', '', now(), '', '', '', '{}'
  FROM generate_series(1, 2) n
RETURNING id
"""


def asking(server: Server, typed: str, seconds: int) -> Slice:
    """Return a slice of searches, one after the other."""

    def run() -> float:
        done = 0
        started = time.monotonic()
        while time.monotonic() - started < seconds:
            query = urlencode({"q": typed, "once": next(serial)})
            with urlopen(
                f"http://127.0.0.1:{server.port}/petitions/?{query}"
            ) as answer:
                page = answer.read()
            if b'role="search"' not in page:
                raise SystemExit("That was no page of a search.")
            done += 1
        return done / (time.monotonic() - started)

    return run
