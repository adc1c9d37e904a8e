"""Importing an organisation with its petitions and earlier supporters from a file.

Everything is read and checked before anything is written, in one transaction; whatever
is stored already stays as it is.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.text.faults import Faults, FileProblem
from core.text.files import text_in
from core.text.json_lines import parse
from petitions.importing.reading import read_plan
from petitions.importing.storing import ImportReport, compare_with_stored, store_plan

FORMAT = """
The file is JSON in UTF-8 (* = needed):

  {"organization": {
     "name"*, "slug", "legal_name", "description", "postal_address", "contact_email",
     "website", "charity_number", "privacy_notice", "language": of the description (en),
     "petitions"*: [{
        "title"*, "text"*,
        "target"* or "targets"*: a name, printed as typed; null for "not settled yet";
           or {"name", "office", "organisation", "kind": person|body|label|unsettled};
           "targets" is a list of these,
        "supporters": how many were counted elsewhere before (0),
        "counted_by": who counted them, "counted_at": "2016-03-31" (ended_on, or
           today),
        "started_on": "2015-11-01", when it began elsewhere,
        "state": open|closed|won (open), "ended_on": "2016-06-01" (not known),
        "outcome",
        "text_format": plain|markdown|html (plain: kept to the letter; html becomes
           Markdown, pictures and films are left out), of the translations, too,
        "language": the code of any language (en), or its name,
        "slug", "ask", "summary", "goal",
        "translations": {"fr": {"title"*, "text"*, "ask", "summary", "addressees": all
           whom it petitions with their offices, "outcome"}}, by language,
        "delivery": number|names|comments (number)}]}}

Petitions come in open, as they were, in the order of the file. A key with null or ""
is as good as none. Of a language with a country (fr-CA) the language is kept, of zh-TW
the script (zh-Hant); of a day with an hour (2016-03-31T22:55:30Z) the day, as it is
written. All that is wrong is told at once, and then nothing is stored.

Running it again changes nothing, but for adding texts in languages that a petition
lacks, and names what differs, key by key: an organisation is known by its slug or its
name, a petition by its title, whatever blanks are in them.
"""


def import_file(data: bytes, *, now: datetime) -> ImportReport:
    """Import the content of a file and return a report; raise FileProblem with all that
    is wrong at once, in which case nothing has been stored."""
    faults = Faults()
    text = text_in(data, faults)
    root = None if text is None else parse(text, faults)
    plan = None if root is None else read_plan(root, faults, now)
    with transaction.atomic():
        if plan:
            compare_with_stored(plan, faults)
        faults.complain()
        assert plan is not None
        return store_plan(plan)


__all__ = ["FORMAT", "FileProblem", "ImportReport", "import_file"]
