"""JSON that remembers its lines."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.text.faults import Faults, Node
from core.text.json_lines import parse

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def read(text: str) -> Node:
    """The document of a text with which nothing is wrong."""
    faults = Faults()
    node = parse(text, faults)
    assert not faults
    assert node is not None
    return node


def plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [plain(value) for value in node.value]
    return node.value


@given(values, st.sampled_from([None, 2]))
def test_it_reads_what_json_reads(value: Any, indent: int | None) -> None:
    assert plain(read(json.dumps(value, indent=indent))) == value


def test_every_value_knows_its_line_and_path() -> None:
    root = read('{\n "a": [1,\n  {"b": "x"}\n ]\n}')

    assert (root.line, root.path) == (1, "")
    b = root.value["a"].value[1].value["b"]
    assert (b.value, b.line, b.path) == ("x", 3, "a[1].b")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", None),
        (" \n", None),
        ('{\n"a": 1\n"b": 2}', {"a": 1, "b": 2}),
        ("[1,\n2,\n]", [1, 2]),
        ('{"a": 1,\n "a": 2}', {"a": 1}),
        ("{1: 2}", {}),
        ('["a\nb"]', ["a\nb"]),
        ('{"a": 1}\n\nx', {"a": 1}),
        ("{'a': 'don\\'t', 'b': 'it's'}", {"a": "don't", "b": "it's"}),
        ('{“a”: “x”, "b": «y»}', {"a": "x", "b": "y"}),
        ('{"a": NaN, "b": None, "c": True}', {"a": None, "b": None, "c": True}),
        ('{"a": 15,261, "b": 15 261, "c": 007}', {"a": 15261, "b": 15261, "c": 7}),
        ('{"a": "He said "no" to us", "b": 1}', {"a": 'He said "no" to us', "b": 1}),
        ('{"a": "Save,\n "b": "x"}', {"a": "Save", "b": "x"}),
        ('{"a: "x", "b": 1}', {"a": "x", "b": 1}),
        ("{a: two words, b: 3}", {"a": "two words", "b": 3}),
        ('{"a": two words", "b": 1}', {"a": "two words", "b": 1}),
        ('{"o": [{"t": 1, {"t": 2}]}', {"o": [{"t": 1}, {"t": 2}]}),
        ('{"o": [{"t": 1}, {"t": 2]}', {"o": [{"t": 1}, {"t": 2}]}),
        ('{"a": "C:\\users", "b": "\\u12"}', {"a": "C:\\users", "b": "\\u12"}),
        ('{"a": 1, // c\n "b": 2 /* x */ }', {"a": 1, "b": 2}),
        ('{"a" 1, "b"= 2, "d": }', {"a": 1, "b": 2, "d": None}),
        ('{"a": ["b", "c', {"a": ["b", "c"]}),
        ('{"a": "b",, "c": 1}', {"a": "b", "c": 1}),
        ("[" * 100_000, None),
    ],
)
def test_what_is_wrong_is_noted_and_read_on(text: str, said: Any) -> None:
    faults = Faults()
    node = parse(text, faults)

    assert faults or not text.strip()
    if said is None:
        assert node is None or node.path == ""
    else:
        assert node is not None
        assert plain(node) == said


@given(st.text("{}[]\":,\\ \n'ab1.-tn/\0“é", max_size=60))
@settings(max_examples=500)
def test_whatever_it_is_given_it_comes_to_an_end(text: str) -> None:
    """With a fault, or with what JSON makes of it."""
    faults = Faults()
    node = parse(text, faults)

    if node is not None and not faults:
        assert plain(node) == json.loads(text, strict=False)
    for fault in faults:
        assert 1 <= fault.place[0] <= text.count("\n") + 1


def test_very_many_mistakes_are_read_in_a_moment() -> None:
    for one in ("{'a': 'b'}, ", '{"a": "b" "c": 1} ', '["a" "b], ', "{a: b,, }, "):
        started = time.process_time()

        parse("[" + one * 20_000 + "]", Faults())

        assert time.process_time() - started < 10, one


def test_reading_takes_as_long_as_the_text_is() -> None:
    """Not as long as its square, in many lines or in one."""
    for indent in (1, None):
        text = json.dumps(
            [{"a": number, "b": "x" * 40} for number in range(60_000)], indent=indent
        )
        started = time.process_time()

        root = read(text)

        assert time.process_time() - started < 10
        assert root.value[-1].line == (text.count("\n") - 3 if indent else 1)


def test_a_number_of_thousands_of_digits_is_read() -> None:
    assert read("[1" + "0" * 5000 + "]").value[0].value == math.inf
