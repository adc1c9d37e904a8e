"""A PostgreSQL for the tests, started before Django reads its settings, and the
translations compiled.

Loaded as a pytest plugin (`-p tests.database`). DATABASE_URL, when set, is used as it
is; otherwise an embedded server lives for the length of the run.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.i18n.translations import compile_all
from devsite.embedded_postgres import Cluster

# Tests kill processes, not the machine: what PostgreSQL wrote survives without fsync.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    compile_all()
    if "DATABASE_URL" not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="petitions-tests-"))
        folder.chmod(0o755)
        cluster = Cluster(
            folder / "postgres", secrets.token_hex(), folder / "log", settings=FAST
        )
        cluster.create()
        cluster.start()
        os.environ["DATABASE_URL"] = cluster.url("postgres")
        _running.append((cluster, folder))
    yield


_running: list[tuple[Cluster, Path]] = []


def pytest_unconfigure() -> None:
    while _running:
        cluster, folder = _running.pop()
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
