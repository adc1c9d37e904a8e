"""docs/architecture.md and docs/reference.md say what is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from petitions.loops import LOOPS

ROOT = Path(__file__).parents[2]
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
REFERENCE = (ROOT / "docs/reference.md").read_text()
TEXT = ARCHITECTURE + REFERENCE


def first_cells(heading: str) -> list[list[str]]:
    """Return the names in the first column of the table whose head begins with
    `heading`."""
    table = TEXT.partition(f"| {heading}")[2].partition("\n\n")[0]
    rows = table.splitlines()[2:]
    return [re.findall(r"`([^`]+)`", row.split("|")[1]) for row in rows]


def test_it_is_two_pages() -> None:
    assert len(ARCHITECTURE.split()) <= 1_400


def test_its_layers_are_those_that_imports_are_held_to() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = {c["id"]: c for c in settings["tool"]["importlinter"]["contracts"]}
    layers = [layer.split(" : ") for layer in contracts["rooms"]["layers"]]
    apps = " --> ".join(reversed(contracts["apps"]["layers"]))

    assert first_cells("layer, the highest first") == layers
    assert apps in TEXT


def test_the_triggers_are_those_of_the_files() -> None:
    table = TEXT.partition("| trigger | file")[2].partition("\n\n")[0]
    said = {
        (trigger, row.split("|")[2].strip(" `"))
        for row in table.splitlines()[2:]
        for trigger in re.findall(r"`([^`]+)`", row.split("|")[1])
    }
    written = {
        (trigger, path.name)
        for path in ROOT.glob("*/sql/*.sql")
        for trigger in re.findall(r"TRIGGER (\w+)\s+(?:BEFORE|AFTER)", path.read_text())
    }

    assert said == written


def test_the_loops_are_those_of_the_worker() -> None:
    table = TEXT.partition("| loop |")[2].partition("\n\n")[0]
    said = re.findall(r"(?m)^\| `([^`]+)` \| ([\d.]+) s \|", table)

    assert said == [(loop.name, f"{loop.seconds:g}") for loop in LOOPS]


def test_the_files_and_functions_that_they_name_are_there() -> None:
    files = re.findall(r"\b[\w/]+\.py\b", TEXT)
    functions = set(re.findall(r"\b(\w+)\(\)", TEXT))
    source = "".join(
        path.read_text()
        for package in ("core", "organizations", "petitions")
        for path in (ROOT / package).rglob("*.py")
    )

    assert files
    assert functions
    assert [
        name
        for name in files
        if not (ROOT / name).exists() and not (ROOT / "petitions" / name).exists()
    ] == []
    assert [name for name in functions if f"def {name}(" not in source] == []
