"""`make test`: all tests, on two cores.

Two lanes run at the same time, each test process with a PostgreSQL of its own; then,
alone, the fault tests, which break a site under load and measure how soon it is back.
With arguments it is pytest with these, in one process.
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import IO

from core.i18n.translations import compile_all

# What neither drives a browser nor kills processes. What is not beside is in front, so
# that no folder is forgotten; this division lets both end at about the same time.
PLAIN = "not browser and not faults"
SLOW = "tests/project"
# The arguments of pytest; each lane runs its own one after the other.
IN_FRONT = [["-m", PLAIN, f"--ignore={SLOW}"]]
BESIDE = [["-m", "browser"], ["-m", PLAIN, SLOW]]
ALONE = [["-m", "faults"]]

OK, TESTS_FAILED = 0, 1  # what pytest ends with when it was not broken off

running: set[subprocess.Popen[bytes]] = set()


def lane(runs: list[list[str]], output: IO[bytes] | None = None) -> bool:
    """Run pytest with each of these arguments, until one run is broken off; return
    whether all tests pass."""
    passed = True
    for arguments in runs:
        command = [sys.executable, "-m", "pytest", *arguments]
        process = subprocess.Popen(command, stdout=output, stderr=output)
        running.add(process)
        code = process.wait()
        running.discard(process)
        if code not in (OK, TESTS_FAILED):
            return False
        passed = passed and code == OK
    return passed


def everything(folder: Path) -> bool:
    """Run all tests; return whether they pass. The output of the lane beside is shown
    when both have ended, so that it does not mix."""
    os.environ["FIRST_START"] = str(folder)
    with (folder / "beside").open("w+b") as output, ThreadPoolExecutor() as threads:
        beside = threads.submit(lane, BESIDE, output)
        passed = [lane(IN_FRONT), beside.result()]
        output.seek(0)
        shutil.copyfileobj(output, sys.stdout.buffer)
        sys.stdout.flush()
    passed.append(lane(ALONE))
    return all(passed)


@contextlib.contextmanager
def ended_together() -> Iterator[None]:
    """End all test processes when this one is terminated; Ctrl-C reaches each by
    itself."""

    def stop(number: int, frame: FrameType | None) -> None:
        for process in list(running):
            process.send_signal(signal.SIGINT)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        for process in list(running):
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
