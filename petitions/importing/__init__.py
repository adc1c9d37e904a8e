"""Importing an organisation with its petitions and earlier supporters from a file.

Everything is read and checked before anything is written, in one transaction. What is
stored already follows the file, as `following` says.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

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
        "outcome", "origin": the address of its page elsewhere,
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

A file that is brought in again follows what goes on elsewhere. An organisation is known
by its slug or its name, a petition by its origin, else by its title, whatever blanks
are in them. What is new in it is added; "supporters" is brought to the file's number by
one more entry, also one below zero; an open petition becomes closed or won, and one
that has ended stays so; "description", "summary" and "outcome" are changed, and so are
"ask" and "text" until people have signed: then a text takes dated corrections, and
whatever else differs is named and left, key by key. So is what somebody has written
here last, unless --overrule is given, and a number beside a list of people that was
imported, who would count twice.
The same file again changes nothing. --dry-run says what would be done.
"""

# Imports wait for each other: two of one file would add what is new twice.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('import_organization', 0))"


def import_file(
    data: bytes, *, now: datetime, overrules: bool = False, keeps: bool = True
) -> ImportReport:
    """Import the content of a file and return a report; raise FileProblem with all that
    is wrong at once, in which case nothing has been stored. It `overrules` what was
    written here by hand; it is a rehearsal unless it `keeps` what it has done."""
    faults = Faults()
    text = text_in(data, faults)
    root = None if text is None else parse(text, faults)
    plan = None if root is None else read_plan(root, faults, now)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(LOCK)
        if plan:
            compare_with_stored(plan, faults)
        faults.complain()
        assert plan is not None
        report = store_plan(plan, now, overrules=overrules)
        transaction.set_rollback(not keeps)
        return report


__all__ = ["FORMAT", "FileProblem", "ImportReport", "import_file"]
