"""Importing an organisation from a file: to the letter, twice, or not at all."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from organizations.models import Organization
from petitions.models import CountEntry, Petition
from petitions.states import State
from tests.helpers import text_of
from tests.petitions.importing.helpers import file_of, run, snapshot

pytestmark = pytest.mark.django_db

FILE: dict[str, Any] = {
    "organization": {
        "name": "Rights Now",
        "description": "Who we are.",
        "petitions": [
            {
                "target": "TBD",
                "title": "First *not Markdown*",
                "text": "One line – with\u00a0no-break\u00a0spaces.  Two  spaces.\n\n# no head",
                "supporters": 15261,
                "counted_by": "Elsewhere Inc.",
                "counted_at": "2016-03-31",
            },
            {"target": None, "title": "Second", "text": "Text.", "supporters": 1},
            {
                "targets": [
                    {"name": "A", "office": "Minister"},
                    {"name": "B", "kind": "body", "organisation": "State"},
                ],
                "title": "Third",
                "text": "**bold**",
                "text_format": "markdown",
                "state": "won",
                "ended_on": "2016-06-01",
                "outcome": "It worked.",
                "started_on": "2015-11-01",
                "goal": 500,
                "delivery": "names",
            },
        ],
    }
}


def test_everything_comes_in(tmp_path: Path) -> None:
    said = run(tmp_path, FILE)

    assert said.startswith(
        "Rights Now: 3 petitions brought in, 0 were there already, 15262 supporters added."
    )
    assert "until the organisation has a postal address and a contact e-mail" in said
    first, second, third = Petition.objects.order_by("pk")
    assert first.text == FILE["organization"]["petitions"][0]["text"]
    assert (first.text_format, first.state) == ("plain", State.OPEN)
    entry = CountEntry.objects.get(petition=first)
    assert (entry.number, entry.source, entry.counted_by) == (
        15261, "imported", "Elsewhere Inc.",
    )  # fmt: skip
    assert str(entry.counted_at) == "2016-03-31"
    assert entry.label == "Counted elsewhere before: Elsewhere Inc."
    assert [target.label for target in first.targets.all()] == ["TBD"]
    assert second.targets.get().is_unsettled
    assert [str(target.label_with_office) for target in third.targets.all()] == [
        "A, Minister",
        "B, State",
    ]
    assert (third.state, third.outcome, third.goal) == (State.WON, "It worked.", 500)
    assert str(third.started_on) == "2015-11-01"
    assert third.ended_at is not None
    assert third.ended_at.date().isoformat() == "2016-06-01"
    assert third.delivery == "names"


def test_plain_text_is_printed_to_the_letter(visitor: Client, tmp_path: Path) -> None:
    run(tmp_path, FILE)

    page = visitor.get(Petition.objects.order_by("pk")[0].get_absolute_url())

    assert (
        "One line – with\u00a0no-break\u00a0spaces.  Two  spaces."
        in page.content.decode()
    )
    assert "# no head" in text_of(page)
    assert "First *not Markdown*" in text_of(page)


def test_petitions_keep_the_order_of_the_file(visitor: Client, tmp_path: Path) -> None:
    content = copy.deepcopy(FILE)
    content["organization"]["petitions"] = [
        {"target": "T", "title": f"Number {n}", "text": "x"} for n in (5, 3, 9, 1, 7)
    ]
    run(tmp_path, content)

    text = text_of(visitor.get("/organizations/rights-now/"))

    positions = [text.index(f"Number {n}") for n in (5, 3, 9, 1, 7)]
    assert positions == sorted(positions)


def test_earlier_supporters_are_labelled_and_the_question_is_not_asked(
    visitor: Client, tmp_path: Path
) -> None:
    run(tmp_path, FILE)

    page = visitor.get(Petition.objects.order_by("pk")[0].get_absolute_url())

    assert "15,261 counted elsewhere before." in text_of(page)
    assert b'name="updates"' not in page.content


def test_running_it_twice_changes_nothing(tmp_path: Path) -> None:
    run(tmp_path, FILE)
    before = snapshot()

    said = run(tmp_path, FILE)

    assert "0 petitions brought in, 3 were there already, 0 supporters added" in said
    assert snapshot() == before


def test_a_later_file_adds_what_is_new(tmp_path: Path) -> None:
    run(tmp_path, FILE)
    content = copy.deepcopy(FILE)
    content["organization"]["petitions"].append(
        {"target": "T", "title": "Fourth", "text": "x", "supporters": 9}
    )

    said = run(tmp_path, content)

    assert "1 petitions brought in, 3 were there already, 9 supporters added" in said


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the file with one value changed, or its key removed (REMOVE)."""
    content = copy.deepcopy(FILE)
    place: Any = content
    *way, last = path.split(".")
    for step in way:
        place = place[int(step) if step.isdecimal() else step]
    if value is REMOVE:
        del place[last]
    else:
        place[last] = value
    return content


