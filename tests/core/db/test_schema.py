"""A database that is not ready for this release is named, and visitors are asked to come
back: before the first `migrate`, and after an update until it has run."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import (
    CommandError,
    call_command,
    get_commands,
    load_command_class,
)
from django.db import ProgrammingError, connection
from django.test import Client

from core.db import schema
from core.db.schema import RateLimitedMessage
from core.http.cache_policy import page_cache
from core.management.database_command import DatabaseCommand
from organizations.models import Organization
from petitions.models import Petition
from tests.config.helpers import ROOT, environment
from tests.core.db.helpers import database, manage, url
from tests.project.addresses import PATHS

MIGRATE = "Run: manage.py migrate"


@pytest.fixture
def empty() -> Iterator[str]:
    """The address of a database with nothing in it."""
    with database(f"empty_{os.getpid()}", "CREATE DATABASE {}") as address:
        yield address


@pytest.fixture
def behind(transactional_db: None) -> Iterator[None]:
    """The tests' database as a release before this one left it: one migration is due,
    and columns are missing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE app = 'petitions' AND name ="
            " (SELECT max(name) FROM django_migrations WHERE app = 'petitions')"
            " RETURNING name"
        )
        (name,) = cursor.fetchone()
        cursor.execute("ALTER TABLE petitions_petition RENAME title TO to_come")
        cursor.execute("ALTER TABLE organizations_membership RENAME role TO to_come")
    forget()
    yield
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE organizations_membership RENAME to_come TO role")
        cursor.execute("ALTER TABLE petitions_petition RENAME to_come TO title")
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('petitions', %s, now())",
            [name],
        )
    forget()


def forget() -> None:
    page_cache.clear()
    schema.PENDING.forget()
    schema.COMPLAINT.said = ""


COMMANDS = [
    ["start_site", "--organization", "A", "--owner", "a@example.org"],
    ["verify_counts"],
    ["expire"],
    ["expire", "--dry-run"],
    ["switch"],
    ["take_mail"],
    ["rekey"],
    ["rekey", "--dry-run"],
    ["import_organization"],
    ["import_signatures", "a-petition", "signers.csv"],
    ["load_demo"],
    ["check"],
    ["changepassword", "a@example.org"],
    ["createsuperuser", "--no-input", "--email", "a@example.org"],
    ["clearsessions"],
    ["rekey_second_factors"],
    ["remove_second_factor", "a@example.org"],
    ["remove_stale_contenttypes"],
    ["dumpdata", "organizations"],
]


# A mail server tries again after another exit code (sysexits.h: EX_TEMPFAIL).
EXIT_CODES = {"take_mail": 75}


def is_one_sentence(
    done: subprocess.CompletedProcess[str], sentence: str, code: int = 1
) -> None:
    assert done.returncode == code, done.stdout
    assert sentence in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.django_db
def test_every_command_says_it_before_the_first_migrate(
    empty: str, tmp_path: Path
) -> None:
    for command in COMMANDS:
        code = EXIT_CODES.get(command[0], 1)
        is_one_sentence(manage(empty, *importing(command, tmp_path)), MIGRATE, code)


def importing(command: list[str], folder: Path) -> list[str]:
    """The command, with a file that can be read."""
    if command[0] != "import_organization":
        return command
    file = folder / "organization.json"
    file.write_text(json.dumps({"organization": {"name": "Rights Now"}}))
    return [command[0], str(file)]


# How the commands that may begin nevertheless treat a schema that is older.
EXEMPT = {
    "check": "says it, after all else that is wrong",
    "check_mail": "asks no table",
    "migrate": "mends it",
    "rights": "asks no table",
    "work": "waits until it is mended",
}
OWN_APPS = ("core", "organizations", "petitions", "config", "devsite")


def own_commands() -> list[str]:
    """The commands of this project, of whichever app."""
    return sorted(name for name, app in get_commands().items() if str(app) in OWN_APPS)


@pytest.fixture
def due(transactional_db: None) -> Iterator[None]:
    """A database for which one migration is due, with all that commands read there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE id ="
            " (SELECT max(id) FROM django_migrations WHERE app = 'petitions')"
            " RETURNING name"
        )
        (name,) = cursor.fetchone()
        yield
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('petitions', %s, now())",
            [name],
        )


def test_each_command_has_its_answer_to_an_older_schema() -> None:
    for name in own_commands():
        command = load_command_class(get_commands()[name], name)
        assert isinstance(command, DatabaseCommand) != (name in EXEMPT), name
    assert set(EXEMPT) < set(own_commands())


@pytest.mark.usefixtures("due")
@pytest.mark.parametrize("name", sorted({*own_commands()} - {*EXEMPT}))
def test_no_command_begins_while_a_migration_is_due(name: str, tmp_path: Path) -> None:
    commands = [command for command in COMMANDS if command[0] == name]
    assert commands, f"{name}: give COMMANDS its arguments"

    for command in commands:
        with pytest.raises(CommandError, match="1 migration is due. " + MIGRATE):
            call_command(*importing(command, tmp_path))

    assert not Organization.objects.exists()


@pytest.mark.django_db
def test_a_schema_that_no_release_left_is_refused_and_stays(empty: str) -> None:
    applied = "(id serial, app text, name text, applied timestamptz DEFAULT now())"
    with psycopg.connect(empty) as found:
        found.execute(f"CREATE TABLE django_migrations {applied}")
        found.execute(
            "INSERT INTO django_migrations (app, name) VALUES"
            " ('petitions', '0001_initial'), ('petitions', '0002_guards')"
        )

    done = manage(empty, "migrate")

    is_one_sentence(done, "(petitions.0002_guards is applied), and cannot be updated.")
    with psycopg.connect(empty) as found:
        tables = found.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        assert tables.fetchall() == [("django_migrations",)]


@pytest.mark.usefixtures("behind")
def test_a_command_says_it_after_an_update_and_does_nothing_by_half() -> None:
    done = manage(url(), "start_site", "--organization", "A", "--owner", "a@b.example")

    is_one_sentence(done, "1 migration is due. " + MIGRATE)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM organizations_organization")
        assert cursor.fetchone() == (0,)


CRAWL = """
import django, json, sys
django.setup()
from django.conf import settings
from django.test import Client

