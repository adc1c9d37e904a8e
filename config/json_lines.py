"""JSON that remembers where everything stood, so that a mistake can be pointed at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WHITESPACE = re.compile(r"[ \t\n\r]*")
decoder = json.JSONDecoder()


@dataclass(frozen=True)
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
    """The whole document; NotJson when it is not one."""
    try:
        node, end = _value(text, _skip(text, 0), "")
        end = _skip(text, end)
        if end != len(text):
            raise json.JSONDecodeError("Extra data", text, end)
    except json.JSONDecodeError as error:
        raise NotJson(f"line {error.lineno}: {error.msg}") from None
    except RecursionError:
        raise NotJson("line 1: nested too deeply") from None
    return node


def _skip(text: str, at: int) -> int:
    match = WHITESPACE.match(text, at)
    assert match is not None
    return match.end()


def _value(text: str, at: int, path: str) -> tuple[Node, int]:
    line = text.count("\n", 0, at) + 1
    opening = text[at : at + 1]
    found: Any
    if opening == "{":
        found, at = _object(text, at, path)
    elif opening == "[":
        found, at = _array(text, at, path)
    else:
        found, at = decoder.raw_decode(text, at)
    return Node(found, line, path), at


def _object(text: str, at: int, path: str) -> tuple[dict[str, Node], int]:
    found: dict[str, Node] = {}
    at = _skip(text, at + 1)
    while text[at : at + 1] != "}":
        if found:
            at = _expect(text, at, ",")
        key, at = decoder.raw_decode(text, at)
        if not isinstance(key, str):
            raise json.JSONDecodeError("A key must be a text", text, at)
        if key in found:
            raise json.JSONDecodeError(f"The key {key!r} stands twice", text, at)
        at = _expect(text, _skip(text, at), ":")
        found[key], at = _value(text, at, f"{path}.{key}".lstrip("."))
        at = _skip(text, at)
    return found, at + 1


def _array(text: str, at: int, path: str) -> tuple[list[Node], int]:
    found: list[Node] = []
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        if found:
            at = _expect(text, at, ",")
        node, at = _value(text, at, f"{path}[{len(found)}]")
        found.append(node)
        at = _skip(text, at)
    return found, at + 1


def _expect(text: str, at: int, sign: str) -> int:
    if text[at : at + 1] != sign:
        raise json.JSONDecodeError(f"Expected {sign!r}", text, at)
    return _skip(text, at + 1)
