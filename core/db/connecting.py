"""Explain why the database cannot be used, in a sentence that says what to do.

It is asked when a process starts or a command has failed. It opens a connection of its
own, for the pool says only that it got none, and not why.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from dataclasses import dataclass

import django
import psycopg
from django.core import checks
from django.db import Error, connections

from core.db import schema
from core.db.cached_value import CachedValue
from core.db.schema import COMPLAINT

logger = logging.getLogger(__name__)

POOLER = (
    "Something between this site and PostgreSQL does not pass on what a session asks "
    "for; PgBouncer does so. The site keeps its own pool of connections, prepares "
    "statements and holds locks for as long as a worker lives: let DATABASE_URL lead "
    "to PostgreSQL itself."
)
WRONG_LOGIN = (
    "The password or the user in DATABASE_URL is wrong. In a password, write / as %2F, "
    "# as %23, ? as %3F, @ as %40, : as %3A and % as %25. An ALTER ROLE … VALID UNTIL "
    "that has passed looks the same."
)
OWN_ACCOUNT = (
    "Without a password it lets in only the account of the machine that bears the "
    "user's name: name host, user and password in DATABASE_URL."
)
OPTIONS = (
    "It does not take what `options` in DATABASE_URL asks for, or what the user was "
    "given by ALTER ROLE … SET. Options are written ?options=-c%20name%3Dvalue"
)
# When a connection fails, libpq reports no SQLSTATE: the cause is known by its words.
CAUSES = (
    (r"unsupported startup parameter|statement pooling", "08P01", POOLER),
    (
        r"password authentication failed|no password supplied",
        "28P01",
        WRONG_LOGIN,
    ),
    (
        r"(Peer|Ident) authentication failed",
        "28000",
        OWN_ACCOUNT,
    ),
    (
        r"not permitted to log in",
        "28000",
        "The user may not log in: ALTER ROLE … LOGIN.",
    ),
    (
        r"permission denied for database",
        "42501",
        "The user may not connect to it: GRANT CONNECT ON DATABASE … TO …",
    ),
    (
        r"not currently accepting connections",
        "55000",
        "It lets nobody in: ALTER DATABASE … ALLOW_CONNECTIONS true.",
    ),
    (
        r"command-line argument|(configuration|for|FATAL: *) ?parameter",
        "",
        OPTIONS,
    ),
    (
        r"definition of service",
        "",
        "No such service stands in the file that PGSERVICEFILE names.",
    ),
    (
        r"closed the connection unexpectedly|invalid response",
        "",
        "What listens there ended the connection: is it PostgreSQL, is the port right?",
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
MAY_NOT = (
    "The user in DATABASE_URL may not do this. Make the database its own: ALTER "
    "DATABASE … OWNER TO …"
)
NO_CONTRIB = (
    "An extension of PostgreSQL's contrib package is missing there: install "
    "postgresql-contrib, then run this again."
)
ELSEWHERE = (
    "An extension is there in a schema that this user does not look into: ALTER "
    "EXTENSION … SET SCHEMA public."
)
NOT_EMPTY = (
    "A table of this name is there already, and is not this site's: give it a database "
    "of its own."
)
MOST_WORDS = 200  # characters repeated of what a server said
# Statements that failed: SQLSTATE, how the message begins, and what to do.
REFUSALS = (
    ("42501", "", MAY_NOT),
    ("0A000", "extension ", NO_CONTRIB),
    ("42704", "operator class ", ELSEWHERE),
    ("42P07", "relation ", NOT_EMPTY),
    ("53100", "", "Its disk is full."),
    ("25006", "", "It takes no writes at present."),
    ("57014", "", "It ended a statement that took too long. Try again later."),
    ("55P03", "", "Somebody else holds what this needs. Try again later."),
)
# Asked for when connecting, by a name that nobody gives a value to elsewhere, as ALTER
# ROLE may do with timeouts: it is missing where something in between keeps it back.
PASSED_ON = "petitions.passed_on"
# Not passed on, the encoding, no schema, no writes: see `unfit`.
STATE = f"""
SELECT current_setting('{PASSED_ON}', true) IS NULL, current_setting('server_encoding'),
       current_schema() IS NULL, current_setting('transaction_read_only') = 'on'
