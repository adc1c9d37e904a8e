"""Static files for servers that a test starts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.config.helpers import ROOT


def collect(folder: Path) -> Path:
    """Put the site's own static files into the new folder `folder`, under their plain
    names, as a build does under hashed ones; return it."""
    shutil.copytree(ROOT / "static", folder)
    names = [str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()]
    manifest = {"version": "1.1", "paths": dict(zip(names, names, strict=True))}
    (folder / "staticfiles.json").write_text(json.dumps(manifest))
    return folder
