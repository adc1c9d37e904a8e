"""What the logs may say: routes, outcomes and numbers, never what a person typed.

Every line passes `Safe`, whatever wrote it: paths become route patterns (a path may
hold a token), exceptions lose their own words (they quote values, as PostgreSQL's
“Key (email)=(…) already exists” does), and of the fields that somebody attached to a
line only ours stay. Afterwards the line is JSON (python-json-logger) or text.
"""

from __future__ import annotations

import contextvars
import logging
import re
import secrets
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

# What a line may carry besides its message; numbers and words of ours.
FIELDS = (
    "request_id", "method", "route", "status", "ms", "outcome", "petition", "signature",
    "account", "by", "organization", "network", "address_mark",
)  # fmt: skip

# What a record brings by itself; the rest is an `extra`, Django's whole request too.
_OWN = frozenset(vars(logging.makeLogRecord({})))

# gunicorn quotes the request, or another exception's words, behind these.
QUOTING = (
    "Invalid request",
    "Error handling request",
    "Exception during worker exit",
)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

_fields: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar(
    "log fields", default=None
)


@contextmanager
def request_fields() -> Iterator[dict[str, Any]]:
    """For the length of a request: its fields, with an id that all its lines carry."""
    fields: dict[str, Any] = {"request_id": secrets.token_hex(8)}
    token = _fields.set(fields)
    try:
        yield fields
    finally:
        _fields.reset(token)


def log_context(**fields: str | int) -> None:
    """Add to the access line of this request: `outcome`, `petition`, `signature`."""
    if (known := _fields.get()) is not None:
        known.update(fields)


class Safe(logging.Filter):
    """Gives the handler a copy of the record that holds nobody's data."""

    def filter(self, record: logging.LogRecord) -> logging.LogRecord:
        kept = {
            name: value
            for name, value in vars(record).items()
            if name in _OWN or name in FIELDS
        }
        safe = logging.makeLogRecord(kept)
        safe.msg, safe.args = safe_message(record), ()
        if record.exc_info and record.exc_info[1] is not None:
            safe.exc_text = stack_of(record.exc_info[1])
        safe.exc_info = None
        if (fields := _fields.get()) is not None:
            safe.__dict__.setdefault("request_id", fields["request_id"])
        return safe


def safe_message(record: logging.LogRecord) -> str:
    """The message, on one line and without what a visitor sent."""
    request = getattr(record, "request", None)
    if request is not None and record.name.startswith("django."):
        match = getattr(request, "resolver_match", None)
        route = f"/{match.route}" if match else "(no route)"
        return f"{getattr(record, 'status_code', '')} {request.method} {route}".strip()
    if not isinstance(record.msg, str):
        return type(record.msg).__name__
    if record.name == "gunicorn.error" and record.msg.startswith(QUOTING):
        return next(part for part in QUOTING if record.msg.startswith(part))
    return CONTROL.sub(lambda found: repr(found[0])[1:-1], record.getMessage())


def stack_of(error: BaseException) -> str:
    """A traceback without the exceptions' own words: types and lines of code, and of
    database errors which kind and which constraint."""
    parts: list[str] = []
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        parts.insert(0, "".join([*traceback.format_tb(link.__traceback__), kind(link)]))
        link = link.__cause__ or (
            None if link.__suppress_context__ else link.__context__
        )
    return "\n\n".join(parts)


def kind(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    diagnosis = getattr(error, "diag", None)
    found = (
        getattr(error, "sqlstate", None),
        getattr(diagnosis, "constraint_name", None),
    )
    said = " ".join(str(part) for part in found if part)
    return f"{name}: {said}" if said else name


class TextFormatter(logging.Formatter):
    """A line for people, its fields behind the message."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        fields = [
            f"{name}={value}"
            for name in FIELDS
            if (value := getattr(record, name, None)) is not None
        ]
        return " ".join([super().formatMessage(record), *fields])


def logging_settings(form: str) -> dict[str, Any]:
    """Django's LOGGING for `form`, which is json or text."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"safe": {"()": Safe}},
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": ["levelname", "name", "message", "process"],
                "rename_fields": {
                    "levelname": "level",
                    "name": "logger",
                    "exc_info": "traceback",
                },
                "timestamp": "time",
            },
            "text": {
                "()": TextFormatter,
                "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
            },
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": form,
                "filters": ["safe"],
            }
        },
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "django": {"handlers": [], "propagate": True},
            "django.request": {"level": "ERROR"},
            # What a visitor sent that cannot be: the access line says which, and a
            # traceback for each would fill a disk at a visitor's wish.
            "django.security": {"level": "CRITICAL"},
            "psycopg": {"level": "ERROR"},
            # gunicorn lets nothing through to the root.
            "gunicorn.error": {"handlers": ["stderr"]},
        },
    }


def log_what_nobody_caught() -> None:
    """In a process that serves: warnings and uncaught exceptions go to the log too,
    instead of past it to the terminal with their words."""
    logger = logging.getLogger("uncaught")

    def hook(
        kind: type[BaseException],
        error: BaseException,
        stack: TracebackType | None,
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        logger.critical("An exception ended the process", exc_info=error)

    def thread_hook(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            logger.critical("An exception ended a thread", exc_info=args.exc_value)

    logging.captureWarnings(capture=True)
    sys.excepthook = hook
    threading.excepthook = thread_hook
