"""Importing a file a second time: what differs and is not followed is reported, key by
key, and none of it is stored (test_following.py has what is followed)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from petitions.models import CountEntry, Petition, Target, Translation
from tests.petitions.importing.helpers import file_of, refusal, run, snapshot

pytestmark = pytest.mark.django_db

FIRST: dict[str, Any] = {
    "title": "Grows",
    "target": None,
    "targets": [
        "A council",
        {"name": "B", "office": "Minister", "kind": "person"},
        {"name": "C", "kind": "body"},
    ],
    "supporters": 100,
    "counted_by": "Elsewhere Inc.",
    "counted_at": "2016-03-31",
    "translations": {
        "fr": {"title": "Titre", "text": "Texte.", "addressees": "Le conseil"}
    },
}


def petition(**changes: Any) -> dict[str, Any]:
    """Return a file with the first petition, changed as it may have been elsewhere
    since."""
    content = file_of({**FIRST, **changes})
    del content["organization"]["petitions"][0]["target"]
    return content


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"targets": ["D", *FIRST["targets"][1:]]}, ["targets[0]"]),
        ({"targets": [None, *FIRST["targets"][1:]]}, ["targets[0]"]),
        (
            {
                "targets": [
                    "A council",
                    {"name": "B", "office": "Judge", "organisation": "Court"},
                    {"name": "C", "kind": "person"},
                ]
            },
            ["targets[1].office", "targets[1].organisation", "targets[2].kind"],
        ),
        ({"targets": FIRST["targets"][:2]}, ["targets"]),
        ({"targets": [*FIRST["targets"], "E"]}, ["targets"]),
        (
            {
                "translations": {
                    "fr-CA": {
                        "title": "Autre",
                        "text": "Texte.",
                        "addressees": "Tous",
                    }
                }
            },
            [f"translations.fr-CA.{k}" for k in ("title", "addressees")],
        ),
        ({"counted_by": "Others"}, ["counted_by"]),
        ({"counted_at": "2016-04-01"}, ["counted_at"]),
        ({"goal": 5, "delivery": "names"}, ["goal", "delivery"]),
    ],
)
def test_each_key_that_differs_is_named(
    tmp_path: Path, changes: dict[str, Any], paths: list[str]
) -> None:
    run(tmp_path, petition())
    before = rows()

    said = run(tmp_path, petition(**changes))

    told = [line for line in said.split("\n") if "left alone" in line]
    assert [line.split(": ")[2].partition("[0].")[2] for line in told] == paths
    assert rows() == before
    assert "left alone" not in run(tmp_path, petition())


def rows() -> list[Any]:
    """Return all rows that an import writes."""
    return [
        snapshot(),
        *(
            list(model.objects.order_by("pk").values())
            for model in (Target, Translation, CountEntry)
        ),
    ]


def test_a_number_that_staff_corrected_is_the_one_that_counts(tmp_path: Path) -> None:
    run(tmp_path, petition())
    CountEntry.objects.create(
        petition=Petition.objects.get(),
        source="imported",
        number=80,
        label="Counted elsewhere since",
        counted_by="Elsewhere Inc.",
        counted_at="2016-05-01",
    )

    assert "0 supporters added" in run(tmp_path, petition(supporters=180))


def test_the_petitions_own_language_may_have_changed(tmp_path: Path) -> None:
    run(tmp_path, petition())
    swapped = {"en": {"title": "Titre", "text": "Text."}}

    said = run(tmp_path, petition(language="fr", translations=swapped))

    assert "petitions[0].language: differs" in said
    assert "petitions[0].translations.en.title: differs" in said
    assert Translation.objects.get().language == "fr"


def test_what_is_of_no_use_is_told_at_once(tmp_path: Path) -> None:
    said = run(tmp_path, file_of({"title": "A", "counted_by": "Others"}))
    assert 'petitions[0].counted_by: is not kept without "supporters".' in said


def test_an_open_petition_has_not_ended(tmp_path: Path) -> None:
    (line,) = refusal(tmp_path, file_of({"title": "A", "ended_on": "2016-06-01"}))
    assert 'ended_on: is of one that has ended: say "state"' in line


def test_nothing_is_published_in_the_name_of_another_organisation(
    tmp_path: Path,
) -> None:
    run(tmp_path, file_of({"title": "Grows"}, slug="rights-now"))
    before = rows()
    strangers = file_of({"title": "Shrinks"}, slug="rights-now", name="Others Inc.")

    with pytest.raises(CommandError) as refused:
        run(tmp_path, strangers)

    assert "organization.slug: is the address of Rights Now, which has none of" in str(
        refused.value
    )
    assert rows() == before


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("RIGHTS  now", ["Shrinks"]),
        ("Rights Now, as it was called", ["Grows", "Shrinks"]),
    ],
)
def test_one_that_was_renamed_is_known_by_its_petitions(
    tmp_path: Path, name: str, titles: list[str]
) -> None:
    run(tmp_path, file_of({"title": "Grows"}, slug="rights-now"))

    said = run(
        tmp_path,
        file_of(*({"title": title} for title in titles), slug="rights-now", name=name),
    )

    assert "1 petitions brought in" in said
    assert "organization.name: differs from what is stored" in said


def test_titles_that_differ_in_capitals_alone_are_pointed_out(tmp_path: Path) -> None:
    said = run(tmp_path, file_of({"title": "Open it"}, {"title": "OPEN It"}))

    assert "2 petitions brought in" in said
    assert "[1].title: differs in capitals or blanks alone from that of line" in said
    assert "[0].title" not in said
