"""The passages in which a text differs from what it was, for corrections of a text that
people have signed. Texts are compared as they read, paragraph by paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import takewhile

Passage = tuple[str, str]
"""What it was, never empty, and what it should read."""

SENTENCE_ENDS = re.compile(r"(?<=[.!?…])(?=\s)")


def paragraphs(text: str) -> list[str]:
    return [one.strip() for one in re.split(r"\n\s*\n", text) if one.strip()]


def reading(text: str, passages: Iterable[Passage] = ()) -> str:
    """Return a text as it reads once each passage is corrected, the first place where
    it stands."""
    read = "\n\n".join(paragraphs(text))
    for before, after in passages:
        read = read.replace(before, after, 1) if before else read
    return "\n\n".join(paragraphs(read))


def passages_between(was: str, becomes: str) -> list[Passage]:
    """Return the passages that make one text of the other: sentences where it is clear
    which are meant, else paragraphs, else all of it."""
    whole = list(differing_paragraphs(paragraphs(was), paragraphs(becomes)))
    for passages in ([without_shared(*one) for one in whole], whole):
        if reading(was, passages) == reading(becomes):
            return passages
    return [(reading(was), reading(becomes))]


def differing_paragraphs(was: list[str], becomes: list[str]) -> Iterator[Passage]:
    """Yield each paragraph of `was` that differs, and what stands in its place. What is
    new is put behind the paragraph before it."""
    for what, i, j, k, m in SequenceMatcher(None, was, becomes, False).get_opcodes():
        if what == "equal":
            continue
        if i == j:
            beside = was[i - 1] if i else was[0]
            new = becomes[k:m]
            yield beside, "\n\n".join([beside, *new] if i else [*new, beside])
            continue
        for place in range(i, j):
            at = k + place - i
            until = m if place == j - 1 else at + 1
            yield was[place], "\n\n".join(becomes[min(at, m) : until])


def without_shared(before: str, after: str) -> Passage:
    """Return both without the sentences that they share at their beginning and end."""
    old, new = SENTENCE_ENDS.split(before), SENTENCE_ENDS.split(after)
    first = shared(old, new)
    last = shared(old[first:][::-1], new[first:][::-1])
    if first + last >= len(old):
        # Only new sentences: they need one beside them.
        first, last = (first - 1, last) if first else (first, last - 1)
    end = -last or None
    return "".join(old[first:end]).strip(), "".join(new[first:end]).strip()


def shared(one: list[str], other: list[str]) -> int:
    """Return how many items two lists share at their beginning."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], pairs))
