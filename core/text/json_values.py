"""Read the values of a JSON file with the rules of the admin's forms, and report all
that is wrong with it at once."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Coalesce

from core.db.guards import is_visible
from core.db.refusals import fields_of
from core.text.characters import plain_figures
from core.text.days import why_no_day
from core.text.faults import Faults, FileProblem, Node, cited
from core.text.fields import formfield
from core.text.mojibake import find_mojibake

# The largest number of supporters, or goal.
MOST = 2_000_000_000


class Fields:
    """The keys of one object: each is read, and what is wrong is reported without
    stopping. A key with null or an empty text counts as absent, except for null in
    `nullable`. An unknown key is reported and its value read as that of the key which
    is meant: one with almost the same name, or one that other systems call so
    (`other_names`)."""

    def __init__(
        self,
        node: Node,
        keys: Collection[str],
        faults: Faults,
        *,
        nullable: Collection[str] = (),
        other_names: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        if not isinstance(node.value, dict):
            raise FileProblem(
                node, f"must be an object in braces, not {kind_of(node)}."
            )
        self.node, self.faults = node, faults
        self.given: dict[str, Node] = {
            key: value
            for key, value in node.value.items()
            if is_given(value) or (key in nullable and value.value is None)
        }
        self.values: dict[str, Any] = {}
        self.wrong: set[str] = set()
        for key in (key for key in node.value if key not in keys):
            self.mistaken(key, keys, other_names)

    def mistaken(
        self, key: str, keys: Collection[str], other_names: Mapping[str, str]
    ) -> None:
        """Report an unknown key, and read it as the one that is meant."""
        node = self.node.value[key]
        meant = nearest(key, [*keys, *other_names])
        meant = other_names.get(meant, meant)
        if not meant:
            known = ", ".join(sorted(keys))
            sentence = f"is not known: leave it out, or write one of {known}."
        elif meant in self.given:
            sentence = f'is not known. Did you mean "{meant}"? It is there already.'
        else:
            sentence = f'is not known. Did you mean "{meant}"?'
            if is_given(node):
                self.given[meant] = node
        self.faults.append(FileProblem(node, sentence))

    def needed(self, key: str) -> Node:
        if key in self.given:
            return self.given[key]
        there = self.node.value.get(key)
        if there is not None and there.value is not None:
            raise FileProblem(there, "is empty.")
        raise FileProblem(self.node, f'lacks "{key}".')

    def read(
        self, key: str, reader: Callable[[Node], Any], *, needed: bool = False
    ) -> Any:
        """Return what `reader` makes of the key's value, and keep it in `values`.
        Return None when the key is absent, or when its value is wrong: then it is in
        `wrong`."""
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
        """Read texts with the rules for columns of the same names."""
        for key in keys:

            def reader(node: Node, key: str = key) -> str:
                return text_for(model, key, node, needed=key in needed)

            self.read(key, reader, needed=key in needed)

    def check(self, row: models.Model, exclude: Collection[str] = ()) -> None:
        """Validate the row with the model's own rules; errors are reported at their
        keys. Wrong keys are excluded: they have been reported."""
        excluded = {*exclude, *self.wrong}
        try:
            row.full_clean(
                exclude=excluded,
                validate_unique=False,
                validate_constraints=not meets_constraints(row, excluded),
            )
        except ValidationError as error:
            for name, sentences in error.message_dict.items():
                at = self.given.get(name, self.node)
                self.faults.append(FileProblem(at, " ".join(sentences)))


def meets_constraints(row: models.Model, excluded: set[str]) -> bool:
    """Return whether a row meets the constraints of its table that hold no excluded
    column, in one statement. Django asks for each of them alone, to say which is
    broken: that would take minutes for a file of thousands of rows."""
    model: Any = type(row)
    together = models.Q()
    for constraint in model._meta.constraints:
        if excluded.intersection(fields_of(model, constraint)):
            continue
        if not isinstance(constraint, models.CheckConstraint):
            return False
        together &= models.Q(constraint.condition)
    columns = model._get_field_expression_map(row, meta=model._meta, exclude=excluded)
    # A condition that is neither true nor false is met.
    condition = Coalesce(together, True, output_field=models.BooleanField())
    return models.Q(condition).check(columns)


def is_given(node: Node) -> bool:
    """Return whether a node has a value; null and a text of blanks count as none."""
    value = node.value
    return value is not None and (not isinstance(value, str) or is_visible(value))


def nearest(said: str, words: Iterable[str]) -> str:
    """Return the word among `words` that is meant by a similar one; "" when none is."""
    known = {alike(word): word for word in sorted(words)}
    matches = get_close_matches(alike(said), known, n=1, cutoff=0.75)
    return known[matches[0]] if matches else ""


def alike(word: str) -> str:
    """Return the letters in which spellings agree: startedOn, Started on,
    started_on."""
    return "".join(letter for letter in word[:100].casefold() if letter.isalnum())


def kind_of(node: Node) -> str:
    """Describe a value, for a sentence that says what it should be."""
    match node.value:
        case None:
            return "null"
        case bool():
            return json.dumps(node.value)
        case int() | float():
            return f"the number {number_shown(node.value)}"
        case str():
            return f"the text “{cited(node.value)}”"
        case list():
            return "a list"
        case _:
            return "an object"


def number_shown(value: float) -> str:
    return (
        f"{value:.0f}"
        if isinstance(value, float) and value.is_integer()
        else str(value)
    )


def read_text(node: Node) -> str:
    value = node.value
    if isinstance(value, str):
        return value
    instead = ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        instead = f': write "{number_shown(value)}"'
    raise FileProblem(node, f"must be a text in quotes, not {kind_of(node)}{instead}.")


@cache
def field_of(model: type[models.Model], key: str) -> Any:
    field = formfield(model._meta.get_field(key))  # type: ignore[arg-type]
    field.required = False
    return field


def text_for(
    model: type[models.Model], key: str, node: Node, *, needed: bool = False
) -> str:
    """Return a text as the admin's form cleans and limits it for this column; raise
    FileProblem when it is wrong, or empty although `needed`."""
    said = read_text(node)
    refuse_mojibake(node, said)
    try:
        cleaned = str(field_of(model, key).clean(said))
    except ValidationError as error:
        raise FileProblem(node, " ".join(error.messages)) from None
    if needed and not is_visible(cleaned):
        raise FileProblem(node, "is empty.")
    return cleaned


def refuse_mojibake(node: Node, text: str) -> None:
    """Raise FileProblem for a text that was decoded in the wrong encoding once."""
    mojibake = find_mojibake(text)
    if mojibake is None:
        return
    anew = "export it anew, as UTF-8."
    instead = f"write “{cited(mojibake.meant)}”, or {anew}" if mojibake.meant else anew
    raise FileProblem(
        node,
        f"“{cited(mojibake.garbled)}” was once read in a wrong encoding: {instead}",
        kind="mojibake",
    )


def number_of(node: Node, least: int = 0) -> int:
    """Return a whole number from `least` to MOST; 15261.0 is one, as spreadsheets write
    it."""
    value = node.value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value == math.inf or (type(value) is int and value > MOST):
        raise FileProblem(node, f"must be at most {MOST:,}.")
    if type(value) is not int or value < least:
        said = "this" if isinstance(value, list | dict) else json.dumps(node.value)[:60]
        meant = number_meant(value)
        instead = (
            "" if meant is None or not least <= meant <= MOST else f": write {meant}"
        )
        raise FileProblem(
            node,
            f"must be a whole number of at least {least}, in digits alone and without "
            f"quotes, not {said}{instead}.",
        )
    return value


def number_meant(value: Any) -> int | None:
    """Return 15261 for "15,261", "15 261" and 15.261; None when it is not clear what is
    meant."""
    if isinstance(value, float):
        value = str(value)
    if not isinstance(value, str):
        return None
    text = unicodedata.normalize("NFKC", plain_figures(value))
    match = re.fullmatch(r"\+?(\d{1,3}([,.'’_ ])\d{3}(?:\2\d{3})*|\d{1,10})", text)
    return int(re.sub(r"\D", "", match[1])) if match else None


def day_value(node: Node) -> date:
    """Return a day; of a day with a time, the day as written, whatever its time
    zone."""
    value = node.value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = number_shown(value) if is_number else plain_figures(read_text(node))
    try:
        if is_number:
            raise ValueError
        return datetime.fromisoformat(text).date()
    except ValueError:
        sentence = why_no_day(text) or (
            f"must be a date such as 2016-03-31, not “{cited(text)}”."
        )
        raise FileProblem(node, sentence) from None


def read_one_of(
    choices: Iterable[Any], other_names: Mapping[str, str] = MappingProxyType({})
) -> Callable[[Node], str]:
    """Return a reader that takes one of these words, and suggests one for those that
    other systems say (`other_names`)."""
    words = [str(choice) for choice in choices]

    def reader(node: Node) -> str:
        text = read_text(node)
        if text not in words:
            meant = nearest(text, [*words, *other_names])
            meant = other_names.get(meant, meant)
            instead = f': write "{meant}"' if meant else ""
            raise FileProblem(
                node,
                f"must be one of {', '.join(words)}, not “{cited(text)}”{instead}.",
            )
        return text

    return reader
