"""Contrast by the numbers of WCAG, and colours that can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.images import colours

COLOURS = st.tuples(*[st.integers(0, 255)] * 3)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
        ("#0b5f6b", "#0b5f6b", 1.0),
    ],
)
def test_contrast_is_what_others_compute(one: str, other: str, ratio: float) -> None:
    found = colours.contrast(colours.parse_colour(one), colours.parse_colour(other))
    assert found == pytest.approx(ratio, abs=0.01)


@given(COLOURS)
def test_black_or_white_can_be_read_on_any_colour(colour: colours.Colour) -> None:
    assert colours.contrast(colours.on(colour), colour) >= colours.TEXT


@given(COLOURS, st.sampled_from([["#ffffff", "#f6f4ef"], ["#14181a", "#1e2426"]]))
def test_any_colour_can_be_made_readable(
    colour: colours.Colour, grounds: list[str]
) -> None:
    on = [colours.parse_colour(ground) for ground in grounds]
    assert colours.least_contrast(colours.readable_on(colour, on), on) >= colours.TEXT


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    white = [colours.WHITE]
    assert colours.readable_on(colours.parse_colour("#0b5f6b"), white) == (11, 95, 107)
    assert colours.readable_on(colours.parse_colour("#999999"), white) != (
        153,
        153,
        153,
    )


@pytest.mark.parametrize("text", ["", "0b5f6b", "#0B5F6B", "#0b5f6", "#0b5f6g", "red"])
def test_what_is_no_colour(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        colours.parse_colour(text)
