"""Which characters can be printed, and what stands for others."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from core import checks
from core.pdf import fonts
from core.pdf.fonts import NoFonts, Typesetter, clusters, direction_of
from tests.core.pdf.helpers import needs_printing

needs_printing()


@pytest.mark.parametrize(
    ("text", "shown", "replaced"),
    [
        ("Zoë", "Zoë", 0),
        ("Zoe\u0308", "Zoë", 0),
        ("\U0010ffff", "�", 1),
        ("a\ue000b", "a�b", 1),
        ("\u0378\u0379", "��", 2),
        # A sign for all of what belongs to one letter; each of its characters counts.
        ("\U0010ffff\u0301", "�", 2),
        # A mark that no font has together with this letter.
        ("a\U000110baک", "a�ک", 1),
        ("\u202eevil\u202c \u2066Bob\u2069", "evil Bob", 0),
        ("a\x00b\tc\nd\x85e\u2028f", "a b c d e f", 0),
        # Joiners are needed, and are invisible in each font.
        ("کریمی\u200cنژاد", "کریمی\u200cنژاد", 0),
        ("क\u094d\u200dष", "क\u094d\u200dष", 0),
    ],
)
def test_what_is_shown(text: str, shown: str, replaced: int) -> None:
    typesetter = Typesetter()

    assert typesetter.text(text) == shown
    assert typesetter.replaced == replaced


def test_each_text_of_the_data_is_prepared() -> None:
    typesetter = Typesetter()

    data = typesetter.prepared(
        {"a": ["\ue000", ("\ue000", 1)], "b": {"c": "\u202e", "d": None}}
    )

    assert data == {"a": ["�", ["�", 1]], "b": {"c": "", "d": None}}
    assert typesetter.replaced == 2


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("王", "NotoSansCJK-Regular.ttc"),
        ("김민준", "NotoSansCJK-Regular.ttc"),
        ("さとう", "NotoSansCJK-Regular.ttc"),
        ("محمد", "NotoSansArabic-Regular.ttf"),
        ("ᐊᓂᔑᓈᐯ", "NotoSansCanadianAboriginal-Regular.ttf"),
        ("ⵣ", "NotoSansTifinagh-Regular.ttf"),
    ],
)
def test_only_fonts_that_are_needed_are_taken(text: str, file: str) -> None:
    typesetter = Typesetter()
    typesetter.text(f"{text} Zoë")

    plain = [path.name for path in typesetter.paths if "Regular" in path.name]
    assert plain == [fonts.BASE, file]


def test_letters_with_what_belongs_to_them() -> None:
    assert list(clusters("e\u0301a\U0001f44d\U0001f3fdk\u200d")) == [
        "e\u0301",
        "a",
        "\U0001f44d\U0001f3fd",
        "k\u200d",
    ]


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("Anna שרה", "ltr"),
        ("«שרה» Anna", "rtl"),
        ("12 علي", "rtl"),
        ("12", "ltr"),
        ("", "ltr"),
    ],
)
def test_a_text_has_the_direction_of_its_first_letter(
    text: str, direction: str
) -> None:
    assert direction_of(text) == direction


def test_no_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fonts, "PLACES", (str(tmp_path),))
    fonts.installed.cache_clear()
    try:
        with pytest.raises(NoFonts, match="NotoSans-Regular"):
            Typesetter()
    finally:
        fonts.installed.cache_clear()


def test_missing_fonts_are_warned_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert checks.names_can_be_printed(None) == []

    monkeypatch.setattr(fonts, "PLACES", (str(tmp_path),))
    (warning,) = checks.names_can_be_printed(None)
    assert "no PDF can be made" in warning.msg
    assert "apt-get install fonts-noto-core" in (warning.hint or "")

    (tmp_path / fonts.BASE).touch()
    (warning,) = checks.names_can_be_printed(None)
    assert "Chinese" in warning.msg
    assert "apt-get install fonts-noto-cjk" in (warning.hint or "")


def test_what_is_invisible_is_no_letter() -> None:
    """What counts as shown by each font must not be something that is missed."""
    seen = {unicodedata.category(character)[0] for character in fonts.INVISIBLE}

    assert seen <= {"C", "M", "L"}
    letters = {c for c in fonts.INVISIBLE if unicodedata.category(c)[0] == "L"}
    assert all("FILLER" in unicodedata.name(letter) for letter in letters)
