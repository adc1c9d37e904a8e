"""The W3C's validator of HTML: the jar of a pinned npm package, in the environment."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def missing() -> str:
    """Why it cannot run here, or ''."""
    for program in ("java", "npm"):
        if not shutil.which(program):
            return f"HTML IS NOT VALIDATED: {program} is missing on this machine."
    return ""


needs_java = pytest.mark.skipif(bool(missing()), reason=missing())


def jar() -> Path:
    """Installed when it is not there yet."""
    done = subprocess.run(
        ["sh", "scripts/node.sh", "vnu-jar"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip()) / "build" / "dist" / "vnu.jar"


def check(folder: Path) -> list[dict[str, Any]]:
    """What is wrong in the .html files of a folder."""
    done = subprocess.run(
        ["java", "-jar", str(jar()), "--format", "json", "--stdout", "--errors-only",
         str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    messages: list[dict[str, Any]] = json.loads(done.stdout)["messages"]
    return messages
