"""Faults in an import file: each is reported by its line and key, with what to write
instead, and all of them in one run."""

from __future__ import annotations

import json
import os
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.text.faults import MOST_TOLD
from petitions.models import Petition
from tests.petitions.importing.helpers import file_of, refusal, run

pytestmark = pytest.mark.django_db


def told(tmp_path: Path, content: Any) -> list[str]:
    """Return the faults by which a file is refused, without the file's name."""
    return [line.partition("file.json: ")[2] for line in refusal(tmp_path, content)]


def archive(name: str) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        packed.writestr(name, "x")
    return data.getvalue()


def one(more: str = "") -> str:
    """Return a file with one petition, in line 2, and `more` keys in it."""
    petition = '{"title": "A", "text": "x", "target": "T"' + more + "}"
    return '{"organization": {"name": "N", "petitions": [\n' + petition + "\n]}}"


WHOLE = '{"organization": {"name": …, "petitions": [ … ]}}'
SECOND = (
    "a second value begins here, and a file holds one. If each line is one (JSON "
    "Lines), make a list of them: [ before the first, commas between, ] at the end."
)
NEEDED = "JSON is needed: --help shows how it looks."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "the file is empty: was it saved, or did its download break off?"),
        (b"\xef\xbb\xbf \r\n", "the file is empty: was it saved, or did its download break off?"),
        (b"\0" * 9, "the file holds nothing but NUL characters: was it saved, or did its download break off?"),
        ("title,text\nA,x", f"the file is a table (CSV), with the columns “title”, “text”. {NEEDED}"),
        ('"title";"text"\n"A";"x"', f"the file is a table (CSV), with the columns “title”, “text”. {NEEDED}"),
        ("title,text\rA,x\r", f"the file is a table (CSV), with the columns “title”, “text”. {NEEDED}"),
        (b"\x7fELF\x02\x01\r\x00", f"the file is not a text. {NEEDED}"),
        (b"\xfd7zXZ\x00\x00", f"the file is packed (xz): unpack it first. {NEEDED}"),
        ("load({a: 1, b: 2});", f"the file is no JSON: it begins with “load({{a: 1, b: 2}});”, not with {{: take out what stands before it. {NEEDED}"),
        ("Title\tText\n".encode("utf-16"), f"the file is a table (CSV), with the columns “Title”, “Text”. {NEEDED}"),
        (archive("xl/workbook.xml"), f"the file is a spreadsheet (Excel). {NEEDED}"),
        (archive("content.xml"), f"the file is a document or spreadsheet (LibreOffice). {NEEDED}"),
        (archive("file.json"), f"the file is packed (ZIP): unpack it first. {NEEDED}"),
        (b"\x1f\x8b\x08", f"the file is packed (gzip): unpack it first. {NEEDED}"),
        (b"%PDF-1.7\n\xe2\xe3", f"the file is a PDF. {NEEDED}"),
        (b"\xd0\xcf\x11\xe0\xa1", f"the file is a file of an old Excel or Word. {NEEDED}"),
        ("<!DOCTYPE html>\n<html>", f"the file is a web page (HTML), maybe that of a login or of an error. {NEEDED}"),
        ("<?xml version='1.0'?>", f"the file is XML. {NEEDED}"),
        ("organization:\n  name: N", f"the file is YAML, or a text with colons. {NEEDED}"),
        ("Dear all", f"the file is no JSON: it begins with “Dear all”, not with {{. {NEEDED}"),
        ("var x = {};", f"the file is no JSON: it begins with “var x = {{}};”, not with {{: take out what stands before it. {NEEDED}"),
        (b"\x01\x02", f"the file is not a text. {NEEDED}"),
        ("[]", f"must be an object: the file is {WHOLE}, and a list of petitions stands in it."),
        ('"x"', f"must be an object, not the text “x”: the file is {WHOLE}."),
        ("5", f"must be an object, not the number 5: the file is {WHOLE}."),
        ("null", f"must be an object, not null: the file is {WHOLE}."),
        ('{"titel": "A"}', f'lacks "organization": the file is {WHOLE}, and here is “titel”.'),
        ('{"petitions": {}, "na\x1b[31mme": 1}', f'lacks "organization": the file is {WHOLE}, and here is “petitions”, “na[31mme”.'),
    ],
)  # fmt: skip
def test_what_is_no_such_file(tmp_path: Path, content: Any, sentence: str) -> None:
    assert told(tmp_path, content) == [f"line 1: {sentence}"]


