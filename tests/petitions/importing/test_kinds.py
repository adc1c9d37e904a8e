"""What other systems and spreadsheets write into an import file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.test import Client
from django.utils import timezone

from core.i18n.languages import text_language
from organizations.models import Organization
from petitions.models import CountEntry, Petition, Target
from tests.helpers import text_of
from tests.petitions.importing.helpers import file_of, refusal, run

pytestmark = pytest.mark.django_db


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    lines = refusal(
        tmp_path,
        file_of(
            {"title": "C" * 201, "text": "\ufffd", "oops": 1},
            {"title": "D", "language": "qq", "started_on": "2030-01-01"},
            {"title": "D", "targets": [{"kind": "god"}, {"name": 5}], "target": None},
            {"title": "E", "supporters": "1", "state": "draft", "goal": 0},
            {"title": "F", "translations": {"fr": {"title": "x"}, "qq": {}}},
            {"title": "G", "targets": ["x", "", {"nmae": "y"}], "target": 5},
            {"text": None},
            website="javascript:x",
            contact_email="me",
        ),
    )

    found = [line.split(": ")[2] for line in lines]
    at = "organization.petitions"
    for path in (
        "organization.website", "organization.contact_email", f"{at}[0].title",
        f"{at}[0].text", f"{at}[0].oops", f"{at}[1].language", f"{at}[1].started_on",
        f"{at}[2]", f"{at}[2].title", f"{at}[3].supporters", f"{at}[3].state",
        f"{at}[3].goal", f"{at}[4].translations.fr", f"{at}[4].translations.qq",
        f"{at}[5]", f"{at}[6]",
    ):  # fmt: skip
        assert path in found, (path, lines)
    numbers = [int(line.split(": ")[1].removeprefix("line ")) for line in lines]
    assert numbers == sorted(numbers)


def test_every_target_is_looked_at(tmp_path: Path) -> None:
    targets = ["x", "", {"nmae": "y"}, {"name": "A", "kind": "god"}, 5]
    petition = {"title": "A", "text": "x", "targets": targets}
    lines = refusal(tmp_path, {"organization": {"name": "N", "petitions": [petition]}})

    for number, sentence in ((1, "is empty"), (3, "must be one of"), (4, "an object")):
        assert any(f"targets[{number}]" in line and sentence in line for line in lines)
    assert any("targets[2].nmae: is not known" in line for line in lines)


def test_breaks_and_blanks_in_titles_and_names_are_one_blank(tmp_path: Path) -> None:
    run(
        tmp_path,
        file_of(
            {"title": "Training in schools \nabout abuse"},
            {"title": "Save the farmhouse\r\r\nin our town", "target": "A\tcouncil "},
            name=" Rights\nNow ",
        ),
    )

    assert [petition.title for petition in Petition.objects.order_by("pk")] == [
        "Training in schools about abuse",
        "Save the farmhouse in our town",
    ]
    assert Organization.objects.get().name == "Rights Now"
    assert Target.objects.filter(name="A council").count() == 2


@pytest.mark.parametrize(
    "title",
    ["Free the  prisoners ", "Free\u00a0the prisoners", "Fr\u200bee the prisoners"],
)
def test_blanks_and_what_is_not_seen_make_no_second_one(
    tmp_path: Path, title: str
) -> None:
    plain = {"title": "Free the prisoners", "supporters": 5}
    lines = refusal(tmp_path, file_of(plain, {"title": title}))
    assert len(lines) == 1
    assert "petitions[1].title: stands twice in the file, in line" in lines[0]

    run(tmp_path, file_of(plain, name="Case  04\u200b"))
    said = run(tmp_path, file_of({**plain, "title": title}, name="Case 04 "))

    assert "0 petitions brought in, 1 were there already, 0 supporters" in said
    assert Organization.objects.count() == Petition.objects.count() == 1


@pytest.mark.parametrize("unseen", ["\u034f", "\ufe0f", "\u115f", "\u3164", "\u2800"])
def test_signs_that_show_nothing_make_no_second_one(
    tmp_path: Path, unseen: str
) -> None:
    run(tmp_path, file_of({"title": "Free them", "supporters": 5}))
    said = run(
        tmp_path,
        file_of({"title": f"{unseen}Free{unseen} them"}, name=f"Rights{unseen} Now"),
    )

    assert "0 petitions brought in, 1 were there already" in said
    assert Organization.objects.count() == 1


def test_a_title_with_other_capitals_than_a_stored_one_is_pointed_out(
    tmp_path: Path,
) -> None:
    run(tmp_path, file_of({"title": "Free them"}))
    said = run(tmp_path, file_of({"title": "FREE THEM"}))

    assert "1 petitions brought in" in said
    assert "petitions[0].title: differs in capitals or blanks alone from “Free" in said
    assert "differs in capitals" not in run(tmp_path, file_of({"title": "FREE THEM"}))


def test_an_organisation_with_other_capitals_is_asked_about(tmp_path: Path) -> None:
    run(tmp_path, file_of({"title": "A"}))

    with pytest.raises(CommandError) as refused:
        run(tmp_path, file_of({"title": "A"}, name="RIGHTS NOW"))

    assert "organization.name: differs in capitals or blanks alone from Rights Now" in (
        str(refused.value)
    )
    assert Petition.objects.count() == 1
    run(tmp_path, file_of({"title": "A"}, name="RIGHTS NOW", slug="another"))
    assert Organization.objects.count() == 2


def test_an_accent_may_be_composed_or_not_and_capitals_tell_apart(
    tmp_path: Path,
) -> None:
    run(tmp_path, file_of({"title": "Libérez-les"}, {"title": "LIBÉREZ-LES"}))
    said = run(tmp_path, file_of({"title": "Libe\u0301rez-les"}))

    assert "0 petitions brought in, 1 were there already" in said
    assert Petition.objects.count() == 2


@pytest.mark.parametrize(
    ("dates", "path", "sentence"),
    [
        ({"started_on": "2030-01-01"}, "started_on", "still to come"),
        ({"state": "closed", "ended_on": "2029-01-01"}, "ended_on", "still to come"),
        (
            {"started_on": "2016-02-01", "state": "won", "ended_on": "2016-01-31"},
            "ended_on",
            "is before it started",
        ),
        ({"supporters": 1, "counted_at": "2030-01-01"}, "counted_at", "still to come"),
        ({"counted_at": "soon"}, "counted_at", "must be a date such as 2016-03-31"),
        ({"ended_on": "31.1.2016"}, "ended_on", "write 2016-01-31"),
    ],
)
def test_a_day_that_cannot_be_is_refused(
    tmp_path: Path, dates: dict[str, Any], path: str, sentence: str
) -> None:
    (line,) = refusal(tmp_path, file_of({"title": "A", **dates}))

    assert f"petitions[0].{path}: " in line
    assert sentence in line


@pytest.mark.parametrize(
    "moment",
    ["2017-01-24T22:55:30.361Z", "2017-01-24T01:00:00+05:30", "2017-01-24 22:55:30"],
)
def test_a_day_with_an_hour_is_that_day(tmp_path: Path, moment: str) -> None:
    run(tmp_path, file_of({"title": "A", "started_on": moment}))

    assert str(Petition.objects.get().started_on) == "2017-01-24"


def test_null_is_as_good_as_leaving_out(tmp_path: Path) -> None:
    optional = (
        "summary", "outcome", "ask", "slug", "supporters", "counted_by", "counted_at",
        "started_on", "state", "ended_on", "text_format", "goal", "delivery",
        "language", "translations", "targets", "origin",
    )  # fmt: skip
    run(
        tmp_path,
        file_of(
            {"title": "Null", **dict.fromkeys(optional)},
            description=None,
            website=None,
            language=None,
        ),
    )

    petition = Petition.objects.get()
    assert (petition.summary, petition.state, petition.language) == ("", "open", "en")
    assert not CountEntry.objects.exists()


def test_texts_have_the_limits_of_the_form(tmp_path: Path) -> None:
    (line,) = refusal(tmp_path, file_of({"title": "A", "text": "[" * 300_000}))

    assert "petitions[0].text: " in line
    assert "at most 40,000 characters (it has 300,000)" in line


def test_targets_are_limited_in_a_sentence(tmp_path: Path) -> None:
    many: dict[str, Any] = file_of({"title": "A"})
    petition = many["organization"]["petitions"][0]
    del petition["target"]
    petition["targets"] = [f"Member {number}" for number in range(5000)]
    (line,) = refusal(tmp_path, many)
    assert "targets: has 5,000 targets; a petition has at most 1,000" in line

    petition["targets"] = petition["targets"][:1000]
    run(tmp_path, many)

    assert Target.objects.count() == 1000


def test_no_day_and_no_history_is_made_up(visitor: Client, tmp_path: Path) -> None:
    run(
        tmp_path,
        file_of(
            {
                "title": "Closed long ago",
                "state": "closed",
                "started_on": "2016-05-23",
                "supporters": 4150260,
                "counted_at": "2017-01-31",
            }
        ),
    )
    petition = Petition.objects.get()

    page = visitor.get(petition.get_absolute_url())

    today = timezone.localdate()
    assert f"{today.day} {today:%B %Y}" not in text_of(page)
    assert "4,150,260" in text_of(page)
    assert "<polyline" not in page.content.decode()
    assert "Most came" not in text_of(page)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("fr-CA", "fr"), ("pt-BR", "pt"), ("en-GB", "en"), ("fa-AF", "fa"),
        ("zh-TW", "zh-Hant"), ("zh-HK", "zh-Hant"), ("zh-CN", "zh"), ("mn-Cyrl", "mn"),
        ("es-419", "es"), ("en_US", "en"), ("PT-br", "pt"), ("zh-Hant-TW", "zh-Hant"),
        ("sr-Latn-RS", "sr-Latn"), ("fra", "fr"), ("iw", "he"), ("French", "fr"),
        ("français", "fr"), ("Español", "es"), (" crk ", "crk"),
        ("fr\u200b", "fr"), ("\ufeffFrench", "fr"), ("ＦＲ", "fr"), ("Canadian French", "fr"),
        ("français canadien", "fr"), ("Brazilian Portuguese", "pt"), ("Deutsch", "de"),
        ("xx", None), ("fr-", None), ("", None), ("fr CA", None), ("fr-?", None),
    ],
)  # fmt: skip
def test_a_language_is_known_as_other_systems_write_it(
    said: str, code: str | None
) -> None:
    assert text_language(said) == code


def test_languages_of_countries_come_in(visitor: Client, tmp_path: Path) -> None:
    run(
        tmp_path,
        file_of(
            {"title": "A", "language": "fr-CA"},
            {"title": "B", "language": "zh-TW"},
            {"title": "C", "translations": {"pt-BR": {"title": "T", "text": "x"}}},
            language="fr_CA",
        ),
    )

    languages = {one.title: one.languages for one in Petition.objects.all()}
    assert Organization.objects.get().language == "fr"
    assert languages == {"A": ["fr"], "B": ["zh-Hant"], "C": ["en", "pt"]}
    page = visitor.get(Petition.objects.get(title="B").get_absolute_url())
    assert 'lang="zh-Hant"' in page.content.decode()


def test_a_file_on_one_line_tells_the_same(tmp_path: Path) -> None:
    content = json.dumps(file_of({"title": "A"}, {"title": "A"}))

    (line,) = refusal(tmp_path, content)

    assert "line 1: organization.petitions[1].title: stands twice" in line
