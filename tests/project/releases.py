"""The code of the release before this one, which still runs while a site is updated."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def git(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["git", *words], cwd=ROOT, capture_output=True, check=False
    )  # fmt: skip


def former() -> str:
    """Return the commit that CHANGELOG.md names as the newest release; skip the test if
    git does not have it."""
    found = re.search(r"(?m)^## .*\((\w{7,40})\)$", (ROOT / "CHANGELOG.md").read_text())
    assert found, "no heading of CHANGELOG.md names a release's commit"
    commit = found[1]
    if git("cat-file", "-e", f"{commit}^{{commit}}").returncode:
        pytest.skip(f"NOT TESTED HERE: the former release, {commit}, is not in git")
    return commit


def unpack(commit: str, folder: Path) -> Path:
    """Unpack the files of a commit into the new folder `folder`; return it."""
    folder.mkdir(parents=True)
    archive = git("archive", "--format=tar", commit)
    assert archive.returncode == 0, archive.stderr
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder
