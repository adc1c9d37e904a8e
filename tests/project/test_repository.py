"""Rules about the whole repository."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP_LEVEL = {
    "manage.py", "petitions", "organizations", "templates", "static", "config", "core",
    "devsite", "tests",
    "pyproject.toml", "Dockerfile", "README.md", "compose.yaml", "Makefile", "LICENSE",
}  # fmt: skip


def tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("NOT TESTED HERE: no git repository")
    return [ROOT / name for name in done.stdout.splitlines()]


def lines() -> list[tuple[Path, int, str]]:
    found = []
    for path in tracked():
        if path == Path(__file__) or not path.is_file():
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [
            (path, number, line) for number, line in enumerate(text.split("\n"), 1)
        ]
    return found


def test_what_a_newcomer_expects_is_there() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} >= TOP_LEVEL


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        # A download address binds everybody to one registry.
        ("registry", r"pypi\.org|pythonhosted|npmjs|docker\.io|ghcr\.io|quay\.io|--index-url \S"),
        ("unfinished", r"\b(TODO|FIXME|XXX|HACK)\b"),
        # The project is in no particular folder of anybody's machine.
        ("folder", rf"/home/\w|/Users/\w|/root/|{re.escape(str(ROOT))}/"),
        ("sibling", r"\.\./shared"),
        ("conflict", r"^(<{7}|>{7}|={7})( |$)"),
        ("trailing", r"[ \t]+$"),
    ],
)  # fmt: skip
def test_lines_that_do_not_belong(name: str, pattern: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path, number, line in lines()
        if re.search(pattern, line)
        and path.name not in {"LICENSE"}
        and not (name == "trailing" and path.suffix in {".po", ".txt"})
    ]

    assert found == []


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    named = re.findall(
        r'^    "[a-z][\w.-]*(?:\[.*\])?[>=]=[^"]+",(.*)$', text, re.MULTILINE
    )

    assert len(named) > 20
    assert [rest for rest in named if not rest.strip().startswith("# ")] == []


@pytest.mark.parametrize("folder", ["browser", "faults"])
def test_files_carry_the_mark_of_their_folder(folder: str) -> None:
    """`make test` decides by these marks what runs beside what (tests/__main__.py)."""
    files = list((ROOT / "tests" / folder).glob("test_*.py"))
    mark = f"\npytestmark = pytest.mark.{folder}\n"

    assert files
    assert [file.name for file in files if mark not in file.read_text()] == []


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "requirements-embedded.txt"]
)
def test_requirements_are_pinned_with_hashes(name: str) -> None:
    text = (ROOT / name).read_text()
    pins = re.findall(r"^\S+==\S+", text, re.MULTILINE)

    assert pins
    assert len(
        re.findall(r"^\S+==[^\n]+\\\n    --hash=sha256:", text, re.MULTILINE)
    ) == len(pins)
    assert "http" not in text


def test_tests_mirror_the_packages() -> None:
    """Each folder of tests of a package is one of its packages, and each room of
    `petitions` has one."""
    folders = {
        path.relative_to(ROOT / "tests").parent
        for path in tracked()
        if path.is_relative_to(ROOT / "tests") and path.name.startswith("test_")
    }
    packages = {
        path.relative_to(ROOT).parent
        for path in tracked()
        if path.name == "__init__.py"
    }

    rooms = {path for path in packages if path.parent == Path("petitions")}
    assert folders - packages == {Path("browser"), Path("faults"), Path("project")}
    assert {room.name for room in rooms - folders} == {
        "management",  # each command is tested with what it calls
        "migrations",  # tests/project/test_migrations.py
        "public_data",  # with its pages: views/test_data.py, project/test_openapi.py
        "templatetags",  # with the pages that they are for
    }


def test_no_test_module_imports_another() -> None:
    """What tests share is in helper modules, which are not run as tests."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
        for path in tracked()
        if path.suffix == ".py" and path.is_relative_to(ROOT / "tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        and re.search(r"(from|import) (tests\b|\.).*\btest_\w+", ast.unparse(node))
    ]

    assert found == []
