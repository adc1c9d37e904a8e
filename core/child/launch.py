"""The beginning of a process with limits: run by its path, without Django, without the
site's environment. Its arguments are the id of its parent, the bytes of address space
and the seconds on a processor that it may take, and the script that it runs.

Its parent may be killed at any time: it then ends, too.
"""

from __future__ import annotations

import ctypes
import os
import resource
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Have this process killed when its parent ends, and end if it has ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def limit(memory: int, seconds: int) -> None:
    """Limit the address space (bytes) and the time on a processor."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


if __name__ == "__main__":
    parent, memory, seconds = map(int, sys.argv[1:4])
    die_with(parent)
    limit(memory, seconds)
    runpy.run_path(sys.argv[4], run_name="__main__")
