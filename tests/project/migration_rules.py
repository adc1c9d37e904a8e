"""Rules for migrations that run while the former release's code goes on signing: expand
only, and hold no table that people write to for longer than a moment. In prose:
docs/operations.md, “Updates”."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import sqlparse
from django.db.migrations import RunPython

# Tables that stay small whatever happens: whatever is done to them takes a moment. Any
# other may have a row for each signature.
SMALL = re.compile(
    r"auth_|django_|config_|organizations_|petitions_(addressrule|answer\w*|correction"
    r"|countentry|export|former\w+|handover\w*|invalidation|keyversion|letter|limit"
    r"|listed\w+|nextstep|petition|petition_topics|target|taggedlink|topic|topicname"
    r"|total|translation|update|updatetranslation|wordsweep)$"
)

NAME = r'(?:"?\w+"?\.)?"?(\w+)"?'
TABLE = re.compile(rf"ALTER TABLE (?:IF EXISTS |ONLY )*{NAME}", re.I)
# Takes away what the former code may use, in any table, function or type it knows.
GONE = re.compile(r"\b(DROP COLUMN|RENAME|DROP IDENTITY|SET SCHEMA)\b", re.I)
DROPPED = re.compile(
    rf"^DROP (TABLE|VIEW|MATERIALIZED VIEW|FUNCTION|PROCEDURE|TYPE|DOMAIN|SEQUENCE"
    rf"|TRIGGER|EXTENSION|TEXT SEARCH \w+|OPERATOR) (?:IF EXISTS )?{NAME}",
    re.I,
)
REMADE = rf"CREATE (?:OR REPLACE )?(?:CONSTRAINT )?{{}} (?:IF NOT EXISTS )?{NAME}"
RENAMED = re.compile(
    r"^ALTER (FUNCTION|TYPE|VIEW|SEQUENCE|TRIGGER)\b.*\bRENAME\b", re.I
)
REWRITES = re.compile(
    r"\bTYPE\b.*|\bGENERATED ALWAYS AS \(.*STORED|SET LOGGED|SET UNLOGGED", re.I
)
VOLATILE = re.compile(
    r"DEFAULT \(?\w*(random|clock_timestamp|statement_timestamp|nextval|uuid)\w*\(",
    re.I,
)
WRITES = re.compile(rf"^(?:WITH\b.*\b)?(?:UPDATE|DELETE FROM)\s+(?:ONLY )?{NAME}", re.I)
INDEX = re.compile(
    rf"^CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?.*?\bON (?:ONLY )?{NAME}", re.I
)
ALONE = re.compile(
    r"^(ALTER TABLE \S+ VALIDATE CONSTRAINT|CREATE (UNIQUE )?INDEX CONCURRENTLY"
    r"|DROP INDEX CONCURRENTLY|REINDEX (\(.*\) )?\w+ CONCURRENTLY)\b",
    re.I,
)
RULE = r"(?:CONSTRAINT|CHECK|FOREIGN KEY|UNIQUE|PRIMARY KEY|EXCLUDE)\b"
CONSTRAINT = re.compile(rf"\bADD {RULE}", re.I)
COLUMN = re.compile(
    rf'\bADD (?!{RULE})(?:COLUMN )?(?:IF NOT EXISTS )?"?(\w+)"? (.*)', re.I
)
BODY = re.compile(r"\$(\w*)\$.*?\$\1\$", re.S)


def statements(sql: Sequence[str]) -> list[str]:
    """Return each statement on one line, without comments and bodies of functions."""
    found = []
    ended = (
        part if part.startswith("--") else f"{part.rstrip().rstrip(';')};"
        for part in sql
    )
    for part in sqlparse.split("\n".join(ended)):
        plain = sqlparse.format(part, strip_comments=True)
        if not plain.upper().startswith("DO "):
            plain = BODY.sub("''", plain)
        if line := " ".join(plain.split()).rstrip(";"):
            found.append(line)
    return found


def complaints(
    sql: Sequence[str], known: Collection[str], *, atomic: bool, python: bool = False
) -> list[str]:
    """Return what is wrong with a migration of these statements; `known` are the tables
    of the former release, `python` says whether a RunPython is beside them."""
    lines = statements(sql)
    found = [
        f"{reason}: {line}"
        for line in lines
        for reason in reasons(line, lines, known, atomic=atomic)
    ]
    locks = [
        line for line in lines if (m := TABLE.match(line)) and m[1].lower() in known
    ]
    if python and atomic and locks:
        found.append(f"locks a table while Python works: {locks[0]}")
    return found


def reasons(
    line: str, lines: Sequence[str], known: Collection[str], *, atomic: bool
) -> list[str]:
    """Return what is wrong with one statement among `lines`."""
    altered = TABLE.match(line)
    table = altered[1].lower() if altered else ""
    found = []
    if not atomic and not ALONE.match(line):
        found.append("cannot be tried again: give it an atomic migration of its own")
    if ALONE.match(line) and atomic:
        found.append("takes long: give it a migration of its own with atomic = False")
    if RENAMED.match(line) or (table in known and GONE.search(line)):
        found.append("the former code uses it")
    if (gone := DROPPED.match(line)) and gone[2].lower() in (
        known if gone[1].upper() == "TABLE" else {gone[2].lower()}
    ):
        again = re.compile(REMADE.format(gone[1]), re.I)
        if not any(
            (made := again.match(other)) and made[1] == gone[2] for other in lines
        ):
            found.append("the former code uses it")
    if table in known:
        found += column_reasons(line, lines)
    if large(table, known):
        if re.search(
            r"\bADD (CONSTRAINT|CHECK|FOREIGN KEY|UNIQUE|PRIMARY KEY|EXCLUDE)\b",
            line,
            re.I,
        ) and not (re.search(r"NOT VALID$|USING INDEX", line, re.I)):
            found.append(
                "reads the whole table under its lock: NOT VALID, then VALIDATE"
            )
        if REWRITES.search(line) or VOLATILE.search(line):
            found.append("writes the whole table anew under its lock")
    if (index := INDEX.match(line)) and not index[1] and large(index[2].lower(), known):
        found.append("nobody can write meanwhile: CONCURRENTLY")
    if re.match(r"DROP INDEX (?!CONCURRENTLY)", line, re.I) and atomic:
        found.append("waits for everybody: CONCURRENTLY")
    if (written := WRITES.match(line)) and large(written[1].lower(), known):
        found.append("holds all its rows: in batches, by the worker or a RunPython")
    if re.match(r"(LOCK|TRUNCATE|CLUSTER|VACUUM FULL|DO)\b", line, re.I):
        found.append("not while people sign")
    return found


def column_reasons(line: str, lines: Sequence[str]) -> list[str]:
    """Return what is wrong with how a statement adds or changes a column, for the
    former code."""
    found = []
    if added := re.search(
        r'ADD (?!CONSTRAINT|CHECK|FOREIGN|UNIQUE|PRIMARY|EXCLUDE)(?:COLUMN )?(?:IF NOT EXISTS )?"?(\w+)"? (.*)',
        line,
        re.I,
    ):
        bare = re.compile(rf'ALTER COLUMN "?{added[1]}"? DROP DEFAULT', re.I)
        has = re.search(r"\b(DEFAULT|GENERATED)\b", added[2], re.I)
        if re.search(r"\bNOT NULL\b", added[2], re.I) and (
            not has or any(bare.search(other) for other in lines)
        ):
            found.append("the former code does not fill it: null, or a db_default")
    if re.search(r"\bSET NOT NULL\b", line, re.I):
        found.append("the former code may leave it empty")
    if re.search(r"\bDROP DEFAULT\b", line, re.I) and not any(
        re.search(rf'ADD (?:COLUMN )?"?{column}"? ', other, re.I)
        for other in lines
        for column in re.findall(r'ALTER COLUMN "?(\w+)"? DROP DEFAULT', line, re.I)
    ):
        found.append("the former code relies on it")
    return found


def large(table: str, known: Collection[str]) -> bool:
    return table in known and not SMALL.match(table)


def has_python(operations: Sequence[object]) -> bool:
    return any(isinstance(operation, RunPython) for operation in operations)