REMOVE = object()
P = "organization.petitions"


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("organization", REMOVE, r'lacks "organization"'),
        ("organization", [], r"line 2: organization: must be one object"),
        ("extra", 1, r"line \d+: extra: is not known"),
        ("organization.name", REMOVE, r'line 2: organization: lacks "name"'),
        ("organization.name", 5, r"line 3: organization.name: must be a text"),
        ("organization.name", " ", r"line 3: organization.name: is empty"),
        ("organization.name", "x" * 300, r"line 3: organization.name: .*200 char"),
        ("organization.website", "javascript:x", r"organization.website: .*valid URL"),
        (
            "organization.contact_email",
            "me",
            r"organization.contact_email: .*name@example",
        ),
        ("organization.slug", "a b", r"organization.slug: Use letters"),
        (P, {}, r"line 5: organization.petitions: must be a list"),
        (f"{P}.1.title", REMOVE, r"petitions\[1\]: lacks \"title\""),
        (f"{P}.1.title", "First *not Markdown*", r"petitions\[1\].title: stands twice"),
        (
            f"{P}.1.title",
            "a\ufffdb",
            r"petitions\[1\].title: Character 2 \(U\+FFFD\) cannot be read",
        ),
        (f"{P}.1.text", "", r"petitions\[1\].text: is empty"),
        (f"{P}.1.supporters", "601", r"line 18: .*supporters: must be a whole number"),
        (f"{P}.1.supporters", -1, r"supporters: must be a whole number of at least 0"),
        (f"{P}.1.supporters", 1.5, r"supporters: must be a whole number"),
        (f"{P}.1.supporters", True, r"supporters: must be a whole number"),
        (f"{P}.1.supporters", 10**12, r"supporters: must be at most 2,000,000,000"),
        (
            f"{P}.1.supporters",
            2_000_000_001,
            r"supporters: must be at most 2,000,000,0",
        ),
        (f"{P}.1.supporters", 10**4000, r"supporters: must be at most 2,000,000,000"),
        (f"{P}.1.supporters", "15,261", r"supporters: must be a .*, not \"15,261\": w"),
        (f"{P}.1.target", REMOVE, r'petitions\[1\]: needs "target" or "targets"'),
        (f"{P}.1.target", 5, r"petitions\[1\].target: must be a name in quotes"),
        (f"{P}.2.targets", [], r"petitions\[2\].targets: must be a list with at"),
        (f"{P}.2.targets.0.kind", "god", r"targets\[0\].kind: must be one of person"),
        (f"{P}.2.targets.0.name", "", r"targets\[0\].name: is empty"),
        (f"{P}.2.targets.0.nmae", "x", r"targets\[0\].nmae: is not known"),
        (f"{P}.2.state", "draft", r"petitions\[2\].state: must be one of open, closed"),
        (f"{P}.2.ended_on", "June", r"petitions\[2\].ended_on: must be a date"),
        (
            f"{P}.2.goal",
            0,
            r"petitions\[2\].goal: must be a whole number of at least 1",
        ),
        (f"{P}.2.language", "xx", r"petitions\[2\].language: “xx” is not a language"),
        (f"{P}.2.slug", "Füße und so", r"petitions\[2\].slug: Use letters"),
    ],
)
def test_a_mistake_is_named_by_line_and_key_and_nothing_is_stored(
    tmp_path: Path, path: str, value: Any, complaint: str
) -> None:
    with pytest.raises(CommandError, match=complaint):
        run(tmp_path, changed(path, value))

    assert not Organization.objects.exists()
    assert not Petition.objects.exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", r"file.json: line 1, character 2: "),
        ('{"organization": {\n"name": "a",\n}}', r"file.json: line 2, character 12: "),
        (b'{"organization":\n "\xff"}', r"file.json: line 2: the file is not UTF-8"),
        ("[]", r"must be an object"),
        ('"x"', r"must be an object"),
    ],
)
def test_a_broken_file_is_named_by_line(
    tmp_path: Path, content: Any, complaint: str
) -> None:
    with pytest.raises(CommandError, match=complaint):
        run(tmp_path, content)


def test_a_file_that_is_not_there(db: None) -> None:
    with pytest.raises(CommandError, match=r"nowhere\.json: No such file"):
        call_command("import_organization", "nowhere.json")


