"""Why the database cannot be used, in a sentence that says what to do.

Asked when something starts, once and outside of the pool, which only knows that it got
no connection.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from dataclasses import dataclass

import django
import psycopg
from django.core import checks
from django.db import connections

logger = logging.getLogger(__name__)

POOLER = (
    "Something between this site and PostgreSQL does not pass on what a session asks "
    "for; PgBouncer does so. The site keeps its own pool of connections, prepares "
    "statements and holds locks for as long as a worker lives: let DATABASE_URL lead "
    "to PostgreSQL itself."
)
WRONG_LOGIN = (
    "The password or the user in DATABASE_URL is wrong. In a password, write / as %2F, "
    "# as %23, ? as %3F, @ as %40, : as %3A and % as %25."
)
# libpq tells no SQLSTATE of a connection that failed: it is known by these words.
CAUSES = (
    (r"unsupported startup parameter", "08P01", POOLER),
    (
        r"password authentication failed|no password supplied",
        "28P01",
        WRONG_LOGIN,
    ),
    (
        r"role .* does not exist",
        "28000",
        "It knows no such user: createuser makes one.",
    ),
    (
        r"no pg_hba\.conf entry",
        "28000",
        "It lets nobody in from this machine: pg_hba.conf on the server says who may.",
    ),
    (
        r"database .* does not exist",
        "3D000",
        "It has no such database: createdb makes one, or correct the name.",
    ),
    (
        r"translate host name|name resolution|not known|No address associated",
        "",
        "No machine has that name: correct the host in DATABASE_URL.",
    ),
    (
        r"refused|No such file",
        "",
        "Nothing listens there: is PostgreSQL running, are host and port right?",
    ),
    (
        r"tim(eout|ed out)|No route|unreachable",
        "",
        "Nothing answers there: is the host right, does a firewall stand in between?",
    ),
    (
        r"read.?only|target_session_attrs|in hot standby|not in hot standby",
        "",
        "No server is in the state that target_session_attrs asks for.",
    ),
    (
        r"too many|connection slots",
        "53300",
        "It has no connection left: wait a moment.",
    ),
    (r"starting up|shutting down", "57P03", "It starts or stops: wait a moment."),
    (r"SSL|certificate", "", "TLS fails: look at sslmode and sslrootcert."),
)


@dataclass(frozen=True)
class Trouble:
    """Why it cannot be used."""

    sentence: str
    stays: bool = False
    """Whether no waiting helps, and working all the same would do harm."""


def trouble(alias: str = "default") -> Trouble | None:
    """Connect once; None when all is well."""
    database = connections[alias]
    asked = database.get_connection_params()
    try:
        with psycopg.connect(**asked) as connection:
            row = connection.execute("SHOW lock_timeout").fetchone()
    except psycopg.Error as error:
        return explain(alias, str(error))
    if row and "lock_timeout" in asked["options"] and row[0] == "0":
        return Trouble(f"{place(alias)} {POOLER}", stays=True)
    return None


def say_trouble() -> None:
    """For what starts and stays: log why the database cannot be used, and go on, for
    it may come; end where waiting does not help."""
    found = trouble()
    if found and found.stays:
        sys.exit(found.sentence)
    if found:
        logger.error("%s", found.sentence)


def explain(alias: str, words: str) -> Trouble:
    """What libpq's `words` mean; they themselves are not repeated."""
    for pattern, state, sentence in CAUSES:
        if re.search(pattern, words):
            code = f" ({state})" if state else ""
            stays = sentence is POOLER
            return Trouble(f"{place(alias)}{code} {sentence}", stays)
    return Trouble(f"{place(alias)} It cannot be connected to. Look at DATABASE_URL.")


def place(alias: str) -> str:
    """Which database, without its password."""
    settings = connections[alias].settings_dict
    host, port = settings["HOST"] or "the local socket", settings["PORT"] or 5432
    return (
        f"PostgreSQL at {host}, port {port}, database {settings['NAME']}, as "
        f"{settings['USER'] or 'the user of the process'}:"
    )


def main() -> None:
    """Before the web server starts."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    kinds = [checks.Tags.files, checks.Tags.compatibility]
    for found in checks.run_checks(tags=kinds):
        logger.error("%s %s", found.msg, found.hint or "")
    say_trouble()


if __name__ == "__main__":
    main()
