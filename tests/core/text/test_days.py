"""Days as spreadsheets and people in other countries write them, in every form."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import override

from core.text.faults import Node
from core.text.fields import DayField, EndField, MomentField
from core.text.json_values import day_value
from core.text.numbers import NumberField

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
        (DayField, "0000-00-00", "“0000-00-00” names no day: write one, as in 2016-03-31."),
        (DayField, "31-Dec-26", "“31-Dec-26” has a year of two digits: write it with four, year first, as in 2026-12-31 or 2031-12-26."),
        (DayField, "5 août ’99", "“5 août ’99” has a year of two digits: write it with four, year first, as in 1999-08-05."),
        (DayField, "31. Dezember 2026", "“31. Dezember 2026” is not how a day is written here: write 2026-12-31."),
        (DayField, "1 de março de 2026", "“1 de março de 2026” is not how a day is written here: write 2026-03-01."),
        (DayField, "2026年12月31日", "“2026年12月31日” is not how a day is written here: write 2026-12-31."),
        (DayField, "٣١/١٢/٢٠٢٦", "“٣١/١٢/٢٠٢٦” is not how a day is written here: write 2026-12-31."),
        (DayField, "2026–02–30", "There is no 2026–02–30: that month has 28 days. Write the day that is meant."),
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


@pytest.mark.parametrize(
    "typed",
    [
        "2026-12-31", "2026\u201112\u201131", "2026–12–31", "2026\u221212\u221231",
        "２０２６－１２－３１", "٢٠٢٦-١٢-٣١", "२०२६-१२-३१", "\u200e2026-12-31\u200f",
        "\ufeff2026-12-31", "2026-12-31\u2060\t", "\xa02026-12\u200b-31",
    ],
)  # fmt: skip
def test_a_day_is_one_whatever_its_digits_and_dashes_and_what_nobody_sees(
    typed: str,
) -> None:
    assert DayField().clean(typed) == date(2026, 12, 31)
    assert day_value(Node(typed, 1, "")) == date(2026, 12, 31)


@pytest.mark.parametrize("typed", ["17:30", "17：30", "\u200e17:30\u200b", "١٧:٣٠"])
def test_an_hour_is_one_too(typed: str) -> None:
    moment = MomentField().clean(["2026-12-31", typed])

    assert timezone.localtime(moment).time() == time(17, 30)


@pytest.mark.parametrize(
    "typed", ["1000", "\u200e1000", "1000\ufeff", "１０００", "१०००", " 1000\t"]
)
def test_a_number_is_one_too(typed: str) -> None:
    assert NumberField(min_value=1, max_value=2000).clean(typed) == 1000


@pytest.mark.parametrize("typed", ["10²", "½", "Ⅻ", "1–0", "1 000"])
def test_what_is_no_number_stays_none(typed: str) -> None:
    with pytest.raises(ValidationError):
        NumberField(min_value=1, max_value=2000).clean(typed)


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


@pytest.mark.parametrize(
    "typed", [["", ""], ["  ", "\t"], ["\u200b", "\ufeff"], ["\xa0", ""]]
)
def test_blanks_in_both_are_no_moment(typed: list[str]) -> None:
    assert MomentField(required=False).clean(typed) is None
