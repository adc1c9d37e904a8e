"""The documents name files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")], key=lambda path: path.name
)
PACKAGES = "bench|config|core|devsite|organizations|petitions|scripts|templates|tests"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_files_that_it_names_are_there(document: Path) -> None:
    """`core/http/origin.py`; a module moves, and the sentence about it stays behind."""
    named = re.findall(
        rf"(?<![\w/.])((?:{PACKAGES})/[\w./-]+\.(?:html|py|sh|sql|txt))\b",
        document.read_text(),
    )

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_first_page_is_short_and_has_two_pictures() -> None:
    text = (ROOT / "README.md").read_text()

    assert len(text.split()) <= 700
    assert len(re.findall(r"!\[", text)) == 2
