"""Lines that hold nobody's data, whoever writes them."""

from __future__ import annotations

import json
import logging
import logging.config
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import Tags, run_checks
from django.db import IntegrityError, connection
from django.test import RequestFactory

from core.observability import logs
from core.observability.logs import (
    Safe,
    log_context,
    log_what_nobody_caught,
    request_fields,
    stack_of,
)
from petitions.models import Petition


class Lines(logging.Handler):
    """Keeps what the site's own handler would have written."""

    def __init__(self, form: str) -> None:
        super().__init__()
        formatters = logging.config.DictConfigurator(logs.logging_settings(form))
        chosen = formatters.config["formatters"][form]
        self.setFormatter(formatters.configure_formatter(chosen))
        self.addFilter(Safe())
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append(self.format(record))


@pytest.fixture(params=["json", "text"])
def lines(request: pytest.FixtureRequest) -> Iterator[Lines]:
    handler = Lines(request.param)
    root = logging.getLogger()
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)


# Not in the lines of code that tracebacks show.
NAME = "Maya Tremblay"
EMAIL = "maya@example.org"


def fail(message: str) -> None:
    raise ValueError(message)


def test_an_exception_says_where_but_not_what(lines: Lines) -> None:
    try:
        try:
            fail(EMAIL)
        except ValueError as error:
            error.add_note(NAME)
            raise RuntimeError(NAME) from error
    except RuntimeError:
        logging.getLogger("petitions.test").exception("Mail %s", 7)

    (line,) = lines.written
    assert "Mail 7" in line
    assert "builtins.ValueError" in line
    assert "builtins.RuntimeError" in line
    assert "in fail" in line
    assert "maya" not in line.lower()


@pytest.mark.django_db
def test_a_database_error_names_its_rule(petition: Petition) -> None:
    with (
        pytest.raises(IntegrityError) as caught,
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE petitions_petition SET title = %s, slug = NULL", [EMAIL])
    stack = stack_of(caught.value)

    assert EMAIL in str(caught.value)
    assert "psycopg.errors.NotNullViolation: 23502" in stack
    assert "django.db.utils.IntegrityError" in stack
    assert "maya" not in stack


def test_a_request_is_named_by_its_route(lines: Lines) -> None:
    request = RequestFactory().get("/confirm/a.b.secret/")
    extra: dict[str, Any] = {"request": request, "status_code": 500, "email": "m@x.org"}
    logging.getLogger("django.request").error("%s", request.path, extra=extra)

    (line,) = lines.written
    assert "500 GET (no route)" in line
    assert "secret" not in line
    assert "m@x.org" not in line


@pytest.mark.parametrize(
    ("message", "args"),
    [
        ("Error handling request %s %s", ("GET", "/confirm/secret/")),
        ("Invalid request from ip=10.1.2.3: Invalid HTTP Version: secret", ()),
        ("Exception during worker exit:\n%s", ("Traceback … secret",)),
        (ValueError("secret"), ()),
    ],
)
def test_gunicorn_quotes_nobody(message: Any, args: tuple[str, ...]) -> None:
    record = logging.makeLogRecord(
        {"name": "gunicorn.error", "msg": message, "args": args}
    )

    said = logs.safe_message(record)

    assert said
    assert "secret" not in said
    assert "10.1.2.3" not in said


def test_gunicorns_own_messages_stay() -> None:
    record = logging.makeLogRecord(
        {"name": "gunicorn.error", "msg": "Worker (pid:%s) exited", "args": (5,)}
    )

    assert logs.safe_message(record) == "Worker (pid:5) exited"


def test_a_message_stays_on_its_line(lines: Lines) -> None:
    logging.getLogger("petitions").warning("a%sINFO access b", "\r\n\u2028\x85\x1b")

    (line,) = lines.written
    assert len(line.splitlines()) == 1
    assert r"a\r\n\u2028\x85\x1bINFO access b" in line.replace(r"\\", "\\")


def test_lines_of_a_request_share_its_id_and_the_last_has_its_outcome() -> None:
    handler = Lines("json")
    logger = logging.getLogger("petitions.test")
    logger.addHandler(handler)
    log_context(outcome="nowhere")  # outside of a request
    for outcome in ("stored", "invalid"):
        with request_fields() as fields:
            logger.warning("on the way")
            log_context(outcome=outcome, signature=3)
            logger.info("request", extra=fields)
    logger.warning("afterwards")
    logger.removeHandler(handler)

    way, last, way_two, last_two, after = map(json.loads, handler.written)
    assert way["request_id"] == last["request_id"] != last_two["request_id"]
    assert (last["outcome"], last["signature"]) == ("stored", 3)
    assert last_two["outcome"] == "invalid"
    assert "outcome" not in way_two
    assert "request_id" not in after
    assert {"time", "level", "logger", "message", "process"} <= set(after)


def test_what_nobody_caught_is_a_line_too(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(logging, "captureWarnings", lambda capture: None)
    log_what_nobody_caught()

    thread = threading.Thread(target=fail, args=[NAME])
    thread.start()
    thread.join()
    try:
        fail(NAME)
    except ValueError as error:
        sys.excepthook(ValueError, error, None)

    in_thread, in_process = lines.written
    assert "An exception ended a thread" in in_thread
    assert "An exception ended the process" in in_process
    assert "Maya" not in in_thread + in_process


@pytest.mark.django_db
def test_a_server_that_logs_values_is_reported() -> None:
    def found() -> list[str]:
        return [
            str(message.msg)
            for message in run_checks(tags=[Tags.database], databases=["default"])
            if message.id == "config.W002"
        ]

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL log_error_verbosity = terse")
        cursor.execute("SET LOCAL log_min_error_statement = panic")
        assert found() == []
        cursor.execute("SET LOCAL log_error_verbosity = 'default'")
        cursor.execute("SET LOCAL log_min_error_statement = error")
        (said,) = found()

    assert "log_error_verbosity is default, log_min_error_statement is error" in said
