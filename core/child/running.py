"""Run a script in a process of its own: what would take all memory, or for ever, ends
that process and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

LAUNCH = Path(__file__).with_name("launch.py")


class ChildEnded(Exception):
    """The process did not do its work: too much memory or time, or a fault that it has
    found. Its text says which."""


def run_script(
    script: Path,
    task: bytes | IO[bytes],
    *,
    memory: int,
    seconds: int,
    environment: Mapping[str, str],
    output: IO[bytes] | None = None,
) -> bytes:
    """Return what the script writes to standard output; b"" when that goes to the file
    `output`. It is given `task`, bytes or a whole file, on standard input, and
    `environment` alone, so no secret of the site. Raise ChildEnded when it fails, or
    takes more than `memory` bytes of address space or `seconds`, by the clock or on a
    processor."""
    if not isinstance(task, bytes):
        # Where the process begins to read; `seek` may only move within its buffer.
        task.flush()
        os.lseek(task.fileno(), 0, os.SEEK_SET)
    limits = map(str, (os.getpid(), memory, seconds))
    try:
        done = subprocess.run(
            [sys.executable, "-I", LAUNCH, *limits, script],
            input=task if isinstance(task, bytes) else None,
            stdin=None if isinstance(task, bytes) else task,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ChildEnded(f"It took longer than {seconds} seconds.") from None
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise ChildEnded(f"It was ended by {name}: too much memory or time.")
    if done.returncode:
        raise ChildEnded(done.stderr.decode(errors="replace")[-2000:])
    return done.stdout or b""
