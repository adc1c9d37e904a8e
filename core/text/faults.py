"""What is wrong in a file, all of it at once, each with its place."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from core.text.characters import UNREADABLE, clean_line

# Of what somebody wrote, in a sentence about it.
MOST_SHOWN = 60
MOST_OF_PATH = 150
# Of one kind of fault, each with its own sentence; lines that are named beyond that.
MOST_ALIKE = 10
MOST_LINES = 30


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its line and its path (`organization.petitions[0].title`)."""

    value: Any
    """A scalar, a list of nodes, or a dict of nodes by key."""
    line: int
    path: str
    is_whole: bool = True
    """Whether the file goes on until its end."""

    def __iter__(self) -> Iterator[Node]:
        return iter(self.value)


class FileProblem(ValueError):
    """What is wrong in the file: line, key and a sentence that says what to write."""

    def __init__(self, node: Node, sentence: str, *, character: int = 0) -> None:
        beside = f", character {character}" if character else ""
        cut = "…" if len(node.path) > MOST_OF_PATH else ""
        path = f"{node.path[:MOST_OF_PATH]}{cut}: " if node.path else ""
        super().__init__(f"line {node.line}{beside}: {path}{sentence}")
        self.node, self.place = node, (node.line, character)
        alike = "" if character else re.sub(r"\[\d+\]", "[]", node.path)
        self.kind = (alike, sentence)
        """The same for faults that differ in nothing but their places."""


class FileProblems(FileProblem):
    """All that is wrong in a file, a line each, in its order; of what is said about
    very many places, the first, with the lines of the others."""

    def __init__(self, problems: Iterable[FileProblem]) -> None:
        alike: dict[tuple[str, str], list[FileProblem]] = defaultdict(list)
        for problem in sorted(problems, key=lambda problem: problem.place):
            alike[problem.kind].append(problem)
        told: list[tuple[tuple[int, int], str]] = []
        for same in alike.values():
            if len(same) <= MOST_ALIKE:
                told += ((problem.place, str(problem)) for problem in same)
            else:
                also = lines_of(problem.place[0] for problem in same[1:])
                told.append((same[0].place, f"{same[0]} {also}"))
        told.sort(key=lambda one: one[0])
        ValueError.__init__(self, "\n".join(sentence for _place, sentence in told))


def lines_of(numbers: Iterable[int]) -> str:
    """Where else something stands: "The same in 12 more places, lines 3, 4 and 5."."""
    found = list(numbers)
    lines = [str(line) for line in dict.fromkeys(found)]
    named = ", ".join(lines[:MOST_LINES])
    more = f" and {len(lines) - MOST_LINES:,} more" if len(lines) > MOST_LINES else ""
    word = "line" if len(lines) == 1 else "lines"
    places = "place" if len(found) == 1 else "places"
    return f"The same in {len(found):,} more {places}, {word} {named}{more}."


class Faults(list[FileProblem]):
    """What was found so far. Reading goes on behind each fault, and ends with all."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[FileProblem] = []
        """What is taken, and may not be meant."""

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note the fault that ends this block, and go on."""
        try:
            yield
        except FileProblem as problem:
            self.append(problem)

    def complain(self) -> None:
        """Raise FileProblems, if there are any. What an object or a list lacks that is
        cut off by the end of the file may have stood behind it: not told."""
        told = [problem for problem in self if problem.node.is_whole]
        if told:
            raise FileProblems(told)


def shown(said: str) -> str:
    """What somebody wrote, to be repeated in a sentence: on one line, without signs
    that a terminal obeys, and not all of it when it is long."""
    line = UNREADABLE.sub("\ufffd", clean_line(said[: MOST_SHOWN * 10]))
    return line if len(line) <= MOST_SHOWN else f"{line[:MOST_SHOWN].rstrip()}…"
