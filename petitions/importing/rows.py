"""From a record of a table to a signature: its cells are cleaned and checked by the
rules of the sign form, and all that is wrong is told by line and column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_noop

from core.text.characters import clean_line, unreadable
from core.text.days import plain_word
from core.text.faults import cited
from core.text.spreadsheets import from_text
from petitions.abuse.contact_details import holds_a_contact
from petitions.addresses import NotAnAddress, clean_address
from petitions.dates import why_impossible_by
from petitions.importing.columns import NAMES, SEVERAL, Column
from petitions.importing.countries import country_code
from petitions.importing.days import read_day
from petitions.importing.lines import Record
from petitions.importing.tables import Layout
from petitions.signature_fields import PLACE, POSTAL_CODE
from petitions.signatures.forms import CorrectionForm, is_a_name

MORE_CELLS = gettext_noop(
    "This line has more cells than the heading: one of them may hold a delimiter "
    "without quotation marks around it."
)
NOBODY = gettext_noop("Neither an e-mail address nor a name stands here.")
UNREADABLE = gettext_noop(
    "A character here cannot be read: the file may have another encoding."
)
NO_NAME = gettext_noop("This is no name: it has no letter.")
LONG_NAME = gettext_noop("Enter a name of at most 200 characters")
CONTACT = gettext_noop("An e-mail address or a link stands here.")
LONG = gettext_noop("This is too long: is it another column?")
NO_COUNTRY = gettext_noop(
    "We know no country by this name: write its code, such as CA."
)
NO_DAY = gettext_noop("Write the date as year-month-day, for example 2031-03-04.")
OTHER_ORDER = gettext_noop(
    "There is no such day, but there is one if day and month are the other way round."
)
UNCLEAR = gettext_noop("Is that a yes or a no? Write one of them.")
NOT_CONFIRMED = gettext_noop(
    "This signature was not confirmed there: it does not count."
)
# The same that the sign form takes.
LONGEST_NAME = CorrectionForm.base_fields["name"].max_length  # type: ignore[attr-defined]

# Whole answers, or the first word of longer ones.
ANSWERS = {
    True: """
        y yes true t 1 on x o oui vrai j ja wahr waar si s sim verdadero verdadeiro vero
        da evet tak accepted granted confirmed да так ναι نعم כן はい 是 예 네""",
    False: """
        n no not none false f 0 off non faux nein falsch nee onwaar nao falso never don
        dont hayır hayir nie refused declined unconfirmed нет ні όχι لا לא いいえ 否
        아니요 아니오""",
}
# What somebody is: where the column is of those who have left, it answers the contrary.
STATES = {
    True: "subscribed subscribe optin optedin active abonne",
    False: """
        unsubscribed unsubscribe notsubscribed nonsubscribed cleaned bouncing bounced
        bounce complained complaint spam optout optedout inactive desabonne""",
}
KNOWN, STATE = (
    {
        plain_word(word): answer
        for answer, words in known.items()
        for word in words.split()
    }
    for known in (ANSWERS, STATES)
)
# They begin other answers: “On hold”, “1 - do not contact”.
NEVER_FIRST = frozenset({"on", "off", "1", "0", "o", "x", "t", "f"})
TICKS = frozenset("✓✔☑")
# What people and programs write for nothing.
DASHES = re.compile(r"[-–—._/*]+|0000-00-00[ T0:.]*")
NOTHING = frozenset({r"\n", "n/a", "#n/a"})
NOTHING_OR_NAMES = frozenset({"null", "nan"})


@dataclass(frozen=True, slots=True)
class Row:
    """A signature as a file has it."""

    line: int
    email: str
    """"" when the file has none: then it can only be counted."""
    name: str
    place: str
    postal_code: str
    region: str
    country: str
    """Its ISO code, or ""."""
    signed_on: date | None
    updates: bool | None
    """Whether they may be written to; None when the file does not say."""


@dataclass(frozen=True, slots=True)
class CellFault:
    """Why a cell, or a whole line, is not taken."""

    line: int
    column: str
    """Its heading; "" for the line."""
    found: str
    sentence: str
    """A msgid."""


def read_row(
    record: Record, layout: Layout, heading: Sequence[str], *, today: date
) -> Row | list[CellFault]:
    """Return the signature, or all that is wrong with it."""
    if record.fault:
        return [CellFault(record.line, "", cited(record.cells[0]), record.fault)]
    width = len(layout.columns)
    beyond = "".join(record.cells[width:]).strip()
    if beyond:
        return [CellFault(record.line, "", cited(beyond), MORE_CELLS)]
    cells = Cells(record, layout.columns, heading)
    email = cells.address()
    name = cells.name()
    if not (email or name or cells.faults):
        cells.faults.append(CellFault(record.line, "", "", NOBODY))
    if cells.flag(Column.CONFIRMED) is False:
        cells.wrong(Column.CONFIRMED, NOT_CONFIRMED)
    place = cells.answer(Column.PLACE, PLACE.max_length)
    postal_code = cells.answer(Column.POSTAL_CODE, POSTAL_CODE.max_length)
    region = cells.answer(Column.REGION, PLACE.max_length)
    country = cells.country()
    signed_on = cells.day(layout.day_first, today)
    updates = cells.updates()
    if cells.faults:
        return cells.faults
    if layout.silent:
        updates = False
    return Row(
        record.line, email, name, place, postal_code, region, country, signed_on,
        updates,
    )  # fmt: skip


class Cells:
    """The cells of a record by their columns, and what is wrong with them."""

    def __init__(
        self, record: Record, columns: tuple[Column, ...], heading: Sequence[str]
    ) -> None:
        self.record, self.columns, self.heading = record, columns, heading
        self.places = places(columns)
        self.faults: list[CellFault] = []

    def said(self, column: Column) -> str:
        """Return the cell, as one line without blanks around it; "" when it says
        nothing, or the file has no such column."""
        at = self.places.get(column)
        if at is None or at >= len(self.record.cells):
            return ""
        cell = self.record.cells[at]
        # What our own exports have before signs that spreadsheets would compute.
        line = clean_line(from_text(cell) if "'" in cell else cell)
        word = line.casefold()
        if (
            DASHES.fullmatch(line)
            or word in NOTHING
            or (word in NOTHING_OR_NAMES and column not in NAMES)
        ):
            return ""
        return line if line.isascii() else " ".join(line.split())

    def wrong(self, column: Column, sentence: str) -> None:
        at = self.places[column]
        heading = self.heading[at] if at < len(self.heading) else ""
        content = cited(self.record.cells[at])
        self.faults.append(CellFault(self.record.line, heading, content, sentence))

    def line(self, column: Column) -> str:
        """Return a cell that can be read; otherwise "", and a fault."""
        said = self.said(column)
        if said and not said.isascii() and unreadable(said):
            self.wrong(column, UNREADABLE)
            return ""
        return said

    def address(self) -> str:
        typed = self.line(Column.EMAIL)
        if not typed:
            return ""
        try:
            return clean_address(typed)
        except NotAnAddress as error:
            self.wrong(Column.EMAIL, msgid(error.sentence))
            return ""

    def name(self) -> str:
        """Return the full name, or first and last name."""
        parts = {column: self.line(column) for column in NAMES & self.places.keys()}
        name = parts.get(Column.NAME) or " ".join(
            part
            for column in (Column.FIRST_NAME, Column.LAST_NAME)
            if (part := parts.get(column))
        )
        if not name:
            return ""
        column = next(
            column
            for column in (Column.NAME, Column.FIRST_NAME, Column.LAST_NAME)
            if parts.get(column)
        )
        if not is_a_name(name):
            self.wrong(column, NO_NAME)
        elif len(name) > LONGEST_NAME:
            self.wrong(column, LONG_NAME)
        elif holds_a_contact(name):
            self.wrong(column, CONTACT)
        return name

    def answer(self, column: Column, longest: int) -> str:
        line = self.line(column)
        if len(line) > longest:
            self.wrong(column, LONG)
        elif line and not line.isalpha() and holds_a_contact(line):
            self.wrong(column, CONTACT)
        return line

    def country(self) -> str:
        said = self.line(Column.COUNTRY)
        code = country_code(said) if said else ""
        if said and not code:
            self.wrong(Column.COUNTRY, NO_COUNTRY)
        return code

    def day(self, day_first: bool, today: date) -> date | None:
        said = self.line(Column.SIGNED_ON)
        if not said:
            return None
        day = read_day(said, day_first)
        if day is None:
            other = read_day(said, not day_first)
            self.wrong(Column.SIGNED_ON, OTHER_ORDER if other else NO_DAY)
        elif impossible := why_impossible_by(day, today):
            self.wrong(Column.SIGNED_ON, msgid(impossible))
        return day

    def flag(self, column: Column) -> bool | None:
        """Return the answer of a cell; None for a blank one, and for one that is
        neither yes nor no, which is a fault."""
        said = self.line(column)
        if not said:
            return None
        has_left = column is Column.UNSUBSCRIBED
        whole = plain_word(said.removesuffix(".0"))
        first = plain_word(re.split(r"\W", said, maxsplit=1)[0])
        if whole in KNOWN:
            return KNOWN[whole]
        for word in (whole, first):
            if word in STATE:
                return STATE[word] is not has_left
        # “No longer subscribed” has left.
        if first in KNOWN and first not in NEVER_FIRST and not has_left:
            return KNOWN[first]
        is_moment = column is not Column.UPDATES and (
            read_day(said, True) or read_day(said, False)
        )
        if is_moment or said in TICKS:
            return True
        self.wrong(column, UNCLEAR)
        return None

    def updates(self) -> bool | None:
        """Return the answer of all columns about it: whoever says no in one, or has
        left by one, says no."""
        answers = set()
        for at in answering(self.columns):
            column = self.columns[at]
            self.places = self.places | {column: at}
            answer = self.flag(column)
            if column is Column.UPDATES:
                answers.add(answer)
            elif answer:
                answers.add(False)
        if False in answers:
            return False
        return True if True in answers else None


@lru_cache(maxsize=100)
def places(columns: tuple[Column, ...]) -> dict[Column, int]:
    """Return where each column is; of two alike, the first."""
    return {
        column: at
        for at, column in reversed([*enumerate(columns)])
        if column is not Column.IGNORED
    }


@lru_cache(maxsize=100)
def answering(columns: tuple[Column, ...]) -> list[int]:
    """Return where the columns are that say whether one may be written to."""
    return [at for at, column in enumerate(columns) if column in SEVERAL]


def msgid(sentence: str | Promise) -> str:
    """Return a sentence as it stands in the code."""
    with translation.override(None):
        return str(sentence)
