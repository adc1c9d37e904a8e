"""Explain dates in other formats: what people and spreadsheets write for a day, and how
it is to be written here."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache

from babel import Locale
from django.conf import settings
from django.utils.translation import gettext as _

from core.text.characters import plain_figures
from core.text.faults import cited

# Day 0 of spreadsheets, which take 1900 for a leap year: right from March 1900 on.
# Numbers below the range are years; its last day is in the year 2100.
SPREADSHEET_DAY = date(1899, 12, 30)
SPREADSHEET = range(2_200, 73_415)
# Seconds since 1970 (or, divided by 1000, milliseconds): from March 1973 to the year
# 2100.
SECONDS = range(100_000_000, 4_102_444_800)
YEARS = range(1800, 2200)
NUMBER = re.compile(r"(\d+)(?:[.,]\d*)?", re.ASCII)
PARTS = re.compile(r"(\d{1,4})([-/. ]+)(\d{1,2})\2(\d{1,4})(?!\d)", re.ASCII)
WRITTEN = re.compile(r"\w+")
# “31-Dec-26”, as English spreadsheets show a day; “2026年12月31日”.
SHORT = re.compile(r"(\d{1,2})[-/. ]+([^\W\d_]+)[-/. ,’']+(\d{2})")
HOUR = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
IDEOGRAPHIC = re.compile(r"(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일]")
# Languages, besides those of the interface, in which names of months are known.
OTHER_LANGUAGES = ("de", "es", "it", "nl", "pt")


def why_no_day(said: str) -> str:
    """Return why `said` is not accepted as a day, and what to write instead, in the
    reader's language; "" when it has nothing to do with a day."""
    text = unicodedata.normalize("NFKC", plain_figures(said))
    if match := NUMBER.fullmatch(text):
        return why_no_number(said, int(match[1]) if len(match[1]) < 20 else 0)
    if match := PARTS.match(text):
        first, between, second, third = match.groups()
        return why_not_these(said, first, second, third, ordered="." in between)
    if match := IDEOGRAPHIC.match(text):
        return instead(said, list(day_if_any(*match.groups())))
    day = day_in_words(text)
    if day:
        return instead(said, [day])
    if match := SHORT.fullmatch(text):
        first, name, last = match.groups()
        if month := months().get(plain_word(name)):
            full = [*day_if_any(in_full(last), str(month), first),
                    *day_if_any(f"20{first}", str(month), last)]  # fmt: skip
            return short_year(said, full)
    if re.fullmatch(r"\d{4}[-/. ]\d{1,2}", text, re.ASCII) or is_month(text):
        return no_day(said)
    return ""


def why_no_number(said: str, number: int) -> str:
    if number in YEARS:
        return no_day(said)
    thousandths = number // 1000
    day = None
    if 19_000_101 <= number <= 21_001_231:
        text = str(number)
        day = next(day_if_any(text[:4], text[4:6], text[6:]), None)
        return instead(said, [day]) if day else ""
    if number in SPREADSHEET:
        day = SPREADSHEET_DAY + timedelta(days=number)
        return _(
            "%(said)s is how a spreadsheet stores %(day)s; write %(day)s."
        ) % {"said": cited(said), "day": day}  # fmt: skip
    for seconds in (number, thousandths):
        if seconds in SECONDS:
            return _("%(said)s counts seconds until %(day)s; write %(day)s.") % {
                "said": cited(said),
                "day": datetime.fromtimestamp(seconds, UTC).date(),
            }
    return ""


def why_not_these(
    said: str, first: str, second: str, third: str, *, ordered: bool
) -> str:
    """Explain a date of three numbers. Some countries put the day first, others the
    month; between dots (`ordered`) the day is first."""
    if not any(map(int, (first, second, third))):
        return no_day(said)
    if len(first) == 4:
        possible = list(day_if_any(first, second, third)) or list(
            day_if_any(first, third, second)
        )
        return instead(said, possible) or month_too_short(said, first, second)
    if len(third) == 4:
        possible = list(day_if_any(third, second, first))
        if not (ordered and possible):
            possible += day_if_any(third, first, second)
        return instead(said, possible) or month_too_short(said, third, second)
    full = [*day_if_any(in_full(third), second, first),
            *day_if_any(in_full(third), first, second),
            *day_if_any("20" + first.zfill(2), second, third)]  # fmt: skip
    return short_year(said, full)


