"""A web server without all static files does not start: each page would be a 500."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.config.helpers import ROOT, environment
from tests.config.static_files import collect

MANIFEST = "staticfiles.json"
# Takes from root the right to read what nobody may read.
AS_OTHERS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


def serve(root: Path) -> subprocess.CompletedProcess[str]:
    """Load what a web server serves, as somebody whose rights count."""
    return subprocess.run(
        [*(AS_OTHERS if os.geteuid() == 0 else ()),
         sys.executable, "-c", "import config.wsgi"],
        cwd=ROOT,
        env=environment({"STATIC_ROOT": str(root)}),
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip


def forget(root: Path) -> None:
    """Leave the manifest as it was before the newest style sheet was written."""
    manifest = json.loads((root / MANIFEST).read_text())
    del manifest["paths"]["css/site.css"]
    (root / MANIFEST).write_text(json.dumps(manifest))


def test_with_all_of_them_it_starts(tmp_path: Path) -> None:
    done = serve(collect(tmp_path / "static"))

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda root: (root / MANIFEST).unlink(), "No static files in STATIC_ROOT"),
        (lambda root: (root / MANIFEST).write_text("{"), "lacks files of this release"),
        (forget, "lacks files of this release"),
        (lambda root: (root / "css/site.css").unlink(), "/css/site.css is missing"),
        (lambda root: (root / MANIFEST).chmod(0), "cannot be read (Permission denied)"),
        (lambda root: (root / "css").chmod(0), "cannot be read (Permission denied)"),
        (lambda root: root.chmod(0), "cannot be read (Permission denied)"),
        (
            lambda root: (root.rename(root.with_name("x")), root.touch()),
            "No static files in STATIC_ROOT",
        ),
    ],
)
def test_with_less_it_says_what_to_do(
    spoil: Callable[[Path], object], told: str, tmp_path: Path
) -> None:
    root = collect(tmp_path / "static")
    spoil(root)

    done = serve(root)
    for folder in (root, root / "css"):  # so that it can be cleaned up
        if folder.exists():
            folder.chmod(0o755)

    assert done.returncode == 1
    assert told in done.stderr
    assert "sh scripts/build.sh" in done.stderr
    assert "Traceback" not in done.stderr