P = "organization.petitions[0]"


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (one(","), [f"line 2, character 42: {P}: a comma before }}: take it out."]),
        (one(",,"), [
            f"line 2, character 42: {P}: a comma before }}: take it out.",
            f"line 2, character 43: {P}: a comma too many: take it out.",
        ]),
        (one(',\n"title": "B"'), [f"line 3, character 1: {P}: “title” stands twice in one object, first in line 2: keep one of them."]),
        (one(', "supporters": NaN'), [f"line 2, character 58: {P}.supporters: NaN is no number: write one, or null for none."]),
        (one(', "goal": -Infinity'), [f"line 2, character 52: {P}.goal: -Infinity is no number: write one, or null for none."]),
        (one(', "supporters": 15,261'), [f"line 2, character 58: {P}.supporters: a number has nothing between its thousands: write 15261."]),
        (one(', "supporters": 007'), [f"line 2, character 58: {P}.supporters: JSON has no such number: write 7."]),
        (one(', "summary": None'), [f"line 2, character 55: {P}.summary: JSON does not know None: write null."]),
        (one(', "summary": \'s\''), [f"line 2, character 55: {P}.summary: texts and keys stand between straight double quotation marks (\"), not between ''."]),
        (one(", “goal”: 5"), [f"line 2, character 44: {P}: texts and keys stand between straight double quotation marks (\"), not between “”."]),
        (one(", goal: 5"), [f'line 2, character 44: {P}: a key stands in quotation marks: write "goal".']),
        (one(', "started_on": 2016-03-31'), [f'line 2, character 58: {P}.started_on: a text stands in quotation marks: write "2016-03-31".']),
        (one(', "ask": "Say "no"!"'), [f'line 2, character 56: {P}.ask: a quotation mark stands within a text: write \\" for it.']),
        (one(', "ask": "Say no,\n"goal": 5'), [f'line 2, character 51: {P}.ask: the quotation mark (") at the end of this text is missing.']),
        (one(', "ask": "Say\nno"'), [f"line 2, character 55: {P}.ask: a line ends within a text: write \\n for it, or the quotation mark that is missing."]),
        (one(', "ask": "C:\\Users"'), [f"line 2, character 54: {P}.ask: a backslash stands before what it cannot change: write \\\\ for one that is to be read."]),
        (one(' "goal": 5'), [f"line 2, character 42: {P}: a comma is missing here."]),
        (one(', "goal" 5'), [f'line 2, character 51: {P}: a colon is missing: write "goal": and the value.']),
        (one(', "goal": '), [f"line 2, character 52: {P}.goal: a value is missing here: write it, or null."]),
        (one(" // mine\n"), [f"line 2, character 43: {P}: JSON has no comments: take this one out."]),
        (one(',\xa0"goal": 5'), [f"line 2, character 43: {P}: U+00A0 looks like a blank, and is none in JSON: write a plain blank."]),
        (one() + "\0\0\0", ["line 3, character 4: NUL characters stand here, as in a damaged file: fetch it anew, or take them out."]),
        (one()[:-5], [f"line 2, character 42: {P}: the file ends before the }} for the {{ of line 2: is it a part of a file? Fetch it anew, or close what is open. What follows was not read."]),
        (one()[:-6], [f"line 2, character 39: {P}.target: the file ends within the text that begins here: it is a part of a file. Fetch it anew. What follows was not read."]),
        (one(', "ask": "Say'), [
            f'line 2, character 51: {P}.ask: the quotation mark (") at the end of this text is missing.',
            f"line 3, character 1: {P}: }} is missing before this, for the {{ of line 2.",
        ]),
        (one()[:-2], ["line 3, character 2: organization: the file ends before the } for the { of line 1: is it a part of a file? Fetch it anew, or close what is open. What follows was not read."]),
        (one().replace("\n", "\0\n", 1), ["line 1, character 46: organization.petitions: NUL characters stand here, as in a damaged file: fetch it anew, or take them out."]),
        (one() + "\n\x1a", ["line 4, character 1: “U+001A” is too much at the end: take it out. What follows was not read."]),
        (b"\xef\xbb\xbf" * 2 + one(",").encode(), [f"line 2, character 42: {P}: a comma before }}: take it out."]),
        (one() + "}", ["line 3, character 4: “}” is too much at the end: take it out. What follows was not read."]),
        (one(', "goal": 0, "outcome": ["x"'), [
            f"line 2: {P}.outcome: must be a text in quotes, not a list.",
            f"line 2: {P}.goal: must be a whole number of at least 1, in digits alone and without quotes, not 0.",
            f"line 2, character 70: {P}.outcome: ] is missing before this, for the [ of line 2.",
        ]),
        (one(', "ask": ' + "[" * 200 + "]" * 200), [f"line 2, character 97: {P}.ask{'[0]' * 40}[…: [ opens the level 51; nobody needs so many. What follows was not read."]),
        (one(', "ask": "' + "x" * 5_000_000 + '"'), [f"line 2: {P}.ask: Ensure this value has at most 300 characters (it has 5,000,000)."]),
        ('{"title": "A", "text": "x", "target": 5}\n{"title": "A", "text": "x", "target": null}\n', [
            f"line 1: must be an object: the file is {WHOLE}. Here is a list of 2 petitions: write an organisation around it.",
            "line 1: target: must be a name in quotes, or an object in braces, not the number 5.",
            "line 2: [1].title: stands twice in the file, in line 1, too; titles tell them apart.",
            f"line 2, character 1: {SECOND}",
        ]),
        (f"{one()}\n{one()}", [
            'line 1: must be one {"organization": …}, not a list: bring each in by a file of its own.',
            f"line 4, character 1: {SECOND}",
        ]),
        (one(', "ask": "Québec"').encode("cp1252"), ["line 2: the file is not UTF-8: save it as UTF-8. In Windows’ own encoding (Windows-1252) a word here is “Québec”."]),
        (one().encode("utf-16")[:-1], ["line 3: the file seems to be UTF-16, and is not from here on: save it anew, as UTF-8."]),
    ],
)  # fmt: skip
def test_json_that_is_broken(tmp_path: Path, content: Any, lines: list[str]) -> None:
    assert told(tmp_path, content) == lines


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_and_line_ends_of_other_systems_change_nothing(
    tmp_path: Path, encoding: str, end: str
) -> None:
    wrong = one(', "goal": 0').replace("\n", end).encode(encoding)
    (line,) = told(tmp_path, wrong)
    assert line.startswith(f"line 2: {P}.goal: must be a whole number of at least 1")

    run(tmp_path, one(', "ask": "Où, 人権?"').replace("\n", end).encode(encoding))

    assert Petition.objects.get().ask == "Où, 人権?"