def test_an_address_that_somebody_has(tmp_path: Path, petition: Petition) -> None:
    with pytest.raises(CommandError, match="slug: is the address of another petition"):
        run(tmp_path, changed(f"{P}.2.slug", petition.slug))

    assert Petition.objects.count() == 1


def test_an_address_that_an_organisation_has_or_had(
    tmp_path: Path, organization: Organization
) -> None:
    """A former address leads to who left it, and is nobody else's."""
    organization.slug = "moved-on"
    organization.save()
    given = changed("organization.slug", "rights-now")

    with pytest.raises(CommandError) as told:
        run(tmp_path, given)

    said = "organization.slug: is the address of another organisation: choose one."
    assert said in str(told.value)
    assert Organization.objects.get() == organization


def test_an_organisation_that_is_stored_under_another_address(
    tmp_path: Path, organization: Organization
) -> None:
    Organization.objects.filter(pk=organization.pk).update(slug="at-home")
    given = changed("organization.name", organization.name)
    given["organization"]["slug"] = "elsewhere"

    with pytest.raises(CommandError) as told:
        run(tmp_path, given)

    assert (
        "organization.slug: is not the address of Rights Now, which is stored "
        'already: write "at-home", or another name for another organisation.'
    ) in str(told.value)
    assert Organization.objects.count() == 1
    assert not Petition.objects.exists()


def test_the_address_of_an_organisation_of_another_name(
    tmp_path: Path, organization: Organization
) -> None:
    given = changed("organization.slug", organization.slug)
    given["organization"]["name"] = "Nobody Else"

    with pytest.raises(CommandError) as told:
        run(tmp_path, given)

    assert (
        "organization.slug: is the address of Rights Now, which has none of these "
        "petitions: choose another, or write that name if they are its own."
    ) in str(told.value)
    assert not Petition.objects.exists()


def test_the_help_documents_every_key() -> None:
    import re

    from petitions.importing import FORMAT, reading

    described = set(re.findall(r'"(\w+)"', FORMAT))
    wanted = {
        *reading.ORGANIZATION_TEXTS, *reading.PETITION_KEYS, *reading.TARGET_TEXTS,
        *reading.TRANSLATED, "name", "petitions", "kind",
    }  # fmt: skip
    assert wanted <= described
    assert "plain|markdown|html" in FORMAT


def translated(**texts: Any) -> dict[str, Any]:
    content = copy.deepcopy(FILE)
    content["organization"]["petitions"][1]["translations"] = texts
    return content


def test_texts_in_other_languages_come_in_now_or_later(tmp_path: Path) -> None:
    run(tmp_path, FILE)
    french = {"title": "Deuxième", "text": "Texte.", "addressees": "À préciser"}
    run(tmp_path, translated(fr=french))
    other = {"title": "Autre", "text": "x"}
    run(tmp_path, translated(fr=other, ar={"title": "ثانية", "text": "نص"}))

    petition = Petition.objects.get(title="Second")

    assert petition.languages == ["en", "ar", "fr"]
    assert petition.words_in("fr").title == "Deuxième"
    assert petition.words_in("fr").addressees == "À préciser"


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({"en": {"title": "x", "text": "x"}}, "own text"),
        ({"xx": {"title": "x", "text": "x"}}, "“xx” is not a language"),
        ({"fr": {"title": "x"}}, 'lacks "text"'),
        ({"fr": {"title": "x", "text": "x", "txt": ""}}, "is not known"),
        ({"fr": []}, "must be an object"),
        ([], "an object with a text for each language"),
    ],
)
def test_a_mistake_in_a_translation_is_named(
    tmp_path: Path, texts: Any, sentence: str
) -> None:
    content = translated()
    content["organization"]["petitions"][1]["translations"] = texts

    with pytest.raises(CommandError, match=r"petitions\[1\]\.translations") as refused:
        run(tmp_path, content)

    assert sentence in str(refused.value)
    assert not Organization.objects.exists()


def test_a_whole_number_as_spreadsheets_write_it(tmp_path: Path) -> None:
    run(tmp_path, changed(f"{P}.1.supporters", 15261.0))

    assert CountEntry.objects.get(petition__title="Second").number == 15261


def test_more_supporters_than_one_entry_holds(tmp_path: Path) -> None:
    """A count entry has at most ten million."""
    content = file_of({"title": "A", "supporters": 25_000_000, "counted_by": "x" * 190})

    assert "25000000 supporters added" in run(tmp_path, content)

    entries = CountEntry.objects.order_by("-number", "label")
    assert [entry.number for entry in entries] == [10_000_000, 10_000_000, 5_000_000]
    assert len({entry.label for entry in entries}) == 3
    assert Petition.objects.with_counts().get().supporters == 25_000_000
    assert "0 supporters added" in run(tmp_path, content)
