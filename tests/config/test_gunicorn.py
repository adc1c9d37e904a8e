"""The web server starts where it is started."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connection

from devsite.embedded_postgres import free_port
from tests.config.helpers import ROOT, environment
from tests.config.static_files import collect
from tests.core.db.helpers import url
from tests.site import Answer, fetch, until


def test_it_reads_its_settings_from_any_folder(tmp_path: Path) -> None:
    config = str(ROOT / "config" / "gunicorn.py")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "--print-config",
            "-c",
            config,
            "config.wsgi",
        ],
        cwd=tmp_path,
        env=environment({"STATIC_ROOT": f"{tmp_path}/static"}),
        capture_output=True,
        text=True,
        check=False,
    )

    # The last thing that is looked at: the application was found, too.
    assert f"No static files in STATIC_ROOT ({tmp_path}/static)" in done.stderr
    assert "Traceback" not in done.stderr


def pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes from `source` until it ends."""
    with suppress(OSError):
        while some := source.recv(65536):
            target.sendall(some)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def slow_database() -> Iterator[str]:
    """The URL of the tests' database, on a machine that takes two seconds to let anybody
    in."""
    server = connection.settings_dict

    def let_in(visitor: socket.socket) -> None:
        time.sleep(2)
        there = socket.create_connection((server["HOST"], int(server["PORT"])))
        with visitor, there:
            back = threading.Thread(target=pump, args=(there, visitor))
            back.start()
            pump(visitor, there)
            # Also when the visitor broke off: nobody waits for an answer any more.
            with suppress(OSError):
                there.shutdown(socket.SHUT_RDWR)
            back.join()

    def listen() -> None:
        with suppress(OSError):
            while True:
                visitor, _address = door.accept()
                visitors.append(threading.Thread(target=let_in, args=(visitor,)))
                visitors[-1].start()

    visitors: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as door:
        listening = threading.Thread(target=listen)
        listening.start()
        yield url(HOST="127.0.0.1", PORT=door.getsockname()[1])
        door.shutdown(socket.SHUT_RDWR)
        listening.join()
        # The database is dropped next: nobody may come in any more.
        for thread in visitors:
            thread.join()


@pytest.mark.django_db(transaction=True)
def test_the_first_visitor_is_served_however_slow_the_database_is_to_connect(
    slow_database: str, tmp_path: Path
) -> None:
    """Visitors wait half a second for a connection."""
    port = free_port()
    given = {
        "DATABASE_URL": slow_database,
        "BIND": f"127.0.0.1:{port}",
        "STATIC_ROOT": str(collect(tmp_path / "static")),
        "WEB_CONCURRENCY": "1",
    }
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "-c",
                "config/gunicorn.py",
                "config.wsgi",
            ],
            cwd=ROOT,
            env=environment(given),
            stdout=log,
            stderr=log,
        )

    def first() -> Answer | None:
        with suppress(OSError):
            return fetch(
                f"http://127.0.0.1:{port}/petitions.atom",
                headers={"Host": "petitions.example.org", "X-Forwarded-Proto": "https"},
            )
        return None

    try:
        answer = until(first, 30)
    finally:
        server.terminate()
        server.wait(20)
    assert answer is not None
    assert answer.status == 200, (tmp_path / "log").read_text()
