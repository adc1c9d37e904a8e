"""A database that cannot be used is named, with what to do."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import Error, connection

from core.db.connecting import (
    POOLER,
    explain_connection,
    explain_error,
    trouble,
)
from devsite.embedded_postgres import (
    as_server_user,
    free_port,
)
from tests.config.helpers import ROOT, environment
from tests.core.db.helpers import database, manage, url

pytestmark = pytest.mark.django_db


def test_one_that_works_is_no_trouble() -> None:
    assert trouble() is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"PASSWORD": "wrong"}, "(28P01) The password or the user"),
        ({"NAME": "nothing"}, "(3D000) It has no such database"),
        ({"USER": "nobody"}, "(28P01) The password or the user"),
        ({"HOST": "nowhere.invalid"}, "No machine has that name"),
        ({"PORT": 1}, "Nothing listens there: is PostgreSQL running"),
    ],
)
def test_the_commonest_mistakes_are_named(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], sentence: str
) -> None:
    for name, value in changes.items():
        monkeypatch.setitem(connection.settings_dict, name, value)

    found = trouble()

    assert found is not None
    assert sentence in found.sentence
    assert not found.stays
    s = connection.settings_dict
    assert f"at {s['HOST']}, port {s['PORT']}, database {s['NAME']}" in found.sentence


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("bogus", "It does not take what `options` in DATABASE_URL asks for"),
        ("-c nosuch=1", "It does not take what `options` in DATABASE_URL asks for"),
        ("-c lock_timeout=x", "It does not take what `options` in DATABASE_URL asks"),
        ("-c fsync=off", "It does not take what `options` in DATABASE_URL asks for"),
    ],
)
def test_options_that_it_does_not_take_are_named(
    monkeypatch: pytest.MonkeyPatch, asked: str, sentence: str
) -> None:
    options = connection.settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "options", asked)

    found = trouble()

    assert found is not None
    assert sentence in found.sentence


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("ALTER ROLE stranger NOLOGIN", "(28000) The user may not log in"),
        ("REVOKE CONNECT ON DATABASE strange FROM public", "(42501) The user may not"),
        ("ALTER DATABASE strange ALLOW_CONNECTIONS false", "(55000) It lets nobody in"),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_who_is_not_let_in_learns_by_what(
    monkeypatch: pytest.MonkeyPatch, statement: str, sentence: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE stranger LOGIN PASSWORD 'strange'")
        cursor.execute("CREATE DATABASE strange")
        try:
            cursor.execute(statement)
            for name in ("USER", "PASSWORD", "NAME"):
                value = "stranger" if name == "USER" else "strange"
                monkeypatch.setitem(connection.settings_dict, name, value)
            found = trouble()
        finally:
            monkeypatch.undo()
            cursor.execute("DROP DATABASE strange")
            cursor.execute("DROP ROLE stranger")

    assert found is not None
    assert sentence in found.sentence


def test_a_password_that_has_expired_may_be_why() -> None:
    made = [
        "CREATE DATABASE {}",
        "CREATE ROLE guest_of_tests LOGIN PASSWORD 'guest' VALID UNTIL '2020-01-01'",
    ]
    with database(f"expired_{os.getpid()}", *made) as address:
        own = address.split("@", 1)[1]
        done = manage(f"postgresql://guest_of_tests:guest@{own}", "verify_counts")

    assert done.returncode == 1
    assert "(28P01)" in done.stderr
    assert "VALID UNTIL" in done.stderr


def test_what_a_server_says_in_another_language_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An error before anybody is let in is in the server's own language."""
    words = "SFATAL\0VFATAL\0C53300\0Mtut mir leid, s3cret-word, es geht nicht\0\0"
    packet = b"E" + (len(words) + 4).to_bytes(4) + words.encode()

    def refuse() -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _address = server.accept()
                with visitor:
                    # No TLS and no GSS; then the name of the user, and the refusal.
                    while visitor.recv(1000)[4:7] == b"\x04\xd2\x16":
                        visitor.sendall(b"N")
                    visitor.sendall(packet)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=refuse, daemon=True).start()
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connection.settings_dict, "PORT", server.getsockname()[1])
        monkeypatch.setitem(connection.settings_dict, "PASSWORD", "s3cret-word")
        found = trouble()

    assert found is not None
    assert "What was said: " in found.sentence
    assert "tut mir leid, …, es geht nicht" in found.sentence


def test_what_is_not_postgresql_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connection.settings_dict, "PORT", other.getsockname()[1])
        threading.Thread(target=hang_up, args=(other,), daemon=True).start()

        found = trouble()

    assert found is not None
    assert "is it PostgreSQL, is the port right?" in found.sentence


def hang_up(server: socket.socket) -> None:
    """Take connections, and end each."""
    with contextlib.suppress(OSError):
        while True:
            server.accept()[0].close()


def test_the_account_of_the_machine_is_named() -> None:
    """As the server says it on its own socket, in Debian's pg_hba.conf."""
    words = 'FATAL:  Peer authentication failed for user "petitions"'

    assert (
        "name host, user and password" in explain_connection("default", words).sentence
    )