site = settings.SITE_URL.partition("://")[2]
client = Client(raise_request_exception=False, headers={"host": site})
client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
found = {}
for method, path in json.load(sys.stdin):
    fields = {"name": "Maya", "email": "maya@example.org", "username": "a@example.org",
              "password": "x"}
    sent = fields if method == "post" else None
    answer = getattr(client, method)(
        path, sent, secure=True, headers={"sec-fetch-site": "same-origin"}
    )
    found[f"{method} {path}"] = answer.status_code, answer.headers.get("Retry-After")
json.dump(found, sys.stdout)
"""


@pytest.mark.django_db
def test_no_address_is_an_error_of_ours_before_the_first_migrate(empty: str) -> None:
    tokens = dict.fromkeys(
        [
            "own",
            "all",
            "never",
            "confirm",
            "not_me",
            "office",
            "office_answer",
            "unsubscribe",
            "one_press",
        ],
        "x:y",
    )
    paths = [path.format_map(tokens) for path in PATHS.values()]
    asked = [(method, path) for path in paths for method in ("get", "post")]
    asked += [("get", f"/admin/{app}/") for app in ("organizations", "petitions")]

    done = subprocess.run(
        [sys.executable, "-c", CRAWL],
        cwd=ROOT,
        env=environment(
            {"DATABASE_URL": empty, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        ),
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    found: dict[str, Any] = json.loads(done.stdout)
    assert {k: v for k, (v, _) in found.items() if v >= 500 and v != 503} == {}
    for path in (
        "get /",
        "get /admin/petitions/",
        "post /petitions/free-the-prisoners/sign/",
    ):
        assert found[path][0] == 503
        assert int(found[path][1]) > 0
    assert found["get /livez"][0] == 200
    assert found["get /readyz"][0] == 503
    assert "Traceback" not in done.stderr
    assert done.stderr.count(MIGRATE) == 1


def test_after_an_update_what_is_missing_waits(
    petition: Petition,
    visitor: Client,
    sign_form: dict[str, Any],
    behind: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = visitor.get(petition.get_absolute_url())
    again = visitor.get("/petitions.json")
    signed = visitor.post(f"{petition.get_absolute_url()}sign/", sign_form)
    report = visitor.get("/readyz").json()

    assert (page.status_code, page.headers["Retry-After"]) == (503, "10")
    assert "Nothing is lost: try again in a minute." in page.content.decode()
    assert again.status_code == 503
    assert signed.status_code == 503
    assert sign_form["name"] in signed.content.decode()
    assert report["pending_migrations"] == 1
    assert MIGRATE in report["troubles"][0]
    assert len([r for r in caplog.records if MIGRATE in r.getMessage()]) == 1


def test_an_error_of_ours_stays_one(db: None) -> None:
    schema.PENDING.forget()

    assert not schema.is_behind(ProgrammingError("column does not exist"))


def test_it_is_said_again_each_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    complaint = RateLimitedMessage()

    for seconds in range(180):
        clock[0] = 1000.0 + seconds
        complaint.log("Away." if seconds < 150 else "Full.")

    said = [record.getMessage() for record in caplog.records]
    assert said == ["Away.", "Away.", "Away.", "Full."]
    assert caplog.records[0].levelno == logging.ERROR


@pytest.mark.django_db
def test_the_worker_waits_and_begins_by_itself(empty: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as output:
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "work"],
            cwd=ROOT,
            env=environment({"DATABASE_URL": empty}),
            stderr=output,
        )
    try:
        wait_for(lambda: MIGRATE in log.read_text())
        time.sleep(4)
        assert len(log.read_text().splitlines()) == 1
        assert manage(empty, "migrate").returncode == 0
        wait_for(lambda: heartbeats(empty) > 10)
        assert "Traceback" not in log.read_text()
    finally:
        worker.terminate()
        worker.wait(20)


@pytest.mark.django_db
def test_an_interrupted_migrate_says_so_and_goes_on(empty: str) -> None:
    assert manage(empty, "migrate", "petitions", "0001").returncode == 0
    with psycopg.connect(empty) as holding:
        # So that it cannot be ready before the signal comes.
        holding.execute("LOCK TABLE petitions_petition")
        migrate = subprocess.Popen(
            [sys.executable, "-u", "manage.py", "migrate"],
            cwd=ROOT,
            env=environment({"DATABASE_URL": empty}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert migrate.stdout is not None
        while "petitions.0002" not in (line := migrate.stdout.readline()):
            assert line
        migrate.send_signal(signal.SIGINT)
        _out, said = migrate.communicate(timeout=60)

    assert migrate.returncode == 1
    assert said.splitlines()[-1] == "Interrupted."
    assert "Traceback" not in said
    is_one_sentence(manage(empty, "check"), MIGRATE)
    assert manage(empty, "migrate").returncode == 0
    assert manage(empty, "verify_counts").returncode == 0


def wait_for(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def heartbeats(address: str) -> int:
    with psycopg.connect(address) as found:
        row = found.execute("SELECT count(*) FROM config_heartbeat").fetchone()
    assert row is not None
    return int(row[0])
