"""JSON that remembers where everything stood, so that a mistake can be pointed at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WHITESPACE = re.compile(r"[ \t\n\r]*")
# More digits than any number of ours has, and than Python reads without being asked.
MOST_DIGITS = 100


def number(digits: str) -> int | float:
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)


decoder = json.JSONDecoder(parse_int=number)


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its line and its path (`organization.petitions[0].title`)."""

    value: Any
    """A scalar, a list of nodes, or a dict of nodes by key."""
    line: int
    path: str

    def __iter__(self) -> Iterator[Node]:
        return iter(self.value)


class NotJson(ValueError):
    """Says in which line the JSON is broken, and how."""


def parse(text: str) -> Node:
    """The whole document; NotJson when it is not one. Takes as long as the text is,
    however it is broken into lines."""
    reader = Reader(text)
    try:
        node, end = reader.value(reader.skip(0), "")
        end = reader.skip(end)
        if end != len(text):
            raise json.JSONDecodeError("Extra data", text, end)
    except json.JSONDecodeError as error:
        raise NotJson(f"line {error.lineno}: {error.msg}") from None
    except RecursionError:
        raise NotJson("line 1: nested too deeply") from None
    return node


class Reader:
    """Goes through a text once, counting its lines on the way."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at, self.line = 0, 1

    def line_at(self, at: int) -> int:
        """Of a place behind the one that was asked for last."""
        self.line += self.text.count("\n", self.at, at)
        self.at = at
        return self.line

    def skip(self, at: int) -> int:
        match = WHITESPACE.match(self.text, at)
        assert match is not None
        return match.end()

    def value(self, at: int, path: str) -> tuple[Node, int]:
        line = self.line_at(at)
        opening = self.text[at : at + 1]
        found: Any
        if opening == "{":
            found, at = self.object(at, path)
        elif opening == "[":
            found, at = self.array(at, path)
        else:
            found, at = decoder.raw_decode(self.text, at)
        return Node(found, line, path), at

    def object(self, at: int, path: str) -> tuple[dict[str, Node], int]:
        found: dict[str, Node] = {}
        at = self.skip(at + 1)
        while self.text[at : at + 1] != "}":
            if found:
                at = self.expect(at, ",")
            key, at = decoder.raw_decode(self.text, at)
            if not isinstance(key, str):
                raise json.JSONDecodeError("A key must be a text", self.text, at)
            if key in found:
                raise json.JSONDecodeError(
                    f"The key {key!r} stands twice", self.text, at
                )
            at = self.expect(self.skip(at), ":")
            found[key], at = self.value(at, f"{path}.{key}".lstrip("."))
            at = self.skip(at)
        return found, at + 1

    def array(self, at: int, path: str) -> tuple[list[Node], int]:
        found: list[Node] = []
        at = self.skip(at + 1)
        while self.text[at : at + 1] != "]":
            if found:
                at = self.expect(at, ",")
            node, at = self.value(at, f"{path}[{len(found)}]")
            found.append(node)
            at = self.skip(at)
        return found, at + 1

    def expect(self, at: int, sign: str) -> int:
        if self.text[at : at + 1] != sign:
            raise json.JSONDecodeError(f"Expected {sign!r}", self.text, at)
        return self.skip(at + 1)
