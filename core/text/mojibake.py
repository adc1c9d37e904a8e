"""Find text that was decoded in the wrong encoding once (“JosÃ©” for “José”)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ftfy import fix_encoding
from ftfy.badness import is_bad

from core.text.characters import clean_line
from core.text.faults import MOST_SHOWN

# Quotation marks around a word that ends in a capital, as in «IRMÃ», look like the
# beginning of mojibake (Ã» for û). In real mojibake none opens behind a blank.
QUOTED = re.compile(r"(?<![^\s(\[])(?:“([^“”]*)”|„([^„“”]*)[“”]|«([^«»]*)»|‘([^‘’]*)’)")


@dataclass(frozen=True)
class Mojibake:
    """The first line of a text that was decoded wrongly."""

    garbled: str
    """The line as it stands; of a long one, what follows the first wrong word."""
    meant: str
    """The same as it should read; "" when that cannot be known."""


def find_mojibake(text: str) -> Mojibake | None:
    """Return the first line that was decoded wrongly, or None."""
    if text.isascii():
        return None
    for line in text.split("\n"):
        if not is_bad(QUOTED.sub(r'"\1\2\3\4"', line)):
            continue
        garbled, meant = from_first_difference(line, repaired(line))
        if garbled != meant:
            is_known = not is_bad(meant) and "\ufffd" not in meant
            return Mojibake(garbled, meant if is_known else "")
    return None


def repaired(line: str) -> str:
    """Return the line as it should read; unchanged if that cannot be known."""
    meant = fix_encoding(line)
    if not is_bad(meant):
        return meant
    try:
        # The encoding of Windows consoles in Western Europe, which ftfy leaves out.
        return line.encode("cp850").decode()
    except UnicodeError:
        return meant


def from_first_difference(line: str, meant: str) -> tuple[str, str]:
    """Return both lines cleaned, and cut so that the first difference is seen."""
    start = 0
    if len(line) > MOST_SHOWN:
        pairs = enumerate(zip(line, meant, strict=False))
        same = next((at for at, (one, other) in pairs if one != other), len(line))
        start = line.rfind(" ", 0, same) + 1
    return clean_line(line[start:]), clean_line(meant[start:])
