"""What is sent to browsers is understood by Safari 12 and Chrome 70, or follows a
fallback that they understand. None of it is needed to sign: tests/browser/ signs
without style sheets and without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "static"
# Only staff see these.
STAFF = {"admin.css", "style_guide.css"}
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)

# What old browsers silently ignore, and what is lost with it; a selector takes its
# whole rule along.
SELECTORS = {
    r":is\(": "a rule", r":where\(": "a rule", r":has\(": "a rule",
    r":not\([^()]*,": "a rule", r"&": "a nested rule", r":user-invalid": "a rule",
}  # fmt: skip
VALUES = {
    r"\b(clamp|min|max)\(": "a size",
    r"\b\d*\.?\d+[dsl]v[hwib]\b": "a size",
    r"\b(light-dark|color-mix|oklch|oklab|lch|lab|color)\(": "a colour",
    r"\brgba?\([^,)]+/": "a colour",
    r"\b(repeat\([^)]*|\s)subgrid\b": "a grid",
    r"\bfit-content\b": "a size",
    r"\boverflow: *clip\b": "clipping",
}
PROPERTIES = {
    r"inset(-(inline|block)(-(start|end))?)?": "a place",
    r"(margin|padding)-(inline|block)": "a space",
    r"border-(inline|block)(-(color|style|width))?": "a border",
    r"border-(start|end)-(start|end)-radius": "a corner",
    r"(min-|max-)?(inline|block)-size": "a size",
    r"(margin|padding)-block-(start|end)": "a space",
    r"aspect-ratio": "a shape",
    r"place-(items|content|self)": "an alignment",
    r"content-visibility|contain-intrinsic-size": "a layout",
}
# Harmless where a browser does not know them: the page is merely plainer.
PLAINER = {"text-wrap", "accent-color", "scroll-behavior", "text-underline-offset"}
SCRIPT = {
    r"\?\.": "a?.b", r"\?\?": "a ?? b", r"\|\|=|&&=": "a ||= b",
    r"\.replaceAll\(": "replaceAll", r"\.at\(": "at()", r"Object\.hasOwn": "hasOwn",
    r"\.flatMap\(|\.flat\(": "flat()", r"\bfromEntries\(": "fromEntries",
    r"\.matchAll\(": "matchAll", r"^\s*(static )?#\w+": "private fields",
    r"^(await|.*= await) ": "await outside of a function", r"import\(": "import()",
}  # fmt: skip


def rules(css: str) -> Iterator[tuple[str, str]]:
    """Yield the selector and declarations of each rule, without those in @supports,
    which only browsers apply that understand them."""
    css = COMMENT.sub("", css)
    css = re.sub(r"@supports[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", css)
    for found in re.finditer(r"([^{};]+)\{([^{}]*)\}", css):
        yield found[1].strip(), found[2]


def lost(css: str) -> list[str]:
    """Return what an old browser would miss."""
    found = []
    for selector, block in rules(css):
        found += [
            f"{selector}: {what}"
            for pattern, what in SELECTORS.items()
            if re.search(pattern, selector)
        ]
        parts = selector.split(",")
        if 0 < sum(":focus-visible" in part for part in parts) < len(parts):
            found.append(f"{selector}: all of it, for :focus-visible")
        before: set[str] = set()
        for declaration in filter(None, map(str.strip, block.split(";"))):
            name, _, value = declaration.partition(":")
            name = name.strip()
            if name in PLAINER or name.startswith("--"):
                continue
            new = [w for p, w in VALUES.items() if re.search(p, value)]
            new += [w for p, w in PROPERTIES.items() if re.fullmatch(p, name)]
            if name in {"gap", "row-gap", "column-gap"} and "columns:" not in block:
                # Grids take grid-gap, which all know; lines of boxes take margins.
                new.append("a gap")
            if new and name not in before:
                found.append(f"{selector}: {declaration}: {new[0]}")
            if not new:
                before |= {name, *FALLBACKS.get(name, ())}
    return found


# What stands in for a newer property when it comes first.
FALLBACKS = {
    "grid-gap": ("gap",), "grid-column-gap": ("column-gap",), "grid-row-gap": ("row-gap",),
    "top": ("inset", "inset-block-start"), "bottom": ("inset-block-end",),
    "left": ("inset-inline-start",), "right": ("inset-inline-end",),
    "width": ("inline-size",), "height": ("block-size", "aspect-ratio"),
    "padding": ("padding-inline", "padding-block"),
    "margin": ("margin-inline", "margin-block"),
}  # fmt: skip

SHEETS = sorted(f for f in (STATIC / "css").rglob("*.css") if f.name not in STAFF)
SCRIPTS = sorted((STATIC / "js").rglob("*.js"))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_style_sheets(sheet: Path) -> None:
    assert lost(sheet.read_text()) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts(script: Path) -> None:
    code = re.sub(r"//.*|`[^`]*`|\"[^\"]*\"", "", script.read_text())
    found = [
        what
        for pattern, what in SCRIPT.items()
        if re.search(pattern, code, re.MULTILINE)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("css", "misses"),
    [
        ("a { inset: 0 }", 1),
        ("a { top: 0; inset: 0 }", 0),
        ("a:is(b, c) { color: red }", 1),
        ("a:focus, a:focus-visible { color: red }", 1),
        ("a:focus-visible, b:focus-visible { color: red }", 0),
        ("a { b & { color: red } }", 1),
        ("a { width: clamp(1rem, 2vw, 3rem) }", 1),
        ("a { width: 2rem; width: clamp(1rem, 2vw, 3rem) }", 0),
        ("a { display: flex; gap: 1rem }", 1),
        ("a { display: grid; grid-gap: 1rem }", 0),
        ("a { min-height: 100dvh }", 1),
        ("a { color: light-dark(#fff, #000) }", 1),
        ("@media (min-width: 1rem) { a { padding-inline: 1rem } }", 1),
        ("@supports (gap: 1rem) { a { inset: 0 } }", 0),
        ("a { margin-inline-start: 1rem; /* inset: 0 */ }", 0),
    ],
)
def test_what_would_be_missed_is_seen(css: str, misses: int) -> None:
    assert len(lost(css)) == misses
