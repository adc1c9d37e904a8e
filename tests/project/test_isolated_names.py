"""A name in a script that is read from the right does not turn the words beside it
round: in every template it stands in a <bdi>, or in an element that says its direction.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "templates"
# What people and organisations are called, by the last part of what is printed.
NAMES = {
    "addressees", "display_legal_name", "display_name", "full_name", "invited_by",
    "label_with_office", "masked", "postal_line", "sender_name",
}  # fmt: skip
OF_PEOPLE = {
    "answer.name", "key.name", "row.name", "signature.name", "target.label",
    "target.name",
}  # fmt: skip
VOID = {"br", "hr", "img", "input", "link", "meta", "source", "wbr", "col"}
# Mails, whose programs know no <bdi>; a text area shows its own direction.
LEFT_OUT = ("emails",)


def is_name(expression: str) -> bool:
    value = expression.split("|")[0].strip()
    return value.rpartition(".")[2] in NAMES or value in OF_PEOPLE


class Walker(HTMLParser):
    """Collects the names that stand in no isolating element."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.bare: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            isolates = tag in {"bdi", "title", "option"} or "dir" in dict(attrs)
            self.open.append((tag, isolates))

    def handle_endtag(self, tag: str) -> None:
        # Branches of a template may close what another one has opened.
        for place in reversed(range(len(self.open))):
            if self.open[place][0] == tag:
                del self.open[place:]
                break

    def handle_data(self, data: str) -> None:
        alone = not re.sub(r"\[\[.*?\]\]", "", data).strip()
        inner = self.open[-1:] and self.open[-1][1]
        if inner or (alone and any(isolates for _tag, isolates in self.open)):
            return
        self.bare += re.findall(r"\[\[(.*?)\]\]", data)


def bare_names(template: str) -> list[str]:
    """Return the names in a template that stand in no isolating element."""
    template = re.sub(
        r"{% (block (?:title|preview)\b.*?){% endblock", "", template, flags=re.S
    )
    template = re.sub(r"{% comment %}.*?{% endcomment %}|{#.*?#}", "", template)
    meant: dict[str, str] = {}

    def sentence(found: re.Match[str]) -> str:
        meant.clear()
        meant.update(re.findall(r"(\w+)=([\w.]+)", found[1]))
        return re.sub(
            r"{{ (\w+) }}", lambda word: shown(meant.get(word[1], word[1])), found[2]
        )

    def shown(expression: str) -> str:
        return f"[[{expression}]]" if is_name(expression) else "x"

    template = re.sub(
        r"{% blocktranslate\b(.*?)%}(.*?){% endblocktranslate %}",
        sentence,
        template,
        flags=re.S,
    )
    template = re.sub(r"{{ (.*?) }}", lambda word: shown(word[1]), template)
    walker = Walker()
    walker.feed(re.sub(r"{%.*?%}", "", template, flags=re.S))
    return walker.bare


PAGES = sorted(
    path.relative_to(TEMPLATES)
    for path in TEMPLATES.rglob("*.html")
    if path.relative_to(TEMPLATES).parts[0] not in LEFT_OUT
)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_each_name_is_isolated(page: Path) -> None:
    assert bare_names((TEMPLATES / page).read_text()) == []


@pytest.mark.parametrize(
    ("template", "bare"),
    [
        ("<p>{{ o.display_name }} · 5</p>", ["o.display_name"]),
        ("<p><bdi>{{ o.display_name }}</bdi> · 5</p>", []),
        ('<h1 dir="auto">{{ o.display_name }}</h1>', []),
        ('<img alt="{{ o.display_name }}">', []),
        ("<p>{% blocktranslate with n=o.display_name %}By {{ n }}{% endblocktranslate %}",
         ["o.display_name"]),
        ("{% blocktranslate with n=o.name %}<bdi>{{ n }}</bdi>{% endblocktranslate %}",
         []),
        ("<title>{{ o.display_name }}</title>", []),
        ("<p>{{ signature.name }}, {{ signature.pk }}</p>", ["signature.name"]),
    ],
)  # fmt: skip
def test_what_it_finds(template: str, bare: list[str]) -> None:
    assert bare_names(template) == bare


def test_it_finds_some() -> None:
    found = "".join((TEMPLATES / page).read_text() for page in PAGES)

    assert len(re.findall(r"display_name|sender_name", found)) > 40