LIST = "is not known: leave it out, or write one of "
KEYS = (
    "ask, counted_at, counted_by, delivery, ended_on, goal, language, origin, outcome, slug, "
    "started_on, state, summary, supporters, target, targets, text, text_format, title, "
    "translations."
)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("Title", "B", 'is not known. Did you mean "title"? It is there already.'),
        ("outcom", "x", 'is not known. Did you mean "outcome"?'),
        ("startedOn", "2016-03-31", 'is not known. Did you mean "started_on"?'),
        ("signatures", 5, 'is not known. Did you mean "supporters"?'),
        ("created_at", "2016-03-31", 'is not known. Did you mean "started_on"?'),
        ("id", 7, LIST + KEYS),
        ("we ird\n", 7, LIST + KEYS),
        ("summary", True, "must be a text in quotes, not true."),
        ("summary", 5.0, 'must be a text in quotes, not the number 5: write "5".'),
        ("summary", ["x"], "must be a text in quotes, not a list."),
        ("supporters", "15 261", 'must be a whole number of at least 0, in digits alone and without quotes, not "15 261": write 15261.'),
        ("supporters", 15.261, "must be a whole number of at least 0, in digits alone and without quotes, not 15.261: write 15261."),
        ("supporters", "5k", 'must be a whole number of at least 0, in digits alone and without quotes, not "5k".'),
        ("supporters", "5 million", 'must be a whole number of at least 0, in digits alone and without quotes, not "5 million".'),
        ("supporters", "about 5", 'must be a whole number of at least 0, in digits alone and without quotes, not "about 5".'),
        ("supporters", -5, "must be a whole number of at least 0, in digits alone and without quotes, not -5."),
        ("goal", 1.5, "must be a whole number of at least 1, in digits alone and without quotes, not 1.5."),
        ("state", "Closed", 'must be one of open, closed, won, not “Closed”: write "closed".'),
        ("state", "draft", "must be one of open, closed, won, not “draft”."),
        ("delivery", "name", 'must be one of number, names, comments, not “name”: write "names".'),
        ("language", 3, 'must be a text in quotes, not the number 3: write "3".'),
        ("translations", [], 'must be an object with a text for each language, as in {"fr": {"title": …, "text": …}}, not a list.'),
        ("target", ["A"], 'is one target, not a list: say "targets".'),
        ("target", 5, "must be a name in quotes, or an object in braces, not the number 5."),
        ("target", " ", 'is empty. Write whom it petitions, or null for "not settled yet".'),
        ("title", " \u200b", "is empty."),
        ("state", "victory", 'must be one of open, closed, won, not “victory”: write "won".'),
        ("state", "Published", 'must be one of open, closed, won, not “Published”: write "open".'),
        ("state", "ENDED", 'must be one of open, closed, won, not “ENDED”: write "closed".'),
        ("text_format", "text/html", 'must be one of markdown, plain, html, not “text/html”: write "html".'),
        ("text_format", "md", 'must be one of markdown, plain, html, not “md”: write "markdown".'),
        ("started_on", 45000, "45000 is how a spreadsheet stores 2023-03-15; write 2023-03-15."),
        ("started_on", 45000.5, "45000.5 is how a spreadsheet stores 2023-03-15; write 2023-03-15."),
        ("started_on", "45000", "45000 is how a spreadsheet stores 2023-03-15; write 2023-03-15."),
        ("started_on", "45000,5", "45000,5 is how a spreadsheet stores 2023-03-15; write 2023-03-15."),
        ("started_on", 2016, "“2016” names no day: write one, as in 2016-03-31."),
        ("started_on", "2016-03", "“2016-03” names no day: write one, as in 2016-03-31."),
        ("started_on", "March 2016", "“March 2016” names no day: write one, as in 2016-03-31."),
        ("started_on", 20170124, "“20170124” is not how a day is written here: write 2017-01-24."),
        ("started_on", 1485298530, "1485298530 counts seconds until 2017-01-24; write 2017-01-24."),
        ("started_on", "1485298530361", "1485298530361 counts seconds until 2017-01-24; write 2017-01-24."),
        ("started_on", "31/01/2016", "“31/01/2016” is not how a day is written here: write 2016-01-31."),
        ("started_on", "03/31/2016", "“03/31/2016” is not how a day is written here: write 2016-03-31."),
        ("started_on", "03/04/2016 10:15", "“03/04/2016 10:15” may mean two days: write 2016-04-03 or 2016-03-04, whichever it is."),
        ("started_on", "3/4/16", "“3/4/16” has a year of two digits: write it with four, year first, as in 2016-04-03 or 2016-03-04."),
        ("started_on", "1.2.2016", "“1.2.2016” is not how a day is written here: write 2016-02-01."),
        ("started_on", "2016-3-1", "“2016-3-1” is not how a day is written here: write 2016-03-01."),
        ("started_on", "2016-31-03", "“2016-31-03” is not how a day is written here: write 2016-03-31."),
        ("started_on", "2024-02-30", "There is no 2024-02-30: that month has 29 days. Write the day that is meant."),
        ("started_on", "31/06/2016", "There is no 31/06/2016: that month has 30 days. Write the day that is meant."),
        ("started_on", "31st March, 2016", "“31st March, 2016” is not how a day is written here: write 2016-03-31."),
        ("started_on", "1er février 2016", "“1er février 2016” is not how a day is written here: write 2016-02-01."),
        ("started_on", "Tue, 24 Jan 2017 22:55:30 +0000", "“Tue, 24 Jan 2017 22:55:30 +0000” is not how a day is written here: write 2017-01-24."),
        ("started_on", "2016-03-31T25:00", "“2016-03-31T25:00” is not how a day is written here: write 2016-03-31."),
        ("started_on", 0, "must be a date such as 2016-03-31, not “0”."),
        ("started_on", True, "must be a text in quotes, not true."),
        ("started_on", "so\x1b\non", "must be a date such as 2016-03-31, not “so on”."),
        ("outcome", "a\ufffdb", "Character 2 (U+FFFD) cannot be read. Type it anew."),
    ],
)  # fmt: skip
def test_a_key_that_is_wrong(
    tmp_path: Path, key: str, value: Any, sentence: str
) -> None:
    content = file_of({"title": "A", "state": "closed", key: value})

    (line,) = told(tmp_path, content)

    number, path, said = line.split(": ", 2)
    at = json.dumps(content, indent=1).split("\n")[
        int(number.removeprefix("line ")) - 1
    ]
    assert json.dumps(key) in at
    assert path == (f"{P}.{key}" if " " not in key else f'{P}["we ird"]')
    assert said == sentence