"""


@dataclass(frozen=True)
class Trouble:
    """The reason why the database cannot be used."""

    sentence: str
    stays: bool = False
    """True when waiting does not help and going on would do harm."""


def trouble(alias: str = "default") -> Trouble | None:
    """Return why the database cannot be used, pending migrations included; None when
    all is well."""
    if cause := unfit(alias):
        return cause
    try:
        number = schema.pending_migrations()
    except Error:
        return None
    return Trouble(schema.pending_sentence(number)) if number else None


def unfit(alias: str = "default") -> Trouble | None:
    """Connect once and return why this site cannot run on that server and database;
    None if it can."""
    database = connections[alias]
    asked = database.get_connection_params()
    asked["options"] = f"{asked.get('options', '')} -c {PASSED_ON}=1"
    try:
        with psycopg.connect(**asked) as connection:
            version = connection.info.server_version // 10_000
            row = connection.execute(STATE).fetchone()
    except psycopg.Error as error:
        return explain_connection(alias, str(error))
    kept_back, encoding, homeless, read_only = row or (False, "UTF8", False, False)
    (least,) = database.features.minimum_database_version or (0,)
    if kept_back:
        return Trouble(f"{describe_database(alias)} {POOLER}", stays=True)
    if version < least:
        words = f"It is PostgreSQL {version}; this site needs {least} or newer."
        return Trouble(f"{describe_database(alias)} {words}", stays=True)
    if encoding != "UTF8":
        words = (
            f"Its encoding is {encoding}, in which most names cannot be stored. Make "
            "it anew: createdb --encoding UTF8 --template template0 --owner …"
        )
        return Trouble(f"{describe_database(alias)} {words}", stays=True)
    if homeless:
        words = (
            "The search_path names no schema that this user may use: ALTER ROLE … "
            "RESET search_path, or GRANT USAGE ON SCHEMA public TO …"
        )
        return Trouble(f"{describe_database(alias)} {words}")
    if read_only:
        return Trouble(takes_no_writes(alias))
    return None


def takes_no_writes(alias: str) -> str:
    """Return the sentence about a database that only reads."""
    words = "It takes no writes: it is a replica, or set to be read only."
    return f"{describe_database(alias)} {words}"


def explain_error(error: Error, *, migrating: bool = False) -> str:
    """Return what to do about `error`, which ended a command; "" if only its traceback
    can tell. While `migrating`, pending migrations are no explanation."""
    link: BaseException | None = error
    while link is not None:
        for state, beginning, sentence in REFUSALS:
            if getattr(link, "sqlstate", "") == state and str(link).startswith(
                beginning
            ):
                return f"{describe_database('default')} ({state}) {sentence}"
        link = link.__cause__ or link.__context__
    connections["default"].close()
    cause = unfit() if migrating else trouble()
    return cause.sentence if cause else ""


def say_trouble() -> None:
    """Log why the database cannot be used; exit if waiting does not help. For processes
    that start and stay: the database may still come."""
    log_or_exit(trouble())


def wait(stop: threading.Event) -> None:
    """Wait until the database can be used or `stop` is set; log meanwhile why it
    cannot."""
    while not stop.is_set() and (cause := trouble()):
        log_or_exit(cause)
        stop.wait(2)


def log_or_exit(cause: Trouble | None) -> None:
    """Log the sentence of `cause`; exit with it if waiting does not help."""
    if cause and cause.stays:
        sys.exit(cause.sentence)
    if cause:
        COMPLAINT.log(cause.sentence)


# The reason, at most ten seconds old, for callers that fail again and again: looking
# costs a connection each time.
LATELY = CachedValue(trouble, seconds=10)


def log_recent_trouble() -> bool:
    """Log why the database could not be used just now; return whether a reason is
    known."""
    cause = LATELY.get()
    if cause:
        COMPLAINT.log(cause.sentence)
    return cause is not None


def explain_connection(alias: str, words: str) -> Trouble:
    """Return what libpq's message `words` means. A sentence repeats them only if their
    meaning is unknown, as when the server speaks another language."""
    for pattern, state, sentence in CAUSES:
        if re.search(pattern, words):
            code = f" ({state})" if state else ""
            stays = sentence is POOLER
            return Trouble(f"{describe_database(alias)}{code} {sentence}", stays)
    said = " ".join(words.split()).rpartition(" failed: ")[2]
    if password := connections[alias].settings_dict["PASSWORD"]:
        said = said.replace(password, "…")
    return Trouble(
        f"{describe_database(alias)} It cannot be connected to. Look at DATABASE_URL. "
        f"What was said: {said[:MOST_WORDS]}"
    )


def describe_database(alias: str) -> str:
    """Return which database this is, without its password."""
    settings = connections[alias].settings_dict
    host, port = settings["HOST"] or "the local socket", settings["PORT"] or 5432
    return (
        f"PostgreSQL at {host}, port {port}, database {settings['NAME']}, as "
        f"{settings['USER'] or 'the user of the process'}:"
    )


def main() -> None:
    """Log what is wrong with the files, the environment or the database, before the web
    server starts."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    kinds = [checks.Tags.files, checks.Tags.compatibility]
    for message in checks.run_checks(tags=kinds):
        logger.error("%s %s", message.msg, message.hint or "")
    say_trouble()


if __name__ == "__main__":
    main()
