"""Files that hold petitions, but not as a list in an organisation: what was found is
named, and what to write; and what is wrong within is reported all the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from petitions.models import Petition
from tests.petitions.importing.helpers import file_of, refusal, run

pytestmark = pytest.mark.django_db

ONE = {"title": "A", "text": "x", "target": "T"}
TWO = {**ONE, "title": "B"}
WHOLE = '{"organization": {"name": …, "petitions": [ … ]}}'
LIST = '[{"title": …, "text": …, "target": …}, …]'
OFF = "take off what is around that."
BRACKETS = "is one petition: put brackets around it, [{…}]."
MERGE = "write one list of them all, [{…}, …]."


def told(tmp_path: Path, content: Any) -> list[str]:
    """Return the faults of a file on one line, without its name and that line."""
    text = content if isinstance(content, str) else json.dumps(content)
    return [line.split(": line 1: ")[1] for line in refusal(tmp_path, text)]


@pytest.mark.parametrize(
    ("petitions", "faults"),
    [
        ({"my-slug": ONE, "two": TWO}, [' is an object with 2 petitions by key (“my-slug”, “two”): write a list of them, [{"slug": "my-slug", …}, …].']),
        ({"été_2026": ONE}, [' is an object with 1 petition by key (“été_2026”): write a list of them, [{"slug": "été_2026", …}, …].']),
        ({"101": ONE, "102": TWO}, [" is an object with 2 petitions by key (“101”, “102”): write a list of them, [{…}, …]."]),
        ({"Save it": {"text": "x", "title": "A", "target": "T"}}, [' is an object with 1 petition by key (“Save it”): write a list of them, [{"title": "Save it", …}, …].']),
        (ONE, [f" {BRACKETS}"]),
        ({"headline": "A", "body": "x", "target": "T"}, [f" {BRACKETS}", '.headline: is not known. Did you mean "title"?', '.body: is not known. Did you mean "text"?']),
        ({"data": [ONE, TWO]}, [f" must be what stands in “data”: {OFF}"]),
        ({"results": [ONE], "next": None}, [f" must be what stands in “results”: {OFF}"]),
        ({"petition": ONE}, [f" must be what stands in “petition”: {OFF}", f".petition: {BRACKETS}"]),
        ({"edges": [{"node": ONE}]}, [f" must be what stands in “edges”: {OFF}", f".edges[0]: must be what stands in “node”: {OFF}"]),
        ([{"id": 1, "attributes": ONE}], [f"[0]: must be what stands in “attributes”: {OFF}"]),
        ({"open": [ONE], "closed": [TWO]}, [f" is an object with petitions in “open”, “closed”: {MERGE}"]),
        ([[ONE], [TWO]], [f" is a list of lists: {MERGE}"]),
        (json.dumps([ONE]), [f' must be a list of petitions, {LIST}, not the text “[{{"title": "A", "text": "x", "target": "T"}}]”. Take off the quotation marks around it, and the \\ before those within.']),
        ("A", [f" must be a list of petitions, {LIST}, not the text “A”."]),
        (7, [f" must be a list of petitions, {LIST}, not the number 7."]),
        ({}, [f" must be a list of petitions, {LIST}, not an object."]),
        ({"A": "x"}, [f" must be a list of petitions, {LIST}, not an object."]),
    ],
)  # fmt: skip
def test_petitions_that_are_no_list_of_them(
    tmp_path: Path, petitions: Any, faults: list[str]
) -> None:
    content = {"organization": {"name": "N", "petitions": petitions}}

    assert told(tmp_path, content) == [
        f"organization.petitions{':' * fault.startswith(' ')}{fault}"
        for fault in faults
    ]


LACKS = f'lacks "organization": the file is {WHOLE}. Here is'
AROUND = "write an organisation around it."


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ([ONE, TWO], [f"must be an object: the file is {WHOLE}. Here is a list of 2 petitions: {AROUND}"]),
        (ONE, [f"{LACKS} one petition: {AROUND}", BRACKETS]),
        ({"data": [ONE, TWO], "links": {"self": "…"}}, [f"{LACKS} a list of 2 petitions in “data”: {AROUND}"]),
        ({"count": 1, "next": None, "results": [ONE]}, [f"{LACKS} a list of 1 petition in “results”: {AROUND}"]),
        ({"items": [ONE]}, [f"{LACKS} a list of 1 petition in “items”: {AROUND}"]),
        ({"title": "All of them", "records": [ONE]}, [f"{LACKS} a list of 1 petition in “records”: {AROUND}"]),
        ({"petitions": {"a": ONE}}, [
            f"{LACKS} an object with 1 petition by key (“a”) in “petitions”: {AROUND}",
            'petitions: is an object with 1 petition by key (“a”): write a list of them, [{"slug": "a", …}, …].',
        ]),
        ({"data": [{"type": "petition", "attributes": {**ONE, "goal": 0}}]}, [
            f"{LACKS} a list of 1 petition in “data”: {AROUND}",
            f"data[0]: must be what stands in “attributes”: {OFF}",
            "data[0].attributes.goal: must be a whole number of at least 1, in digits alone and without quotes, not 0.",
        ]),
        ({"data": {"petitions": {"edges": [{"node": ONE}]}}}, [
            f"{LACKS} a list of 1 petition in “data.petitions.edges”: {AROUND}",
            f"data.petitions.edges[0]: must be what stands in “node”: {OFF}",
        ]),
        ({"name": "N", "petitions": [ONE]}, ['lacks "organization": write {"organization": … } around the whole.']),
        ({"data": file_of(ONE)}, ["data: is the whole file: take off “data” around it."]),
        ({"organization": {"name": "N", "data": [ONE]}}, ['organization.data: is not known. Did you mean "petitions"?']),
        ({"organization": {"name": "N", "items": {"a": ONE}}}, [
            'organization.items: is not known. Did you mean "petitions"?',
            'organization.items: is an object with 1 petition by key (“a”): write a list of them, [{"slug": "a", …}, …].',
        ]),
        ({"organization": {"name": "N"}, "petitions": [{**ONE, "goal": 0}]}, [
            'petitions: belongs within "organization".',
            "petitions[0].goal: must be a whole number of at least 1, in digits alone and without quotes, not 0.",
        ]),
        ({"organization": [{"name": "N"}]}, ["organization: must be one object, not a list: take off the brackets around it."]),
        ({"organizations": [{"name": "N"}, {"name": "M"}]}, [
            'organizations: is not known. Did you mean "organization"?',
            "organizations: must be one object, not a list: bring each in by a file of its own.",
        ]),
        ({"data": []}, [f'lacks "organization": the file is {WHOLE}, and here is “data”.']),
        (json.dumps(json.dumps(ONE)), [f'must be an object, not the text “{{"title": "A", "text": "x", "target": "T"}}”: the file is {WHOLE}. Take off the quotation marks around it, and the \\ before those within.']),
    ],
)  # fmt: skip
def test_petitions_without_an_organisation(
    tmp_path: Path, content: Any, faults: list[str]
) -> None:
    assert told(tmp_path, content) == faults


def test_a_list_of_petitions_with_all_their_parts_is_imported(tmp_path: Path) -> None:
    translated = {"translations": {"fr": {"title": "Un", "text": "x"}}}

    run(tmp_path, file_of({"title": "A", **translated}, {"title": "data"}))

    assert {one.title for one in Petition.objects.all()} == {"A", "data"}
