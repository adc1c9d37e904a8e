"""Collect everything that is wrong in a file, each fault with its place, to report all
at once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from core.text.characters import UNREADABLE, clean_line

# How much of somebody's text, or of a path, a sentence repeats.
MOST_SHOWN = 60
MOST_OF_PATH = 150
# Faults of one kind that get a line each; and line numbers that are listed beyond that.
MOST_ALIKE = 10
MOST_LINES = 30
# Lines about a file in all.
MOST_TOLD = 200


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a file with its line and its path
    (`organization.petitions[0].title`)."""

    value: Any
    """A scalar, a list of nodes, or a dict of nodes by key."""
    line: int
    path: str
    is_whole: bool = True
    """False when the file breaks off, or cannot be read on, before the value's end."""

    def __iter__(self) -> Iterator[Node]:
        return iter(self.value)


class FileProblem(ValueError):
    """A fault in a file: line, path and a sentence that says what to write."""

    def __init__(
        self, node: Node, sentence: str, *, character: int = 0, kind: str = ""
    ) -> None:
        beside = f", character {character}" if character else ""
        cut = "…" if len(node.path) > MOST_OF_PATH else ""
        path = f"{node.path[:MOST_OF_PATH]}{cut}: " if node.path else ""
        super().__init__(f"line {node.line}{beside}: {path}{sentence}")
        self.node, self.place = node, (node.line, character)
        alike = "" if character else re.sub(r"\[\d+\]", "[]", node.path)
        self.kind = (alike, kind or sentence)
        """Equal for faults that differ only in their places, or are given the same
        `kind` because their sentences quote the file."""


class FileProblems(FileProblem):
    """The faults of a file in its order, a line each. Of a fault that many places
    share, the first is given in full, followed by the lines of the others."""

    def __init__(self, problems: Iterable[FileProblem]) -> None:
        alike: dict[tuple[str, str], list[FileProblem]] = defaultdict(list)
        for problem in sorted(problems, key=lambda problem: problem.place):
            alike[problem.kind].append(problem)
        told: list[tuple[tuple[int, int], str]] = []
        for same in alike.values():
            if len(same) <= MOST_ALIKE:
                told += ((problem.place, str(problem)) for problem in same)
            else:
                also = same_elsewhere(problem.place[0] for problem in same[1:])
                told.append((same[0].place, f"{same[0]} {also}"))
        told.sort(key=lambda one: one[0])
        sentences = bounded([sentence for _place, sentence in told])
        ValueError.__init__(self, "\n".join(sentences))


def bounded(sentences: Sequence[str]) -> Sequence[str]:
    """Return the first MOST_TOLD of the sentences about a file, and one that says how
    many more there are."""
    more = len(sentences) - MOST_TOLD
    if more <= 0:
        return sentences
    return [*sentences[:MOST_TOLD], f"and {more:,} more like these."]


def same_elsewhere(numbers: Iterable[int]) -> str:
    """Return a sentence on where else a fault is: “The same in 12 more places, lines 3,
    4 and 5.”"""
    all_numbers = list(numbers)
    lines = [str(line) for line in dict.fromkeys(all_numbers)]
    named = ", ".join(lines[:MOST_LINES])
    more = f" and {len(lines) - MOST_LINES:,} more" if len(lines) > MOST_LINES else ""
    word = "line" if len(lines) == 1 else "lines"
    places = "place" if len(all_numbers) == 1 else "places"
    return f"The same in {len(all_numbers):,} more {places}, {word} {named}{more}."


class Faults(list[FileProblem]):
    """The faults found so far: reading goes on after each, and all are raised at the
    end."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[FileProblem] = []
        """Warnings: values that are accepted, but may not be meant."""

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Run a block; collect the FileProblem that ends it, and go on after it."""
        try:
            yield
        except FileProblem as problem:
            self.append(problem)

    def complain(self) -> None:
        """Raise FileProblems, if there are any. Faults of an incomplete object or list
        are left out: what it lacks may have stood behind the point where the file
        breaks off."""
        told = [problem for problem in self if problem.node.is_whole]
        if told:
            raise FileProblems(told)


def cited(said: str) -> str:
    """Return what somebody wrote for use in a sentence: on one line, shortened, and
    without control characters that a terminal obeys."""
    line = UNREADABLE.sub("\ufffd", clean_line(said[: MOST_SHOWN * 10]))
    return line if len(line) <= MOST_SHOWN else f"{line[:MOST_SHOWN].rstrip()}…"
