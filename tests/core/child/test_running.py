"""A script in a process of its own: what it is given, and what ends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.child.running import ChildEnded, run_script

MEMORY = 500_000_000


def done(folder: Path, program: str, task: bytes = b"", seconds: int = 20) -> bytes:
    script = folder / "script.py"
    script.write_text(program)
    return run_script(
        script, task, memory=MEMORY, seconds=seconds, environment={"A": "b"}
    )


def test_it_is_given_its_task_and_its_environment_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "of-the-site")
    program = "import os, sys\nprint(sys.stdin.read(), os.environ.get('A'), os.environ.get('SECRET_KEY'))"

    assert done(tmp_path, program, b"task") == b"task b None\n"


def test_files_are_read_and_written_as_they_are(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read() * 2)"
    )
    task, output = tmp_path / "task", tmp_path / "output"
    task.write_bytes(b"ab")

    with task.open("rb") as given, output.open("wb") as written:
        assert given.read(1) == b"a"  # the whole file counts, wherever it stands
        said = run_script(
            script, given, memory=MEMORY, seconds=20, environment={}, output=written
        )

    assert (said, output.read_bytes()) == (b"", b"abab")


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import sys; sys.exit('refused: rows')", "refused: rows"),
        ("b = bytearray(1_000_000_000)", "MemoryError"),
        ("import os; os.abort()", "SIGABRT: too much memory or time"),
    ],
)
def test_what_ends_it_is_said(tmp_path: Path, program: str, why: str) -> None:
    with pytest.raises(ChildEnded, match=why):
        done(tmp_path, program)


@pytest.mark.parametrize("program", ["while True: pass", "import time; time.sleep(60)"])
def test_too_much_time_ends_it(tmp_path: Path, program: str) -> None:
    with pytest.raises(ChildEnded, match=r"longer than 1 seconds|SIGXCPU"):
        done(tmp_path, program, seconds=1)
