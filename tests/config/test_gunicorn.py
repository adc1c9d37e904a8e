"""The web server starts where it is started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.config.helpers import ROOT, environment


def test_it_reads_its_settings_from_any_folder(tmp_path: Path) -> None:
    config = str(ROOT / "config" / "gunicorn.py")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "--print-config",
            "-c",
            config,
            "config.wsgi",
        ],
        cwd=tmp_path,
        env=environment({"STATIC_ROOT": f"{tmp_path}/static"}),
        capture_output=True,
        text=True,
        check=False,
    )

    # The last thing that is looked at: the application was found, too.
    assert f"No static files in STATIC_ROOT ({tmp_path}/static)" in done.stderr
    assert "Traceback" not in done.stderr
