"""Days as spreadsheets and people in other countries write them, in every form."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils.translation import override

from core.text.fields import DayField, EndField, MomentField

NO_DAY = "Write the date as year-month-day, for example 2031-03-04."
NO_HOUR = "Write the hour as hours:minutes, for example 17:30."
SERIAL = "45000 is how a spreadsheet stores 2023-03-15; write 2023-03-15."
TWO = "“03/04/2016” may mean two days: write 2016-04-03 or 2016-03-04, whichever it is."


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        (DayField, "45000", SERIAL),
        (DayField, "03/04/2016", TWO),
        (DayField, "2024-02-30", "There is no 2024-02-30: that month has 29 days. Write the day that is meant."),
        (DayField, "3/4/16", "“3/4/16” has a year of two digits: write it with four, year first, as in 2016-04-03 or 2016-03-04."),
        (DayField, "someday", NO_DAY),
        (MomentField, ["45000", "10:00"], SERIAL),
        (EndField, ["03/04/2016", "10:00"], TWO),
        (MomentField, ["someday", "10:00"], NO_DAY),
        (MomentField, ["2031-03-04", "noon"], NO_HOUR),
        (EndField, ["2031-03-04", "25:00"], NO_HOUR),
    ],
)  # fmt: skip
def test_what_to_write_is_said(field: Any, typed: Any, sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        field().clean(typed)

    assert refused.value.messages == [sentence]


def test_it_is_said_in_french() -> None:
    with override("fr"), pytest.raises(ValidationError) as refused:
        DayField().clean("03/04/2016")

    assert refused.value.messages == [
        "«\u00a003/04/2016\u00a0» peut désigner deux jours\u00a0: écrivez 2016-04-03 ou 2016-03-04, selon celui qui est voulu."
    ]


def test_days_and_hours_are_taken_and_may_be_left_out() -> None:
    assert str(DayField().clean("2016-03-04")) == "2016-03-04"
    assert str(MomentField().clean(["2016-03-04", "10:00"]).date()) == "2016-03-04"
    assert MomentField(required=False).clean(["", ""]) is None
