"""One name stands for one thing: what two modules define has two names, unless it is
listed here."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("config", "core", "devsite", "organizations", "petitions")

SHARED = {
    "where Python begins, Django's commands": {"main", "Command"},
    "a view and the act that it does": {
        "add_app", "confirm", "confirm_answer", "end_links", "erase_all", "mail_links",
        "remove_factor", "report", "sign", "tile", "withdraw",
    },
    "a page of staff and the act that it does": {
        "begin_pack", "call_off_removal", "schedule_removal",
    },
    "a template tag and the function that it shows": {"excerpt"},
    "a probe and what it is about": {"email_key"},
    "a field of the sign form and the field that it is made of": {
        "AddressField", "LineField", "TextField",
    },
}  # fmt: skip
"""Names that several modules define on purpose, by the reason."""


def modules_by_name() -> dict[str, list[str]]:
    """Return the modules that define each function and class at their top level."""
    modules = defaultdict(list)
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if "migrations" in path.parts:
                continue
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    modules[node.name].append(str(path.relative_to(ROOT)))
    return modules


def test_no_two_modules_define_the_same_name() -> None:
    shared = set().union(*SHARED.values())
    twice = {
        name: files
        for name, files in modules_by_name().items()
        if len(files) > 1 and name not in shared and not name.startswith("_")
    }

    assert twice == {}, "Say more in one of the names, or in SHARED why they are one."


def test_what_is_listed_is_shared() -> None:
    modules = modules_by_name()

    assert [
        name
        for names in SHARED.values()
        for name in names
        if len(modules.get(name, [])) < 2
    ] == []
