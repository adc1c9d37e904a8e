"""Values of a JSON file as the admin's forms would take them, and all that is wrong
with it at once."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from core.db.guards import is_seen
from core.text.fields import formfield
from core.text.json_lines import Node

# Of supporters, or of a goal.
MOST = 2_000_000_000


class FileProblem(ValueError):
    """What is wrong in the file: line, key and a sentence."""

    def __init__(self, node: Node, sentence: str) -> None:
        where = f"line {node.line}: {node.path}: " if node.path else ""
        super().__init__(f"{where}{sentence}")
        self.line = node.line


class FileProblems(FileProblem):
    """All that is wrong in a file, a line each, in its order."""

    def __init__(self, problems: Iterable[FileProblem]) -> None:
        in_order = sorted(problems, key=lambda problem: problem.line)
        ValueError.__init__(self, "\n".join(map(str, in_order)))


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
        """Raise FileProblems, if there are any."""
        if self:
            raise FileProblems(self)


class Fields:
    """The keys of one object: reads each, notes what is wrong, goes on with the others.

    A key with null is as good as none, but for those in `nullable`."""

    def __init__(
        self,
        node: Node,
        keys: Collection[str],
        faults: Faults,
        *,
        nullable: Collection[str] = (),
    ) -> None:
        if not isinstance(node.value, dict):
            raise FileProblem(node, "must be an object in braces.")
        self.node, self.faults = node, faults
        self.given = {
            key: value
            for key, value in node.value.items()
            if value.value is not None or key in nullable
        }
        self.values: dict[str, Any] = {}
        self.wrong: set[str] = set()
        known = ", ".join(sorted(keys))
        for key in node.value.keys() - set(keys):
            problem = FileProblem(node.value[key], f"is not known. Known are {known}.")
            faults.append(problem)

    def needed(self, key: str) -> Node:
        if key not in self.given:
            raise FileProblem(self.node, f'lacks "{key}".')
        found: Node = self.given[key]
        return found

    def read(
        self, key: str, reader: Callable[[Node], Any], *, needed: bool = False
    ) -> Any:
        """What `reader` makes of the value, also in `values`; None when the key is not
        there, or wrong, and then it is in `wrong`."""
        if key in self.wrong or (key not in self.given and not needed):
            return None
        try:
            self.values[key] = reader(self.needed(key))
        except FileProblem as problem:
            self.faults.append(problem)
            self.wrong.add(key)
            return None
        return self.values[key]

    def texts(
        self, model: type[models.Model], keys: Iterable[str], needed: Collection[str]
    ) -> None:
        """Read texts as the admin would store them in columns of the same names."""
        for key in keys:

            def reader(node: Node, key: str = key) -> str:
                return text_for(model, key, node, needed=key in needed)

            self.read(key, reader, needed=key in needed)

    def check(self, row: models.Model, exclude: Collection[str] = ()) -> None:
        """The model's own rules, their sentences at the keys that they are about; those
        about wrong keys were said."""
        try:
            row.full_clean(exclude={*exclude, *self.wrong}, validate_unique=False)
        except ValidationError as error:
            for name, sentences in error.message_dict.items():
                at = self.given.get(name, self.node)
                self.faults.append(FileProblem(at, " ".join(sentences)))


def text_of(node: Node) -> str:
    if not isinstance(node.value, str):
        raise FileProblem(node, "must be a text in quotes.")
    return node.value


@cache
def field_of(model: type[models.Model], key: str) -> Any:
    field = formfield(model._meta.get_field(key))  # type: ignore[arg-type]
    field.required = False
    return field


def text_for(
    model: type[models.Model], key: str, node: Node, *, needed: bool = False
) -> str:
    """A text as the admin's form cleans and limits it for this column."""
    try:
        cleaned = str(field_of(model, key).clean(text_of(node)))
    except ValidationError as error:
        raise FileProblem(node, " ".join(error.messages)) from None
    if needed and not is_seen(cleaned):
        raise FileProblem(node, "is empty.")
    return cleaned


def number_of(node: Node, least: int = 0) -> int:
    """A whole number; 15261.0 is one, as spreadsheets write it."""
    value = node.value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value == math.inf or (type(value) is int and value > MOST):
        raise FileProblem(node, f"must be at most {MOST:,}.")
    if type(value) is not int or value < least:
        said = "this" if isinstance(value, list | dict) else json.dumps(node.value)[:60]
        raise FileProblem(
            node,
            f"must be a whole number of at least {least}, in digits alone and without "
            f"quotes, not {said}.",
        )
    return value


def day_of(node: Node) -> date:
    """A day; of a day with an hour, the day."""
    text = text_of(node).strip()
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise FileProblem(
            node, f"must be a date such as 2016-03-31, not “{text[:60]}”."
        ) from None


def one_of(choices: Iterable[Any]) -> Callable[[Node], str]:
    """A reader of one of some words."""
    words = [str(choice) for choice in choices]

    def reader(node: Node) -> str:
        text = text_of(node)
        if text not in words:
            raise FileProblem(node, f"must be one of {', '.join(words)}.")
        return text

    return reader
