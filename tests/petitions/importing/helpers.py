"""Helpers for tests of importing."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from organizations.models import Organization
from petitions.models import CountEntry, Petition, Target


def file_of(*petitions: dict[str, Any], **organization: Any) -> dict[str, Any]:
    """Return an import file with these petitions, completed by the keys that they
    need."""
    needed = {"text": "Text.", "target": "A council"}
    return {
        "organization": {
            "name": "Rights Now",
            **organization,
            "petitions": [{**needed, **petition} for petition in petitions],
        }
    }


def refusal(tmp_path: Path, content: Any) -> list[str]:
    """Return the lines by which the import refuses a file; check that nothing was
    stored."""
    with pytest.raises(CommandError) as refused:
        run(tmp_path, content)
    assert not Organization.objects.exists()
    assert not Petition.objects.exists()
    return str(refused.value).split("\n")


def run(tmp_path: Path, content: Any, *options: str) -> str:
    """Import a file with this content; return what the command prints."""
    file = tmp_path / "file.json"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        file.write_text(text, encoding="utf-8")
    out = StringIO()
    call_command("import_organization", file, *options, stdout=out)
    return out.getvalue()


def snapshot() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values())
        for model in (Organization, Petition, Target, CountEntry)
    ]