def in_full(year: str) -> str:
    """Return a year of two digits with its century."""
    return ("20" if int(year) < 70 else "19") + year.zfill(2)


def short_year(said: str, full: list[date]) -> str:
    """Explain a date with a year of two digits; "" when it is none in any year."""
    if not full:
        return ""
    return _(
        "“%(said)s” has a year of two digits: write it with four, year first, as in "
        "%(days)s."
    ) % {"said": cited(said), "days": either_day(full)}  # fmt: skip


def month_too_short(said: str, year: str, month: str) -> str:
    """Explain a day that the month does not have; "" when the month does not exist
    either."""
    if not (int(year) and 1 <= int(month) <= 12):
        return ""
    return _(
        "There is no %(said)s: that month has %(most)s days. Write the day that is "
        "meant."
    ) % {"said": cited(said), "most": monthrange(int(year), int(month))[1]}


def day_if_any(year: str, month: str, day: str) -> Iterator[date]:
    """Yield the day, if it exists."""
    try:
        yield date(int(year), int(month), int(day))
    except ValueError:
        return


def day_in_words(text: str) -> date | None:
    """Return the day in words such as “31 March 2016”, “Tue, Mar. 31st, 2016”, “31 mars
    2016 22:55”; None when a part of it is missing, when it does not exist, and when two
    months are named."""
    words = [plain_word(word) for word in WRITTEN.findall(HOUR.sub(" ", text))[:8]]
    named = {months()[word] for word in words if word in months()}
    if len(named) > 1 and "mar" in words:  # mardi, martes, martedì
        named.discard(months()["mar"])
    month = named.pop() if len(named) == 1 else None
    numbers = [re.sub(r"(?<=\d)(?:st|nd|rd|th|er)$", "", word) for word in words]
    year = next((n for n in numbers if re.fullmatch(r"\d{4}", n, re.ASCII)), None)
    day = next((n for n in numbers if re.fullmatch(r"\d{1,2}", n, re.ASCII)), None)
    if not (month and year and day):
        return None
    return next(day_if_any(year, str(month), day), None)


def is_month(text: str) -> bool:
    """Return whether `text` is a month and a year, as in “March 2016”."""
    words = [plain_word(word) for word in WRITTEN.findall(text)]
    return len(words) == 2 and words[0] in months() and words[1].isdecimal()


@cache
def months() -> dict[str, int]:
    """Return the numbers of the months by their names, long and short."""
    return {
        plain_word(name): number
        for code in (*dict(settings.LANGUAGES), *OTHER_LANGUAGES)
        for width in ("wide", "abbreviated")
        for number, name in Locale.parse(code, sep="-").months["format"][width].items()
    }


def plain_word(word: str) -> str:
    """Return the word without case, accents and dots."""
    letters = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


def instead(said: str, possible: list[date]) -> str:
    if not possible:
        return ""
    if len(set(possible)) > 1:
        return _(
            "“%(said)s” may mean two days: write %(days)s, whichever it is."
        ) % {"said": cited(said), "days": either_day(possible)}  # fmt: skip
    return _("“%(said)s” is not how a day is written here: write %(day)s.") % {
        "said": cited(said),
        "day": possible[0],
    }


def either_day(possible: list[date]) -> str:
    """Return one day, or the first two with “or” between them."""
    one, *others = dict.fromkeys(map(str, possible))
    return (
        _("%(one)s or %(other)s") % {"one": one, "other": others[0]} if others else one
    )


def no_day(said: str) -> str:
    return _("“%(said)s” names no day: write one, as in 2016-03-31.") % {
        "said": cited(said)
    }
