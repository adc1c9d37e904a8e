"""A JSON parser that knows the line of every value, and that goes on after each
mistake, so that all of them can be reported."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from core.text.faults import Faults, Node, cited
from core.text.json_scalars import QUOTES, Scalars

# Nobody needs deeper nesting.
MOST_LEVELS = 50
CLOSING = {"{": "}", "[": "]"}


def parse(text: str, faults: Faults) -> Node | None:
    """Parse a document as far as it can be read; mistakes go to `faults`. Return None
    when it is empty. The time is proportional to the length, however it is broken into
    lines."""
    return Reader(text.replace("\r\n", "\n").replace("\r", "\n"), faults).document()


class Reader(Scalars):
    """The parser: goes through a text once."""

    is_unbalanced = False
    """Set when brackets do not match: then it is not certain where the document
    ends."""

    def document(self) -> Node | None:
        start = self.skip(0)
        if start == len(self.text):
            return None
        node, at = self.value(start, "", 0)
        at = self.skip(at)
        self.path = ""
        if at == len(self.text):
            return node
        if self.is_unbalanced:
            self.stop(at, "by its brackets, the whole ends here.")
        elif self.sign(at) in ("{", "[", '"', ","):
            self.note(
                at,
                "a second value begins here, and a file holds one. If each line is one "
                "(JSON Lines), make a list of them: [ before the first, commas "
                "between, ] at the end.",
            )
            return self.document_of_many(node, at)
        else:
            self.stop(at, f"“{self.beside(at)}” is too much at the end: take it out.")
        return node

    def document_of_many(self, first: Node, at: int) -> Node:
        """Read several values, `first` and those from `at` on, as if they were a
        list."""
        documents = [first]
        while at < len(self.text):
            if self.sign(at) == ",":
                at = self.skip(at + 1)
            node, behind = self.value(at, f"[{len(documents)}]", 1)
            documents.append(node)
            if behind == at:
                self.stop(at, f"“{self.beside(at)}” says nothing here.")
                break
            at = self.skip(behind)
        return Node(documents, first.line, "", not self.has_stopped)

    def value(self, at: int, path: str, level: int) -> tuple[Node, int]:
        line = self.line_at(at)
        self.path = path
        sign = self.sign(at)
        value: Any
        if sign and sign in "{[":
            if level == MOST_LEVELS:
                sentence = f"{sign} opens the level {level + 1}; nobody needs so many."
                value, at = None, self.stop(at, sentence)
            else:
                read = self.object if sign == "{" else self.array
                value, at = read(at, path, level + 1)
        elif sign == '"':
            value, at = self.string(at)
        elif sign in QUOTES:
            value, at = self.quoted(at)
        else:
            value, at = self.bare(at, in_list=path.endswith("]"))
        return Node(value, line, path, not self.has_stopped), at

    def object(self, opened: int, path: str, level: int) -> tuple[dict[str, Node], int]:
        members: dict[str, Node] = {}

        def member(at: int) -> int:
            start = at
            key, at = self.key(at)
            if self.has_stopped:
                return at
            if key in members:
                self.note(
                    start,
                    f"“{cited(key)}” stands twice in one object, first in line "
                    f"{members[key].line}: keep one of them.",
                )
            at = self.skip(at)
            if self.sign(at) == ":":
                at += 1
            elif self.sign(at):
                said = f'a colon is missing: write "{cited(key)}": and the value.'
                self.note(at, said)
                at += self.sign(at) == "="
                if self.sign(at) in (",", "}"):
                    return at
            node, at = self.value(self.skip(at), joined_path(path, key), level)
            members.setdefault(key, node)
            return at

        return members, self.members(opened, path, member)

    def array(self, opened: int, path: str, level: int) -> tuple[list[Node], int]:
        items: list[Node] = []

        def member(at: int) -> int:
            node, at = self.value(at, f"{path}[{len(items)}]", level)
            items.append(node)
            return at

        return items, self.members(opened, path, member)

    def members(self, opened: int, path: str, member: Callable[[int], int]) -> int:
        """Read what stands between brackets, separated by commas; return where it
        ends."""
        opening = self.sign(opened)
        closing, line = CLOSING[opening], self.line_at(opened)
        comma: int | None = None
        at = self.skip(opened + 1)
        while True:
            self.path = path
            sign = self.sign(at)
            if not sign:
                return self.stop(
                    at,
                    f"the file ends before the {closing} for the {opening} of line "
                    f"{line}: is it a part of a file? Fetch it anew, or close what is "
                    "open.",
                )
            if sign == closing:
                if comma is not None:
                    self.note(comma, f"a comma before {sign}: take it out.")
                return at + 1
            if sign in "}]" or (sign == "{" and comma is not None and closing == "}"):
                self.note(
                    at,
                    f"{closing} is missing before this, for the {opening} of line "
                    f"{line}.",
                )
                self.is_unbalanced = True
                return at if comma is None else comma
            if sign == ",":
                self.note(at, "a comma too many: take it out.")
                at = self.skip(at + 1)
                continue
            behind = member(at)
            self.path = path
            if behind == at:
                return self.stop(at, f"“{self.beside(at)}” says nothing here.")
            at, comma = self.skip(behind), None
            if self.sign(at) == ",":
                comma = at
                at = self.skip(at + 1)
            elif self.sign(at) not in ("}", "]", ""):
                self.note(behind, "a comma is missing here.")


def joined_path(path: str, key: str) -> str:
    """Return the path of a key below `path`; a key that is no word stands in
    brackets."""
    said = cited(key)
    if not re.fullmatch(r"[\w-]+", said):
        return f"{path}[{json.dumps(said, ensure_ascii=False)}]"
    return f"{path}.{said}".lstrip(".")
