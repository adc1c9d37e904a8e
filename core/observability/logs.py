"""Logging without personal data: routes, outcomes and numbers, never what a person
typed.

Every line passes `Safe`, whatever wrote it: paths become route patterns (a path may
hold a token), exceptions lose their messages (they quote values, as PostgreSQL's “Key
(email)=(…) already exists” does), and of the extra fields only ours stay. Afterwards
the line is JSON (python-json-logger) or text.
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

# The allow list of fields that a line may carry besides its message: numbers, and words
# that the code chooses.
FIELDS = (
    "request_id", "method", "route", "status", "ms", "outcome", "petition", "signature",
    "account", "by", "organization", "network", "address_mark",
)  # fmt: skip

# The attributes of every record; any other is an `extra`, as Django's whole request.
_OWN = frozenset(vars(logging.makeLogRecord({})))

# gunicorn's messages that quote the request, or an exception's words, behind these.
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
    """Open the log fields of a request, with a random id that all its lines carry."""
    fields: dict[str, Any] = {"request_id": secrets.token_hex(8)}
    token = _fields.set(fields)
    try:
        yield fields
    finally:
        _fields.reset(token)


def log_context(**fields: str | int) -> None:
    """Add fields to the access line of this request: `outcome`, `petition`,
    `signature`."""
    if (known := _fields.get()) is not None:
        known.update(fields)


class Safe(logging.Filter):
    """A filter that replaces each record by a copy without personal data."""

    def filter(self, record: logging.LogRecord) -> logging.LogRecord:
        kept = {
            name: value
            for name, value in vars(record).items()
            if name in _OWN or name in FIELDS
        }
        # As `logging.makeLogRecord()` does, which would first make all attributes anew.
        safe = logging.LogRecord.__new__(type(record))
        safe.__dict__.update(kept)
        safe.msg, safe.args = safe_message(record), ()
        if record.exc_info and record.exc_info[1] is not None:
            safe.exc_text = stack_of(record.exc_info[1])
        safe.exc_info = None
        if (fields := _fields.get()) is not None:
            safe.__dict__.setdefault("request_id", fields["request_id"])
        return safe


def safe_message(record: logging.LogRecord) -> str:
    """Return the message on one line and without what a visitor sent."""
    request = getattr(record, "request", None)
    if request is not None and record.name.startswith("django."):
        match = getattr(request, "resolver_match", None)
        route = f"/{match.route}" if match else "(no route)"
        return f"{getattr(record, 'status_code', '')} {request.method} {route}".strip()
    if not isinstance(record.msg, str):
        return type(record.msg).__name__
    if record.name == "gunicorn.error" and record.msg.startswith(QUOTING):
        return next(part for part in QUOTING if record.msg.startswith(part))
    return CONTROL.sub(lambda control: repr(control[0])[1:-1], record.getMessage())


def stack_of(error: BaseException) -> str:
    """Return a traceback without the exceptions' messages: types and lines of code, and
    of database errors the SQLSTATE and the constraint."""
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
    known = (
        getattr(error, "sqlstate", None),
        getattr(diagnosis, "constraint_name", None),
    )
    said = " ".join(str(part) for part in known if part)
    return f"{name}: {said}" if said else name


class TextFormatter(logging.Formatter):
    """A formatter of lines for people, with the fields behind the message."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        fields = [
            f"{name}={value}"
            for name in FIELDS
            if (value := getattr(record, name, None)) is not None
        ]
        return " ".join([super().formatMessage(record), *fields])


def logging_settings(form: str) -> dict[str, Any]:
    """Return Django's LOGGING setting for `form`, which is "json" or "text"."""
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
            # Malformed requests: the access line records them, and a traceback for each
            # would let any visitor fill the disk.
            "django.security": {"level": "CRITICAL"},
            # What aiosmtpd reads over LMTP: addresses, and signed ones that act.
            "mail.log": {"level": "CRITICAL"},
            "psycopg": {"level": "ERROR"},
            # gunicorn's loggers do not propagate to the root.
            "gunicorn.error": {"handlers": ["stderr"]},
        },
    }


def log_what_nobody_caught() -> None:
    """Log warnings and uncaught exceptions of a serving process, instead of letting
    them print their messages to the terminal."""
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
