"""Fold names for comparison: by their names, two people who share an address are told
apart."""

from __future__ import annotations

import unicodedata

# Accents of Latin, Greek and Cyrillic letters. In other scripts marks are vowels:
# without them, different names would look the same.
ACCENTS = range(0x300, 0x370)


def folded_name(name: str) -> str:
    """Return the folded form that is the same however a name is typed: without case,
    accents, punctuation and repeated spaces; at most 200 characters, never ''."""
    text = unicodedata.normalize("NFKC", name).casefold().replace("ı", "i")
    text = unicodedata.normalize("NFD", text)
    letters = "".join(
        " " if unicodedata.category(c)[0] == "Z" or c in "-‐‑‒–—" else c
        for c in text
        if ord(c) not in ACCENTS
        and (unicodedata.category(c)[0] in "LMNZ" or c in "-‐‑‒–—")
    )
    folded = " ".join(unicodedata.normalize("NFC", letters).split())
    return (folded or name.strip() or "?")[:200]