def test_what_a_wrong_key_holds_is_looked_at_too(tmp_path: Path) -> None:
    petition = {"titel": "A", "body": "", "target": "T", "goal": 0}
    content = {"organisation": {"name": "N", "petitons": [petition]}}

    assert [line.split(": ", 1)[1] for line in told(tmp_path, content)] == [
        'organisation: is not known. Did you mean "organization"?',
        'organisation.petitons: is not known. Did you mean "petitions"?',
        'organisation.petitons[0]: lacks "text".',
        'organisation.petitons[0].titel: is not known. Did you mean "title"?',
        'organisation.petitons[0].body: is not known. Did you mean "text"?',
        "organisation.petitons[0].goal: must be a whole number of at least 1, in digits alone and without quotes, not 0.",
    ]


@pytest.mark.parametrize("blank", [None, "", " ", "\u200b", "\xa0\n"])
def test_an_optional_key_that_says_nothing_is_as_good_as_none(
    tmp_path: Path, blank: str | None
) -> None:
    optional = (
        "summary", "outcome", "ask", "slug", "supporters", "counted_by", "counted_at",
        "started_on", "state", "ended_on", "text_format", "goal", "delivery", "language",
        "translations", "origin",
    )  # fmt: skip
    content = file_of(
        {"title": "A", **dict.fromkeys(optional, blank)},
        **dict.fromkeys(("slug", "description", "website", "language"), blank),
    )
    run(tmp_path, content)

    petition = Petition.objects.get()
    assert (petition.slug, petition.state, petition.goal) == ("a", "open", None)
    assert "differs" not in run(tmp_path, content)