@pytest.mark.parametrize(
    "command",
    [
        ["migrate"],
        ["check"],
        ["start_site", "--organization", "A", "--owner", "a@example.org"],
        ["verify_counts"],
        ["dumpdata", "petitions"],
    ],
)
def test_every_command_says_it(command: list[str]) -> None:
    done = manage(url(PASSWORD="wrong/#@"), *command)

    assert done.returncode == 1
    assert "(28P01) The password or the user in DATABASE_URL is wrong" in done.stderr
    assert "wrong/#@" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("statements", "sentence"),
    [
        (
            ["CREATE DATABASE {} ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'"],
            "Its encoding is SQL_ASCII, in which most names cannot be stored",
        ),
        (
            [
                "CREATE DATABASE {}",
                "ALTER DATABASE {} SET default_transaction_read_only = on",
            ],
            "It takes no writes",
        ),
        (
            ["CREATE DATABASE {}", "ALTER DATABASE {} SET search_path = nowhere"],
            "The search_path names no schema",
        ),
    ],
)
def test_a_database_that_does_not_fit_is_named(
    statements: list[str], sentence: str
) -> None:
    with database(f"unfit_{os.getpid()}", *statements) as address:
        for command in (["migrate"], ["verify_counts"], ["check"]):
            done = manage(address, *command)

            assert done.returncode == 1
            assert sentence in done.stderr
            assert "Traceback" not in done.stderr


def test_a_user_who_may_make_nothing_is_told() -> None:
    made = ["CREATE DATABASE {}", "CREATE ROLE guest_of_tests LOGIN PASSWORD 'guest'"]
    with database(f"unfit_{os.getpid()}", *made) as address:
        own = address.split("@", 1)[1]
        done = manage(f"postgresql://guest_of_tests:guest@{own}", "migrate")

    assert done.returncode == 1
    assert "(42501) The user in DATABASE_URL may not do this" in done.stderr
    assert "ALTER DATABASE … OWNER TO …" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_extension_that_is_not_installed_is_told() -> None:
    with pytest.raises(Error) as found, connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION nowhere_to_be_found")

    assert "postgresql-contrib" in explain_error(found.value)


MOVED = """
CREATE SCHEMA elsewhere;
ALTER EXTENSION pg_trgm SET SCHEMA elsewhere;
CREATE INDEX a ON django_session USING gin (session_data gin_trgm_ops)
"""


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (MOVED, "ALTER EXTENSION … SET SCHEMA public"),
        ("CREATE TABLE petitions_topic (id integer)", "give it a database of its own"),
    ],
)
def test_what_was_in_the_database_before_is_told(statement: str, sentence: str) -> None:
    with pytest.raises(Error) as found, connection.cursor() as cursor:
        cursor.execute(statement)

    assert sentence in explain_error(found.value, migrating=True)


def test_a_server_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection.features, "minimum_database_version", (99,))

    found = trouble()

    assert found is not None
    assert found.stays
    assert re.search(
        r"It is PostgreSQL \d+; this site needs 99 or newer", found.sentence
    )


def test_web_server_and_worker_say_it_and_go_on(tmp_path: Path) -> None:
    settings = {
        "DATABASE_URL": url(PASSWORD="wrong"),
        "BIND": f"127.0.0.1:{free_port()}",
    }
    for command in (
        [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"],
        [sys.executable, "manage.py", "work"],
    ):
        log = tmp_path / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(settings),
                stderr=output,
                stdout=output,
            )
        deadline = time.monotonic() + 30
        while "28P01" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.terminate()
        process.wait(20)
        assert "(28P01) The password or the user" in log.read_text()


IGNORED = "ignore_startup_parameters = options"


@pytest.fixture(
    params=[
        "pool_mode = transaction",
        f"pool_mode = transaction\n{IGNORED}",
        f"pool_mode = statement\n{IGNORED}",
    ]
)
def pooler(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """The port of a PgBouncer before the tests' database."""
    if not (
        program := shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    ):
        pytest.skip("NOT TESTED HERE: no pgbouncer; apt-get install pgbouncer")
    s, port = connection.settings_dict, free_port()
    ini = tmp_path / "pgbouncer.ini"
    ini.write_text(
        f"[databases]\n{s['NAME']} = host={s['HOST']} port={s['PORT']} "
        f"user={s['USER']} password={s['PASSWORD']}\n[pgbouncer]\nauth_type = any\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\n{request.param}\n"
    )
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    process = subprocess.Popen(
        as_server_user(program, ini),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(1)
    yield port
    process.terminate()
    process.wait(10)


def test_a_pooler_in_between_is_refused(
    monkeypatch: pytest.MonkeyPatch, pooler: int
) -> None:
    monkeypatch.setitem(connection.settings_dict, "PORT", pooler)

    found = trouble()

    assert found is not None
    assert POOLER in found.sentence
    assert found.stays


def test_a_pooler_is_refused_also_where_the_role_has_timeouts_of_its_own(
    monkeypatch: pytest.MonkeyPatch, pooler: int
) -> None:
    """As somebody sets them who has read that a pooler keeps them back."""
    user = connection.settings_dict["USER"]
    with psycopg.connect(url(), autocommit=True) as server:
        server.execute(f"ALTER ROLE {user} SET lock_timeout = '5s'".encode())
        try:
            monkeypatch.setitem(connection.settings_dict, "PORT", pooler)
            found = trouble()
        finally:
            server.execute(f"ALTER ROLE {user} RESET lock_timeout".encode())

    assert found is not None
    assert found.stays


def test_nothing_starts_behind_a_pooler(pooler: int) -> None:
    for command in (
        [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"],
        [sys.executable, "manage.py", "work"],
        [sys.executable, "manage.py", "migrate"],
    ):
        settings = {
            "DATABASE_URL": url(PORT=pooler),
            "BIND": f"127.0.0.1:{free_port()}",
        }
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(settings),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

        assert done.returncode == 1, done.stderr
        assert "PgBouncer" in done.stderr
        assert "Traceback" not in done.stderr
