"""Days as other platforms and spreadsheets write them."""

from __future__ import annotations

import re
from datetime import date

from core.text.characters import plain_figures
from core.text.days import IDEOGRAPHIC, day_if_any, day_in_words

# A day may have an hour or a zone behind it, in whatever form: the day counts as it is
# written. Korean, Czech and others have blanks behind the full stops, and one at the
# end.
HOUR = r"\.?(?:[ ,TZ].*|[+-]\d\d:?\d\d)?"
YEAR_FIRST = re.compile(
    rf"(\d{{4}}) ?([-/.]) ?(\d{{1,2}}) ?\2 ?(\d{{1,2}}){HOUR}", re.ASCII
)
COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T.*)?", re.ASCII)
PARTS = re.compile(rf"(\d{{1,2}}) ?([-/.]) ?(\d{{1,2}}) ?\2 ?(\d{{4}}){HOUR}", re.ASCII)


def read_day(said: str, day_first: bool) -> date | None:
    """Return the day; None when it is none, or has a year of two digits. Between full
    stops the day is always first."""
    text = plain_figures(said)
    if match := YEAR_FIRST.fullmatch(text):
        return next(day_if_any(match[1], match[3], match[4]), None)
    if match := COMPACT.fullmatch(text):
        return next(day_if_any(*match.groups()), None)
    if match := PARTS.fullmatch(text):
        first, sign, second, year = match.groups()
        if day_first or sign == ".":
            return next(day_if_any(year, second, first), None)
        return next(day_if_any(year, first, second), None)
    if match := IDEOGRAPHIC.match(text):
        return next(day_if_any(*match.groups()), None)
    return day_in_words(text)