def test_of_very_many_that_differ_the_first_are_told_and_how_many_more_there_are(
    tmp_path: Path,
) -> None:
    petitions = [{"title": f"T{number}", f"k{number}": 1} for number in range(10_000)]

    told_of = told(tmp_path, file_of(*petitions))

    assert len(told_of) == MOST_TOLD + 1
    assert "k0" in told_of[0]
    assert told_of[-1] == f"and {10_000 - MOST_TOLD:,} more like these."
    assert len("".join(told_of)) < 100_000


def test_of_very_many_differences_the_first_are_told(tmp_path: Path) -> None:
    petitions = [{"title": f"T{number}"} for number in range(MOST_TOLD + 7)]
    run(tmp_path, file_of(*petitions))

    told_of = run(tmp_path, file_of(*({**one, "summary": "x"} for one in petitions)))

    assert told_of.count("summary: was added") == MOST_TOLD
    assert told_of.count("and 7 more like these.") == 1


def test_of_very_many_alike_the_first_is_told_with_the_lines_of_the_others(
    tmp_path: Path,
) -> None:
    petitions = [{"title": f"T{number}", "id": number} for number in range(40)]
    told_of = told(tmp_path, file_of(*petitions, {"title": "T0"}))

    lines = ", ".join(str(15 + 6 * number) for number in range(30))
    assert told_of[0] == (
        f"line 9: {P}.id: {LIST}{KEYS} The same in 39 more places, lines {lines} and 9 more."
    )
    assert told_of[1].endswith(
        "title: stands twice in the file, in line 8, too; titles tell them apart."
    )
    assert len(told_of) == 2


