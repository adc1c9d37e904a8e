"""Pages are read without their indentation, and texts of mails as they were written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.test import Client

from petitions.models import Petition

TEMPLATES = Path(settings.BASE_DIR) / "templates"


def source_of(name: str) -> str:
    return str(get_template(name).template.source)  # type: ignore[attr-defined]


def test_pages_are_sent_without_indentation() -> None:
    names = [str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")]

    assert len(names) > 50
    for name in names:
        assert not re.search(r"(?m)^[ \t]", source_of(name)), name


def test_texts_of_mails_are_read_as_they_were_written() -> None:
    names = [str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.txt")]

    assert len(names) > 5
    for name in names:
        assert source_of(name) == (TEMPLATES / name).read_text(), name


def test_lines_keep_their_numbers() -> None:
    written = (TEMPLATES / "base.html").read_text()

    assert source_of("base.html").count("\n") == written.count("\n")


@pytest.mark.django_db
def test_what_somebody_typed_keeps_its_spaces(
    visitor: Client, petition: Petition
) -> None:
    typed = "  two\n    four"

    page = visitor.post(petition.get_absolute_url() + "sign/", {"comment": typed})

    assert typed in page.content.decode()
