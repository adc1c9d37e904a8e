"""Numbers inside sentences have the separators of the reader's language, wherever they
come from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.template import Context, Engine, engines
from django.template.base import FilterExpression, Node, Template
from django.templatetags.i18n import BlockTranslateNode
from django.utils import translation
from django.utils.translation import ngettext

from core.text.fields import LineField
from core.text.numbers import Counted
from tests.config.helpers import ROOT

SHOWN = {"en": "70,000", "fr": "70\xa0000"}
LANGUAGES = pytest.mark.parametrize("language", sorted(SHOWN))
PACKAGES = ("config", "core", "organizations", "petitions")


class Many(int):
    """A large number, and a list that is as long."""

    def __len__(self) -> int:
        return int(self)


def plurals() -> Iterator[tuple[str, BlockTranslateNode]]:
    """Yield each sentence of a template that has a plural, with the template's name."""
    folder = Path(settings.TEMPLATES[0]["DIRS"][0])
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".html", ".txt"):
            name = str(path.relative_to(folder))
            template: Any = engines["django"].get_template(name)
            for node in nodes(template.template):
                if isinstance(node, BlockTranslateNode) and node.countervar:
                    yield name, node


def nodes(template: Template) -> list[Node]:
    return list(template.nodelist.get_nodes_by_type(Node))


def given(expression: FilterExpression, value: Any) -> dict[str, Any]:
    """Return a context in which the variable of `expression` is `value`."""
    first, *others = expression.var.lookups
    for name in reversed(others):
        value = {name: value}
    return {first: value}


@LANGUAGES
def test_each_sentence_with_a_plural_groups_the_digits(language: str) -> None:
    engine = Engine.get_default()
    seen = 0
    for name, node in plurals():
        assert node.counter is not None
        context = Context(given(node.counter, Many(70_000)))
        # Of this name, because the other variables of the sentence are missing.
        context.template_name = "django/around"
        with (
            translation.override(language),
            context.bind_template(Template("", engine=engine)),
        ):
            said = node.render(context)

        assert "70000" not in said, (name, said)
        seen += SHOWN[language] in said
    assert seen >= 25


def calls_of_ngettext() -> Iterator[tuple[str, ast.BinOp]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.BinOp)
                    and isinstance(node.op, ast.Mod)
                    and isinstance(node.left, ast.Call)
                    and isinstance(node.left.func, ast.Name)
                    and node.left.func.id == "ngettext"
                ):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_no_sentence_in_code_prints_the_bare_number_it_was_chosen_by() -> None:
    seen = 0
    for place, node in calls_of_ngettext():
        assert isinstance(node.left, ast.Call)
        number = ast.unparse(node.left.args[2])
        if isinstance(node.right, ast.Dict):
            values = [ast.unparse(value) for value in node.right.values]
            assert number not in values, place
        seen += 1
    assert seen >= 10


def test_no_sentence_takes_a_number_as_bare_digits() -> None:
    """`%(number)d` prints no separators: `%(number)s` and `Counted` do."""
    catalogue = (ROOT / "locale/fr/LC_MESSAGES/django.po").read_text()
    ours = re.findall(r'^msgid(?:_plural)? (".*"(?:\n".*")*)', catalogue, re.M)
    assert len(ours) > 1000

    assert [said for said in ours if re.search(r"%\(\w+\)[di]", said)] == []


@LANGUAGES
def test_a_counted_number_is_printed_with_separators(language: str) -> None:
    with translation.override(language):
        said = ngettext("%(n)s supporter", "%(n)s supporters", 70_000) % {
            "n": Counted(70_000)
        }
        assert said.startswith(SHOWN[language])
        assert f"{Counted(999)}" == "999"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            "Ensure this value has at most 1,000 characters (it has 70,000).",
        ),
        (
            "fr",
            (
                "Assurez-vous que cette valeur comporte au plus 1\xa0000 caractères "
                "(actuellement 70\xa0000)."
            ),
        ),
    ],
)
def test_a_text_that_is_too_long_is_measured_with_separators(
    language: str, said: str
) -> None:
    with translation.override(language), pytest.raises(ValidationError) as refused:
        LineField(max_length=1000).clean("x" * 70_000)

    with translation.override(language):
        assert refused.value.messages == [said]
