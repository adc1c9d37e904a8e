"""Render a Typst template as PDF, in a process of its own: a text that would take all
memory, or for ever, ends that process and nothing else."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.child.running import ChildEnded, run_script
from core.pdf.fonts import Typesetter

CHILD = Path(__file__).with_name("child.py")
WORDS = Path(__file__).with_name("words.typ")
"""What templates share."""
MEMORY = 1_000_000_000
"""Bytes of address space that the process may take."""
SECONDS = 45
"""How long it may take, by the clock and on a processor: less than the minute after
which a loop without a heartbeat counts as stopped (core/observability/probes.py)."""
ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    # Nobody answers there: a template that imports from the network finds none.
    "HTTPS_PROXY": "http://127.0.0.1:9",
    # Each thread reserves address space, and there may be many processors.
    "RAYON_NUM_THREADS": "2",
    "MALLOC_ARENA_MAX": "2",
}
"""All that the process is told of its surroundings: no secret of the site."""


class NotRendered(Exception):
    """The PDF could not be made: too much memory or time, or a fault of the template.
    Its text says which."""


@dataclass(frozen=True)
class Rendered:
    """A PDF; how many characters no font had, so that a sign stands in their place;
    its number of pages."""

    content: bytes
    replaced: int
    pages: int


def render_pdf(
    template: Path,
    data: Any,
    *,
    created: datetime,
    memory: int = MEMORY,
    seconds: int = SECONDS,
) -> Rendered:
    """Return the PDF that the template makes of `data` (what JSON can hold), as of
    `created`: PDF/UA-1 and PDF/A-2a, the same bytes each time.

    The template reads `sys.inputs.data` and `sys.inputs.fonts`, both JSON: texts of
    `data` are values there and never markup. It labels its number of pages <pages>,
    and can read no file but itself and words.typ.

    Raise NotRendered when the process is ended by its limits or finds a fault, and
    NoFonts (core.pdf.fonts) when the fonts are not installed.
    """
    typesetter = Typesetter()
    prepared = typesetter.prepared(data)
    with tempfile.TemporaryDirectory(prefix="pdf-") as name:
        folder = Path(name)
        shutil.copyfile(template, folder / "template.typ")
        shutil.copyfile(WORDS, folder / WORDS.name)
        (folder / "fonts").mkdir()
        for number, path in enumerate(typesetter.paths):
            (folder / "fonts" / f"{number:03}-{path.name}").symlink_to(path)
        task = {
            "folder": name,
            "data": json.dumps(prepared),
            "created": int(created.timestamp()),
        }
        try:
            output = run_script(
                CHILD,
                json.dumps(task).encode(),
                memory=memory,
                seconds=seconds,
                environment=ENVIRONMENT,
            )
        except ChildEnded as error:
            raise NotRendered(str(error)) from None
    pages, _line, content = output.partition(b"\n")
    return Rendered(content, typesetter.replaced, int(pages))
