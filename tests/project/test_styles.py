"""The style sheets: legible colours, defined in one place, sent in one request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from core.http import styles
from core.images import colours

TEXT, SHAPE = colours.TEXT, colours.SHAPE
# Every pair of colours that the style sheets put on each other, and what it needs.
PAIRS = {
    **{
        (text, ground): TEXT
        for text in ("ink", "muted", "accent", "accent-strong", "error", "good")
        for ground in ("paper", "raised")
    },
    **{
        ("ink", ground): TEXT
        for ground in ("accent-soft", "error-soft", "good-soft", "wait-soft")
    },
    ("accent", "accent-soft"): TEXT,
    ("error", "error-soft"): TEXT,
    ("good", "good-soft"): TEXT,
    ("accent", "good-soft"): TEXT,
    ("muted", "good-soft"): TEXT,
    ("wait", "wait-soft"): TEXT,
    ("on-brand", "brand"): TEXT,
    ("paper", "ink"): TEXT,  # a button under the pointer
    ("paper", "error"): TEXT,
    ("on-deep", "deep"): TEXT,
    ("on-deep-muted", "deep"): TEXT,
    ("brand-edge", "paper"): SHAPE,
    ("brand-edge", "raised"): SHAPE,
    ("field-line", "paper"): SHAPE,
    ("field-line", "raised"): SHAPE,
    ("focus", "paper"): SHAPE,
    ("focus", "raised"): SHAPE,
    ("focus", "error-soft"): SHAPE,
    ("accent", "line"): SHAPE,  # a bar on its track
}
SHEETS = sorted(styles.CSS.rglob("*.css"))
COLOUR = re.compile(
    r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|lab|lch|oklab|oklch|color)\("
    r"|:\s*(?:[^;{]*\s)?(?:white|black|red|green|blue|gr[ae]y|silver|navy|yellow)\b"
)


@pytest.mark.parametrize("dark", [False, True])
def test_whatever_stands_on_something_can_be_read(dark: bool) -> None:
    tokens = {
        name: colours.parse_colour(value)
        for name, value in styles.colour_tokens(dark=dark).items()
    }
    poor = {
        f"{one} on {other}": round(colours.contrast(tokens[one], tokens[other]), 2)
        for (one, other), least in PAIRS.items()
        if colours.contrast(tokens[one], tokens[other]) < least
    }
    assert poor == {}


def test_every_colour_is_in_a_pair_and_is_changed_in_the_dark() -> None:
    light, dark = styles.colour_tokens(dark=False), styles.colour_tokens(dark=True)
    assert light.keys() == dark.keys()
    assert {name for pair in PAIRS for name in pair} == light.keys()
    assert [name for name in light if light[name] == dark[name]] == []


def test_colours_stand_in_tokens_alone() -> None:
    found = {
        sheet.name: COLOUR.findall(sheet.read_text())
        for sheet in SHEETS
        if sheet.name not in ("tokens.css", "admin.css")
    }
    assert {name: raw for name, raw in found.items() if raw} == {}


def test_the_admin_borrows_its_colours_from_tokens() -> None:
    known = set(re.findall(r"#[0-9a-f]{6}", (styles.CSS / "tokens.css").read_text()))
    used = set(
        re.findall(r"#[0-9a-fA-F]{3,8}\b", (styles.CSS / "admin.css").read_text())
    )
    assert used
    assert used <= known


def test_every_component_is_in_the_bundle() -> None:
    imported = set(styles.IMPORT.findall((styles.CSS / "site.css").read_text()))
    components = {
        f"components/{path.name}" for path in (styles.CSS / "components").iterdir()
    }
    assert components <= imported
    assert "@import" not in styles.SITE
    for sheet in imported:
        assert styles.minified((styles.CSS / sheet).read_text()) in styles.SITE


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_every_token_that_is_used_exists(sheet: Path) -> None:
    if sheet.name == "admin.css":
        pytest.skip("Django's admin has tokens of its own")
    known = set(re.findall(r"(--[a-z0-9-]+):", (styles.CSS / "tokens.css").read_text()))
    assert set(re.findall(r"var\((--[a-z0-9-]+)\)", sheet.read_text())) - known == set()


@pytest.mark.parametrize(
    ("css", "smaller"),
    [
        ("a { color: red; }\n", "a{color:red}"),
        ("/* why */ a,\nb > c { top: 0 }", "a,b>c{top:0 }".replace(" }", "}")),
        ('a::after { content: "a ; b  {"; }', 'a::after{content:"a ; b  {"}'),
        ("a :hover { top: calc(1px + 2px); }", "a :hover{top:calc(1px + 2px)}"),
        (
            "@media (min-width: 1px) and (x) { a { b: c; } }",
            "@media (min-width:1px) and (x){a{b:c}}",
        ),
    ],
)
def test_minifying_changes_no_rule(css: str, smaller: str) -> None:
    assert styles.minified(css) == smaller


def test_the_policy_names_the_style_sheet_of_the_pages() -> None:
    assert styles.hash_of(styles.SITE) in settings.SECURE_CSP["style-src"]
    assert "<" not in styles.SITE
    # The value that openssl prints: `printf a | openssl dgst -sha256 -binary | base64`
    assert (
        styles.hash_of("a") == "'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='"
    )


def test_text_is_never_smaller_than_it_may_be() -> None:
    """Inputs of less than 16 pixels make a phone zoom in."""
    found = re.search(r"--body: ([\d.]+)rem", (styles.CSS / "tokens.css").read_text())
    assert found
    assert float(found[1]) >= 1
    field = (styles.CSS / "components" / "field.css").read_text()
    assert "font: inherit" in field
