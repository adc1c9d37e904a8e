"""Compile the translations: `python -m core.i18n.translations`. Babel does it, so that
nobody needs gettext's programs to run the site."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parents[2] / "locale"


def compile_all() -> None:
    """Write each catalogue that is newer than its compiled form. Several processes may
    do so at once."""
    for source in LOCALE.glob("*/LC_MESSAGES/*.po"):
        compiled = source.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file)
        unfinished = compiled.with_suffix(f".{uuid4().hex}.tmp")
        try:
            with unfinished.open("xb") as file:
                write_mo(file, catalogue)
            unfinished.rename(compiled)
        finally:
            unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    compile_all()
