"""The disk of PostgreSQL is full: signing says so kindly, nothing that was acknowledged
is lost, and once there is room it goes on by itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from devsite.embedded_postgres import (
    Cluster,
    NoPostgres,
)
from tests.faults.conftest import Parts, running, seconds
from tests.faults.load import PETITION
from tests.site import fetch, until

pytestmark = pytest.mark.faults

SIZE = 256  # MB; a new cluster with the demonstration takes about half


@pytest.fixture
def small_disk() -> Iterator[Path]:
    top = Path(tempfile.mkdtemp(prefix="petitions-disk-"))
    top.chmod(0o755)
    disk = top / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={SIZE}m,mode=755", "petitions-faults"]
    mounted = subprocess.run(
        ["mount", *options, disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        top.rmdir() if not disk.exists() else shutil.rmtree(top)
        pytest.skip(
            "NOT TESTED: a full disk. It needs a small tmpfs, and mount says: "
            f"{mounted.stderr.strip()} Run as root with CAP_SYS_ADMIN."
        )
    yield disk
    subprocess.run(["umount", disk], check=True)
    shutil.rmtree(top)


@contextmanager
def supervised(cluster: Cluster) -> Iterator[Counter[str]]:
    """Starts the server again whenever it ends, as any service manager does."""
    stop = threading.Event()
    starts: Counter[str] = Counter()

    def look() -> None:
        while not stop.wait(0.2):
            process = cluster.process
            if process is None or process.poll() is not None:
                with suppress(NoPostgres):
                    starts["again"] += 1
                    cluster.start()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield starts
    finally:
        stop.set()
        thread.join()


def fill(ballast: Path) -> None:
    """Leave nothing of the disk."""
    with ballast.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(64 * 2**10))


@pytest.mark.parametrize("full", seconds("DISK_FULL_SECONDS", "3"))
def test_disk_full(small_disk: Path, full: float) -> None:
    with running(small_disk) as parts, supervised(parts.cluster) as starts:
        ballast = small_disk / "ballast"
        with parts.load() as load:
            until(lambda: len(load.confirmed) > 5, 30)
            fill(ballast)
            full_at = time.monotonic()
            # What PostgreSQL had set aside is used up first.
            until(lambda: refused(parts, ballast), 60)
            while time.monotonic() - full_at < full:
                fill(ballast)
                time.sleep(0.1)
            page = fetch(parts.site.url + PETITION)
            os.truncate(ballast, 0)
            room_at = time.monotonic()
            load.goes_on(30)
            again = time.monotonic() - room_at

        figures = load.prove(
            "disk full",
            f"{full:g} s",
            f"signing again after {again:.1f} s, {starts['again']} restarts",
        )
    assert page.status == 200
    assert figures.answers[503] > 0
    assert figures.broken == 0


def refused(parts: Parts, ballast: Path) -> bool:
    """Whether a signature finds no room."""
    fill(ballast)
    form = {"name": "Maya “Quote” Tremblay", "email": "full@example.org"}
    answer = fetch(f"{parts.site.url}{PETITION}sign/", form)
    assert answer.status in (303, 503)
    if answer.status == 303:
        return False
    assert 'value="Maya “Quote” Tremblay"' in answer.text
    assert int(answer.headers["Retry-After"]) > 0
    return True
