"""Translations are compiled by whatever starts, however much starts at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import read_mo, write_mo

from core.i18n import translations

SOURCE = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8"

msgid "Sign"
msgstr "Signer"
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only catalogue that there is."""
    monkeypatch.setattr(translations, "LOCALE", tmp_path)
    source = tmp_path / "fr" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(SOURCE)
    return source


def test_another_that_compiles_meanwhile_harms_nobody(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(file: Any, catalogue: Any) -> None:
        """Another one begins, and ends, before this one has written anything."""
        monkeypatch.setattr(translations, "write_mo", write_mo)
        translations.compile_all()
        write_mo(file, catalogue)

    monkeypatch.setattr(translations, "write_mo", slowly)
    translations.compile_all()

    with source.with_suffix(".mo").open("rb") as file:
        message = read_mo(file).get("Sign")
    assert message is not None
    assert message.string == "Signer"
    assert len(list(source.parent.iterdir())) == 2


def test_one_that_fails_leaves_nothing(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(file: Any, catalogue: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(translations, "write_mo", fail)
    with pytest.raises(OSError, match="No space"):
        translations.compile_all()

    assert list(source.parent.iterdir()) == [source]
