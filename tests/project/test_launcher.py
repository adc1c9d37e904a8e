"""`make run`: one process that starts everything, supervises it and ends it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from devsite.embedded_postgres import free_port
from tests.core.db.helpers import database
from tests.site import ROOT, Site, fetch, is_running, until

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.remove()


def launch(**environment: str) -> subprocess.CompletedProcess[str]:
    """Run a start that is expected to fail soon."""
    return subprocess.run(
        [sys.executable, "-m", "devsite.launcher"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PORT": str(free_port()), **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_it_ends_within_five_seconds_and_keeps_the_data(site: Site) -> None:
    """Ctrl-C, TERM, a closed terminal, and a launcher that is itself killed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        started = time.monotonic()
        site.start()
        took = time.monotonic() - started
        if number is not signal.SIGINT:
            assert took < 30, "a second start takes seconds"
        assert len(site.processes("gunicorn")) == 3
        assert len(site.processes("manage.py work")) == 1
        if number is signal.SIGINT:
            site.sql("UPDATE petitions_petition SET summary = 'kept' WHERE id = 1")

        assert site.stop(number) < 5
        time.sleep(0.2)

    site.start()
    assert site.sql("SELECT summary FROM petitions_petition WHERE id = 1") == [
        ("kept",)
    ]
    assert site.sql("SELECT count(*) FROM petitions_petition") == [(8,)]


def test_it_says_where_everything_is(site: Site) -> None:
    for words in (
        f"{site.url}/\n",
        f"{site.url}/demo/",
        f"{site.url}/admin/",
        "staff@demo.example   correct horse battery",
        "Ctrl-C ends it.",
    ):
        assert words in site.output
    # And nothing else: lines of the log are in the log.
    known = r"  (database|content) …|  .* ended \(-?\d+\); starting it again\. .*"
    said = site.output.partition("  Petitions, a demonstration")[0]
    for line in filter(None, said.splitlines()):
        assert re.fullmatch(known, line), line
    assert "password changed" in (site.var / "log" / "start.log").read_text()


@pytest.mark.parametrize("word", ["manage.py work", "gunicorn", "postgres -D"])
def test_a_child_that_dies_is_started_again(site: Site, word: str) -> None:
    before = until(lambda: site.processes(word))
    pid = min(before)

    os.kill(pid, signal.SIGKILL)

    try:
        # Its children, such as the web processes, outlive it for a moment.
        until(lambda: set(site.processes(word)) - set(before), 15)
    except AssertionError:
        raise AssertionError(site.output) from None
    until(lambda: not is_running(pid), 5)
    until(site.is_ready, 15)


def test_a_second_start_from_the_same_folder_is_refused(site: Site) -> None:
    """Because of the folder, whichever port it is given: the port in use is taken,
    too."""
    for port in (site.port, free_port()):
        done = launch(VAR=str(site.var), PORT=str(port))

        assert done.returncode == 1
        assert "The site runs from this folder already." in done.stdout
        assert fetch(f"{site.url}/livez").text == "ok"


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = launch(VAR=str(tmp_path), PORT=str(port))

    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stdout
    assert f"PORT={port + 1} make run" in done.stdout


@pytest.mark.parametrize("port", ["x", "0", "65536", "-1", "8000.5", ""])
def test_a_port_that_is_none(tmp_path: Path, port: str) -> None:
    done = launch(VAR=str(tmp_path), PORT=port)

    assert done.returncode == 1
    assert "Set a number from 1 to 65535." in done.stdout


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = launch(VAR=str(tmp_path / "file" / "var"))

    assert done.returncode == 1
    assert "Cannot write to" in done.stdout
    assert "VAR=/path/to/folder make run" in done.stdout


def test_a_database_of_ones_own_that_does_not_answer(tmp_path: Path) -> None:
    done = launch(
        VAR=str(tmp_path), DATABASE_URL="postgresql://u:p@127.0.0.1:1/petitions"
    )

    assert done.returncode == 1
    assert "DATABASE_URL" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.django_db
def test_a_database_that_cannot_be_updated(tmp_path: Path) -> None:
    with database(f"former_{os.getpid()}", "CREATE DATABASE {}") as address:
        with psycopg.connect(address) as former:
            former.execute(
                "CREATE TABLE django_migrations"
                " (id serial, app text, name text, applied timestamptz DEFAULT now())"
            )
            former.execute(
                "INSERT INTO django_migrations (app, name)"
                " VALUES ('petitions', '0002_guards')"
            )

        done = launch(VAR=str(tmp_path), DATABASE_URL=address)

    assert done.returncode == 1
    assert "was made before version 0.2.0" in done.stdout
    assert f"The folder is {tmp_path}" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_no_postgres_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from devsite import embedded_postgres

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter(()))

    with pytest.raises(embedded_postgres.NoPostgres, match="set DATABASE_URL="):
        embedded_postgres.binaries()


def test_a_folder_of_postgres_that_is_none(tmp_path: Path) -> None:
    done = launch(VAR=str(tmp_path / "var"), POSTGRES_BIN=str(tmp_path))

    assert done.returncode == 1
    assert "POSTGRES_BIN has no initdb." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_public_host_or_a_real_mail_server_is_refused(tmp_path: Path) -> None:
    done = launch(VAR=str(tmp_path), MAIL_URL="smtp://mail.example.org:25")

    assert done.returncode == 1
    assert "DEMO is on and MAIL_URL is a real mail server." in done.stdout


def test_manage_py_finds_the_same_site(site: Site) -> None:
    done = site.manage("verify_counts")

    assert done.returncode == 0
    assert "ok    canada-sign-the-global-treaty-to-end-torture: 15261" in done.stdout


def test_those_who_announce_a_form_and_send_none_do_not_hold_the_site(
    site: Site,
) -> None:
    """There are as many of them as threads; each is let go after ten seconds."""
    head = (
        b"POST /petitions/plant-trees-along-the-lower-bank/sign/ HTTP/1.1\r\n"
        b"Host: localhost\r\nContent-Length: 1000\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\nname="
    )
    idle = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(16)]
    try:
        for connection in idle:
            connection.sendall(head)
        started = time.monotonic()

        until(lambda: fetch(f"{site.url}/livez", timeout=30).status == 200, 30)

        assert time.monotonic() - started < 20
        answer = idle[0].makefile("rb").read()
        assert b" 408 " in answer.split(b"\r\n")[0]
        assert b"send it again" in answer
    finally:
        for connection in idle:
            connection.close()
