"""What tests of PDF files share."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from core.pdf import fonts


def needs_printing() -> None:
    """Skip the module where the fonts or the reader of PDFs are missing."""
    if not {fonts.BASE, fonts.CJK} <= set(fonts.font_files()) or not shutil.which(
        "pdftotext"
    ):
        pytest.skip(
            "NOT TESTED HERE: no fonts; sh scripts/printing.sh installs them",
            allow_module_level=True,
        )


def text_of(content: bytes, *options: str) -> str:
    """Return the text of a PDF in the order in which it is read, as another program
    finds it, without marks of direction and places where a long word may be broken."""
    done = subprocess.run(
        ["pdftotext", *(options or ["-layout"]), "-", "-"],
        input=content,
        capture_output=True,
        check=True,
    )
    marks = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u200b\u200e\u200f"))
    return done.stdout.decode().translate(marks)


def images_of(content: bytes, folder: Path) -> list[Path]:
    """Write each page of a PDF as a picture (PGM, grey) into the folder."""
    command = ["pdftoppm", "-gray", "-r", "50", "-", str(folder / "page")]
    subprocess.run(command, input=content, check=True)
    return sorted(folder.glob("page*"))
