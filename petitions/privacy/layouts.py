"""The columns that the list of supporters can have: ours, or those that a newsletter
tool imports.

Supporters write their name into one field. No tool here takes a full name, and where a
given name ends cannot be told, so it stands whole in the column of first names: what
each of them shows, and greets with, is first name and last name with a blank between.

- Mailchimp: https://mailchimp.com/help/format-guidelines-for-your-import-file/, and the
  columns of its own exports. Dates are ISO 8601; a comma parts two tags, and a tag has
  100 characters at most, so it is the slug of the petition. Languages are codes.
- CiviCRM: the titles of the fields in schema/Contact/Contact.entityType.php of
  civicrm-core, which its import offers by those names, and
  https://docs.civicrm.org/user/en/latest/common-workflows/importing-data-into-civicrm/.
  A first name has 64 characters at most: the rest of a longer one is the last name.
  Languages are locales (“en_US”); the format of dates is chosen there, and has
  yyyy-mm-dd. The day is for a field of one's own.
- Action Network:
  https://help.actionnetwork.org/hc/en-us/articles/203112959-File-formats-for-list-uploads.
  It matches columns that are named as its fields are; any other can become a field of
  one's own. Tags are chosen there, for the whole file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from babel.core import LOCALE_ALIASES
from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.i18n.moments import in_zone
from core.text.csv_sql import Cell
from core.text.spreadsheets import csv_table


class ListLayout(models.TextChoices):
    """The columns of a list of supporters."""

    OURS = "ours", _("A spreadsheet: all columns, with headings in your language")
    MAILCHIMP = "mailchimp", "Mailchimp"
    CIVICRM = "civicrm", "CiviCRM"
    ACTION_NETWORK = "action-network", "Action Network"


@dataclass(frozen=True)
class Columns:
    """Headings, in the active language, and the cell below each, of what stands in a
    `line` (petitions.privacy.export). Files for a spreadsheet begin with the mark of
    UTF-8; a tool may take it for a part of the first heading."""

    headings: Callable[[], list[str]]
    cells: tuple[Cell, ...]
    for_spreadsheet: bool = False

    def head(self) -> bytes:
        """Return what the file begins with, in the active language."""
        return csv_table([self.headings()], begins=self.for_spreadsheet)


def our_headings() -> list[str]:
    return [
        gettext("E-mail address"),
        gettext("Name"),
        gettext("Language"),
        in_zone(gettext("Said yes on")),
        gettext("Wording of the question"),
        gettext("Petition"),
    ]


def only_headings(*headings: str) -> Callable[[], list[str]]:
    return lambda: list(headings)


def locale_of(column: str) -> str:
    """Return SQL for the locale that is meant by a language of the interface."""
    known = "".join(
        f" WHEN '{code}' THEN '{LOCALE_ALIASES[code]}'"
        for code, _name in settings.LANGUAGES
        if code in LOCALE_ALIASES
    )
    return f"CASE {column}{known} ELSE {column} END"


EMAIL, NAME, LANGUAGE = Cell("email"), Cell("name"), Cell("language")
EMPTY = Cell("''", is_typed=False)
DAY = Cell("to_char(given_at AT TIME ZONE %(zone)s, 'YYYY-MM-DD')", is_typed=False)

COLUMNS = {
    ListLayout.OURS: Columns(
        our_headings,
        (
            EMAIL,
            NAME,
            LANGUAGE,
            Cell(
                "to_char(given_at AT TIME ZONE %(zone)s, 'YYYY-MM-DD HH24:MI')",
                is_typed=False,
            ),
            Cell("wording_version", is_typed=False),
            # A cell already.
            Cell("title", is_typed=False),
        ),
        for_spreadsheet=True,
    ),
    ListLayout.MAILCHIMP: Columns(
        only_headings(
            "Email Address", "First Name", "Last Name", "Language", "OPTIN_TIME", "TAGS"
        ),
        (
            EMAIL,
            NAME,
            EMPTY,
            LANGUAGE,
            Cell(
                "to_char(given_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')",
                is_typed=False,
            ),
            # A cell already.
            Cell("slug", is_typed=False),
        ),
    ),
    ListLayout.CIVICRM: Columns(
        only_headings(
            "Email", "First Name", "Last Name", "Preferred Language", "Contact Source",
            "Opt-in Date",
        ),
        (
            EMAIL,
            Cell("left(name, 64)"),
            Cell("substr(name, 65)"),
            Cell(locale_of("language")),
            Cell("title", is_typed=False),
            DAY,
        ),
    ),
    ListLayout.ACTION_NETWORK: Columns(
        only_headings(
            "email", "first_name", "last_name", "language", "petition", "opted_in_on"
        ),
        (EMAIL, NAME, EMPTY, LANGUAGE, Cell("slug", is_typed=False), DAY),
    ),
}  # fmt: skip
