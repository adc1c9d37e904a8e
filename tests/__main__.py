"""`make test`: all tests, on two cores.

The browser tests and all others run at the same time, each with a PostgreSQL of its
own; then, alone, the fault tests, which break a site under load and measure how soon it
is back. With arguments it is pytest with these, in one process.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import IO

from core.i18n.translations import compile_all

IN_FRONT = "not browser and not faults"
BESIDE = "browser"
ALONE = "faults"

running: list[subprocess.Popen[bytes]] = []


def begin(marks: str, output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """Start the tests with these marks."""
    command = [sys.executable, "-m", "pytest", "-m", marks]
    process = subprocess.Popen(command, stdout=output, stderr=output)
    running.append(process)
    return process


def everything(folder: Path) -> bool:
    """Run all tests; return whether they pass. The browser tests' output is shown at
    the end, so that it does not mix."""
    os.environ["FIRST_START"] = str(folder)
    with (folder / "beside").open("w+b") as output:
        beside, front = begin(BESIDE, output), begin(IN_FRONT)
        codes = [front.wait(), beside.wait()]
        output.seek(0)
        shutil.copyfileobj(output, sys.stdout.buffer)
        sys.stdout.flush()
    codes.append(begin(ALONE).wait())
    return not any(codes)


@contextlib.contextmanager
def ended_together() -> Iterator[None]:
    """End all test processes when this one is terminated; Ctrl-C reaches each by
    itself."""

    def stop(number: int, frame: FrameType | None) -> None:
        for process in running:
            process.send_signal(signal.SIGINT)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        for process in running:
            process.wait()


def main(words: list[str]) -> int:
    if words:
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *words])
    # Once, before two processes do it at the same time.
    compile_all()
    with tempfile.TemporaryDirectory(prefix="petitions-first-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with ended_together(), contextlib.suppress(KeyboardInterrupt):
            return 0 if everything(folder) else 1
    return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