def test_faults_of_writing_and_of_meaning_and_of_what_is_stored_are_told_together(
    tmp_path: Path, petition: Petition
) -> None:
    content = f"""{{"organization": {{"name": 'N', "petitions": [
        {{"title": "A", "text": "x", "target": "T", "slug": "{petition.slug}"}},
        {{"title": "B", "text": "x", "target": "T", "goal": "5"}},
        {{"title": "C", "text": "x", "target": "T", "slug": "c"}},
        {{"title": "D", "text": "x", "target": "T", "slug": "c",}},
    ]}}}}"""

    with pytest.raises(CommandError) as refused:
        run(tmp_path, content)

    lines = [
        line.partition("file.json: ")[2] for line in str(refused.value).split("\n")
    ]
    at = "organization.petitions"
    assert lines == [
        "line 1, character 27: organization.name: texts and keys stand between straight double quotation marks (\"), not between ''.",
        f"line 2: {at}[0].slug: is the address of another petition: choose one.",
        f'line 3: {at}[1].goal: must be a whole number of at least 1, in digits alone and without quotes, not "5": write 5.',
        f"line 5: {at}[3].slug: stands twice in the file, in line 4, too; slugs tell them apart.",
        f"line 5, character 63: {at}[3]: a comma before }}: take it out.",
        f"line 5, character 65: {at}: a comma before ]: take it out.",
    ]
    assert Petition.objects.count() == 1


def test_a_pipe_is_read(tmp_path: Path) -> None:
    """As `<(gunzip -c file.json.gz)` is one; nobody waits for who does not write."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(CommandError, match="the file is empty"):
        call_command("import_organization", pipe)

    reads, writes = os.pipe()
    os.write(writes, json.dumps(file_of({"title": "A"})).encode())
    os.close(writes)
    call_command("import_organization", f"/dev/fd/{reads}")
    os.close(reads)

    assert Petition.objects.get().title == "A"


def test_each_petition_costs_few_statements(tmp_path: Path) -> None:
    """Thousands of them are told of in seconds."""

    def statements(number: int) -> int:
        wrong = [{"title": f"A{each}", "goal": "x"} for each in range(number)]
        with CaptureQueriesContext(connection) as seen:
            refusal(tmp_path, file_of(*wrong))
        return sum(one["sql"].startswith("SELECT") for one in seen)

    # What is wanted of the petition, and of its target.
    assert (statements(12) - statements(2)) / 10 <= 2
