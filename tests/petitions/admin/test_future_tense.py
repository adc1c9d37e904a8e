"""Pages that ask before an act say what will be, not what is: nothing has been done until
the button is pressed."""

from __future__ import annotations

from typing import Any

import pytest

from petitions.admin.moderation import EXPLAINED
from petitions.admin.supporter_acts import SENTENCES
from petitions.admin.transitions import TRANSITIONS

TABLES: list[dict[Any, Any]] = [
    {verb: one.explanation for verb, one in TRANSITIONS.items()},
    EXPLAINED,
    SENTENCES,
]
SENTENCES_BEFORE = {
    str(act): sentence for table in TABLES for act, sentence in table.items()
}


@pytest.mark.parametrize("act", SENTENCES_BEFORE)
def test_an_act_is_announced_in_the_future(act: str) -> None:
    first = str(SENTENCES_BEFORE[act]).partition(". ")[0]

    assert " will " in first
