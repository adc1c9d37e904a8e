"""What a migration's SQL does not tell: the former release's own tests pass on the
present schema. So a trigger bears what its code writes, a function answers as it did,
and no constraint refuses a row that it takes. `TESTS` says what is tried so."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.project.releases import ROOT, former, git, unpack

pytestmark = pytest.mark.faults

# Rows are written, changed and refused; people sign, correct, withdraw and erase;
# the counts are folded and proved.
TESTS = (
    "tests/petitions/models",
    "tests/petitions/signatures/test_signing.py",
    "tests/petitions/signatures/test_signers.py",
    "tests/petitions/counts",
)
# Empties all tables that it knows, which fails where a newer one refers to them.
EMPTIES = "tests/petitions/models/test_life_guards.py::test_two_who_publish_at_once_get_two_numbers"
# Asks for the name of the constraint that refuses blanks: another one does now.
RENAMED = "tests/petitions/models/test_held_columns.py::test_a_column_holds_what_a_page_can_trust[Description.text-"
# As pytest-django names the database of tests of one that is called "former".
DATABASE = "test_former"


@pytest.fixture
def url() -> Iterator[str]:
    """The address of an empty database, without its name."""
    given = os.environ["DATABASE_URL"]
    with psycopg.connect(given, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {DATABASE}")
        yield urlsplit(given)._replace(path="").geturl()
        server.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def run(folder: Path, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_former_tests_pass_on_the_present_schema(url: str, tmp_path: Path) -> None:
    commit = former()
    schema = (":/*/migrations/*.py", ":/*/sql/*.sql")
    if not git("diff", "--stat", commit, "HEAD", "--", *schema).stdout:
        pytest.skip("NOT TESTED HERE: the schema is that of the former release")
    made = run(ROOT, f"{url}/{DATABASE}", "manage.py", "migrate", "--no-input")
    assert made.returncode == 0, made.stderr

    tests = run(
        unpack(commit, tmp_path / "code"), f"{url}/former",
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "--reuse-db",
        "--deselect", EMPTIES, "--deselect", RENAMED, *TESTS,
    )  # fmt: skip

    assert tests.returncode == 0, tests.stdout[-5000:]
