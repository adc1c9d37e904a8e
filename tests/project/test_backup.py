"""The nightly dump can be made, and restored."""

from __future__ import annotations

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
from django.utils import timezone

from core.models import Heartbeat
from core.observability import backups
from devsite.embedded_postgres import binaries
from tests.site import until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment() -> dict[str, str]:
    if not (binaries() / "pg_dump").exists():
        pytest.skip("NOT TESTED HERE: no pg_dump beside this PostgreSQL")
    url = urlsplit(os.environ["DATABASE_URL"])
    return {
        "PATH": f"{binaries()}:{os.environ['PATH']}",
        "PGHOST": url.hostname or "",
        "PGPORT": str(url.port or 5432),
        "PGUSER": unquote(url.username or ""),
        "PGPASSWORD": unquote(url.password or ""),
    }


def run(*command: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_dump_can_be_restored(environment: dict[str, str], tmp_path: Path) -> None:
    server = os.environ["DATABASE_URL"]
    names = ("backup_before", "backup_after")
    old = make_old(tmp_path)
    other = tmp_path / "notes"
    other.touch()
    os.utime(other, (0, 0))
    with psycopg.connect(server, autocommit=True) as connection:
        try:
            for name in names:
                connection.execute(f"CREATE DATABASE {name}".encode())
            with psycopg.connect(server, dbname="backup_before") as before:
                before.execute(
                    "CREATE TABLE config_heartbeat (name text PRIMARY KEY,"
                    " beat_at timestamptz NOT NULL)"
                )
                before.execute("CREATE TABLE signature (name text)")
                before.execute("INSERT INTO signature VALUES ('Zoë')")
            backup = {**environment, "PGDATABASE": "backup_before"}
            script = str(ROOT / "scripts" / "backup.sh")

            old_mask = os.umask(0o022)
            run("sh", script, str(tmp_path), "now", environment=backup)
            os.umask(old_mask)

            (dump,) = tmp_path.glob("*.dump")
            assert dump != old
            assert other.exists()
            assert dump.stat().st_mode & 0o077 == 0
            with psycopg.connect(server, dbname="backup_before") as before:
                noted = before.execute("SELECT name FROM config_heartbeat").fetchall()
            assert noted == [("backup",)]
            restore = ("pg_restore", "--dbname", "backup_after", str(dump))
            run(*restore, environment=environment)
            with psycopg.connect(server, dbname="backup_after") as after:
                assert after.execute("SELECT name FROM signature").fetchall() == [
                    ("Zoë",)
                ]
        finally:
            for name in names:
                connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())


SCRIPT = ROOT / "scripts" / "backup.sh"


def backup(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", SCRIPT, folder, "now"],
        env={"PATH": os.environ["PATH"], "PGHOST": "127.0.0.1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_dump_that_fails_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    done = backup(tmp_path, PATH=f"{binaries()}:{os.environ['PATH']}", PGPORT="1")

    assert done.returncode == 1
    assert "pg_dump" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOUR", "24"), ("HOUR", "three"), ("HOUR", "3;ls"), ("DAYS", "0"),
        ("DAYS", "000"), ("DAYS", "-1"), ("DAYS", ""), ("DAYS", "x"),
        ("DAYS", "1.5"), ("DAYS", "1000"), ("DAYS", " 7"),
    ],
)  # fmt: skip
def test_a_wrong_setting_stops_it_with_a_sentence_and_deletes_nothing(
    tmp_path: Path, name: str, value: str, environment: dict[str, str]
) -> None:
    old = make_old(tmp_path)

    done = backup(tmp_path, **{**environment, "PGDATABASE": "postgres", name: value})

    assert done.returncode == 1
    least = 0 if name == "HOUR" else 1
    assert f"{name} is '{value}'. Set a number from {least} to" in done.stderr
    assert list(tmp_path.iterdir()) == [old]


def make_old(folder: Path) -> Path:
    """Make a dump of long ago."""
    old = folder / "petitions-2020-01-01-0300.dump"
    old.touch()
    os.utime(old, (0, 0))
    return old


