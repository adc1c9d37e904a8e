"""The passages by which one text becomes another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petitions.importing.passages import passages_between, reading

# Few words, so that the same ones stand in several places.
SENTENCES = st.lists(
    st.sampled_from(["Free them.", "Now!", "Why?", "a", "\n\n", "\n \n\n", "\n"]),
    max_size=12,
).map(" ".join)


@given(SENTENCES, SENTENCES.filter(str.strip))
def test_the_passages_make_one_text_of_the_other(was: str, becomes: str) -> None:
    passages = passages_between(f"Free.{was}", becomes)

    assert reading(f"Free.{was}", passages) == reading(becomes)
    assert all(before for before, _after in passages)


@pytest.mark.parametrize(
    ("was", "becomes", "passages"),
    [
        ("One. Two. Three.", "One. Zwei. Three.", [("Two.", "Zwei.")]),
        ("One. Two.", "One. Two. Three.", [("Two.", "Two. Three.")]),
        ("One.", "Zero. One.", [("One.", "Zero. One.")]),
        ("One.\n\nTwo.", "One.", [("Two.", "")]),
        ("One.\n\nTwo.", "One.\n\nNew.\n\nTwo.", [("One.", "One.\n\nNew.")]),
        ("One.\n\nTwo.", "Zero.\n\nOne.\n\nTwo.", [("One.", "Zero.\n\nOne.")]),
        ("One.", "One. \n", []),
        # Which of the two is meant, sentences and paragraphs do not say.
        ("One.\n\nOne.", "One.\n\nTwo.", [("One.\n\nOne.", "One.\n\nTwo.")]),
    ],
)
def test_no_more_than_what_differs(
    was: str, becomes: str, passages: list[tuple[str, str]]
) -> None:
    assert passages_between(was, becomes) == passages


def test_a_passage_of_several_paragraphs_is_found_whatever_is_between() -> None:
    assert reading("A\n \n\nB\n\nC", [("A\n\nB", "D")]) == "D\n\nC"
