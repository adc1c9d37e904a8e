"""JSON that remembers its lines."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.json_lines import (
    Node,
    NotJson,
    parse,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [plain(value) for value in node.value]
    return node.value


@given(values, st.sampled_from([None, 2]))
def test_it_reads_what_json_reads(value: Any, indent: int | None) -> None:
    assert plain(parse(json.dumps(value, indent=indent))) == value


def test_every_value_knows_its_line_and_path() -> None:
    root = parse('{\n "a": [1,\n  {"b": "x"}\n ]\n}')

    assert (root.line, root.path) == (1, "")
    b = root.value["a"].value[1].value["b"]
    assert (b.value, b.line, b.path) == ("x", 3, "a[1].b")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("{", 1),
        ('{\n"a": 1\n"b": 2}', 3),
        ('{"a": 1}\n\nx', 3),
        ("[1,\n2,\n]", 3),
        ('{"a": 1,\n "a": 2}', 2),
        ("{1: 2}", 1),
        ('["\n"]', 1),
        ("[" * 100_000, 1),
    ],
)
def test_what_is_not_json_is_pointed_at(text: str, line: int) -> None:
    with pytest.raises(NotJson, match=f"^line {line}: "):
        parse(text)


def test_reading_takes_as_long_as_the_text_is() -> None:
    """Not as long as its square, in many lines or in one."""
    for indent in (1, None):
        text = json.dumps(
            [{"a": number, "b": "x" * 40} for number in range(60_000)], indent=indent
        )
        started = time.process_time()

        root = parse(text)

        assert time.process_time() - started < 10
        assert root.value[-1].line == (text.count("\n") - 3 if indent else 1)


def test_a_number_of_thousands_of_digits_is_read() -> None:
    assert parse("[1" + "0" * 5000 + "]").value[0].value == math.inf