def test_older_dumps_stay_until_a_new_one_can_be_read(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """The new one is cut off, as by a full disk or a killed program, without anybody
    noticing."""
    old = make_old(tmp_path)
    programs = tmp_path / "programs"
    programs.mkdir()
    cut_off = programs / "pg_dump"
    cut_off.write_text(f'#!/bin/sh\n"{binaries()}/pg_dump" "$@"\ntruncate -s 40 "$4"\n')
    cut_off.chmod(0o755)
    paths = f"{programs}:{environment['PATH']}"

    done = backup(tmp_path, **{**environment, "PGDATABASE": "postgres", "PATH": paths})

    assert done.returncode == 1
    assert "The dump cannot be read: the older ones are kept." in done.stderr
    assert sorted(tmp_path.glob("*dump*")) == [old]


def test_two_dumps_at_once_do_not_write_into_each_other(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """As from cron and by hand; both are slow, and begin within one minute."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "date").write_text("#!/bin/sh\necho 2026-05-01-0300\n")
    (programs / "pg_dump").write_text(
        f'#!/bin/sh\n"{binaries()}/pg_dump" "$@"\nsleep 1\n[ -s "$4" ]\n'
    )
    for program in programs.iterdir():
        program.chmod(0o755)
    given = {
        **environment,
        "PGDATABASE": "postgres",
        "PATH": f"{programs}:{environment['PATH']}",
    }
    with ThreadPoolExecutor() as pool:
        both = list(pool.map(lambda _: backup(tmp_path, **given), range(2)))

    assert [done.returncode for done in both] == [0, 0], [d.stderr for d in both]
    assert [file.name for file in tmp_path.glob("*dump*")] == [
        "petitions-2026-05-01-0300.dump"
    ]


def test_older_dumps_go_also_where_a_link_leads(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    make_old(folder)
    killed = folder / "petitions-2020-01-01-0300.dump.unfinished.aB3dEf"
    killed.touch()
    os.utime(killed, (time.time() - 200_000,) * 2)

    done = backup(link, **{**environment, "PGDATABASE": "postgres"})

    assert done.returncode == 0, done.stderr
    (dump,) = folder.iterdir()
    assert dump.stat().st_size > 0


def test_a_dump_that_is_ended_leaves_nothing(tmp_path: Path) -> None:
    programs, folder = tmp_path / "programs", tmp_path / "folder"
    programs.mkdir()
    folder.mkdir()
    slow = programs / "pg_dump"
    slow.write_text("#!/bin/sh\nexec sleep 1\n")
    slow.chmod(0o755)
    process = subprocess.Popen(
        ["sh", SCRIPT, folder, "now"],
        env={"PATH": f"{programs}:{os.environ['PATH']}"},
    )
    until(lambda: list(folder.iterdir()))

    process.terminate()

    assert process.wait(10) == 1
    assert list(folder.iterdir()) == []


def test_a_word_that_it_does_not_know_is_not_taken_for_none(tmp_path: Path) -> None:
    """It would stay until the night, and a cron job with it."""
    done = subprocess.run(
        ["sh", SCRIPT, tmp_path, "Now"],
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )

    assert done.returncode == 1
    assert "'Now' is unknown. Write 'now'" in done.stderr


def test_the_new_dump_stays_however_wrong_the_clock(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """With the clock set back, the newest of all may be the oldest."""
    programs = tmp_path / "programs"
    programs.mkdir()
    long_ago = programs / "mv"
    long_ago.write_text('#!/bin/sh\ntouch -d 2001-01-01 "$1"\n/bin/mv "$1" "$2"\n')
    long_ago.chmod(0o755)
    paths = f"{programs}:{environment['PATH']}"

    backup(tmp_path, **{**environment, "PGDATABASE": "postgres", "PATH": paths})

    (dump,) = tmp_path.glob("*.dump")
    assert dump.stat().st_size > 0


@pytest.mark.parametrize("hour", ["08", "09", "0", "00"])
def test_an_hour_may_begin_with_a_zero(tmp_path: Path, hour: str) -> None:
    """The script accepts it, and sleeps until then."""
    process = subprocess.Popen(
        ["sh", SCRIPT, tmp_path],
        env={"PATH": os.environ["PATH"], "HOUR": hour, "DAYS": "07"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
    finally:
        process.terminate()
        _out, errors = process.communicate()
    assert errors == ""


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = backup(tmp_path / "nowhere")

    assert done.returncode == 1
    assert "is no folder that may be written to" in done.stderr


@pytest.mark.django_db
def test_somebody_is_told_when_no_dump_was_made() -> None:
    now = timezone.now()
    assert backups.backup(now) == []
    Heartbeat.objects.create(name=backups.NAME, beat_at=now - timedelta(hours=25))
    (reading,) = backups.backup(now)
    assert reading.trouble == ""

    (reading,) = backups.backup(now + timedelta(hours=6))

    assert "No dump of the database was made for 31 hours." in reading.trouble
