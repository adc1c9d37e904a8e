"""The rows of a petition that has run for a year, as many as wanted, loaded by COPY."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from bench.report import Progress

BLOCK = 10_000
COMMIT_EVERY = 50 * BLOCK
YEAR = timedelta(days=365)
HOUR = timedelta(hours=1)

# Of ten people, eight have their mailbox at a provider that is listed as allowed, and
# two at domains of their own, which each have a limit.
DOMAINS = ["gmail.com"] * 12_000 + [f"d{n}.example.org" for n in range(3_000)]
NAMES = ("Maya Tremblay", "Noah Fontaine", "Aïcha Benali", "Li Wei", "José Álvarez",
         "Oluwaseun Adeyemi", "Zoë O’Connor")  # fmt: skip

COLUMNS = """petition_id, id, state, name, email, email_key, email_key_version, person,
    place, postal_code, country, comment, comment_approved, show_name, wants_updates,
    language, text_version, consent_version, delivery, network, weak_signs, created_at,
    confirmed_at"""
COPY = f"COPY petitions_signature ({COLUMNS}) FROM STDIN"

# What else a site of that age has stored: the answer about updates (consent) of each
# confirmed signer, the outgoing mails of the last month, the count of each day.
BESIDES = (
    """
INSERT INTO petitions_consent (organization_id, email, email_key, wants_updates,
    wording_version, language, sender, source, given_at)
SELECT p.organization_id, s.email, s.email_key, s.wants_updates, 1, s.language,
       'Bench, 1 Main Street, contact@example.org', 'petition:' || p.id, s.confirmed_at
  FROM petitions_signature s JOIN petitions_petition p ON p.id = s.petition_id
 WHERE s.state = 'confirmed'""",
    """
INSERT INTO petitions_outgoingmail (petition_id, signature_id, email_key, kind, state,
    due_at, attempts, created_at, finished_at, reply)
SELECT petition_id, id, email_key, 'confirm', 'sent', created_at, 1, created_at,
       created_at + interval '2 seconds', ''
  FROM petitions_signature WHERE created_at > now() - interval '30 days'""",
    """
INSERT INTO petitions_countchange (petition_id, day, source, delta, domain)
SELECT petition_id, confirmed_at::date, 'confirmed', count(*), ''
  FROM petitions_signature WHERE state = 'confirmed'
 GROUP BY 1, 2 ORDER BY 1, 2""",
    (
        "SELECT setval(pg_get_serial_sequence('petitions_signature', 'id'), max(id))"
        "  FROM petitions_signature"
    ),
)
TABLES = ("petitions_signature", "petitions_consent", "petitions_outgoingmail")


@dataclass(frozen=True)
class Loaded:
    pending: range
    """Ids of signatures of the last hour that wait for their confirmation."""
    signers: list[int]
    """Ids of signatures, one for each of those who signed three petitions."""
    seconds: float


def load(
    url: str, petition: int, others: tuple[int, int], size: int, pending: int,
    signers: int = 500,
) -> Loaded:  # fmt: skip
    """Load `size` confirmed signatures on `petition`, the newest an hour old, and
    `pending` unconfirmed ones of the last hour; `signers` of the signers signed the
    `others`, too."""
    started = time.monotonic()
    now = datetime.now(UTC)
    chance = random.Random(size)
    keys: list[str] = []
    every = max(1, size // signers)

    def row(number: int, of: int, key: str, state: str, made: datetime) -> str:
        domain = DOMAINS[number * 7919 % len(DOMAINS)]
        comment = "I sign because it matters to me." if number % 10 == 0 else ""
        return (
            f"{of}\t{number}\t{state}\t{NAMES[number % len(NAMES)]}"
            f"\ts{number}@{domain}\t{key}\t1\t\t\t\t\t{comment}\tf"
            f"\t{'f' if number % 20 else 't'}\t{'f' if number % 2 else 't'}\ten\t0\t1"
            f"\tnumber\t11.{number % 251}.{number % 241}.0\t0\t{made}"
            f"\t{made if state == 'confirmed' else '\\N'}\n"
        )

    def rows() -> Iterator[str]:
        step = (YEAR - HOUR) / max(size, 1)
        for number in range(1, size + 1):
            key = f"{chance.getrandbits(128):032x}"
            made = now - YEAR + number * step
            yield row(number, petition, key, "confirmed", made)
            if number % every == 0 and len(keys) < signers:
                keys.append(key)
        number = size
        for key in keys:
            for of in others:
                number += 1
                yield row(number, of, key, "confirmed", now - YEAR / 2)
        step = HOUR / (pending + 1)
        for index in range(1, pending + 1):
            key = f"{chance.getrandbits(128):032x}"
            made = now - HOUR + index * step
            yield row(number + index, petition, key, "pending", made)

    first = size + 1
    total = size + pending
    with psycopg.connect(url, autocommit=True) as database:
        # The rows are right by construction; ten million checks of a key are not
        # what is measured.
        database.execute("SET session_replication_role = replica")
        with without_indexes(database):
            copy(database, rows(), Progress(f"{size:,} signatures", total))
            for statement in BESIDES:
                database.execute(statement)
        database.execute("VACUUM (ANALYZE)")
        database.execute("CHECKPOINT")
    others_from = first + len(keys) * len(others)
    return Loaded(
        pending=range(others_from, others_from + pending),
        signers=list(range(first, others_from, len(others))),
        seconds=time.monotonic() - started,
    )


def copy(
    database: psycopg.Connection[tuple[object, ...]],
    rows: Iterator[str],
    progress: Progress,
) -> None:
    """Copy all rows, in transactions of half a million."""
    more = True
    while more:
        with database.cursor() as cursor, cursor.copy(COPY) as stream:
            for _ in range(COMMIT_EVERY // BLOCK):
                block = [line for _, line in zip(range(BLOCK), rows, strict=False)]
                stream.write("".join(block))
                progress.add(len(block))
                more = len(block) == BLOCK
                if not more:
                    break
    progress.end()


@contextmanager
def without_indexes(
    database: psycopg.Connection[tuple[object, ...]],
) -> Iterator[None]:
    """Drop the indexes and build them afterwards: once, over all rows, takes a fraction
    of the time."""
    indexes = database.execute(
        "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        "  JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisprimary"
        "   AND NOT EXISTS (SELECT 1 FROM pg_constraint k"
        "                    WHERE k.conindid = i.indexrelid)",
        [list(TABLES)],
    ).fetchall()
    for name, _definition in indexes:
        database.execute(f'DROP INDEX "{name}"'.encode())
    yield
    progress = Progress("indexes", len(indexes))
    for _name, definition in indexes:
        database.execute(str(definition).encode())
        progress.add(1)
    progress.end()
