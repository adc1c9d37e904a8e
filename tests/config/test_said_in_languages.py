"""What whoever runs the site says about it, in the languages of its pages."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from config.environment import Environment


def said(**variables: str) -> tuple[dict[str, str], list[str]]:
    """Return what OPERATOR says by language, and what is wrong with it."""
    env = Environment()
    env.ENVIRON = variables
    return env.in_languages("OPERATOR", ["en", "fr"]), env.problems


@pytest.mark.parametrize(
    ("variables", "by_language"),
    [
        ({}, {}),
        ({"OPERATOR": "Rights Ltd"}, {"en": "Rights Ltd"}),
        ({"OPERATOR_EN": "Rights Ltd"}, {"en": "Rights Ltd"}),
        ({"OPERATOR": "", "OPERATOR_EN": "Rights Ltd"}, {"en": "Rights Ltd"}),
        ({"OPERATOR": "Rights Ltd", "OPERATOR_EN": " "}, {"en": "Rights Ltd"}),
        ({"OPERATOR_FR": "Droits ltée"}, {"fr": "Droits ltée"}),
        (
            {"OPERATOR_EN": "Rights Ltd", "OPERATOR_FR": "Droits ltée"},
            {"en": "Rights Ltd", "fr": "Droits ltée"},
        ),
    ],
)
def test_the_first_language_may_be_named(
    variables: dict[str, str], by_language: dict[str, str]
) -> None:
    assert said(**variables) == (by_language, [])


def test_nobody_says_it_twice_in_the_first_language() -> None:
    _found, problems = said(OPERATOR="Rights Ltd", OPERATOR_EN="Liberty Ltd")

    assert problems == [
        "OPERATOR and OPERATOR_EN are both set, and mean the same. Leave one out."
    ]


@pytest.mark.parametrize(
    "value",
    [
        "“Rights” and “Liberty”", '"Rights" and "Liberty"', "'Rights' and 'Liberty'",
        '"Rights", 1 Main Street, "Old Mill"', "L'Alliance pour l'eau", 'The "Rights"',
        '"Rights" Ltd', "O’Rights", "Rights\u00a0: oui", "権利", "العدالة",
    ],
)  # fmt: skip
def test_quotation_marks_around_a_part_belong_to_it(value: str) -> None:
    assert said(OPERATOR=value) == ({"en": value}, [])


@pytest.mark.parametrize(
    "value", ['"Rights Ltd"', "'Rights Ltd'", '"L\'Alliance"', r'"The \"Rights\""']
)
def test_quotation_marks_around_all_of_it_are_left_out(value: str) -> None:
    _found, problems = said(OPERATOR=value)

    assert problems == [
        "OPERATOR begins and ends with a quotation mark. Leave both out."
    ]


@pytest.mark.parametrize(
    "value", ["\u3164", "\u3164 \u3164", "\u115f", "\u1160", "\uffa0", "\u00a0\u3164"]
)
def test_what_nobody_can_see_says_nothing(value: str) -> None:
    found, problems = said(OPERATOR_FR=value)

    assert found == {}
    assert problems == [
        "OPERATOR_FR has nothing that can be seen. Say it, or leave it out."
    ]


@pytest.mark.parametrize(
    "value", ["L'Alliance de l'eau", "«\u00a0Rights\u00a0» & co; #1"]
)
def test_an_apostrophe_stands_in_double_quotes_in_the_file_of_variables(
    tmp_path: Path, value: str
) -> None:
    """As docs/operations.md says, and a shell reads the file."""
    file = tmp_path / "petitions.env"
    file.write_text(f'OPERATOR="{value}"\n')

    read = subprocess.run(
        ["sh", "-c", f'set -a; . {file}; set +a; printf %s "$OPERATOR"'],
        capture_output=True,
        text=True,
        check=True,
    )

    assert read.stdout == value
