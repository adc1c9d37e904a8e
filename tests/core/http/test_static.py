"""Static files as production stores them."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage

from core.http.static import BundlingStorage

SHEETS = {
    "css/all.css": '@import "parts/one.css";\n@import "parts/two.css";\nb{color:red}\n',
    "css/parts/one.css": "i{color:green}\n",
    "css/parts/two.css": "u{color:blue}\n",
}


@pytest.fixture
def collected(tmp_path: Path) -> tuple[BundlingStorage, dict[str, Any]]:
    """The storage with the sheets as collectstatic has just copied them, and where they
    come from."""
    source, target = tmp_path / "source", tmp_path / "target"
    for name, css in SHEETS.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(css)
    shutil.copytree(source, target)
    found = FileSystemStorage(source)
    storage = BundlingStorage(location=target, base_url="/static/")
    return storage, {name: (found, name) for name in SHEETS}


def test_a_style_sheet_is_one_file_by_its_hash(
    collected: tuple[BundlingStorage, dict[str, Any]],
) -> None:
    storage, paths = collected
    failures = [
        done for _n, _h, done in storage.post_process(paths) if done is not True
    ]

    assert [f for f in failures if isinstance(f, Exception)] == []
    name = storage.stored_name("css/all.css")
    assert name != "css/all.css"
    stored = Path(storage.path(name))
    css = stored.read_text()
    assert "@import" not in css
    order = [css.index(rule) for rule in ("i{color", "u{color", "b{color")]
    assert order == sorted(order)
    packed = stored.with_name(f"{stored.name}.gz")
    assert not packed.exists() or gzip.decompress(packed.read_bytes()) == css.encode()


def test_a_dry_run_changes_nothing(
    collected: tuple[BundlingStorage, dict[str, Any]],
) -> None:
    storage, paths = collected
    list(storage.post_process(paths, dry_run=True))

    assert Path(storage.path("css/all.css")).read_text() == SHEETS["css/all.css"]
