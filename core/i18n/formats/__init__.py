"""Date formats: a folder for each language of the interface."""

from __future__ import annotations

from django.utils import dateformat
from django.utils.translation import get_language

english = dateformat.DateFormat.S


def ordinal(self: dateformat.DateFormat) -> str:
    """Return the suffix of a day's number for “S” in a date format: “1er décembre” and
    “2 décembre”, “1st” and “2nd”; nothing in other languages."""
    match (get_language() or "en").partition("-")[0]:
        case "fr":
            return "er" if dateformat.DateFormat.j(self) == 1 else ""
        case "en":
            return english(self)
    return ""


def let_ordinals_be_translated() -> None:
    """Replace Django's “S”, which knows English suffixes only, in the class with which
    pages, mails and the admin all write their dates."""
    dateformat.DateFormat.S = ordinal  # type: ignore[method-assign]
